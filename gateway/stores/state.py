"""
Short-lived state: small values that end by themselves. In memory here; shared stores keep the same port.

Replay is refused and limits are counted with it, so a store never forgets what still lives: where it is full or
cannot be reached, it raises CheckUnavailable, and nothing is let through.
"""

from __future__ import annotations

import heapq
from typing import Protocol

from gateway.clock import Clock
from gateway.errors import CheckUnavailable

__all__ = ["MemoryState", "State"]

_SPARE_ENDS = 1000


class State(Protocol):
    """
    Values under keys, each with a life in seconds. Keys and values hold no personal data in the clear.

    Every method raises CheckUnavailable where the store cannot tell or cannot keep.
    """

    @property
    def is_shared(self) -> bool:
        """Whether other workers see the same values, and a restart leaves them there."""

    async def get(self, key: str) -> bytes | None:
        """The value, or None where there is none or its life is over."""

    async def put_if_absent(self, key: str, value: bytes, *, ttl_s: float) -> bool:
        """Keep the value unless one is there; True when it was kept."""

    async def put(self, key: str, value: bytes, *, ttl_s: float) -> None:
        """Keep the value in place of whatever is there; its life begins anew."""

    async def forget(self, key: str) -> None:
        """Let go of the value, if there is one."""

    async def incr(self, key: str, *, ttl_s: float) -> int:
        """Count one more under the key, and say how many; the life runs from the first."""

    async def add(self, key: str, number: int, *, ttl_s: float) -> tuple[int, float]:
        """Count so many more; how many there are, and how many seconds of the life are left."""

    async def probe(self) -> str:
        """Try the store without changing it; a few words on what is there."""

    async def close(self) -> None:
        """Let go of it."""


class MemoryState:
    """State of one process, gone with it. It holds at most `entries` living values; one more is refused."""

    is_shared = False

    def __init__(self, clock: Clock, *, entries: int = 100_000) -> None:
        self._clock = clock
        self._entries = entries
        self._values: dict[str, tuple[float, bytes]] = {}
        self._ends: list[tuple[float, str]] = []
        """A heap with the end of each value, the next one first."""

    async def get(self, key: str) -> bytes | None:
        kept = self._values.get(key)
        return kept[1] if kept is not None and self._clock.monotonic() < kept[0] else None

    async def put_if_absent(self, key: str, value: bytes, *, ttl_s: float) -> bool:
        self._forget_what_is_over()
        if key in self._values:
            return False
        self._add(key, value, ttl_s)
        return True

    async def put(self, key: str, value: bytes, *, ttl_s: float) -> None:
        self._forget_what_is_over()
        self._add(key, value, ttl_s)

    async def forget(self, key: str) -> None:
        self._values.pop(key, None)

    async def incr(self, key: str, *, ttl_s: float) -> int:
        return (await self.add(key, 1, ttl_s=ttl_s))[0]

    async def add(self, key: str, number: int, *, ttl_s: float) -> tuple[int, float]:
        self._forget_what_is_over()
        present = self._values.get(key)
        if present is None:
            self._add(key, b"%d" % number, ttl_s)
            return number, ttl_s
        ends, value = present
        count = int(value) + number
        self._values[key] = (ends, b"%d" % count)
        return count, ends - self._clock.monotonic()

    async def probe(self) -> str:
        return "memory of each worker"

    async def close(self) -> None:
        """Nothing is held."""

    def _add(self, key: str, value: bytes, ttl_s: float) -> None:
        if len(self._values) >= self._entries and key not in self._values:
            raise CheckUnavailable(f"state: {self._entries} living values are as many as memory may hold")
        ends = self._clock.monotonic() + ttl_s
        self._values[key] = (ends, value)
        heapq.heappush(self._ends, (ends, key))
        if len(self._ends) > 2 * len(self._values) + _SPARE_ENDS:  # most are of values that were replaced or forgotten
            self._ends = [(ends, key) for key, (ends, _) in self._values.items()]
            heapq.heapify(self._ends)

    def _forget_what_is_over(self) -> None:
        now = self._clock.monotonic()
        while self._ends and self._ends[0][0] <= now:
            _, key = heapq.heappop(self._ends)
            kept = self._values.get(key)
            if kept is not None and kept[0] <= now:
                del self._values[key]
