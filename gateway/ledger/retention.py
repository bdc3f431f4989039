"""
What is destroyed when its time is over: which records, and the record that says so. Pure: no file is touched here.

    type        members besides `at`
    destroyed   log registry until ranges leaves by reason

`ranges` are first and last index, both destroyed; `leaves` is the SHA-256 of the leaf hashes of them all, in order:
they stay in the tree, so that it verifies as before, and this record says which gaps in it are ours. `registry` is
the instance's name, empty for refused questions that named none. All records of one question go together: `asked`,
`answered`, `undelivered`. Nothing else is ever destroyed: what the log says of itself stays.
"""

from __future__ import annotations

import calendar
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Protocol

import orjson

from gateway.errors import RetentionError
from gateway.ledger import frames
from gateway.ledger.holds import Holds
from gateway.ledger.records import Record, closes, opens

__all__ = [
    "DESTROYED",
    "Destruction",
    "Limits",
    "Plan",
    "destructions",
    "held_indices",
    "months_before",
    "plan",
    "rewritten",
]

DESTROYED = "destroyed"
_OF_QUESTIONS = frozenset({"asked", "answered", "undelivered", "refused"})
_MOST_RANGES = 1_000
_LONG_AGO = datetime.min.replace(tzinfo=UTC)


class Entry(Protocol):
    """A record as a reader of the log gives it; `record` is None once it has been destroyed."""

    @property
    def index(self) -> int: ...
    @property
    def leaf(self) -> bytes: ...
    @property
    def record(self) -> bytes | None: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How many months a question is kept: by registry instance, and for every other."""

    months: int = 24
    registries: Mapping[str, int] = field(default_factory=dict)

    def until(self, registry: str, now: datetime) -> datetime:
        """What is older than this has been kept long enough."""
        return months_before(now, self.registries.get(registry, self.months))


@dataclass(frozen=True, slots=True)
class Destruction:
    """One destruction in one log, as its record says it."""

    log: str
    registry: str
    until: datetime
    ranges: tuple[tuple[int, int], ...]
    leaves: str

    @property
    def count(self) -> int:
        """How many records it takes."""
        return sum(last - first + 1 for first, last in self.ranges)

    def indices(self) -> Iterator[int]:
        """Each index that it takes."""
        for first, last in self.ranges:
            yield from range(first, last + 1)

    def record(self, *, by: str, reason: str, at: datetime) -> Record:
        """As the ledger keeps it. Raises RetentionError where nobody signs for it."""
        if not by.strip() or not reason.strip():
            raise RetentionError("say who decided it and why: --by and --reason")
        return {
            "type": DESTROYED,
            "at": at,
            "log": self.log,
            "registry": self.registry,
            "until": self.until,
            "ranges": [list(one) for one in self.ranges],
            "leaves": self.leaves,
            "by": by,
            "reason": reason,
        }


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run destroys in one log, and how many records it leaves that are old enough, and why."""

    destructions: tuple[Destruction, ...] = ()
    held: int = 0
    """Under a legal hold."""
    waiting: int = 0
    """Of a question that has no outcome yet, or part of which is in a segment that is still written."""

    @property
    def count(self) -> int:
        """How many records it takes."""
        return sum(one.count for one in self.destructions)


@dataclass(slots=True)
class _Question:
    indices: list[int] = field(default_factory=list)
    latest: datetime = _LONG_AGO
    registry: str = ""
    case: str | None = None
    subject: str | None = None
    is_open: bool = False
    is_sealed: bool = True


def plan(log: str, entries: Iterable[Entry], *, sealed: int, limits: Limits, holds: Holds, now: datetime) -> Plan:
    """
    What has been kept long enough. `entries` is the whole log; those from index `sealed` on are still written to.
    """
    questions, leaves = _questions(entries, sealed)
    taken: dict[str, list[int]] = {}
    held = waiting = 0
    for lookup, question in questions.items():
        if question.latest >= limits.until(question.registry, now):
            continue
        if holds.cover(lookup=lookup, case=question.case, subject=question.subject):
            held += len(question.indices)
        elif question.is_open or not question.is_sealed:
            waiting += len(question.indices)
        else:
            taken.setdefault(question.registry, []).extend(question.indices)
    made = [
        Destruction(log, registry, limits.until(registry, now), ranges, _digest(leaves, ranges))
        for registry, indices in sorted(taken.items())
        for ranges in _ranges(sorted(indices))
    ]
    return Plan(tuple(made), held, waiting)


def held_indices(entries: Iterable[Entry], holds: Holds) -> set[int]:
    """The records of every question that is under a hold."""
    questions, _ = _questions(entries, 0)
    return {
        index
        for lookup, one in questions.items()
        if holds.cover(lookup=lookup, case=one.case, subject=one.subject)
        for index in one.indices
    }


def destructions(records: Iterable[Record]) -> list[Destruction]:
    """Every destruction that the records of the `admin` logs tell of. One that is not whole explains nothing."""
    found = (_destruction(record) for record in records if record.get("type") == DESTROYED)
    return [one for one in found if one is not None]


def unexplained(gone: Mapping[int, bytes], told: Iterable[Destruction]) -> list[int]:
    """
    Which records of one log have lost their data although no destruction that is told of covers them with the right
    leaf hashes. `gone` has the leaf hash of each that has, by index. A destruction that is not finished yet covers
    what it has taken.
    """
    left = dict(gone)
    for one in told:
        leaves = [gone.get(index) for index in one.indices()]
        whole = b"".join(leaf for leaf in leaves if leaf is not None)
        if None not in leaves and hashlib.sha256(whole).hexdigest() != one.leaves:
            continue
        for index in one.indices():
            left.pop(index, None)
    return sorted(left)


def rewritten(content: bytes, taken: frozenset[int] | set[int]) -> bytes:
    """
    A segment without the data of these records: their leaf hashes and places stay. Records that are gone already
    stay as they are. Raises RetentionError for a segment that is not sound: what is damaged is evidence.
    """
    try:
        header, start = frames.read_header(content)
        index = int(header["first"])
    except (ValueError, KeyError):
        raise RetentionError("a segment has no sound header; run `gateway ledger verify`") from None
    pieces = [content[:start]]
    end = start
    for frame in frames.frames(content, start):
        if not frame.sound:
            raise RetentionError(f"record {index} is damaged; run `gateway ledger verify`")
        if index in taken and frame.kind == frames.RECORD:
            pieces.append(frames.frame(b"", frame.leaf, frame.batch, kind=frames.DESTROYED))
        else:
            pieces.append(content[frame.offset : frame.end])
        index, end = index + 1, frame.end
    if end != len(content):
        raise RetentionError(f"a segment is not whole after record {index - 1}; run `gateway ledger verify`")
    return b"".join(pieces)


def months_before(moment: datetime, months: int) -> datetime:
    """The same day and time that many months ago, or that month's last day."""
    year, month = divmod(moment.year * 12 + moment.month - 1 - months, 12)
    day = min(moment.day, calendar.monthrange(year, month + 1)[1])
    return moment.replace(year=year, month=month + 1, day=day)


def _destruction(record: Record) -> Destruction | None:
    try:
        return Destruction(
            record["log"],
            record["registry"],
            datetime.fromisoformat(record["until"]),
            tuple((int(first), int(last)) for first, last in record["ranges"]),
            record["leaves"],
        )
    except (KeyError, TypeError, ValueError):
        return None


def _questions(entries: Iterable[Entry], sealed: int) -> tuple[dict[str, _Question], dict[int, bytes]]:
    """Every question by its lookup, as its records tell of it, and their leaf hashes by index."""
    questions: dict[str, _Question] = {}
    leaves: dict[int, bytes] = {}
    for entry in entries:
        record = _question_record(entry)
        if record is None:
            continue
        question = questions.setdefault(record["lookup_id"], _Question())
        question.indices.append(entry.index)
        question.latest = max(question.latest, datetime.fromisoformat(record["at"]))
        question.registry = question.registry or str(record.get("dataset") or "").partition(".")[0]
        question.case = question.case or record.get("case_id")
        question.subject = question.subject or record.get("subject")
        question.is_sealed = question.is_sealed and entry.index < sealed
        question.is_open = opens(record) or (question.is_open and not closes(record))
        leaves[entry.index] = entry.leaf
    return questions, leaves


def _question_record(entry: Entry) -> dict[str, Any] | None:
    if entry.record is None:
        return None
    record: dict[str, Any] = orjson.loads(entry.record)
    return record if record.get("type") in _OF_QUESTIONS and "lookup_id" in record else None


def _ranges(indices: Sequence[int]) -> Iterator[tuple[tuple[int, int], ...]]:
    """Runs of neighbours, at most so many at once that the record of them stays small."""

    def runs() -> Iterator[tuple[int, int]]:
        first = last = indices[0]
        for index in indices[1:]:
            if index != last + 1:
                yield first, last
                first = index
            last = index
        yield first, last

    all_runs = runs()
    while some := tuple(islice(all_runs, _MOST_RANGES)):
        yield some


def _digest(leaves: Mapping[int, bytes], ranges: Iterable[tuple[int, int]]) -> str:
    digest = hashlib.sha256()
    for first, last in ranges:
        for index in range(first, last + 1):
            digest.update(leaves[index])
    return digest.hexdigest()
