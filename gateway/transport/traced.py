"""A transport to a registry that joins traces: each request says which one it belongs to."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from gateway.domain.exchange import Request, Response
from gateway.transport.base import Probe, Transport

__all__ = ["Traced"]


class Traced:
    """`headers` gives those of the question that is under way."""

    def __init__(self, inner: Transport, headers: Callable[[], Mapping[str, str]]) -> None:
        self._inner = inner
        self._headers = headers

    async def send(self, request: Request, *, fresh: bool = False) -> Response:
        return await self._inner.send(request.with_headers(self._headers()), fresh=fresh)

    async def distrust(self) -> None:
        await self._inner.distrust()

    async def probe(self) -> list[Probe]:
        return await self._inner.probe()

    async def close(self) -> None:
        await self._inner.close()
