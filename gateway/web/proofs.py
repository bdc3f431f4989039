"""
Proofs of the ledger, for whoever has the right `proofs`: checkpoints, a record in its place, that a log only grew.

They come from the logs' files, so every worker can prove what any other has written.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field

from gateway.clock import Clock
from gateway.errors import FieldProblem, InvalidQuestion, NotShown, QuestionRefused
from gateway.ledger import proving
from gateway.lookup.access import Consumer
from gateway.lookup.policy import Right
from gateway.web import problems
from gateway.web.handlers import LOOKUP_ID
from gateway.web.problems import MEDIA_TYPE

__all__ = ["Proofs"]


_REF = "#/components/schemas/"
_HEADERS = {"Cache-Control": "no-store"}


class LogCheckpoint(BaseModel):
    """One log's latest checkpoint: a signed note (c2sp.org/tlog-checkpoint), with its witnesses' lines."""

    model_config = ConfigDict(frozen=True)

    log: str
    checkpoint: str


class Checkpoints(BaseModel):
    """Every log of the installation."""

    model_config = ConfigDict(frozen=True)

    logs: list[LogCheckpoint]


class RecordProof(BaseModel):
    """A record of the ledger and its place in it."""

    model_config = ConfigDict(frozen=True)

    log: str
    index: int
    record: str | None = Field(description="The record's bytes, as text; null where its data was destroyed.")
    proof: str = Field(description="Inclusion proof and signed checkpoint (c2sp.org/tlog-proof@v1).")


class Consistency(BaseModel):
    """That the log as it is now begins with what it was."""

    model_config = ConfigDict(frozen=True)

    log: str
    old: int
    hashes: list[str] = Field(description="The consistency proof of RFC 9162, 2.1.4, base64.")
    checkpoint: str


class Proofs:
    """The part of the front door that proves the ledger."""

    inputs: tuple[type[BaseModel], ...] = ()
    outputs: tuple[type[BaseModel], ...] = (Checkpoints, RecordProof, Consistency)

    def __init__(
        self,
        folder: Path,
        *,
        authenticate: Callable[[web.Request], Awaitable[Consumer]],
        require: Callable[[Consumer, Right], None],
        refuse: Callable[[str, Consumer | None, QuestionRefused], Awaitable[None]],
        clock: Clock,
    ) -> None:
        """`refuse` records a refusal, with the consumer where it is known whose it was."""
        self._folder = folder
        self._authenticate = authenticate
        self._require = require
        self._refuse = refuse
        self._clock = clock

    @property
    def paths(self) -> Mapping[str, Any]:
        return PATHS

    def add_routes(self, app: web.Application) -> None:
        """Put the routes in."""
        app.router.add_get("/v1/ledger/checkpoint", self.checkpoints, allow_head=False)
        app.router.add_get("/v1/ledger/proofs/{index}", self.proof, allow_head=False)
        app.router.add_get("/v1/ledger/consistency/{old}", self.consistency, allow_head=False)

    async def checkpoints(self, request: web.Request) -> web.Response:
        """GET /v1/ledger/checkpoint"""
        return await self._answered(
            request,
            lambda: {
                "logs": [
                    {"log": log, "checkpoint": note} for log, note in sorted(proving.checkpoints(self._folder).items())
                ]
            },
        )

    async def proof(self, request: web.Request) -> web.Response:
        """GET /v1/ledger/proofs/{index}?log="""

        def work() -> dict[str, Any]:
            name, index = _log(request), _whole(request, "index")
            proof = proving.proof(proving.log_named(self._folder, name), index)
            record = proof.record.decode() if proof.record is not None else None
            return {"log": name, "index": index, "record": record, "proof": proof.text}

        return await self._answered(request, work)

    async def consistency(self, request: web.Request) -> web.Response:
        """GET /v1/ledger/consistency/{old}?log="""

        def work() -> dict[str, Any]:
            name, old = _log(request), _whole(request, "old")
            hashes, note = proving.consistency(proving.log_named(self._folder, name), old)
            return {"log": name, "old": old, "hashes": [b64encode(one).decode() for one in hashes], "checkpoint": note}

        return await self._answered(request, work)

    async def _answered(self, request: web.Request, work: Callable[[], dict[str, Any]]) -> web.Response:
        consumer: Consumer | None = None
        try:
            consumer = await self._authenticate(request)
            self._require(consumer, Right.PROOFS)
            found = await asyncio.to_thread(work)
        except QuestionRefused as refusal:
            await self._refuse(request[LOOKUP_ID], consumer, refusal)
            return problems.for_refusal(request[LOOKUP_ID], refusal, self._clock)
        except NotShown as exc:
            return problems.for_not_shown(request[LOOKUP_ID], exc, self._clock)
        return web.Response(body=orjson.dumps(found), content_type="application/json", headers=_HEADERS)


def _log(request: web.Request) -> str:
    name = request.query.get("log", "")
    if not name:
        advice = "nêu tên sổ, như trong ledger.log của câu trả lời / name the log, as `ledger.log` of an answer does"
        raise InvalidQuestion(problems=(FieldProblem("log", "missing", advice),))
    return name


def _whole(request: web.Request, name: str) -> int:
    text = request.match_info[name]
    if not (text.isascii() and text.isdigit() and len(text) <= 18):
        advice = "phải là số nguyên không âm / must be a whole number from 0 on"
        raise InvalidQuestion(problems=(FieldProblem(name, "int_type", advice),))
    return int(text)


def _problem(words: str) -> dict[str, Any]:
    return {"description": words, "content": {MEDIA_TYPE: {"schema": {"$ref": f"{_REF}Problem"}}}}


def _get(operation: str, summary: str, answer: type[BaseModel], parameter: str | None) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"{_REF}{answer.__name__}"}}}
    described: dict[str, Any] = {
        "operationId": operation,
        "summary": summary,
        "responses": {
            "200": {"description": summary, "content": content},
            "401": _problem("unauthenticated"),
            "403": _problem("forbidden"),
        },
    }
    if parameter is not None:
        index = {"name": parameter, "in": "path", "required": True, "schema": {"type": "integer", "minimum": 0}}
        log = {"name": "log", "in": "query", "required": True, "schema": {"type": "string"}}
        described["parameters"] = [index, log]
        described["responses"] |= {"400": _problem("invalid"), "404": _problem("no_such_record")}
    return {"get": described}


PATHS: Mapping[str, Any] = {
    "/v1/ledger/checkpoint": _get(
        "checkpoints", "Điểm chốt mới nhất của mỗi sổ / the latest checkpoint of each log", Checkpoints, None
    ),
    "/v1/ledger/proofs/{index}": _get(
        "proof", "Một bản ghi và vị trí của nó trong sổ / a record and its place in the log", RecordProof, "index"
    ),
    "/v1/ledger/consistency/{old}": _get(
        "consistency", "Sổ chỉ dài thêm / that the log has only grown", Consistency, "old"
    ),
}
"""Path items by path."""
