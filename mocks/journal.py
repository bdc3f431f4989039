"""What was asked of the stand-ins lately: enough to count attempts, too little to name anybody."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

from mocks.stand_in import Call

__all__ = ["Entry", "Journal"]

# What may be a number of somebody or something: of eight characters or more, with a digit among them.
_NUMBER = re.compile(rb"(?=[A-Za-z./-]{0,39}[0-9])[0-9A-Za-z][0-9A-Za-z./-]{7,39}")
_READ = 1 << 16  # bytes of a body: no question is longer


@dataclass(frozen=True, slots=True)
class Entry:
    """
    One request. `at` in seconds since 1970 (UTC); `status` is 0 where a fault took the answer's place;
    `matched` (of the answer that was due) is `case:<name>`, `province` or `nothing`; `fault` is "" where none hit;
    `near_misses` says what might be wrong with a question that matched nothing, without any value of it.
    """

    at: float
    registry: str
    operation: str
    status: int
    matched: str
    fault: str = ""
    near_misses: tuple[str, ...] = ()


class Journal:
    """
    The last entries, oldest first.

    Whom a request was about is kept as hashes that mean nothing outside this process, so that it can be counted how
    often somebody was asked about, and not read who was.
    """

    def __init__(self, size: int = 1000) -> None:
        self._entries: deque[tuple[Entry, frozenset[int]]] = deque(maxlen=size)

    def __iter__(self) -> Iterator[Entry]:
        return iter([entry for entry, _ in self._entries])

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, entry: Entry, call: Call | None = None) -> None:
        """Note one request; the oldest entry goes when there are too many."""
        texts = [] if call is None else [call.path.encode(), *map(str.encode, call.query.values()), call.body[:_READ]]
        self._entries.append((entry, frozenset(map(hash, _NUMBER.findall(b"\n".join(texts))))))

    def asked(
        self,
        *,
        registry: str | None = None,
        operation: str | None = None,
        matched: str | None = None,
        fault: str | None = None,
        about: str | None = None,
    ) -> int:
        """
        How many of the requests kept are such. `about` is a number of eight characters or more that stood in the
        question. Raises ValueError where it is none that could be found.
        """
        if about is not None and _NUMBER.fullmatch(about.encode()) is None:
            raise ValueError("about must be a number of 8 to 40 characters")
        mark = None if about is None else hash(about.encode())
        wanted = {"registry": registry, "operation": operation, "matched": matched, "fault": fault}
        return sum(
            all(value is None or getattr(entry, name) == value for name, value in wanted.items())
            and (mark is None or mark in marks)
            for entry, marks in self._entries
        )

    def clear(self) -> None:
        """Forget everything."""
        self._entries.clear()
