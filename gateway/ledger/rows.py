"""From a record's bytes to the index's rows. Pure, and unimpressed by whatever stands in a record."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import orjson

from gateway.ledger.tables import ENTRIES, micros

__all__ = ["GONE", "UNDELIVERED", "UNREADABLE", "Batch", "LogEntry", "instant_of"]

GONE = "gone"
"""Type of a row whose record was destroyed: a word of the index only."""
UNREADABLE = "unreadable"
UNDELIVERED = "undelivered"
"""Outcome of a lookup whose answer was recorded too late to leave: a word of the index only."""
_OWN = ("log", "index", "type", "at", "fields", "record", "outcome", "reason")
_TEXTS = tuple(column.name for column in ENTRIES.columns if column.name not in _OWN)
_EMPTY: dict[str, Any] = {column.name: None for column in ENTRIES.columns}


class LogEntry(Protocol):
    """One entry of a log: its index, and its record's bytes; None where they were destroyed."""

    @property
    def index(self) -> int:
        """Its place in the log, from 0."""

    @property
    def record(self) -> bytes | None:
        """What was recorded."""


@dataclass(slots=True)
class Batch:
    """
    What a run of entries does to the tables: new `rows` and `hidings`, what became of lookups whose `asked` row
    stands there already (`answers`, by its index, and `undelivered`, by lookup), and which rows of whatever log are
    `destroyed`, from a first to a last index.
    """

    log: str
    rows: dict[int, dict[str, Any]] = field(default_factory=dict, repr=False)
    hidings: list[dict[str, Any]] = field(default_factory=list, repr=False)
    answers: list[dict[str, Any]] = field(default_factory=list, repr=False)
    undelivered: list[dict[str, Any]] = field(default_factory=list, repr=False)
    destroyed: list[tuple[str, int, int]] = field(default_factory=list)

    @classmethod
    def of(cls, log: str, entries: Iterable[LogEntry]) -> Batch:
        """The batch of entries in their order."""
        batch = cls(log)
        for entry in entries:
            batch._add(entry.index, entry.record)
        return batch

    def _add(self, index: int, raw: bytes | None) -> None:
        row = self.rows[index] = _EMPTY.copy()
        row["log"], row["index"] = self.log, index
        record = _read(raw)
        if raw is None or record is None:
            row["type"] = GONE if raw is None else UNREADABLE
            return
        row["type"] = _text(record.get("type")) or UNREADABLE
        row["at"] = instant_of(record.get("at"))
        row["record"] = raw.decode()
        for name in _TEXTS:
            value = record.get(name)
            if value is not None:
                row[name] = _text(value)
        names = record.get("fields")
        row["fields"] = ",".join(sorted(map(str, names))) if isinstance(names, list) else None
        match row["type"]:
            case "answered":
                self._answered(row, record)
            case "undelivered":
                self._undelivered(row)
            case "hidden":
                self._hidden(row, record)
            case "destroyed":
                self.destroyed += _ranges(record)

    def _answered(self, row: dict[str, Any], record: dict[str, Any]) -> None:
        how = {"outcome": _text(record.get("outcome")), "reason": _text(record.get("reason"))}
        row |= how
        asked = record.get("asked")
        if not isinstance(asked, int):
            return
        if asked in self.rows:
            if self.rows[asked]["type"] == "asked":
                self.rows[asked] |= how
        else:
            self.answers.append({"of_log": self.log, "of_index": asked} | how)

    def _undelivered(self, row: dict[str, Any]) -> None:
        # The answer came in shortly before; it is looked for in this batch too, from its end.
        for other in reversed(self.rows.values()):
            if other["type"] == "asked" and other["lookup_id"] == row["lookup_id"]:
                other["outcome"] = UNDELIVERED
                return
        self.undelivered.append({"of_log": self.log, "of_lookup": row["lookup_id"]})

    def _hidden(self, row: dict[str, Any], record: dict[str, Any]) -> None:
        until = instant_of(record.get("until"))
        if until is not None:
            same = {name: row[name] for name in ("log", "index", "case_id", "lookup_id")}
            self.hidings.append(same | {"rule": _text(record.get("rule")) or "", "until": until})


def instant_of(value: object) -> int | None:
    """A record's time, in the tables' microseconds; None for what is no time with a zone."""
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return micros(at) if at is not None and at.tzinfo is not None else None


def _ranges(record: dict[str, Any]) -> Iterator[tuple[str, int, int]]:
    """What a destruction says is gone: `ledger.retention` writes it."""
    log, ranges = _text(record.get("log")), record.get("ranges")
    for one in ranges if log is not None and isinstance(ranges, list) else ():
        match one:
            case [int(first), int(last)]:
                yield str(log), first, last


def _read(raw: bytes | None) -> dict[str, Any] | None:
    try:
        record = orjson.loads(raw) if raw is not None else None
    except orjson.JSONDecodeError:
        return None
    return record if isinstance(record, dict) else None


def _text(value: object) -> str | None:
    # PostgreSQL takes no NUL, and one such record must not stop all that come after it.
    if not isinstance(value, str):
        return None
    return value.replace("\0", "") if "\0" in value else value
