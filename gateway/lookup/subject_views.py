"""
A citizen's right to know who looked them up: what the portal asks, and what it gets for the citizen to read.

An entry says when, which agency, which system, for which procedure, case and purpose, which dataset and which fields.
It never says what the answer was, only whether data was given: that a registry has no marriage on record would be a
fact about two people, and a parent reads here too. No number of anybody stands in it, and no officer.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field

from gateway.crypto import Secrets
from gateway.domain.identifiers import CitizenId, OldCitizenNumber
from gateway.domain.instant import Instant
from gateway.domain.model import Masked
from gateway.errors import FieldProblem, InvalidQuestion
from gateway.ledger.questions import Place, Seen
from gateway.ledger.records import Record
from gateway.lookup.access import Consumer
from gateway.lookup.titles import FIELDS, Pair, Titles

__all__ = ["OUTCOMES", "SubjectViewRequest", "entry_view", "pseudonyms", "viewed"]

OUTCOMES: dict[str, Pair] = {
    "given": ("Đã cung cấp dữ liệu", "Data was given"),
    "compared": (
        "Đã so sánh nội dung khai với dữ liệu, không cung cấp dữ liệu",
        "What was declared was compared with the data; no data was given",
    ),
    "not_given": ("Không có dữ liệu nào được cung cấp", "No data was given"),
    "pending": ("Đang chờ trả lời", "Not answered yet"),
}


class ViewedSubject(Masked):
    """Whom the citizen asks about: himself, a child, a ward. `old_number` finds lookups by the old card too."""

    citizen_id: CitizenId
    old_number: OldCitizenNumber | None = None


class Asserted(Masked):
    """What the calling system asserts: who sits in front of it, and by which right this person may see."""

    as_: Annotated[Literal["self", "parent", "guardian"], Field(alias="as")]
    requester: CitizenId


class SubjectViewRequest(Masked):
    """Which lookups to show: newest first, `limit` at once, from where the page before ended."""

    subject: ViewedSubject
    asserted: Asserted
    from_: Annotated[Instant | None, Field(alias="from")] = None
    until: Instant | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    before: Annotated[str, Field(max_length=80)] | None = None

    def place(self) -> Place | None:
        """
        Where the page begins; None from the newest on. Raises InvalidQuestion for it and whatever else contradicts
        itself.
        """
        problems = []
        if (self.asserted.as_ == "self") is not (self.asserted.requester == self.subject.citizen_id):
            advice = "chính mình thì hai số phải trùng, người khác thì không / the same number exactly when it is self"
            problems.append(FieldProblem("asserted.requester", "not_this_person", advice))
        if self.from_ is not None and self.until is not None and self.from_ >= self.until:
            advice = "phải sau thời điểm bắt đầu / must be later than from"
            problems.append(FieldProblem("until", "not_later", advice))
        place = None
        try:
            place = Place.read(self.before) if self.before is not None else None
        except ValueError:
            advice = "lấy từ next của trang trước / take it from next of the page before"
            problems.append(FieldProblem("before", "no_place", advice))
        if problems:
            raise InvalidQuestion(problems=tuple(problems), status=422)
        return place


def pseudonyms(request: SubjectViewRequest, secrets: Secrets) -> tuple[str, ...]:
    """Every pseudonym under which the person may stand in the ledger."""
    subject = request.subject
    found = secrets.pseudonyms(subject.citizen_id.subject_kind, subject.citizen_id.value)
    if subject.old_number is not None:
        found += secrets.pseudonyms(subject.old_number.subject_kind, subject.old_number.value)
    return found


def viewed(
    request: SubjectViewRequest, consumer: Consumer, secrets: Secrets, *, lookup_id: str, now: datetime, shown: int
) -> Record:
    """The ledger's record of the view: which system asserted whom, who sees whose lookups, and how many."""
    requester, citizen_id, old = request.asserted.requester, request.subject.citizen_id, request.subject.old_number
    return {
        "type": "viewed",
        "at": now,
        "lookup_id": lookup_id,
        "consumer": consumer.name,
        "by": consumer.by,
        "as": request.asserted.as_,
        "requester": secrets.pseudonym(requester.subject_kind, requester.value),
        "subject": secrets.pseudonym(citizen_id.subject_kind, citizen_id.value),
        # It is the caller's word that both numbers are one person's: whose lookups were seen must be told all the same.
        "old_subject": secrets.pseudonym(old.subject_kind, old.value) if old is not None else None,
        "from": request.from_,
        "until": request.until,
        "shown": shown,
    }


def entry_view(seen: Seen, titles: Titles) -> dict[str, Any]:
    """One lookup as a person reads it."""
    return {
        "at": seen.at,
        "lookup_id": seen.lookup_id,
        "agency": _named(seen.agency, titles.agencies.get(seen.agency or "")),
        "system": _named(seen.consumer, titles.systems.get(seen.consumer or "")),
        "procedure": _named(seen.procedure, titles.procedures.get(seen.procedure or "")),
        "case_id": seen.case_id,
        "purpose": _titled(seen.purpose, titles.purpose(seen.purpose or "")),
        "dataset": _titled(seen.dataset, titles.dataset(seen.dataset or "")),
        "fields": [_titled(name, FIELDS.get(name.partition(".")[0])) for name in seen.fields],
        "outcome": _titled(_outcome(seen), OUTCOMES[_outcome(seen)]),
    }


def _outcome(seen: Seen) -> str:
    if seen.refused:
        return "not_given"
    if seen.outcome is None:
        return "pending"
    if seen.outcome != "found":
        return "not_given"
    return "compared" if seen.compared else "given"


def _named(code: str | None, name: str | None) -> dict[str, Any] | None:
    return {"code": code, "name": name} if code is not None else None


def _titled(code: str | None, title: Pair | None) -> dict[str, Any] | None:
    if code is None:
        return None
    vietnamese, english = title or (None, None)
    return {"code": code, "title": vietnamese, "title_en": english}
