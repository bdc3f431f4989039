"""The transport of an instance that has no endpoint yet."""

from __future__ import annotations

from typing import NoReturn

from gateway.domain.exchange import Request
from gateway.errors import NotConnected
from gateway.transport.base import Probe

__all__ = ["Unconnected"]


class Unconnected:
    """Every question ends as `not_connected`: honest, and never "absent"."""

    def __init__(self, place: str) -> None:
        self._place = place

    async def send(self, request: Request, *, fresh: bool = False) -> NoReturn:
        raise NotConnected(f"{self._place}.endpoint is not set")

    async def distrust(self) -> None:
        """Nothing is kept."""

    async def probe(self) -> list[Probe]:
        advice = f"Điền {self._place}.endpoint / set {self._place}.endpoint"
        return [Probe("endpoint", ok=False, detail="not set", advice=advice)]

    async def close(self) -> None:
        """Nothing is held."""
