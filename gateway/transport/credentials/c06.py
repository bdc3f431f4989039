"""
The population database's own scheme: Basic over a hash of address, user, time and secret.

Source: dancu-justice-transport.md, 1.6 (three independent clients agree; the timestamp's unit differs).
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from collections.abc import Mapping
from typing import Literal

from gateway.clock import Clock
from gateway.domain.exchange import Response
from gateway.transport.credentials.base import Exchange
from gateway.transport.outgoing import Outgoing

__all__ = ["C06Basic"]


class C06Basic:
    """
    `Authorization: Basic base64(username:hash)`, hash = hex SHA-256 of sv_url + username + timestamp + secret.

    `sv_url` is a setting of its own, not the address that is called. `headers` carries what goes with it
    unchanged: `X-Road-Client`, `ApiKey`, `SOAPAction`.
    """

    def __init__(
        self,
        *,
        username: str,
        secret: str,
        sv_url: str,
        clock: Clock,
        unit: Literal["ms", "s"] = "ms",
        headers: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        self._username = username
        self._secret = secret
        self._sv_url = sv_url
        self._clock = clock
        self._scale = 1000 if unit == "ms" else 1
        self._headers = dict(headers or {})
        self.secrets: Mapping[str, str] = dict(secrets or {})

    async def sign(self, outgoing: Outgoing, exchange: Exchange, *, renew: bool = False) -> Outgoing:
        timestamp = str(int(self._clock.now().timestamp() * self._scale))
        hashed = hashlib.sha256(f"{self._sv_url}{self._username}{timestamp}{self._secret}".encode()).hexdigest()
        token = b64encode(f"{self._username}:{hashed}".encode()).decode()
        return outgoing.with_headers({**self._headers, "Timestamp": timestamp, "Authorization": f"Basic {token}"})

    def are_old(self, response: Response) -> bool:
        return False
