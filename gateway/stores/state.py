"""Short-lived state: small values that end by themselves. In memory here; shared stores keep the same port."""

from __future__ import annotations

from collections import OrderedDict
from typing import Protocol

from gateway.clock import Clock

__all__ = ["MemoryState", "State"]


class State(Protocol):
    """Values under keys, each with a life in seconds. Keys and values hold no personal data in the clear."""

    async def get(self, key: str) -> bytes | None:
        """The value, or None where there is none or its life is over."""

    async def put_if_absent(self, key: str, value: bytes, *, ttl_s: float) -> bool:
        """Keep the value unless one is there; True when it was kept."""

    async def incr(self, key: str, *, ttl_s: float) -> int:
        """Count one more under the key, and say how many; the life runs from the first."""


class MemoryState:
    """State of one process. At most `entries` are kept; the oldest goes first."""

    def __init__(self, clock: Clock, *, entries: int = 100_000) -> None:
        self._clock = clock
        self._entries = entries
        self._values: OrderedDict[str, tuple[float, bytes]] = OrderedDict()

    async def get(self, key: str) -> bytes | None:
        kept = self._values.get(key)
        if kept is None:
            return None
        ends, value = kept
        if self._clock.monotonic() >= ends:
            del self._values[key]
            return None
        return value

    async def put_if_absent(self, key: str, value: bytes, *, ttl_s: float) -> bool:
        if await self.get(key) is not None:
            return False
        self._keep(key, self._clock.monotonic() + ttl_s, value)
        return True

    async def incr(self, key: str, *, ttl_s: float) -> int:
        present = await self.get(key)
        count = 1 if present is None else int(present) + 1
        ends = self._clock.monotonic() + ttl_s if present is None else self._values[key][0]
        self._keep(key, ends, str(count).encode())
        return count

    def _keep(self, key: str, ends: float, value: bytes) -> None:
        self._values[key] = (ends, value)
        while len(self._values) > self._entries:
            self._values.popitem(last=False)
