"""The catalogue of procedures and papers, for callers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import orjson
from aiohttp import web
from pydantic import BaseModel

from gateway.lookup.access import Consumer
from gateway.lookup.catalogue import Catalogue as Datasets
from gateway.lookup.kept import Kept
from gateway.lookup.paper_plan import PaperPlanRequest
from gateway.lookup.paper_sources import entry_for
from gateway.procedures.catalogue import Catalogue
from gateway.web import problems
from gateway.web.paper_plans import PLAN, PlanView
from gateway.web.procedures_schemas import PATHS, ProcedureLine, ProcedureView, line_of, view_of

__all__ = ["Procedures"]


class Procedures:
    """The part of the front door that shows the catalogue, and tells of plans, which `handlers` answer. Nothing in the
    catalogue is personal, and every consumer may see it.
    """

    paths: Mapping[str, Any] = {**PATHS, **PLAN}
    inputs: tuple[type[BaseModel], ...] = (PaperPlanRequest,)
    outputs: tuple[type[BaseModel], ...] = (ProcedureLine, ProcedureView, PlanView)

    def __init__(
        self,
        procedures: Kept[Catalogue],
        datasets: Datasets,
        authenticate: Callable[[web.Request], Awaitable[Consumer]],
    ) -> None:
        self._procedures = procedures
        self._datasets = datasets
        self._authenticate = authenticate

    def add_routes(self, app: web.Application) -> None:
        """Put the two routes in."""
        app.router.add_get("/v1/procedures", self.listed, allow_head=False)
        app.router.add_get("/v1/procedures/{code}", self.one, allow_head=False)

    async def listed(self, request: web.Request) -> web.Response:
        """GET /v1/procedures"""
        await self._authenticate(request)
        catalogue = self._procedures.current
        lines = [line_of(code, one) for code, one in sorted(catalogue.procedures.items())]
        return _json({"procedures": lines, "catalogue": catalogue.version})

    async def one(self, request: web.Request) -> web.Response:
        """GET /v1/procedures/{code}; a local form of the code will do."""
        await self._authenticate(request)
        catalogue = self._procedures.current
        code = catalogue.code(request.match_info["code"])
        if code is None:
            return problems.for_status(404)
        found = {name: entry_for(name, self._datasets, catalogue.registries) for name in catalogue.datasets()}
        return _json(view_of(code, catalogue, {name: entry.id for name, entry in found.items() if entry is not None}))


def _json(value: Any) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=orjson.dumps(value), content_type="application/json", headers=headers)
