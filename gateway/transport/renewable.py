"""A transport whose credentials and certificates may change while questions are under way."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from gateway.domain.exchange import Request, Response
from gateway.transport.base import Probe, Transport

__all__ = ["Made", "Renewable"]


@dataclass(frozen=True, slots=True)
class Made:
    """A transport as it was made of its files, and how it is told to end with what is under way."""

    transport: Transport
    retire: Callable[[], Awaitable[None]]


class Renewable:
    """New questions go by what was made last; those under way end by what they began with, on its connections."""

    def __init__(self, first: Made) -> None:
        self._made = first

    def send(self, request: Request, *, fresh: bool = False) -> Coroutine[Any, Any, Response]:
        return self._made.transport.send(request, fresh=fresh)

    async def distrust(self) -> None:
        await self._made.transport.distrust()

    async def probe(self) -> list[Probe]:
        return await self._made.transport.probe()

    async def close(self) -> None:
        await self._made.transport.close()

    async def renew(self, newer: Made) -> None:
        """Go by this from now on."""
        older, self._made = self._made, newer
        await older.retire()
