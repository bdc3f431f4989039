"""What a batch says of itself in its first line, and what each of its items says."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.domain.inquiry import CaseId, Inquiry
from gateway.errors import FieldProblem, InvalidQuestion
from gateway.lookup.catalogue import Entry
from gateway.lookup.comparison import Comparison
from gateway.lookup.request import LookupRequest, read

__all__ = ["Asks", "BatchItem", "BatchJob", "Line", "checked", "question"]

Asks = Literal["lookups", "verifications"]
_STRICT = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class BatchJob(BaseModel):
    """The first line: what is asked of all items, by whom and why."""

    model_config = _STRICT

    asks: Asks
    dataset: Annotated[str, Field(max_length=80, examples=["dancu.citizen"])]
    inquiry: Inquiry = Field(repr=False)
    fields: Annotated[list[Annotated[str, Field(max_length=80)]], Field(min_length=1, max_length=64)] | None = None
    max_age_s: Annotated[int, Field(ge=0)] = 0


class BatchItem(BaseModel):
    """One line after it: whom it is about; `case_id` where it is another dossier than the job's."""

    model_config = _STRICT

    ref: Annotated[str, Field(min_length=1, max_length=80)] | None = Field(
        None, repr=False, description="A name of the caller's own, given back with the result."
    )
    case_id: CaseId | None = None
    query: dict[str, Any] = Field(repr=False)
    claims: Annotated[dict[Annotated[str, Field(max_length=120)], Any], Field(min_length=1, max_length=64)] | None = (
        Field(None, repr=False, description="For verifications, and only for them.")
    )
    case_token: Annotated[str, Field(max_length=8192)] | None = Field(None, repr=False)


@dataclass(frozen=True, slots=True)
class Line:
    """An item as it came, by the number of its line, from 1. `tries`: how often it was asked in vain."""

    number: int
    item: bytes = field(repr=False)
    tries: int = 0


def checked(job: BatchJob, entry: Entry, item: BatchItem, today: date) -> tuple[str, ...]:
    """What an item claims, by field. Raises InvalidQuestion where it could never be asked as it stands."""
    query = read(entry.dataset.query, item.query, above="query.")
    problems = query.problems(today)
    if problems:
        raise InvalidQuestion(problems=problems, status=422)
    if job.asks == "lookups":
        if item.claims is not None:
            advice = 'lô tra cứu không có nội dung khai; dùng "asks": "verifications" / lookups have no claims'
            raise InvalidQuestion(problems=(FieldProblem("claims", "extra_forbidden", advice),))
        return ()
    if item.claims is None:
        advice = "thiếu nội dung khai để so sánh / a verification has claims"
        raise InvalidQuestion(problems=(FieldProblem("claims", "missing", advice),))
    return Comparison.of(entry.dataset, item.claims).fields


def question(job: BatchJob, item: BatchItem) -> LookupRequest:
    """An item as the question that it would be by itself."""
    # Every part has been read strictly already.
    inquiry = job.inquiry if item.case_id is None else job.inquiry.model_copy(update={"case_id": item.case_id})
    return LookupRequest.model_construct(
        dataset=job.dataset,
        query=item.query,
        inquiry=inquiry,
        fields=job.fields,
        max_age_s=job.max_age_s,
        deadline_s=None,
        case_token=item.case_token,
    )
