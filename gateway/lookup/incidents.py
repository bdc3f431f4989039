"""
The breach duty: which people, which fields and which officers an incident touches, between two instants.

Counted in SQL and written out piece by piece, since it may be a million people. People stand as pseudonyms; officers
as accounts and pseudonyms.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import groupby
from typing import Annotated, Any

import orjson
from pydantic import Field

from gateway.domain.inquiry import AgencyCode
from gateway.domain.instant import Instant
from gateway.domain.model import Masked
from gateway.errors import FieldProblem, InvalidQuestion
from gateway.ledger.questions import Group, Incident
from gateway.ledger.records import Record
from gateway.lookup.access import Consumer

__all__ = ["IncidentRequest", "incident_queried", "written"]

_PIECE = 64 * 1024
_OPTIONS = orjson.OPT_UTC_Z


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


def written(request: IncidentRequest, groups: Iterable[Group], people: Iterable[Group]) -> Iterator[bytes]:
    """
    The whole answer as pieces of one JSON document. `complete` is its last member: an answer that was cut off on its
    way is no JSON.
    """
    total = {"lookups": 0, "given": 0}
    by_officer = []
    for group in groups:
        total["lookups"] += group.lookups
        total["given"] += group.lookups if group.given else 0
        by_officer.append(_group_view(group))
    head = {"from": request.from_, "until": request.until, "narrowed": request.narrowed(), **total}
    piece = bytearray(orjson.dumps(head | {"by_officer": by_officer}, option=_OPTIONS)[:-1] + b',"subjects":[')
    count = 0
    for subject, parts in groupby(people, key=lambda group: group.subject):
        if count:
            piece += b","
        piece += orjson.dumps(_subject_view(subject, list(parts)), option=_OPTIONS)
        count += 1
        if len(piece) >= _PIECE:
            yield bytes(piece)
            piece.clear()
    yield bytes(piece) + b'],"people":%d,"complete":true}' % count


def _group_view(group: Group) -> dict[str, Any]:
    return {
        "consumer": group.consumer,
        "agency": group.agency,
        "account": group.account,
        "officer": group.officer,
        "dataset": group.dataset,
        "fields": group.fields,
        "given": group.given,
        "lookups": group.lookups,
        "subjects": group.subjects,
        "first_at": group.first_at,
        "last_at": group.last_at,
    }


def _subject_view(subject: str | None, parts: list[Group]) -> dict[str, Any]:
    given = [part for part in parts if part.given]
    return {
        "subject": subject,
        "lookups": sum(part.lookups for part in parts),
        "given": sum(part.lookups for part in given),
        "fields": sorted({f"{part.dataset}.{name}" for part in given for name in part.fields}),
        "accounts": sorted({part.account for part in parts if part.account is not None}),
        "first_at": min(part.first_at for part in parts),
        "last_at": max(part.last_at for part in parts),
    }
