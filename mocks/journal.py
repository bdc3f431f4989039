"""What was asked of the stand-ins lately: enough to count attempts, too little to name anybody."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Entry", "Journal"]


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One request. `at` in seconds since 1970 (UTC); `status` is 0 where a fault took the answer's place;
    `matched` (of the answer that was due) is `case:<name>`, `province` or `nothing`; `fault` is "" where none hit.
    """

    at: float
    registry: str
    operation: str
    status: int
    matched: str
    fault: str = ""


class Journal:
    """The last entries, oldest first."""

    def __init__(self, size: int = 1000) -> None:
        self._entries: deque[Entry] = deque(maxlen=size)

    def __iter__(self) -> Iterator[Entry]:
        return iter(tuple(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry) -> None:
        """Note one request; the oldest entry goes when there are too many."""
        self._entries.append(entry)

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
