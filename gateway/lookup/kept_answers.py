"""
Answers kept in this process' memory: the one used longest ago goes first, and none outlives its rule by more than
some seconds, even where nobody asks.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection
from dataclasses import dataclass, field

from gateway.channel.answer import Provenance

__all__ = ["KeptAnswer", "KeptAnswers", "trimmed"]

_OVERHEAD_BYTES = 1_300
"""What an entry takes beside its record: key, provenance, places in the tables. Measured, rounded up."""
_SLOT_S = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptAnswer:
    """
    What a registry said, cut down to what was granted. `record` is canonical JSON, None for `absent`; `at` the
    monotonic instant of the answer, `ends` that from which it is of no use any more. `fetched_by` is the lookup that
    fetched it.
    """

    record: bytes | None = field(repr=False)
    provenance: Provenance
    fetched_by: str
    subject: str | None
    at: float
    ends: float

    @property
    def size(self) -> int:
        """How many bytes it counts for."""
        return _OVERHEAD_BYTES + (len(self.record) if self.record is not None else 0)


def trimmed(content: bytes) -> bytes:
    """The same in a place of its own size: what orjson has written keeps the room that it wrote in, up to 8 KiB."""
    return bytes(memoryview(content))


class KeptAnswers:
    """At most so many entries and bytes. All that is called for a hit is `get`."""

    def __init__(self, *, entries: int, size: int) -> None:
        self._most_entries, self._most_bytes = entries, size
        self._answers: OrderedDict[bytes, KeptAnswer] = OrderedDict()
        self._ending: dict[int, set[bytes]] = {}
        """Keys by the slot of time in which they end, so that sweeping looks at no others."""
        self.size = 0

    def __len__(self) -> int:
        return len(self._answers)

    def __contains__(self, key: bytes) -> bool:
        return key in self._answers

    def get(self, key: bytes) -> KeptAnswer | None:
        """What is kept, however old."""
        answer = self._answers.get(key)
        if answer is not None:
            self._answers.move_to_end(key)
        return answer

    def put(self, key: bytes, answer: KeptAnswer) -> None:
        """Keep it instead of what was there; others make room."""
        self.drop(key)
        size = answer.size
        if size > self._most_bytes:
            return
        while self._answers and (len(self._answers) >= self._most_entries or self.size + size > self._most_bytes):
            self.drop(next(iter(self._answers)))
        self._answers[key] = answer
        self.size += size
        slot = int(answer.ends // _SLOT_S)
        self._ending.setdefault(slot, set()).add(key)

    def drop(self, key: bytes) -> None:
        """Keep it no longer."""
        answer = self._answers.pop(key, None)
        if answer is None:
            return
        self.size -= answer.size
        slot = int(answer.ends // _SLOT_S)
        self._ending[slot].discard(key)
        if not self._ending[slot]:
            del self._ending[slot]

    def sweep(self, now: float) -> None:
        """Drop what has ended."""
        for slot in [slot for slot in self._ending if (slot + 1) * _SLOT_S <= now]:
            for key in tuple(self._ending.get(slot, ())):
                self.drop(key)

    def forget(self, subjects: Collection[str]) -> int:
        """Drop whatever is about one of these pseudonyms; how many there were."""
        found = [key for key, answer in self._answers.items() if answer.subject in subjects]
        for key in found:
            self.drop(key)
        return len(found)
