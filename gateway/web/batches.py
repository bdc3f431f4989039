"""Batches at the front door: bring one, see how it stands, fetch its results, cancel it, delete it."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

import orjson
from aiohttp import web
from pydantic import BaseModel

from gateway.batches.desk import Desk, Standing, view
from gateway.batches.job import BatchItem, BatchJob
from gateway.batches.reading import Form
from gateway.batches.runner import Runner
from gateway.batches.shelf import Shelf
from gateway.clock import Clock
from gateway.errors import BatchesUnavailable, FieldProblem, InvalidQuestion, NoSuchBatch
from gateway.lookup.access import Consumer
from gateway.telemetry import log
from gateway.web import problems
from gateway.web.batches_openapi import PATHS
from gateway.web.batches_schemas import BatchView
from gateway.web.handlers import LOOKUP_ID
from gateway.web.idempotency_key import REPLAYED, asked_under
from gateway.web.inbound import INBOUND
from gateway.web.records_door import RecordsDoor

__all__ = ["Batches"]

_Answering = Callable[[web.Request, Consumer], Awaitable[web.StreamResponse]]
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OPTIONS = orjson.OPT_UTC_Z
_HEADERS = {"Cache-Control": "no-store"}
_FORMS: Mapping[str, Form] = {
    "application/jsonl": "jsonl",
    "application/x-ndjson": "jsonl",
    "application/json-lines": "jsonl",
    "text/csv": "csv",
}
_TYPES: Mapping[Form, str] = {"jsonl": "application/x-ndjson", "csv": "text/csv"}


class Batches:
    """The part of the front door that has batches, and what works on them: both live as long as the door."""

    paths: Mapping[str, Any] = PATHS
    inputs: tuple[type[BaseModel], ...] = (BatchJob, BatchItem)
    outputs: tuple[type[BaseModel], ...] = (BatchView,)

    def __init__(
        self,
        desk: Desk,
        shelf: Shelf,
        runner: Callable[[Callable[[], int]], Runner],
        *,
        door: RecordsDoor,
        clock: Clock,
        body_bytes: int,
        body_timeout_s: float,
    ) -> None:
        """`runner` is told how many questions this worker carries for people who wait."""
        self._desk = desk
        self._shelf = shelf
        self._made = runner
        self._runner: Runner | None = None
        self._door = door
        self._clock = clock
        self._body_bytes = body_bytes
        self._body_timeout_s = body_timeout_s

    def add_routes(self, app: web.Application) -> None:
        """Put the routes in; work begins and ends with the application."""
        app.router.add_post("/v1/batches", self.bring)
        app.router.add_get("/v1/batches/{id}", self.show, allow_head=False)
        app.router.add_delete("/v1/batches/{id}", self.delete)
        app.router.add_post("/v1/batches/{id}/cancel", self.cancel)
        app.router.add_get("/v1/batches/{id}/results", self.results, allow_head=False)
        app.on_startup.append(self._start)
        app.on_cleanup.append(self._stop)

    async def _start(self, app: web.Application) -> None:
        inbound = app[INBOUND]
        self._runner = self._made(lambda: inbound.inside)
        self._runner.start()

    async def _stop(self, _: web.Application) -> None:
        if self._runner is not None:
            await self._runner.stop()
        await self._shelf.close()

    async def bring(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/batches"""
        return await self._typed(request, self._brought)

    async def show(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/batches/{id}"""
        return await self._typed(request, self._shown)

    async def cancel(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/batches/{id}/cancel"""
        return await self._typed(request, self._cancelled)

    async def delete(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/batches/{id}"""
        return await self._typed(request, self._deleted)

    async def results(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/batches/{id}/results"""
        return await self._typed(request, self._given)

    async def _typed(self, request: web.Request, answering: _Answering) -> web.StreamResponse:
        async def allowed(request: web.Request, consumer: Consumer) -> web.StreamResponse:
            self._desk.require(consumer)
            return await answering(request, consumer)

        return await self._door.answer_unread(request, allowed)

    async def _brought(self, request: web.Request, consumer: Consumer) -> web.StreamResponse:
        form = _FORMS.get(request.content_type)
        if form is None:
            advice = (
                "Content-Type phải là application/x-ndjson (hoặc application/jsonl) hay text/csv / "
                "must be application/x-ndjson (or application/jsonl), or text/csv"
            )
            raise InvalidQuestion(problems=(FieldProblem("Content-Type", "content_type", advice),))
        key = asked_under(request)
        inbound = request.app[INBOUND]
        if not inbound.enter():
            return problems.for_unknown(request[LOOKUP_ID], inbound.overloaded(), self._clock)
        try:
            async with asyncio.timeout(self._body_timeout_s):
                standing, is_new = await self._desk.bring(consumer, form, self._pieces(request), key)
        except TimeoutError:
            raise web.HTTPRequestTimeout from None
        finally:
            inbound.leave()
        if is_new and self._runner is not None:
            self._runner.poke()
        headers = {"Location": f"/v1/batches/{standing.batch.id}"}
        return self._told(standing, 202 if is_new else 200, headers if is_new else headers | {REPLAYED: "true"})

    async def _pieces(self, request: web.Request) -> AsyncIterator[bytes]:
        size = 0
        try:
            async for piece in request.content.iter_any():
                size += len(piece)
                if size > self._body_bytes:
                    raise web.HTTPRequestEntityTooLarge(self._body_bytes, size)
                yield piece
        except (ConnectionError, web.RequestPayloadError):
            raise web.HTTPBadRequest from None

    async def _shown(self, request: web.Request, consumer: Consumer) -> web.StreamResponse:
        return self._told(await self._desk.standing(consumer, _id(request)))

    async def _cancelled(self, request: web.Request, consumer: Consumer) -> web.StreamResponse:
        return self._told(await self._desk.cancel(consumer, _id(request)))

    async def _deleted(self, request: web.Request, consumer: Consumer) -> web.StreamResponse:
        await self._desk.delete(consumer, _id(request))
        return web.Response(status=204, headers=_HEADERS)

    async def _given(self, request: web.Request, consumer: Consumer) -> web.StreamResponse:
        wanted = request.headers.get("Accept", "").partition(",")[0].partition(";")[0].strip().lower()
        form = _FORMS.get(wanted, "jsonl")
        pieces = await self._desk.results(consumer, _id(request), form)
        first = await anext(pieces, b"")  # what can go wrong goes wrong before the answer has begun
        response = web.StreamResponse(headers=_HEADERS)
        response.content_type, response.charset = _TYPES[form], "utf-8"
        await response.prepare(request)
        try:
            await response.write(first)
            async for piece in pieces:
                await response.write(piece)
        except BatchesUnavailable as exc:
            # An answer that ends early must not look whole: the connection is cut before its last chunk.
            log().error("batch.store_failed", detail=str(exc))
            if request.transport is not None:
                request.transport.abort()
            return response
        await response.write_eof()
        return response

    def _told(
        self, standing: Standing, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> web.StreamResponse:
        return web.Response(
            body=orjson.dumps(view(standing, self._clock), option=_OPTIONS),
            status=status,
            content_type="application/json",
            headers={**_HEADERS, **(headers or {})},
        )


def _id(request: web.Request) -> str:
    batch_id = request.match_info["id"]
    if not _ID.fullmatch(batch_id):
        raise NoSuchBatch
    return batch_id
