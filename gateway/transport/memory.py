"""A transport without a network: a function answers. For tests of adapters, and for the contract kit."""

from __future__ import annotations

from collections.abc import Callable

from gateway.domain.exchange import Request, Response
from gateway.transport.base import Probe

__all__ = ["MemoryTransport"]


class MemoryTransport:
    """Hands each request to `answer` and gives back what it returns or raises. Keeps what was sent."""

    def __init__(self, answer: Callable[[Request], Response]) -> None:
        self._answer = answer
        self.sent: list[Request] = []

    async def send(self, request: Request, *, fresh: bool = False) -> Response:
        self.sent.append(request)
        request.sent()
        return self._answer(request)

    async def distrust(self) -> None:
        """Nothing is kept."""

    async def probe(self) -> list[Probe]:
        return [Probe("memory", ok=True)]

    async def close(self) -> None:
        """Nothing is held."""
