"""
Counts that go on where the shared store is away: what a caller or an officer may ask is counted, never believed.

Each count is made in a memory of this process as well. While the shared store is away that one decides: it has what
this process itself has counted, so a limit becomes at most one for each process, and never none. Nothing by which a
replay is refused may lie here.
"""

from __future__ import annotations

from contextlib import suppress

from gateway.errors import CheckUnavailable
from gateway.stores.state import MemoryState, State

__all__ = ["SurvivingState"]


class SurvivingState:
    """The shared store first, and this process' own memory behind it; CheckUnavailable only where neither can tell."""

    is_shared = True

    def __init__(self, shared: State, own: MemoryState) -> None:
        self._shared = shared
        self._own = own

    async def get(self, key: str) -> bytes | None:
        try:
            return await self._shared.get(key)
        except CheckUnavailable:
            return await self._own.get(key)

    async def put_if_absent(self, key: str, value: bytes, *, ttl_s: float) -> bool:
        try:
            kept = await self._shared.put_if_absent(key, value, ttl_s=ttl_s)
        except CheckUnavailable:
            return await self._own.put_if_absent(key, value, ttl_s=ttl_s)
        if kept:
            with suppress(CheckUnavailable):
                await self._own.put(key, value, ttl_s=ttl_s)
        return kept

    async def put(self, key: str, value: bytes, *, ttl_s: float) -> None:
        try:
            await self._shared.put(key, value, ttl_s=ttl_s)
        except CheckUnavailable:
            await self._own.put(key, value, ttl_s=ttl_s)
        else:
            with suppress(CheckUnavailable):
                await self._own.put(key, value, ttl_s=ttl_s)

    async def forget(self, key: str) -> None:
        await self._own.forget(key)
        with suppress(CheckUnavailable):
            await self._shared.forget(key)

    async def incr(self, key: str, *, ttl_s: float) -> int:
        return (await self.add(key, 1, ttl_s=ttl_s))[0]

    async def add(self, key: str, number: int, *, ttl_s: float) -> tuple[int, float]:
        try:
            told = await self._shared.add(key, number, ttl_s=ttl_s)
        except CheckUnavailable:
            return await self._own.add(key, number, ttl_s=ttl_s)
        with suppress(CheckUnavailable):
            await self._own.add(key, number, ttl_s=told[1])  # its window ends when the shared one does
        return told

    async def probe(self) -> str:
        return await self._shared.probe()

    async def close(self) -> None:
        """Nothing is held: the shared store is its owner's."""
