"""What the index is asked: one person's lookups, one lookup's records, and who saw whom between two instants."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple, cast

import orjson
from sqlalchemy import ColumnElement, Row, Select, and_, case, exists, func, or_, select, tuple_

from gateway.ledger.records import VERIFICATION
from gateway.ledger.tables import ENTRIES, HIDINGS, micros, moment
from gateway.stores.sql import Store

__all__ = ["Group", "Incident", "Place", "Questions", "Seen"]

_E = ENTRIES.c
_ROWS_AT_ONCE = 5_000
_INCIDENT_S = 120.0
_OF_A_LOOKUP = ("asked", "answered", "refused", "undelivered")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of a person's lookups ends: the time and id of the last one on it."""

    at: int
    lookup_id: str

    def text(self) -> str:
        """As callers get it."""
        return f"{self.at}.{self.lookup_id}"

    @classmethod
    def read(cls, text: str) -> Place:
        """The place that callers bring back. Raises ValueError."""
        at, dot, lookup_id = text.partition(".")
        if not (dot and lookup_id and at.isascii() and at.isdigit() and len(at) <= 17):
            raise ValueError("no place")
        return cls(int(at), lookup_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """
    One lookup about a person. `outcome` is None while there is none; `refused` if it never left; `compared` if claims
    were compared with the fields and no record left.
    """

    at: datetime
    lookup_id: str
    consumer: str | None
    agency: str | None
    case_id: str | None = field(repr=False)
    procedure: str | None
    purpose: str | None
    dataset: str | None
    fields: tuple[str, ...]
    outcome: str | None
    refused: bool
    compared: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """What a breach touches: everything between two instants, or a part of it."""

    since: datetime
    until: datetime
    consumer: str | None = None
    agency: str | None = None
    account: str | None = field(default=None, repr=False)
    dataset: str | None = None


class Group(NamedTuple):
    """
    Lookups of one incident that have all of this in common. `given` is 1 where a record left; `subject` and `officer`
    are pseudonyms, `fields` names with commas between them; times are the tables' microseconds.
    """

    subject: str | None
    consumer: str | None
    agency: str | None
    account: str | None
    officer: str | None
    dataset: str | None
    fields: str | None
    given: int
    lookups: int
    first_at: int
    last_at: int


class Questions:
    """Questions to the index in one store. Synchronous: call it from a thread. Everything raises StoreUnavailable."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def about(
        self,
        subjects: tuple[str, ...],
        *,
        now: datetime,
        limit: int,
        since: datetime | None = None,
        until: datetime | None = None,
        before: Place | None = None,
    ) -> list[Seen]:
        """The lookups about a person under any of the pseudonyms, newest first, without what is hidden now."""
        wanted = [_E.subject.in_(subjects), _E.type.in_(("asked", "refused")), ~_is_hidden(now)]
        if since is not None:
            wanted.append(_E.at >= micros(since))
        if until is not None:
            wanted.append(_E.at < micros(until))
        if before is not None:
            wanted.append(tuple_(_E.at, _E.lookup_id) < (before.at, before.lookup_id))
        query = select(ENTRIES).where(and_(*wanted)).order_by(_E.at.desc(), _E.lookup_id.desc()).limit(limit)
        with self._store.reading() as connection:
            return [_seen(row) for row in connection.execute(query)]

    def records_of(self, lookup_id: str) -> list[tuple[str, int, dict[str, Any]]]:
        """Log, index and record of everything that was recorded of one lookup, in order; empty where nothing was."""
        query = (
            select(_E.log, _E.index, _E.record)
            .where(_E.lookup_id == lookup_id, _E.type.in_(_OF_A_LOOKUP), _E.record.is_not(None))
            .order_by(_E.log, _E.index)
        )
        with self._store.reading() as connection:
            return [(log, index, orjson.loads(record)) for log, index, record in connection.execute(query)]

    @contextmanager
    def incident(self, incident: Incident) -> Iterator[Iterator[Group]]:
        """
        The lookups of an incident, counted by subject, officer, dataset, fields and whether a record left; one subject
        after another. One transaction, which ends with the context.
        """
        with self._store.reading(within_s=_INCIDENT_S) as connection:
            rows = connection.execution_options(yield_per=_ROWS_AT_ONCE).execute(_counted(incident))
            # There may be a million: a row is a tuple already, and nothing more is made of it here.
            yield cast(Iterator[Group], rows)


def _is_hidden(now: datetime) -> ColumnElement[bool]:
    same = or_(HIDINGS.c.case_id == _E.case_id, HIDINGS.c.lookup_id == _E.lookup_id)
    return exists().where(HIDINGS.c.until > micros(now), same)


def _counted(incident: Incident) -> Select[Any]:
    given = case((_E.outcome == "found", 1), else_=0).label("given")
    common = (_E.subject, _E.consumer, _E.agency, _E.account, _E.officer, _E.dataset, _E.fields, given)
    wanted = [_E.type == "asked", _E.at >= micros(incident.since), _E.at < micros(incident.until)]
    for name in ("consumer", "agency", "account", "dataset"):
        value = getattr(incident, name)
        if value is not None:
            wanted.append(_E[name] == value)
    counts = (func.count(), func.min(_E.at), func.max(_E.at))
    return select(*common, *counts).where(and_(*wanted)).group_by(*common).order_by(_E.subject)


def _names(text: str | None) -> tuple[str, ...]:
    return tuple(text.split(",")) if text else ()


def _seen(row: Row[Any]) -> Seen:
    return Seen(
        at=moment(row.at),
        lookup_id=row.lookup_id,
        consumer=row.consumer,
        agency=row.agency,
        case_id=row.case_id,
        procedure=row.procedure,
        purpose=row.purpose,
        dataset=row.dataset,
        fields=_names(row.fields),
        outcome=row.outcome,
        refused=row.type == "refused",
        compared=row.type == "asked" and _asks(row.record) == VERIFICATION,
    )


def _asks(record: str | None) -> Any:
    return orjson.loads(record).get("asks") if record is not None else None
