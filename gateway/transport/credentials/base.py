"""What every credentials scheme does."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from gateway.domain.exchange import Response
from gateway.transport.outgoing import Outgoing

__all__ = ["Anonymous", "Credentials", "Exchange"]

Exchange = Callable[[Outgoing], Awaitable[Response]]
"""One exchange over the network, without credentials: for log-ins."""


class Credentials(Protocol):
    """
    Fills secrets and signs. A log-in runs through the `exchange` it is handed, single flight.

    `secrets` are what `Secret` placeholders stand for. `renew` is true when the registry has just called
    the credentials old, once for each request.
    """

    @property
    def secrets(self) -> Mapping[str, str]:
        """Values by placeholder name."""

    async def sign(self, outgoing: Outgoing, exchange: Exchange, *, renew: bool = False) -> Outgoing:
        """The request with whatever proves who we are, bytes signed last."""

    def are_old(self, response: Response) -> bool:
        """True when the answer says that a new log-in would help."""


class Anonymous:
    """No credentials, but fixed headers and secrets where settings give some."""

    def __init__(self, headers: Mapping[str, str] | None = None, secrets: Mapping[str, str] | None = None) -> None:
        self._headers = dict(headers or {})
        self.secrets: Mapping[str, str] = dict(secrets or {})

    async def sign(self, outgoing: Outgoing, exchange: Exchange, *, renew: bool = False) -> Outgoing:
        return outgoing.with_headers(self._headers) if self._headers else outgoing

    def are_old(self, response: Response) -> bool:
        return False
