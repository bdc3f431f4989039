"""Many lookups in one call: one inquiry, one deadline, and a name for each of them."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from gateway.domain.inquiry import Inquiry
from gateway.errors import FieldProblem, InvalidQuestion
from gateway.lookup.request import LookupRequest, parse_as

__all__ = ["LookupSetRequest", "NamedLookup", "parse_set"]

_STRICT = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class NamedLookup(BaseModel):
    """One lookup of a set, under a name of the caller's own."""

    model_config = _STRICT

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,40}$", examples=["owner"])]
    dataset: Annotated[str, Field(max_length=80, examples=["dancu.citizen"])]
    query: dict[str, Any] = Field(repr=False)
    fields: Annotated[list[Annotated[str, Field(max_length=80)]], Field(min_length=1, max_length=64)] | None = None
    max_age_s: Annotated[int, Field(ge=0)] = 0


class LookupSetRequest(BaseModel):
    """Many lookups, and who asks them all why."""

    model_config = _STRICT

    inquiry: Inquiry = Field(repr=False)
    lookups: Annotated[list[NamedLookup], Field(min_length=1)]
    deadline_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    case_token: Annotated[str, Field(max_length=8192)] | None = Field(None, repr=False)

    def questions(self) -> list[LookupRequest]:
        """Each lookup as the question that it would be by itself, in order."""
        # Every part has been read strictly already.
        return [
            LookupRequest.model_construct(
                dataset=one.dataset,
                query=one.query,
                inquiry=self.inquiry,
                fields=one.fields,
                max_age_s=one.max_age_s,
                deadline_s=self.deadline_s,
                case_token=self.case_token,
            )
            for one in self.lookups
        ]


def parse_set(body: bytes, *, most: int) -> LookupSetRequest:
    """The set in a body, or InvalidQuestion; `most` is how many lookups it may hold."""
    asked = parse_as(LookupSetRequest, body)
    problems = []
    if len(asked.lookups) > most:
        advice = f"nhiều nhất {most} câu hỏi trong một lần gọi; chia ra nhiều lần / at most {most} lookups in one set"
        problems.append(FieldProblem("lookups", "set_too_large", advice))
    names: set[str] = set()
    for place, one in enumerate(asked.lookups[:most]):
        if one.name in names:
            advice = "tên đã dùng trong lần gọi này; mỗi câu hỏi một tên / each lookup of a set needs a name of its own"
            problems.append(FieldProblem(f"lookups.{place}.name", "name_taken", advice))
        names.add(one.name)
    if problems:
        raise InvalidQuestion(problems=tuple(problems), status=422)
    return asked
