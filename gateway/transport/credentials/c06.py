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
from gateway.domain.exchange import Request, Response
from gateway.errors import RegistryError, RegistryRefused
from gateway.transport.credentials.base import Anonymous, Proof
from gateway.transport.credentials.expiry import registry_time
from gateway.transport.outgoing import Outgoing
from gateway.wire.status import raise_for_status

__all__ = ["C06Basic"]

_CLOCK_LIMIT_S = 60  # ASSUMED: the scheme is seen, its window is not


class C06Basic(Anonymous):
    """
    `Authorization: Basic base64(username:hash)`, hash = hex SHA-256 of sv_url + username + timestamp + secret.

    `sv_url` is a setting of its own, not the address that is called. `headers` carries what goes with it
    unchanged: `X-Road-Client`, `ApiKey`, `SOAPAction`. `esb_source` adds the account once more as
    `ESB_SOURCE_TYPE` and `ESB_SOURCE_USERNAME`, as one client does.
    """

    def __init__(
        self,
        *,
        username: str,
        secret: str,
        sv_url: str,
        clock: Clock,
        unit: Literal["ms", "s"] = "ms",
        esb_source: bool = False,
        headers: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        esb = {"ESB_SOURCE_TYPE": username, "ESB_SOURCE_USERNAME": username} if esb_source else {}
        super().__init__({**esb, **(headers or {})}, secrets)
        self._username = username
        self._secret = secret
        self._sv_url = sv_url
        self._clock = clock
        self._unit = unit

    def sign(self, outgoing: Outgoing, proof: Proof) -> Outgoing:
        now_ms = round(self._clock.now().timestamp() * 1000)
        timestamp = str(now_ms if self._unit == "ms" else now_ms // 1000)
        hashed = hashlib.sha256(f"{self._sv_url}{self._username}{timestamp}{self._secret}".encode()).hexdigest()
        token = b64encode(f"{self._username}:{hashed}".encode()).decode()
        return outgoing.with_headers({**proof.headers, "Timestamp": timestamp, "Authorization": f"Basic {token}"})

    def explain(self, request: Request, answer: Response) -> None:
        """A refusal that a wrong clock explains says so. Our clock stays as it is: an operator sets it."""
        try:
            raise_for_status(answer, request.operation)
        except RegistryRefused as exc:
            theirs = registry_time(answer)
            ahead = round((answer.received_at - theirs).total_seconds()) if theirs is not None else 0
            if abs(ahead) > _CLOCK_LIMIT_S:
                way = "ahead of" if ahead > 0 else "behind"
                raise RegistryRefused(
                    f"{exc}; our clock is {abs(ahead)} s {way} the registry's: set this machine's clock"
                ) from None
        except RegistryError:
            return  # whoever reads the answer says so
