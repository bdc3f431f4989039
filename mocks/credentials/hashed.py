"""
The population database's door: Basic over a hash that holds the time.

Source: dancu-justice-transport.md, 1.6. How it refuses, and how far a clock may be off, is ASSUMED.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Literal

from mocks.credentials.door import JSON, OPEN
from mocks.stand_in import Answer, Call

__all__ = ["C06Door"]

_TOLERANCE_S = 60


class C06Door:
    """
    Opens to account, secret and hash with a `Timestamp` near its own time. Every answer says what time it is.

    Args:
        now: seconds since 1970 (UTC) on the registry's clock.
        unit: what `Timestamp` counts.
        with_esb: whether the two ESB headers must be there; otherwise they must not.
    """

    username = "door-account"
    secret = "door-c06-secret-not-real"  # noqa: S105
    sv_url = "http://door.invalid/sv"
    api_key = "door-api-key-not-real"
    client = "DOOR/GOV/0000/GATEWAY"

    def __init__(self, now: Callable[[], float], *, unit: Literal["ms", "s"] = "ms", with_esb: bool = False) -> None:
        self._now = now
        self._per_s = 1000 if unit == "ms" else 1
        self._with_esb = with_esb

    def answer(self, call: Call) -> Answer:
        """What is guarded, or 401; with `Date`."""
        date = {"Date": format_datetime(datetime.fromtimestamp(self._now(), UTC), usegmt=True)}
        if self._is_right(call):
            return Answer(200, OPEN.body, JSON | date)
        return Answer(401, b'{"message":"Unauthorized"}', JSON | date)

    def _is_right(self, call: Call) -> bool:
        headers = call.headers
        stamp = headers.get("Timestamp", "")
        if not (stamp.isascii() and stamp.isdigit()) or abs(int(stamp) / self._per_s - self._now()) > _TOLERANCE_S:
            return False
        digest = hashlib.sha256(f"{self.sv_url}{self.username}{stamp}{self.secret}".encode()).hexdigest()
        esb = self.username if self._with_esb else None
        return (
            headers.get("Authorization") == f"Basic {base64.b64encode(f'{self.username}:{digest}'.encode()).decode()}"
            and headers.get("X-Road-Client") == self.client
            and headers.get("ApiKey") == self.api_key
            and headers.get("ESB_SOURCE_TYPE") == esb
            and headers.get("ESB_SOURCE_USERNAME") == esb
        )
