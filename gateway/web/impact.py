"""GET /v1/impact: the measures of one month."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aiohttp import web
from pydantic import BaseModel

from gateway.errors import FieldProblem, InvalidQuestion, MeasureUnavailable
from gateway.impact.correction_book import CorrectionBook
from gateway.impact.dossiers import dossiers
from gateway.impact.measures import impact
from gateway.impact.memory import MONTH, Memory, month_of
from gateway.impact.view import impact_view
from gateway.lookup.access import Consumer
from gateway.lookup.kept import Kept
from gateway.lookup.policy import Right
from gateway.lookup.remembering import Remembering
from gateway.procedures.catalogue import Catalogue
from gateway.web.impact_schemas import PATHS, ImpactView
from gateway.web.records_door import RecordsDoor, json_answer

__all__ = ["ImpactPart"]

_KEPT_S = 60.0


class ImpactPart:
    """The part of the front door that shows the measure to whoever has the right to it. Made once a minute at most."""

    paths: Mapping[str, Any] = PATHS
    inputs: tuple[type[BaseModel], ...] = ()
    outputs: tuple[type[BaseModel], ...] = (ImpactView,)

    def __init__(self, door: RecordsDoor, remembering: Remembering, procedures: Kept[Catalogue]) -> None:
        self._door = door
        self._remembering = remembering
        self._procedures = procedures
        self._made: dict[str, tuple[float, dict[str, Any] | None]] = {}
        self._one_at_once = asyncio.Lock()

    def add_routes(self, app: web.Application) -> None:
        """Put the route in."""
        app.router.add_get("/v1/impact", self.show, allow_head=False)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/impact"""
        return await self._door.answer(request, self._shown)

    async def _shown(self, request: web.Request, consumer: Consumer, _: bytes) -> web.StreamResponse:
        self._door.require(consumer, Right.IMPACT)
        month = request.query.get("month", month_of(self._door.clock.now()))
        if not MONTH.fullmatch(month):
            advice = "tháng dạng 2026-03 / a month such as 2026-03"
            raise InvalidQuestion(problems=(FieldProblem("month", "month", advice),), status=422)
        async with self._one_at_once:
            return json_answer(await self._view(month))

    async def _view(self, month: str) -> dict[str, Any]:
        now = self._door.clock.monotonic()
        self._made = {name: one for name, one in self._made.items() if now - one[0] <= _KEPT_S}
        if month not in self._made:
            try:
                view = await self._remembering.measure(lambda memory: self._measured(memory, month))
            except MeasureUnavailable:
                view = None
            self._made[month] = (self._door.clock.monotonic(), view)
        if (made := self._made[month][1]) is None:
            raise MeasureUnavailable
        return made

    def _measured(self, memory: Memory, month: str) -> dict[str, Any]:
        corrections = CorrectionBook(memory).counts(month)
        found = dossiers(memory.month(month))
        return impact_view(impact(month, found, personal=self._procedures.current.personal(), corrections=corrections))
