"""
What is asked of the past: a citizen's lookups, an incident, one lookup's explanation.

All of it comes from the ledger's index. While that is down these routes answer 503, and lookups go on. Whoever sees
something here stands in the ledger for it: no view leaves before its own record is durable.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Awaitable, Callable, Generator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from aiohttp import web
from pydantic import BaseModel

from gateway.clock import Clock
from gateway.crypto import Secrets
from gateway.domain.outcome import unknown_from
from gateway.errors import Forbidden, NoSuchLookup, QuestionRefused, RegistryError, StoreUnavailable
from gateway.ledger.questions import Place, Questions
from gateway.ledger.records import Record
from gateway.ledger.tables import micros
from gateway.lookup import explanation, incidents, subject_views
from gateway.lookup.access import Consumer
from gateway.lookup.policy import Right
from gateway.lookup.request import parse_as
from gateway.lookup.titles import Titles
from gateway.web import problems
from gateway.web.handlers import LOOKUP_ID
from gateway.web.records_door import RecordsDoor, json_answer
from gateway.web.views_openapi import PATHS
from gateway.web.views_schemas import Explanation, IncidentAnswer, SubjectView

__all__ = ["Views"]

T = TypeVar("T")
_THREADS = 4
_WITHIN_S = 15.0
_INCIDENT_S = 180.0
_CLOSE_S = 2.0
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_HEADERS = {"Cache-Control": "no-store"}


class Views:
    """
    The part of the front door that shows the ledger.

    `authenticate` says who calls, or raises Unauthenticated; `require` raises Forbidden where a consumer has not the
    right; `record` returns when a record is durable, or raises LedgerUnavailable; `refuse` records a
    refusal.
    """

    paths: Mapping[str, Any] = PATHS
    inputs: tuple[type[BaseModel], ...] = (subject_views.SubjectViewRequest, incidents.IncidentRequest)
    outputs: tuple[type[BaseModel], ...] = (SubjectView, IncidentAnswer, Explanation)

    def __init__(
        self,
        *,
        questions: Questions,
        secrets: Secrets,
        titles: Titles,
        clock: Clock,
        authenticate: Callable[[web.Request], Awaitable[Consumer]],
        require: Callable[[Consumer, Right], None],
        record: Callable[[Record], Awaitable[None]],
        refuse: Callable[[str, Consumer | None, QuestionRefused], Awaitable[None]],
    ) -> None:
        self._questions = questions
        self._secrets = secrets
        self._titles = titles
        self._clock = clock
        self._door = RecordsDoor(authenticate=authenticate, require=require, refuse=refuse, clock=clock)
        self._require = require
        self._record = record
        # Threads of their own: a database that hangs takes none from anybody else.
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="index-question")

    def add_routes(self, app: web.Application) -> None:
        """Put the three routes in."""
        app.router.add_post("/v1/subject-views", self.subject_views)
        app.router.add_post("/v1/incident-queries", self.incident_queries)
        app.router.add_get("/v1/lookups/{id}/explanation", self.explanation, allow_head=False)
        app.on_cleanup.append(self._close)

    async def subject_views(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/subject-views"""
        return await self._typed(request, self._seen)

    async def incident_queries(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/incident-queries"""
        return await self._typed(request, self._incident)

    async def explanation(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/lookups/{id}/explanation"""
        return await self._typed(request, self._explained)

    async def _seen(self, request: web.Request, consumer: Consumer, body: bytes) -> web.StreamResponse:
        self._require(consumer, Right.SUBJECT_VIEWS)
        asked = parse_as(subject_views.SubjectViewRequest, body)
        before, now = asked.place(), self._clock.now()
        names = subject_views.pseudonyms(asked, self._secrets)
        found = await self._in_thread(
            lambda: self._questions.about(
                names, now=now, limit=asked.limit + 1, since=asked.from_, until=asked.until, before=before
            )
        )
        shown = found[: asked.limit]
        await self._record(
            subject_views.viewed(
                asked, consumer, self._secrets, lookup_id=request[LOOKUP_ID], now=now, shown=len(shown)
            )
        )
        more = Place(micros(shown[-1].at), shown[-1].lookup_id).text() if len(found) > len(shown) else None
        return json_answer({"entries": [subject_views.entry_view(one, self._titles) for one in shown], "next": more})

    async def _incident(self, request: web.Request, consumer: Consumer, body: bytes) -> web.StreamResponse:
        self._require(consumer, Right.INCIDENT_QUERIES)
        asked = parse_as(incidents.IncidentRequest, body)
        incident = asked.incident()
        record = incidents.incident_queried(asked, consumer, lookup_id=request[LOOKUP_ID], now=self._clock.now())

        def pieces() -> Generator[bytes, None, None]:
            with self._questions.incident(incident) as groups:
                yield from incidents.written(asked, groups)

        async with _InThreads(self._threads, pieces()) as whole:
            # What can go wrong with the database shows with the first piece, while a typed problem can still be said.
            piece = await whole.next()
            await self._record(record)
            response = web.StreamResponse(headers=_HEADERS)
            response.content_type = "application/json"
            await response.prepare(request)
            try:
                while piece is not None:
                    await response.write(piece)
                    piece = await whole.next()
            except StoreUnavailable:
                # Too late for a problem document. Cut off, the answer is no JSON and not whole in HTTP's eyes either.
                if request.transport is not None:
                    request.transport.abort()
                return response
            await response.write_eof()
        return response

    async def _explained(self, request: web.Request, consumer: Consumer, _: bytes) -> web.StreamResponse:
        lookup_id = request.match_info["id"]
        records = (
            await self._in_thread(lambda: self._questions.records_of(lookup_id)) if _ID.fullmatch(lookup_id) else []
        )
        if not records or (explanation.consumer_of(records) != consumer.name and not self._may_see_all(consumer)):
            raise NoSuchLookup
        return json_answer(explanation.explained(lookup_id, records))

    def _may_see_all(self, consumer: Consumer) -> bool:
        try:
            self._require(consumer, Right.EXPLANATIONS)
        except Forbidden:
            return False
        return True

    async def _typed(
        self,
        request: web.Request,
        answer: Callable[[web.Request, Consumer, bytes], Awaitable[web.StreamResponse]],
    ) -> web.StreamResponse:
        try:
            return await self._door.answer(request, answer)
        except RegistryError as exc:  # the ledger takes no record
            return problems.for_unknown(request[LOOKUP_ID], unknown_from(exc), self._clock)

    async def _in_thread(self, work: Callable[[], T]) -> T:
        try:
            async with asyncio.timeout(_WITHIN_S):
                return await asyncio.get_running_loop().run_in_executor(self._threads, work)
        except TimeoutError:
            raise StoreUnavailable("store: no answer in time") from None

    async def _close(self, _: web.Application) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class _InThreads:
    """An iterator that lives in threads, one at a time. It is closed there too, however its reader ends."""

    def __init__(self, threads: ThreadPoolExecutor, pieces: Generator[bytes, None, None]) -> None:
        self._threads = threads
        self._pieces = pieces
        self._lock = threading.Lock()

    async def __aenter__(self) -> _InThreads:
        return self

    async def next(self) -> bytes | None:
        """The next piece; None at the end. Raises StoreUnavailable."""
        try:
            async with asyncio.timeout(_INCIDENT_S):
                return await asyncio.get_running_loop().run_in_executor(self._threads, self._next)
        except TimeoutError:
            raise StoreUnavailable("store: no answer in time") from None

    def _next(self) -> bytes | None:
        with self._lock:
            return next(self._pieces, None)

    def _close(self) -> None:
        with self._lock:
            self._pieces.close()

    async def __aexit__(self, *_: object) -> None:
        # As a rule at once. A query that still runs is left to the database's own limit.
        await asyncio.wait([asyncio.wrap_future(self._threads.submit(self._close))], timeout=_CLOSE_S)
