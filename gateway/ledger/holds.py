"""
Legal holds: what must not be destroyed while somebody examines it, whatever its age.

    type      members besides `at`
    hold      hold case lookup subject (one of the three, the others null) by reason
    release   hold by reason

They stand in the log of the slot `admin`, and are in force from the moment that their record is durable.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.errors import RetentionError
from gateway.ledger.records import Record

__all__ = ["HOLD", "RELEASE", "Hold", "Holds"]

HOLD = "hold"
RELEASE = "release"


@dataclass(frozen=True, slots=True)
class Hold:
    """A hold on one case, one lookup, or all questions about one subject (a pseudonym)."""

    id: str
    case: str | None
    lookup: str | None
    subject: str | None
    by: str
    reason: str

    def __post_init__(self) -> None:
        if sum(one is not None for one in (self.case, self.lookup, self.subject)) != 1:
            raise RetentionError("a hold is on a case, on a lookup or on a subject: name one of the three")
        _signed_off(self.by, self.reason)

    def record(self, at: datetime) -> Record:
        """As the ledger keeps it."""
        named = {"case": self.case, "lookup": self.lookup, "subject": self.subject}
        return {"type": HOLD, "at": at, "hold": self.id, **named, "by": self.by, "reason": self.reason}


class Holds:
    """The holds in force, from the records of the `admin` log in their order."""

    def __init__(self, records: Iterable[Record] = ()) -> None:
        self._held: dict[str, Hold] = {}
        for record in records:
            if record.get("type") == HOLD:
                self._held[record["hold"]] = _hold(record)
            elif record.get("type") == RELEASE:
                self._held.pop(record["hold"], None)
        self._cases = {one.case for one in self._held.values() if one.case is not None}
        self._lookups = {one.lookup for one in self._held.values() if one.lookup is not None}
        self._subjects = {one.subject for one in self._held.values() if one.subject is not None}

    def __iter__(self) -> Any:
        return iter(self._held.values())

    def __len__(self) -> int:
        return len(self._held)

    def cover(self, *, lookup: str, case: str | None, subject: str | None) -> bool:
        """Whether any hold in force is on this question."""
        return lookup in self._lookups or case in self._cases or subject in self._subjects

    def release(self, hold: str, *, by: str, reason: str, at: datetime) -> Record:
        """The record that ends a hold. Raises RetentionError where none of that name is in force."""
        if hold not in self._held:
            raise RetentionError(f"no hold {hold} is in force; `gateway ledger holds` lists them")
        _signed_off(by, reason)
        return {"type": RELEASE, "at": at, "hold": hold, "by": by, "reason": reason}


def _hold(record: Record) -> Hold:
    return Hold(
        record["hold"], record.get("case"), record.get("lookup"), record.get("subject"), record["by"], record["reason"]
    )


def _signed_off(by: str, reason: str) -> None:
    if not by.strip() or not reason.strip():
        raise RetentionError("say who decided it and why: --by and --reason")
