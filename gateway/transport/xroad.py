"""
X-Road's REST protocol around any transport: whose service is asked, who asks, and whose answer came back.

Source: dancu-justice-transport.md, 2.5.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from urllib.parse import quote

from gateway.domain.exchange import Request, Response
from gateway.errors import MismatchedAnswer
from gateway.transport.base import Probe, Transport

__all__ = ["ClientId", "ServiceId", "XRoad"]

_ID = "X-Road-Id"


@dataclass(frozen=True, slots=True)
class ClientId:
    """Our own subsystem, or our member where `subsystem` is None."""

    instance: str
    member_class: str
    member_code: str
    subsystem: str | None = None

    def text(self) -> str:
        """The parts between slashes, each percent-encoded."""
        parts = (self.instance, self.member_class, self.member_code, self.subsystem)
        return "/".join(quote(part, safe="") for part in parts if part is not None)


@dataclass(frozen=True, slots=True)
class ServiceId:
    """The service that is asked."""

    instance: str
    member_class: str
    member_code: str
    subsystem: str
    service: str

    def path(self) -> tuple[str, ...]:
        """`/r1/{instance}/{class}/{member}/{subsystem}/{service}` as segments, not encoded yet."""
        return ("r1", self.instance, self.member_class, self.member_code, self.subsystem, self.service)


class XRoad:
    """
    A transport whose endpoint is our own security server.

    An answer that echoes our message id is ours, whatever the connection carried before: it counts as fresh.
    One that echoes another id is MismatchedAnswer; one that echoes none proves nothing.
    """

    def __init__(self, inner: Transport, client: ClientId, service: ServiceId) -> None:
        self._inner = inner
        self._client = client.text()
        self._path = service.path()

    async def send(self, request: Request, *, fresh: bool = False) -> Response:
        headers = {"X-Road-Client": self._client}
        if request.message_id is not None:
            headers[_ID] = request.message_id
        routed = replace(request, path=self._path + request.path).with_headers(headers)
        return _ours(request, await self._inner.send(routed, fresh=fresh))

    async def distrust(self) -> None:
        await self._inner.distrust()

    async def probe(self) -> list[Probe]:
        return await self._inner.probe()

    async def close(self) -> None:
        await self._inner.close()


def _ours(request: Request, answer: Response) -> Response:
    echoed = answer.headers.get(_ID.lower())
    if request.message_id is None or echoed is None:
        return answer
    if echoed.strip().lower() != request.message_id.lower():  # UUIDs may change case on the way
        raise MismatchedAnswer(f"{request.operation}: X-Road echoed another message id than ours")
    return replace(answer, fresh=True)
