"""
Counts in fixed windows: one opens with the first count under its key, lasts its time, and then all of it is gone.

Over the end of one window and the beginning of the next, up to twice the limit fits into one window's length. In
return the moment at which an officer may ask again is known exactly and does not move. Keys hold no personal data.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from gateway.clock import Clock
from gateway.stores.state import State

__all__ = ["Windows"]

_PLACING_S = 5.0


class Windows:
    """Counts, and different things counted, over short-lived state."""

    def __init__(self, state: State, clock: Clock) -> None:
        self._state = state
        self._clock = clock

    async def count(self, key: str, window_s: float) -> int:
        """One more under the key, and how many there are in its window."""
        count = await self._state.incr(key, ttl_s=window_s)
        if count == 1:
            ends = self._clock.now() + timedelta(seconds=window_s)
            await self._state.put_if_absent(f"{key}:ends", ends.isoformat().encode(), ttl_s=window_s)
        return count

    async def place(self, key: str, thing: str, window_s: float) -> int:
        """Which of the different things in the key's window this is, from 1; its place until the window ends."""
        mark = f"{key}:{thing}"
        known = await self._state.get(mark)
        if known is not None:
            return int(known)
        # Several questions about one person arrive at once: the first of them takes the place, the others share it.
        if not await self._state.put_if_absent(f"{mark}:taken", b"", ttl_s=_PLACING_S):
            return int(await self._state.get(mark) or await self._state.get(key) or 0)
        place = await self.count(key, window_s)
        left_s = (await self.ends(key, window_s) - self._clock.now()).total_seconds()
        if left_s > 0:
            await self._state.put_if_absent(mark, str(place).encode(), ttl_s=left_s)
        return place

    async def has(self, key: str, thing: str) -> bool:
        """Whether the thing has a place in the key's window."""
        return await self._state.get(f"{key}:{thing}") is not None

    async def ends(self, key: str, window_s: float) -> datetime:
        """When the key's window ends."""
        kept = await self._state.get(f"{key}:ends")
        if kept is None:
            return self._clock.now() + timedelta(seconds=window_s)
        return datetime.fromisoformat(kept.decode())
