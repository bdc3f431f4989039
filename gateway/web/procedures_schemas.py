"""The shapes in which procedures and papers leave, and how /openapi.json describes the routes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.procedures.catalogue import (
    Catalogue,
    Constant,
    Coverage,
    InForce,
    Kind,
    Level,
    Paper,
    Procedure,
    Taken,
    Text,
)
from gateway.procedures.words import Clause
from gateway.web.problems import MEDIA_TYPE

__all__ = ["PATHS", "ProcedureLine", "ProcedureView", "line_of", "view_of"]

_REF = "#/components/schemas/"


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class ProcedureLine(_View):
    """A procedure in the list."""

    code: str
    title: str
    title_en: str
    levels: tuple[Level, ...]
    decision: str = Field(description="The decision that published its text.")
    cases: list[str]


class InForceView(InForce):
    """What must hold of one field, with the words of its source instead of its short name."""

    source: Text


class PaperQuestionView(_View):
    """A question that is asked in place of a paper."""

    dataset: str = Field(description="As the catalogue names it: registry and question.")
    asked_as: str | None = Field(description="The dataset's id here; null where no configured registry answers it.")
    published_from: date | None = Field(description="From when the province holds it as published; null: not yet.")
    keys: tuple[str, ...]
    constants: tuple[Constant, ...] = Field(description="Keys that are the same for everybody.")
    taken: tuple[Taken, ...] = Field(description="Keys that a question further up in the same way brings.")
    of: str | None = Field(description="The role of whom it is asked about; null: whom the paper is about.")
    match: tuple[str, ...]
    may_fetch: tuple[str, ...]
    in_force: tuple[InForceView, ...] = Field(description="What must hold before the record stands for the paper.")
    absence: Literal["required", "officer"] = Field(description='What "no such record" comes to.')


class AlternativeView(_View):
    """One way to replace a paper: all questions are needed."""

    questions: list[PaperQuestionView]
    first: bool = Field(description="An earlier result: the other ways are asked where it does not replace the paper.")
    coverage: Coverage | None


class PaperView(_View):
    """A paper that a case asks for."""

    id: str
    kind: str
    title: str
    title_en: str
    role: str
    role_title: str
    role_title_en: str
    clause: Clause
    basis: str
    source: str
    result: str | None = Field(description="The result code that stands in its place (MaKetQuaThayThe).")
    citizen_vi: str
    citizen_en: str
    assumed: list[str] = Field(description="What of this no source says in so many words.")
    notes: list[str]
    valid_from: date | None
    valid_until: date | None
    alternatives: list[AlternativeView] = Field(description="Any of them is enough; none: nothing replaces it yet.")


class CaseView(_View):
    """A case with its papers."""

    id: str
    title: str
    title_en: str
    valid_from: date | None
    valid_until: date | None
    papers: list[PaperView]


class ProcedureView(_View):
    """One procedure, whole."""

    code: str
    title: str
    title_en: str
    levels: tuple[Level, ...]
    decision: str
    source: str
    assumed: tuple[str, ...]
    note: str | None
    valid_from: date | None
    valid_until: date | None
    cases: list[CaseView]
    catalogue: str = Field(description="Which contents of the catalogue this is of.")


def line_of(code: str, one: Procedure) -> dict[str, Any]:
    """A procedure's line in the list, as JSON values."""
    names = one.model_dump(mode="json", include={"title", "title_en", "levels", "decision"})
    return {"code": code} | names | {"cases": [case.id for case in one.cases]}


def view_of(code: str, catalogue: Catalogue, asked_as: Mapping[str, str]) -> dict[str, Any]:
    """A procedure with everything about its papers, as JSON values; `asked_as` has the datasets that can be asked."""
    one = catalogue.procedures[code]
    view = one.model_dump(mode="json", exclude={"cases", "source"})
    cases = [
        case.model_dump(mode="json", exclude={"papers"})
        | {"papers": [_paper(paper, one, catalogue, asked_as) for paper in case.papers]}
        for case in one.cases
    ]
    source = catalogue.sources[one.source]
    return {"code": code} | view | {"source": source, "cases": cases, "catalogue": catalogue.version}


def _paper(paper: Paper, procedure: Procedure, catalogue: Catalogue, asked_as: Mapping[str, str]) -> dict[str, Any]:
    kind, role = catalogue.kinds[paper.kind], catalogue.roles[paper.role]
    return paper.model_dump(mode="json", exclude={"note", "assumed"}) | {
        "title": kind.title,
        "title_en": kind.title_en,
        "role_title": role.title,
        "role_title_en": role.title_en,
        "basis": kind.basis,
        "source": catalogue.sources[procedure.source],
        "result": kind.result,
        "citizen_vi": kind.citizen,
        "citizen_en": kind.citizen_en,
        "assumed": [*paper.assumed, *kind.assumed],
        "notes": [note for note in (paper.note, kind.note) if note],
        "alternatives": _alternatives(kind, catalogue, asked_as),
    }


def _alternatives(kind: Kind, catalogue: Catalogue, asked_as: Mapping[str, str]) -> list[dict[str, Any]]:
    def since(dataset: str) -> str | None:
        day = catalogue.published.get(dataset)
        return day.isoformat() if day is not None else None

    return [
        {
            "questions": [
                question.model_dump(mode="json")
                | {"in_force": [_in_force(each, catalogue) for each in question.in_force]}
                | {"asked_as": asked_as.get(question.dataset), "published_from": since(question.dataset)}
                for question in one.questions
            ],
            "first": one.first,
            "coverage": one.coverage.model_dump(mode="json") if one.coverage is not None else None,
        }
        for one in kind.alternatives
    ]


def _in_force(one: InForce, catalogue: Catalogue) -> dict[str, Any]:
    return one.model_dump(mode="json") | {"source": catalogue.sources[one.source]}


def _operation(operation: str, summary: str, schema: dict[str, Any], problems: Mapping[int, str]) -> dict[str, Any]:
    told = {
        str(status): {"description": words, "content": {MEDIA_TYPE: {"schema": {"$ref": f"{_REF}Problem"}}}}
        for status, words in problems.items()
    }
    content = {"application/json": {"schema": schema}}
    responses = {"200": {"description": summary, "content": content}, **told}
    return {"operationId": operation, "summary": summary, "responses": responses}


_CODE = {
    "name": "code",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "examples": ["1.001193", "1.001193.000.00.00.H08"]},
}
_LIST = {
    "type": "object",
    "required": ["procedures", "catalogue"],
    "properties": {
        "procedures": {"type": "array", "items": {"$ref": f"{_REF}{ProcedureLine.__name__}"}},
        "catalogue": {"type": "string"},
    },
}
_PROBLEMS = {401: "unauthenticated", 503: "check_unavailable"}
PATHS: Mapping[str, Any] = {
    "/v1/procedures": {
        "get": _operation("procedures", "Các thủ tục có giấy tờ được thay / procedures", _LIST, _PROBLEMS)
    },
    "/v1/procedures/{code}": {
        "get": _operation(
            "procedure",
            "Giấy tờ của một thủ tục, và dữ liệu thay thế / the papers of one procedure, and what replaces them",
            {"$ref": f"{_REF}{ProcedureView.__name__}"},
            _PROBLEMS | {404: "no_such_route"},
        )
        | {"parameters": [_CODE]}
    },
}
