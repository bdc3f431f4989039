"""POST /v1/paper-plans/{id}/receipt: what the officer really did, paper by paper."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from gateway.errors import InvalidQuestion, NoSuchPlan
from gateway.impact.memory import Contradicted
from gateway.impact.national import national_sync
from gateway.impact.rows import Remembered
from gateway.impact.words import Did, Shows, Why
from gateway.lookup.access import Consumer
from gateway.lookup.kept import Kept
from gateway.lookup.receipt import ReceiptRequest, contradictions, strange
from gateway.lookup.remembering import Remembering
from gateway.lookup.request import parse_as
from gateway.procedures.catalogue import Catalogue
from gateway.procedures.words import Decision
from gateway.telemetry import Metrics
from gateway.web.problems import MEDIA_TYPE
from gateway.web.records_door import RecordsDoor, json_answer

__all__ = ["ReceiptView", "Receipts"]

_REF = "#/components/schemas/"
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class PaperDoneView(_View):
    """One paper with what the plan said and what was done; `did` is null as long as no receipt names it."""

    paper: str
    decision: Decision
    did: Did | None
    why: Why | None
    shows: Shows | None
    overridden: bool = Field(description="The officer did otherwise than the plan said.")


class SyncDatabaseView(_View):
    """A database that was used, in the national sync message's words."""

    MaCSDL: str


class SyncComponentView(_View):
    """A component of the dossier, in the national sync message's words; `paper` is the plan's."""

    paper: str
    MaThanhPhanHoSo: str | None
    DuocTaiSuDung: Literal[0, 1, 2]
    DuocLayTuKhoDMQG: Literal[0, 1]
    MaKetQuaThayThe: str | None


class NationalSyncView(_View):
    """What the national sync message wants of the dossier."""

    MaTTHC: str
    DSKetNoiCSDL: list[SyncDatabaseView]
    TaiLieuNop: list[SyncComponentView]
    without_code: list[str] = Field(description="Registries that were used and have no `national_code`.")


class ReceiptView(_View):
    """Every paper of the plan as it now stands."""

    plan_id: str
    received_at: str
    papers: list[PaperDoneView]
    national_sync: NationalSyncView


class Receipts:
    """The part of the front door that takes receipts. Only who made a plan may say what became of it."""

    inputs: tuple[type[BaseModel], ...] = (ReceiptRequest,)
    outputs: tuple[type[BaseModel], ...] = (ReceiptView,)

    def __init__(
        self, door: RecordsDoor, remembering: Remembering, procedures: Kept[Catalogue], metrics: Metrics
    ) -> None:
        self._door = door
        self._remembering = remembering
        self._metrics = metrics
        self._procedures = procedures

    @property
    def paths(self) -> Mapping[str, Any]:
        """OpenAPI path items by path."""
        return PATHS

    def add_routes(self, app: web.Application) -> None:
        """Put the route in."""
        app.router.add_post("/v1/paper-plans/{id}/receipt", self.receive)

    async def receive(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/paper-plans/{id}/receipt"""
        return await self._door.answer(request, self._received)

    async def _received(self, request: web.Request, consumer: Consumer, body: bytes) -> web.StreamResponse:
        asked = parse_as(ReceiptRequest, body)
        plan_id = request.match_info["id"]
        if not _ID.fullmatch(plan_id):
            raise NoSuchPlan
        before = await self._remembering.run(lambda memory: memory.plan(plan_id, consumer.name))
        now = self._door.clock.now()
        if problems := tuple(strange(asked, before, now, self._remembering.oldest(now))):
            raise InvalidQuestion(problems=problems, status=422)
        try:
            after = await self._remembering.run(
                lambda memory: memory.receive(plan_id, consumer.name, asked.received_at, asked.done())
            )
        except Contradicted as exc:
            raise InvalidQuestion(problems=contradictions(asked, exc), status=422) from None
        self._count(before, after)
        registries = self._procedures.current.registries
        codes = {name: one.national_code for name, one in registries.items() if one.national_code is not None}
        return json_answer(_view(after, codes))

    def _count(self, before: Remembered, after: Remembered) -> None:
        """Each paper once, however often its receipt comes."""
        new = {one.paper for one in before.papers if one.done is None}
        for one in after.papers:
            if one.done is not None and one.paper in new:
                labels = (one.registry, one.clause.value, one.decision.value, one.done.did.value)
                self._metrics.receipts.labels(*labels).inc()


def _view(one: Remembered, codes: Mapping[str, str]) -> dict[str, Any]:
    return {
        "plan_id": one.plan.plan_id,
        "received_at": one.plan.received_at,
        "papers": [
            {
                "paper": paper.paper,
                "decision": paper.decision.value,
                "did": paper.done.did.value if paper.done else None,
                "why": paper.done.why.value if paper.done and paper.done.why else None,
                "shows": paper.done.shows.value if paper.done and paper.done.shows else None,
                "overridden": paper.is_overridden,
            }
            for paper in one.papers
        ],
        "national_sync": national_sync(one, codes),
    }


def _problem(words: str) -> dict[str, Any]:
    return {"description": words, "content": {MEDIA_TYPE: {"schema": {"$ref": f"{_REF}Problem"}}}}


EXAMPLE = {
    "received_at": "2026-03-01T08:30:00+07:00",
    "papers": [
        {"paper": "identity", "did": "accepted"},
        {"paper": "residence", "did": "asked", "why": "law_asks"},
    ],
}
PATHS: Mapping[str, Any] = {
    "/v1/paper-plans/{id}/receipt": {
        "post": {
            "operationId": "paper_plan_receipt",
            "summary": "Cán bộ đã làm gì với từng giấy tờ / what the officer did about each paper",
            "description": "The same again changes nothing. What no receipt names stands in no measure.",
            "parameters": [
                {
                    "name": "id",
                    "in": "path",
                    "required": True,
                    "schema": {
                        "type": "string",
                        "format": "uuid",
                        "examples": ["01a206aa-6c64-76f9-87d0-d2e861e452ac"],
                    },
                }
            ],
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {
                        "schema": {"$ref": f"{_REF}ReceiptRequest"},
                        "examples": {"receipt": {"value": EXAMPLE}},
                    }
                },
            },
            "responses": {
                "200": {
                    "description": "Mọi giấy tờ của kế hoạch / every paper of the plan",
                    "content": {"application/json": {"schema": {"$ref": f"{_REF}{ReceiptView.__name__}"}}},
                },
                "400": _problem("invalid"),
                "401": _problem("unauthenticated"),
                "404": _problem("no_such_plan"),
                "408": _problem("too_slow"),
                "413": _problem("too_large"),
                "415": _problem("packed"),
                "422": _problem("invalid"),
                "503": _problem("measure_unavailable"),
            },
        }
    }
}
