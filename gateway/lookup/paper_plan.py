"""A paper plan as a caller asks for it: a procedure, a case, and whom it is about, with what was declared of each."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from gateway.domain.inquiry import Inquiry
from gateway.domain.instant import Instant
from gateway.errors import FieldProblem, InvalidQuestion
from gateway.lookup.request import parse_as
from gateway.procedures.catalogue import Catalogue, Procedure

__all__ = ["PaperPlanRequest", "Subject", "chosen", "parse_plan"]

_STRICT = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)
_DAYS_AHEAD = 90
"""How far ahead a visit may be booked: its plan is kept, sealed, until then."""

Word = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,59}$")]


class Subject(BaseModel):
    """Somebody or something in a role, with what was declared: the keys of queries, and what must match."""

    model_config = _STRICT

    role: Annotated[Word, Field(examples=["applicant"])]
    claims: Annotated[dict[Annotated[str, Field(max_length=120)], Any], Field(max_length=64)] = Field(
        {}, repr=False, description="By field: `keys` and `match` of GET /v1/procedures/{code}."
    )
    coverage: dict[Word, bool] = Field({}, description="Whether it is of the part for which data is published.")


class PaperPlanRequest(BaseModel):
    """Whose papers are to be decided, and who asks; the procedure is that of the inquiry."""

    model_config = _STRICT

    inquiry: Inquiry = Field(repr=False)
    case: Word = "general"
    subjects: Annotated[list[Subject], Field(max_length=20)]
    fetch: Annotated[list[Word], Field(max_length=64)] = Field(
        [], description="Papers whose data the form needs: what may be fetched of them is, once they are waived."
    )
    appointment: Instant | None = Field(
        None,
        description="A booked visit within 90 days: where tickets are kept, registries are asked the evening before.",
    )
    deadline_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    case_token: Annotated[str, Field(max_length=8192)] | None = Field(None, repr=False)


def parse_plan(body: bytes, catalogue: Catalogue, day: date) -> PaperPlanRequest:
    """The plan in a body. Raises InvalidQuestion naming each field that is wrong, or unknown to the catalogue."""
    asked = parse_as(PaperPlanRequest, body)
    problems = list(_strange(asked, catalogue, day))
    if problems:
        raise InvalidQuestion(problems=tuple(problems), status=422)
    return asked


def chosen(asked: PaperPlanRequest, catalogue: Catalogue) -> Procedure:
    """The procedure of a plan that was parsed."""
    return catalogue.procedures[catalogue.code(asked.inquiry.procedure.value) or ""]


def _strange(asked: PaperPlanRequest, catalogue: Catalogue, day: date) -> Iterator[FieldProblem]:
    code = catalogue.code(asked.inquiry.procedure.value)
    if code is None:
        advice = "thủ tục không có trong danh mục; xem GET /v1/procedures / no such procedure; see GET /v1/procedures"
        yield FieldProblem("inquiry.procedure", "unknown_procedure", advice)
    elif not catalogue.procedures[code].holds(day):  # no papers would look like none that is needed
        advice = "thủ tục chưa hoặc không còn hiệu lực / the procedure is not in force yet, or no longer"
        yield FieldProblem("inquiry.procedure", "not_in_force", advice)
    elif asked.case not in (cases := [one.id for one in catalogue.procedures[code].cases if one.holds(day)]):
        advice = f"thủ tục không có trường hợp này; có / the procedure has no such case; there are: {', '.join(cases)}"
        yield FieldProblem("case", "unknown_case", advice)
    elif not catalogue.papers(catalogue.procedures[code], asked.case, day):
        advice = (
            "không giấy tờ nào của trường hợp này còn hiệu lực: danh mục chưa được cập nhật / no paper of this case is "
            "in force: the catalogue is out of date"
        )
        yield FieldProblem("case", "no_paper_in_force", advice)
    else:
        papers = catalogue.papers(catalogue.procedures[code], asked.case, day) or ()
        ids = [paper.id for paper in papers]
        for nth, name in enumerate(asked.fetch):
            if name not in ids:
                advice = f"trường hợp này không có giấy tờ đó; có / no such paper; there are: {', '.join(ids)}"
                yield FieldProblem(f"fetch.{nth}", "unknown_paper", advice)
    if asked.appointment is not None and asked.appointment.date() > day + timedelta(days=_DAYS_AHEAD):
        advice = f"lịch hẹn xa nhất là {_DAYS_AHEAD} ngày / a visit lies at most {_DAYS_AHEAD} days ahead"
        yield FieldProblem("appointment", "too_far_ahead", advice)
    fields, parts = catalogue.claimed(), catalogue.coverages()
    for nth, subject in enumerate(asked.subjects):
        if subject.role not in catalogue.roles:
            advice = f"không có vai trò này; có / no such role; there are: {', '.join(catalogue.roles)}"
            yield FieldProblem(f"subjects.{nth}.role", "unknown_role", advice)
        if not set(subject.claims) <= fields:  # what is no field may be somebody's, and is not quoted
            advice = (
                "có nội dung mà không giấy tờ nào cần; xem keys và match / a claim that no paper needs; see keys, match"
            )
            yield FieldProblem(f"subjects.{nth}.claims", "unknown_field", advice)
        if not set(subject.coverage) <= parts:
            advice = f"không có phạm vi này; có / no such coverage; there are: {', '.join(sorted(parts)) or 'none'}"
            yield FieldProblem(f"subjects.{nth}.coverage", "unknown_coverage", advice)
