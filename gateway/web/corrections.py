"""The routes of corrections: asked for, listed, written to the owner, closed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from gateway.crypto import Box
from gateway.errors import FieldProblem, InvalidQuestion
from gateway.impact.correction_book import Correction, CorrectionBook, CorrectionState, CorrectionWhy
from gateway.lookup.access import Consumer
from gateway.lookup.correction import CorrectionAbout, CorrectionClose, CorrectionRequest
from gateway.lookup.kept import Kept
from gateway.lookup.remembering import Remembering
from gateway.lookup.request import parse_as
from gateway.procedures.catalogue import Catalogue
from gateway.telemetry import Metrics
from gateway.web.problems import MEDIA_TYPE
from gateway.web.records_door import RecordsDoor, json_answer

__all__ = ["CorrectionLetterView", "CorrectionView", "CorrectionsPart", "CorrectionsView"]

_REF = "#/components/schemas/"


class CorrectionView(BaseModel):
    """One request; nobody's number stands in it."""

    model_config = ConfigDict(frozen=True)

    correction_id: str
    plan_id: str
    agency: str
    dataset: str
    field: str | None
    why: CorrectionWhy
    state: CorrectionState
    registry_title: str
    owner: str
    owner_en: str
    opened_at: str
    sent_at: str | None
    closed_at: str | None


class CorrectionsView(BaseModel):
    """This consumer's requests, oldest first; at most 500."""

    model_config = ConfigDict(frozen=True)

    corrections: list[CorrectionView]


class CorrectionLetterView(CorrectionView):
    """The record to send to the owner."""

    about: CorrectionAbout | None = Field(description="Null once it is closed: identifiers are deleted then.")


class CorrectionsPart:
    """The part of the front door that keeps corrections. Each consumer sees its own alone."""

    inputs: tuple[type[BaseModel], ...] = (CorrectionRequest, CorrectionClose)
    outputs: tuple[type[BaseModel], ...] = (CorrectionView, CorrectionsView, CorrectionLetterView)

    def __init__(
        self,
        door: RecordsDoor,
        remembering: Remembering,
        procedures: Kept[Catalogue],
        boxes: Sequence[Box],
        metrics: Metrics,
        new_id: Callable[[], str],
    ) -> None:
        self._door = door
        self._remembering = remembering
        self._procedures = procedures
        self._boxes = boxes
        self._metrics = metrics
        self._new_id = new_id

    @property
    def paths(self) -> Mapping[str, Any]:
        """OpenAPI path items by path."""
        return PATHS

    def add_routes(self, app: web.Application) -> None:
        """Put the routes in."""
        app.router.add_post("/v1/corrections", self.open)
        app.router.add_get("/v1/corrections", self.listed, allow_head=False)
        app.router.add_post("/v1/corrections/{id}/letter", self.letter)
        app.router.add_post("/v1/corrections/{id}/close", self.close)

    async def open(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/corrections"""
        return await self._door.answer(request, self._opened)

    async def listed(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/corrections"""
        return await self._door.answer(request, self._listed)

    async def letter(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/corrections/{id}/letter"""
        return await self._door.answer(request, self._written)

    async def close(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/corrections/{id}/close"""
        return await self._door.answer(request, self._closed)

    async def _opened(self, _: web.Request, consumer: Consumer, body: bytes) -> web.StreamResponse:
        asked = parse_as(CorrectionRequest, body)
        plan = await self._remembering.run(lambda memory: memory.plan(asked.plan_id, consumer.name))
        known = {*(one.dataset for one in plan.papers), *(one.dataset for one in plan.questions)} - {""}
        if asked.dataset not in known:
            there = ", ".join(sorted(known))
            advice = f"kế hoạch không hỏi dữ liệu này; có / the plan asked no such dataset; there are: {there}"
            raise InvalidQuestion(problems=(FieldProblem("dataset", "unknown_dataset", advice),), status=422)
        new = self._new_id()
        about = orjson.dumps(asked.about.model_dump(mode="json", exclude_none=True))
        one = Correction(
            correction_id=new,
            at=self._door.clock.now(),
            consumer=consumer.name,
            agency=plan.plan.agency,
            plan_id=asked.plan_id,
            dataset=asked.dataset,
            field=asked.field or "",
            why=asked.why,
            sealed=self._boxes[0].seal(about, belongs_to=new.encode()),
        )
        opened = await self._remembering.run(lambda memory: CorrectionBook(memory).open(one))
        if opened.correction_id == new:
            self._count(opened)
        return json_answer(self._view(opened))

    async def _listed(self, request: web.Request, consumer: Consumer, _: bytes) -> web.StreamResponse:
        word = request.query.get("state")
        if word is not None and word not in set(CorrectionState):
            advice = f"có / there are: {', '.join(CorrectionState)}"
            raise InvalidQuestion(problems=(FieldProblem("state", "state", advice),), status=422)
        state = None if word is None else CorrectionState(word)
        found = await self._remembering.run(lambda memory: CorrectionBook(memory).listed(consumer.name, state))
        return json_answer({"corrections": [self._view(one) for one in found]})

    async def _written(self, request: web.Request, consumer: Consumer, _: bytes) -> web.StreamResponse:
        correction_id, now = request.match_info["id"], self._door.clock.now()
        one = await self._remembering.run(lambda memory: CorrectionBook(memory).sent(correction_id, consumer.name, now))
        if one.sent_at == now:
            self._count(one)
        return json_answer(self._view(one) | {"about": self._about(one)})

    async def _closed(self, request: web.Request, consumer: Consumer, body: bytes) -> web.StreamResponse:
        state = CorrectionState(parse_as(CorrectionClose, body).result)
        correction_id, now = request.match_info["id"], self._door.clock.now()
        one = await self._remembering.run(
            lambda memory: CorrectionBook(memory).close(correction_id, consumer.name, state, now)
        )
        if one.state is not state:
            advice = f"đã đóng với kết quả khác / was closed otherwise before: {one.state.value}"
            raise InvalidQuestion(problems=(FieldProblem("result", "said_before", advice),), status=422)
        if one.closed_at == now:
            self._count(one)
        return json_answer(self._view(one))

    def _count(self, one: Correction) -> None:
        self._metrics.corrections.labels(one.state.value).inc()

    def _about(self, one: Correction) -> Any:
        """What was sealed; None where it is deleted, or the secret that it was sealed under is gone."""
        if one.sealed is None:
            return None
        opened = (box.open(one.sealed, belongs_to=one.correction_id.encode()) for box in self._boxes)
        plain = next((found for found in opened if found is not None), None)
        return None if plain is None else orjson.loads(plain)

    def _view(self, one: Correction) -> dict[str, Any]:
        names = self._procedures.current.names(one.dataset)
        return {
            "correction_id": one.correction_id,
            "plan_id": one.plan_id,
            "agency": one.agency,
            "dataset": one.dataset,
            "field": one.field or None,
            "why": one.why.value,
            "state": one.state.value,
            "registry_title": names["registry"],
            "owner": names["owner"],
            "owner_en": names["owner_en"],
            "opened_at": one.at,
            "sent_at": one.sent_at,
            "closed_at": one.closed_at,
        }


EXAMPLE = {
    "plan_id": "01a206aa-6c64-76f9-87d0-d2e861e452ac",
    "dataset": "bhxh.participant",
    "field": "birth_date",
    "why": "differs",
    "about": {"citizen_id": "000099000001", "right_value": "1999-01-31", "document": "Giấy khai sinh"},
}
_ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "format": "uuid", "examples": ["01a206aa-6c64-76f9-87d0-d2e861e452ac"]},
}
_STATE = {
    "name": "state",
    "in": "query",
    "required": False,
    "schema": {"type": "string", "enum": [one.value for one in CorrectionState]},
}


def _problem(words: str) -> dict[str, Any]:
    return {"description": words, "content": {MEDIA_TYPE: {"schema": {"$ref": f"{_REF}Problem"}}}}


def _operation(name: str, summary: str, answer: type[BaseModel], problems: Mapping[str, str], **more: Any) -> Any:
    content = {"application/json": {"schema": {"$ref": f"{_REF}{answer.__name__}"}}}
    words = {"401": "unauthenticated", "503": "measure_unavailable", **problems}
    responses = {status: _problem(word) for status, word in sorted(words.items())}
    return {
        "operationId": name,
        "summary": summary,
        "responses": {"200": {"description": summary, "content": content}, **responses},
        **more,
    }


def _body(model: type[BaseModel], example: Any) -> dict[str, Any]:
    content = {"schema": {"$ref": f"{_REF}{model.__name__}"}, "examples": {"one": {"value": example}}}
    return {"required": True, "content": {"application/json": content}}


_READ = {"400": "invalid", "408": "too_slow", "413": "too_large", "415": "packed", "422": "invalid"}
PATHS: Mapping[str, Any] = {
    "/v1/corrections": {
        "post": _operation(
            "open_correction",
            "Đề nghị cơ quan chủ quản sửa dữ liệu / ask a registry's owner to correct its data",
            CorrectionView,
            _READ | {"404": "no_such_plan"},
            requestBody=_body(CorrectionRequest, EXAMPLE),
        ),
        "get": _operation(
            "corrections",
            "Các đề nghị của hệ thống này / this system's requests",
            CorrectionsView,
            {"422": "invalid"},
            parameters=[_STATE],
        ),
    },
    "/v1/corrections/{id}/letter": {
        "post": _operation(
            "correction_letter",
            "Nội dung gửi cơ quan chủ quản / the record to send to the owner",
            CorrectionLetterView,
            {"404": "no_such_correction"},
            parameters=[_ID],
        )
    },
    "/v1/corrections/{id}/close": {
        "post": _operation(
            "close_correction",
            "Đóng đề nghị, xóa số định danh / close a request, and delete its identifiers",
            CorrectionView,
            _READ | {"404": "no_such_correction"},
            parameters=[_ID],
            requestBody=_body(CorrectionClose, {"result": "corrected"}),
        )
    },
}
