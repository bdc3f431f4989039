"""Tickets for whoever they belong to: what became of one, those of a dossier, and that one is wanted no more."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from gateway.clock import Clock
from gateway.domain.inquiry import CaseId
from gateway.domain.model import Masked
from gateway.errors import NoSuchTicket
from gateway.lookup.access import Consumer
from gateway.lookup.request import parse_as
from gateway.procedures.words import Cause, Decision, Situation
from gateway.stores.tickets import State, Ticket
from gateway.telemetry import Metrics
from gateway.tickets.rounds import Rounds
from gateway.tickets.seal import Seal
from gateway.tickets.store_thread import StoreThread
from gateway.tickets.view import Names, ticket_view
from gateway.web.paper_plans import AskedView, PaperStandingView, PaperVerdictView
from gateway.web.problems import MEDIA_TYPE
from gateway.web.records_door import RecordsDoor, json_answer

__all__ = ["TicketQuery", "TicketView", "TicketsPart", "TicketsView"]

_REF = "#/components/schemas/"
_MOST = 100
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class TicketQuery(Masked):
    """Whose tickets: those of one dossier."""

    case_id: CaseId


class TicketView(BaseModel):
    """What became of one paper that was pending."""

    model_config = ConfigDict(frozen=True)

    ticket_id: str
    plan_id: str
    case_id: str
    procedure: str
    case: str
    paper: str
    state: State
    decision_blocked_until_verified: bool = Field(description="True while it is open.")
    opened_at: datetime
    appointment: datetime | None
    asked_at: datetime | None = Field(description="When registries were asked last.")
    attempts: int
    retry_at: datetime | None = Field(description="When they are asked next; null once it has ended.")
    expires_at: datetime
    ended_at: datetime | None
    decision: Decision | None = Field(description="`pending` while it is open; null where it was cancelled.")
    cause: Cause | None
    situation: Situation | None
    officer_vi: str | None
    officer_en: str | None
    citizen_vi: str | None
    citizen_en: str | None
    refusal: str | None = Field(description="Why it may not be asked any more, where it was refused.")
    dataset: str | None
    replaced_by: str | None = Field(description="The result code, where the paper is waived (MaKetQuaThayThe).")
    verdicts: list[PaperVerdictView]
    standings: list[PaperStandingView]
    fetched: list[str]
    withheld: list[str]
    lookups: list[AskedView] = Field(description="With evidence; empty once it was delivered or deleted.")


class TicketsView(BaseModel):
    """The tickets of a dossier, the latest first."""

    model_config = ConfigDict(frozen=True)

    case_id: str
    decision_blocked_until_verified: bool = Field(description="True while one of them is open.")
    tickets: list[TicketView]


class TicketsPart:
    """The part of the front door that shows tickets, and the work at them, which lives as long as it."""

    inputs: tuple[type[BaseModel], ...] = (TicketQuery,)
    outputs: tuple[type[BaseModel], ...] = (TicketView, TicketsView)

    def __init__(
        self,
        store: StoreThread,
        seal: Seal,
        rounds: Rounds,
        *,
        names: Names,
        door: RecordsDoor,
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._seal = seal
        self._rounds = rounds
        self._names = names
        self._door = door
        self._clock = clock
        self._metrics = metrics

    @property
    def paths(self) -> Mapping[str, Any]:
        """OpenAPI path items by path."""
        return _PATHS

    def add_routes(self, app: web.Application) -> None:
        """Put the routes in; the work begins and ends with the application."""
        app.router.add_get("/v1/tickets/{id}", self.shown, allow_head=False)
        app.router.add_delete("/v1/tickets/{id}", self.cancelled)
        app.router.add_post("/v1/ticket-queries", self.of_case)
        app.on_startup.append(self._start)
        app.on_cleanup.append(self._stop)

    async def shown(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/tickets/{id}"""
        return await self._door.answer(request, self._shown)

    async def cancelled(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/tickets/{id}"""
        return await self._door.answer(request, self._cancelled)

    async def of_case(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/ticket-queries"""
        return await self._door.answer(request, self._of_case)

    async def _shown(self, request: web.Request, consumer: Consumer, _: bytes) -> web.StreamResponse:
        ticket_id = _id_in(request)
        ticket = await self._store.run(lambda store: store.find(ticket_id))
        if ticket is None or ticket.consumer != consumer.name:
            raise NoSuchTicket
        return json_answer(self._view(ticket))

    async def _cancelled(self, request: web.Request, consumer: Consumer, _: bytes) -> web.StreamResponse:
        ticket_id, now = _id_in(request), self._clock.now()
        ticket = await self._store.run(lambda store: store.cancel(consumer.name, ticket_id, now))
        if ticket is None:
            raise NoSuchTicket
        if ticket.state is State.CANCELLED and ticket.ended_at == now:
            self._metrics.tickets.ended.labels(ticket.state.value, "").inc()
        return json_answer(self._view(ticket))

    async def _of_case(self, _: web.Request, consumer: Consumer, body: bytes) -> web.StreamResponse:
        case_id = parse_as(TicketQuery, body).case_id
        found = await self._store.run(lambda store: store.of_case(consumer.name, case_id, most=_MOST))
        view = {
            "case_id": case_id,
            "decision_blocked_until_verified": any(one.state is State.OPEN for one in found),
            "tickets": [self._view(one) for one in found],
        }
        return json_answer(view)

    def _view(self, ticket: Ticket) -> dict[str, Any]:
        return ticket_view(ticket, self._seal.answered(ticket.ticket_id, ticket.answer), self._names)

    async def _start(self, _: web.Application) -> None:
        await self._rounds.start()

    async def _stop(self, _: web.Application) -> None:
        await self._rounds.stop()


def _id_in(request: web.Request) -> str:
    ticket_id = request.match_info["id"]
    if not _ID.fullmatch(ticket_id):
        raise NoSuchTicket
    return ticket_id


def _problem(words: str) -> dict[str, Any]:
    return {"description": words, "content": {MEDIA_TYPE: {"schema": {"$ref": f"{_REF}Problem"}}}}


def _operation(name: str, summary: str, view: str, answer: str, **more: Any) -> dict[str, Any]:
    return {
        "operationId": name,
        "summary": summary,
        **more,
        "responses": {
            "200": {
                "description": answer,
                "content": {"application/json": {"schema": {"$ref": f"{_REF}{view}"}}},
            },
            "400": _problem("invalid"),
            "401": _problem("unauthenticated"),
            "404": _problem("no_such_ticket"),
            "422": _problem("invalid"),
            "503": _problem("tickets_unavailable, check_unavailable"),
        },
    }


_ONE = [{"name": "id", "in": "path", "required": True, "schema": {"type": "string", "format": "uuid"}}]
_PATHS: Mapping[str, Any] = {
    "/v1/tickets/{id}": {
        "get": _operation(
            "ticket", "Phiếu chờ / what became of a ticket", "TicketView", "Phiếu chờ / a ticket", parameters=_ONE
        ),
        "delete": _operation(
            "cancel_ticket",
            "Hủy phiếu chờ / cancel an open ticket, or delete what is kept of one that has ended",
            "TicketView",
            "Phiếu chờ / the ticket as it is now",
            parameters=_ONE,
        ),
    },
    "/v1/ticket-queries": {
        "post": _operation(
            "tickets_of_case",
            "Phiếu chờ của một hồ sơ / the tickets of a dossier",
            "TicketsView",
            "Các phiếu chờ / the tickets",
            requestBody={
                "required": True,
                "content": {"application/json": {"schema": {"$ref": f"{_REF}TicketQuery"}}},
            },
        )
    },
}
