"""
The breach duty: which people, which fields and which officers an incident touches, between two instants.

Counted in SQL and written out piece by piece, since it may be a million people. People stand as pseudonyms; officers
as accounts and pseudonyms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from operator import itemgetter
from typing import Annotated, Any

import orjson
from pydantic import Field

from gateway.domain.inquiry import AgencyCode
from gateway.domain.instant import Instant
from gateway.domain.model import Masked
from gateway.errors import FieldProblem, InvalidQuestion
from gateway.ledger.questions import Group, Incident
from gateway.ledger.records import Record
from gateway.ledger.tables import moment
from gateway.lookup.access import Consumer

__all__ = ["IncidentRequest", "incident_queried", "written"]

_PIECE = 64 * 1024
_OPTIONS = orjson.OPT_UTC_Z
_NEVER = 1 << 62


class IncidentRequest(Masked):
    """The period, from an instant up to another, and what narrows it down."""

    from_: Annotated[Instant, Field(alias="from")]
    until: Instant
    consumer: Annotated[str, Field(max_length=40)] | None = None
    agency: AgencyCode | None = None
    account: Annotated[str, Field(max_length=64)] | None = None
    dataset: Annotated[str, Field(max_length=80)] | None = None

    def incident(self) -> Incident:
        """What is to be counted. Raises InvalidQuestion for a period that ends before it begins."""
        if self.from_ >= self.until:
            advice = "phải sau thời điểm bắt đầu / must be later than from"
            raise InvalidQuestion(problems=(FieldProblem("until", "not_later", advice),), status=422)
        return Incident(since=self.from_, until=self.until, **self.narrowed())

    def narrowed(self) -> dict[str, str | None]:
        """What narrows the period down."""
        return {"consumer": self.consumer, "agency": self.agency, "account": self.account, "dataset": self.dataset}


def incident_queried(request: IncidentRequest, consumer: Consumer, *, lookup_id: str, now: datetime) -> Record:
    """The ledger's record of the question."""
    return {
        "type": "incident_queried",
        "at": now,
        "lookup_id": lookup_id,
        "consumer": consumer.name,
        "by": consumer.by,
        "from": request.from_,
        "until": request.until,
        "narrowed": request.narrowed(),
    }


def written(request: IncidentRequest, groups: Iterable[Group]) -> Iterator[bytes]:
    """
    The whole answer as pieces of one JSON document, from groups that come subject by subject. `complete` is its last
    member: an answer that was cut off on its way is no JSON.
    """
    head = {"from": request.from_, "until": request.until, "narrowed": request.narrowed()}
    piece = bytearray(orjson.dumps(head, option=_OPTIONS)[:-1] + b',"subjects":[')
    officers: dict[tuple[Any, ...], _Count] = {}
    people = 0
    for subject, parts in groupby(groups, key=itemgetter(0)):
        whole = _Subject(subject)
        for part in parts:
            whole.add(part)
            officers.setdefault(part[1:8], _Count()).add(part)
        if subject is None:  # asked about nobody, such as a list by day
            continue
        piece += (b"," if people else b"") + orjson.dumps(whole.view(), option=_OPTIONS)
        people += 1
        if len(piece) >= _PIECE:
            yield bytes(piece)
            piece.clear()
    tail = {
        "people": people,
        "lookups": sum(count.lookups for count in officers.values()),
        "given": sum(count.lookups for key, count in officers.items() if key[-1]),
        "by_officer": [count.view(key) for key, count in officers.items()],
        "complete": True,
    }
    yield bytes(piece) + b"]," + orjson.dumps(tail, option=_OPTIONS)[1:]


class _Count:
    """Lookups of one officer for one dataset and set of fields."""

    __slots__ = ("first_at", "last_at", "lookups", "subjects")

    def __init__(self) -> None:
        self.lookups = self.subjects = self.last_at = 0
        self.first_at = _NEVER

    def add(self, part: Group) -> None:
        """Count a subject's share; each subject comes once for each officer, dataset and set of fields."""
        self.lookups += part[8]
        self.subjects += part[0] is not None
        self.first_at = min(self.first_at, part[9])
        self.last_at = max(self.last_at, part[10])

    def view(self, key: tuple[Any, ...]) -> dict[str, Any]:
        consumer, agency, account, officer, dataset, fields, given = key
        return {
            "consumer": consumer,
            "agency": agency,
            "account": account,
            "officer": officer,
            "dataset": dataset,
            "fields": fields.split(",") if fields else [],
            "given": bool(given),
            "lookups": self.lookups,
            "subjects": self.subjects,
            "first_at": moment(self.first_at),
            "last_at": moment(self.last_at),
        }


class _Subject:
    """All lookups about one subject."""

    __slots__ = ("_accounts", "_fields", "_first_at", "_given", "_last_at", "_lookups", "_subject")

    def __init__(self, subject: str | None) -> None:
        self._subject = subject
        self._lookups = self._given = self._last_at = 0
        self._first_at = _NEVER
        self._accounts: set[str] = set()
        self._fields: set[tuple[str, str]] = set()

    def add(self, part: Group) -> None:
        """Count what one officer asked for."""
        self._lookups += part[8]
        self._first_at = min(self._first_at, part[9])
        self._last_at = max(self._last_at, part[10])
        if part[3] is not None:
            self._accounts.add(part[3])
        if part[7]:
            self._given += part[8]
            self._fields.add((part[5] or "", part[6] or ""))

    def view(self) -> dict[str, Any]:
        fields = {f"{dataset}.{name}" for dataset, names in self._fields for name in names.split(",") if name}
        return {
            "subject": self._subject,
            "lookups": self._lookups,
            "given": self._given,
            "fields": sorted(fields),
            "accounts": sorted(self._accounts),
            "first_at": moment(self._first_at),
            "last_at": moment(self._last_at),
        }
