"""The routes. Each reads strictly, asks the core, and writes JSON."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict
from typing import Any

import orjson
from aiohttp import web

from gateway.clock import Clock
from gateway.domain.outcome import Unknown
from gateway.errors import InvalidQuestion, QuestionRefused
from gateway.ledger.canonical import as_json
from gateway.lookup.access import Consumer
from gateway.lookup.catalogue import Entry, Instance
from gateway.lookup.claims import claims_model
from gateway.lookup.idempotency import Idempotency, Reply
from gateway.lookup.paper_plan import parse_plan
from gateway.lookup.pipeline import Lookup, LookupResult
from gateway.lookup.planning import Planner
from gateway.lookup.repeats import Slot
from gateway.lookup.request import LookupRequest, parse
from gateway.lookup.seams import Caller
from gateway.lookup.sets import parse_set
from gateway.lookup.verification import parse_verification
from gateway.telemetry import Metrics
from gateway.tickets.opening import Opening
from gateway.web import deadline, problems
from gateway.web.authentication import Authenticator
from gateway.web.body import body_of
from gateway.web.idempotency_key import REPLAYED, asked_under
from gateway.web.inbound import Inbound
from gateway.web.limits import LIMITS
from gateway.web.lookup_sets import LookupSets
from gateway.web.paper_plans import place_in, plan_view
from gateway.web.schemas import lookup_view
from gateway.web.verifications import verification_view

__all__ = ["LOOKUP_ID", "STOPPING", "Handlers", "Stopping", "answer_body"]

_Answered = Callable[[web.Request, Consumer, float], Awaitable[web.Response]]
"""What reads a request of a consumer that is known, and answers it; the number is when its head arrived."""

_KEPT_WITHIN_S = 2.0
_KEPT_LEAST_S = 1.0
_JSON = "application/json"
_JSON_OPTIONS = orjson.OPT_UTC_Z | orjson.OPT_NAIVE_UTC


class Handlers:
    """One worker's handlers."""

    def __init__(
        self,
        lookup: Lookup,
        authenticator: Authenticator,
        clock: Clock,
        inbound: Inbound,
        metrics: Metrics,
        idempotency: Idempotency,
        unready: Callable[[], str | None] = lambda: None,
        unavailable: Callable[[], Sequence[str]] = tuple,
        planner: Planner | None = None,
        tickets: Opening | None = None,
    ) -> None:
        self._inbound = inbound
        self._tickets = tickets
        self._planner = planner
        self._sets = LookupSets(self._answer, new_id=lookup.new_id, inbound=inbound, metrics=metrics, clock=clock)
        self._lookup = lookup
        self._idempotency = idempotency
        self._authenticator = authenticator
        self._clock = clock
        self._unready = unready
        self._unavailable = unavailable

    async def ask(self, request: web.Request) -> web.Response:
        """POST /v1/lookups"""
        return await self._carried(request, self._answered)

    async def ask_set(self, request: web.Request) -> web.Response:
        """POST /v1/lookup-sets"""
        return await self._carried(request, self._answered_set)

    async def verify(self, request: web.Request) -> web.Response:
        """POST /v1/verifications"""
        return await self._carried(request, self._verified)

    async def plan(self, request: web.Request) -> web.Response:
        """POST /v1/paper-plans"""
        return await self._carried(request, self._planned)

    async def _carried(self, request: web.Request, answered: _Answered) -> web.Response:
        if not self._inbound.enter():
            return self._shed(request)
        try:
            return await self._asked(request, self._clock.monotonic(), answered)
        finally:
            self._inbound.leave()

    def _shed(self, request: web.Request) -> web.Response:
        return problems.for_unknown(request[LOOKUP_ID], self._inbound.overloaded(), self._clock)

    async def _asked(self, request: web.Request, arrived: float, answered: _Answered) -> web.Response:
        lookup_id = request[LOOKUP_ID]
        consumer: Consumer | None = None
        try:
            consumer = await self._authenticator.consumer_of(request)
            if not self._inbound.begin(consumer):
                return self._shed(request)
        except QuestionRefused as refusal:
            await self._lookup.refuse(lookup_id, consumer, refusal)
            return problems.for_refusal(lookup_id, refusal, self._clock)
        try:
            return await answered(request, consumer, arrived)
        finally:
            self._inbound.end(consumer)

    async def _answered(self, request: web.Request, consumer: Consumer, arrived: float) -> web.Response:
        lookup_id = request[LOOKUP_ID]
        slot = None
        try:
            within_s = deadline.asked_for(request.headers)
            key = asked_under(request)
            body = await body_of(request)
            question = parse(body)
            if key is not None:
                (slot,) = self._idempotency.slots(consumer.name, key, request.path, body)
        except QuestionRefused as refusal:
            return await self._refused(lookup_id, consumer, refusal)
        return await self._answer(lookup_id, consumer, question, _caller(request, arrived, within_s), slot)

    async def _answered_set(self, request: web.Request, consumer: Consumer, arrived: float) -> web.Response:
        slots: list[Slot] | None = None
        try:
            within_s = deadline.asked_for(request.headers)
            key = asked_under(request)
            body = await body_of(request)
            asked = parse_set(body, most=request.app[LIMITS].set_lookups)
            if key is not None:
                slots = self._idempotency.slots(consumer.name, key, request.path, body, len(asked.lookups))
                await self._idempotency.check(slots)
        except QuestionRefused as refusal:
            return await self._refused(request[LOOKUP_ID], consumer, refusal)
        return await self._sets.answer(consumer, asked, _caller(request, arrived, within_s), slots)

    async def _refused(self, lookup_id: str, consumer: Consumer, refusal: QuestionRefused) -> web.Response:
        await self._lookup.refuse(lookup_id, consumer, refusal)
        return problems.for_refusal(lookup_id, refusal, self._clock)

    async def _answer(
        self, lookup_id: str, consumer: Consumer, question: LookupRequest, caller: Caller, slot: Slot | None
    ) -> web.Response:
        try:
            if slot is not None:
                return self._replied(await self._idempotency.ask(slot, lookup_id, consumer, question, caller))
            result = await self._lookup.ask(lookup_id, consumer, question, caller)
        except QuestionRefused as refusal:
            return problems.for_refusal(lookup_id, refusal, self._clock)
        outcome = result.answer.outcome
        if isinstance(outcome, Unknown):
            return problems.for_unknown(lookup_id, outcome, self._clock)
        return _answer_of(answer_body(result))

    def _replied(self, reply: Reply) -> web.Response:
        told = reply.told
        if told.unknown is not None:
            response = problems.for_unknown(told.lookup_id, told.unknown, self._clock)
        else:
            response = _answer_of(told.body or b"")
        if reply.repeated:
            response.headers[REPLAYED] = "true"
        return response

    async def _verified(self, request: web.Request, consumer: Consumer, arrived: float) -> web.Response:
        lookup_id = request[LOOKUP_ID]
        try:
            within_s = deadline.asked_for(request.headers)
            question, claims = parse_verification(await body_of(request))
        except QuestionRefused as refusal:
            return await self._refused(lookup_id, consumer, refusal)
        try:
            caller = _caller(request, arrived, within_s)
            result = await self._lookup.ask(lookup_id, consumer, question, caller, claims)
        except QuestionRefused as refusal:
            return problems.for_refusal(lookup_id, refusal, self._clock)
        outcome = result.answer.outcome
        if isinstance(outcome, Unknown):
            return problems.for_unknown(lookup_id, outcome, self._clock)
        return _json(verification_view(result))

    async def _planned(self, request: web.Request, consumer: Consumer, arrived: float) -> web.Response:
        plan_id, planner = request[LOOKUP_ID], self._planner
        if planner is None:
            return problems.for_status(404)
        try:
            within_s = deadline.asked_for(request.headers)
            body = await body_of(request)
            catalogue = planner.catalogue  # of this plan, whatever is read again meanwhile
            asked = parse_plan(body, catalogue, planner.today())
        except QuestionRefused as refusal:
            return await self._refused(plan_id, consumer, refusal)
        caller, place = _caller(request, arrived, within_s), place_in(self._inbound, consumer)
        later = None if self._tickets is None else self._tickets.later(asked)
        plan = await planner.plan(plan_id, consumer, asked, caller, place, is_later=later is not None)
        left_s = self._left_s(caller, asked.deadline_s)
        remembered = planner.remembered(plan, consumer, asked, within_s=left_s)
        if self._tickets is None:
            return _json(plan_view(plan, catalogue, remembered=await remembered))
        opened = self._tickets.opened(consumer, asked, body, plan, later, within_s=left_s)
        is_remembered, tickets = await asyncio.gather(remembered, opened)
        return _json(plan_view(plan, catalogue, tickets, remembered=is_remembered))

    def _left_s(self, caller: Caller, deadline_s: float | None) -> float:
        """How long a plan may still take to be written down: a silent registry leaves the least."""
        given = [one for one in (caller.deadline_s, deadline_s) if one is not None]
        gone = self._clock.monotonic() - caller.arrived
        return max(min([_KEPT_WITHIN_S, *(one - gone for one in given)]), _KEPT_LEAST_S)

    async def registries(self, request: web.Request) -> web.Response:
        """GET /v1/registries"""
        await self._authenticator.consumer_of(request)
        listed = [_registry_view(one) for one in self._lookup.catalogue.instances.values()]
        return _json({"registries": listed, "case_checks": self._lookup.access.case_checks})

    async def datasets(self, request: web.Request) -> web.Response:
        """GET /v1/datasets"""
        await self._authenticator.consumer_of(request)
        return _json({"datasets": [_dataset_view(entry) for entry in self._lookup.catalogue]})

    async def dataset(self, request: web.Request) -> web.Response:
        """GET /v1/datasets/{id}"""
        await self._authenticator.consumer_of(request)
        try:
            entry = self._lookup.catalogue.find(request.match_info["id"])
        except InvalidQuestion:
            return problems.for_status(404)
        schemas = {
            "query_schema": entry.dataset.query.model_json_schema(),
            "record_schema": entry.dataset.record.model_json_schema(mode="serialization"),
            "claims_schema": claims_model(entry.dataset.record).model_json_schema(),
        }
        return _json(_dataset_view(entry) | schemas)

    async def healthy(self, _: web.Request) -> web.Response:
        """GET /healthz"""
        return _json({"status": "ok"})

    async def ready(self, request: web.Request) -> web.Response:
        """GET /readyz"""
        why = "stopping" if request.app[STOPPING].is_set else self._unready()
        unavailable = self._unavailable()
        told = {"status": why or "ready"} | ({"unavailable": unavailable} if unavailable else {})
        return _json(told, status=503 if why else 200)


class Stopping:
    """Set once this worker has been told to end."""

    is_set = False


LOOKUP_ID: web.RequestKey[str] = web.RequestKey("lookup_id", str)
STOPPING: web.AppKey[Stopping] = web.AppKey("stopping", Stopping)


def _caller(request: web.Request, arrived: float, within_s: float | None) -> Caller:
    return Caller(arrived=arrived, deadline_s=within_s, has_gone=lambda: request.transport is None)


def answer_body(result: LookupResult) -> bytes:
    """The answer of a lookup, `found` or `absent`, as it leaves."""
    return orjson.dumps(lookup_view(result), default=as_json, option=_JSON_OPTIONS)


def _json(value: Any, *, status: int = 200) -> web.Response:
    return _answer_of(orjson.dumps(value, option=_JSON_OPTIONS), status=status)


def _answer_of(body: bytes, *, status: int = 200) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(body=body, status=status, content_type=_JSON, headers=headers)


def _registry_view(instance: Instance) -> dict[str, Any]:
    health = instance.health
    return {
        "name": instance.name,
        "adapter": instance.adapter.registry,
        "title": instance.adapter.title,
        "title_en": instance.adapter.title_en,
        "owner": instance.adapter.owner,
        "contract": f"{instance.adapter.registry}@{instance.channel.contract}",
        "route": instance.route,
        "connected": instance.connected,
        "officers": instance.officers,
        "datasets": [f"{instance.name}.{dataset.noun}" for dataset in instance.datasets],
        "health": {
            "state": health.state,
            "last_answer_at": health.last_answer_at,
            "last_failure_at": health.last_failure_at,
            "last_reason": health.last_reason,
            "circuits": [asdict(circuit) for circuit in instance.channel.circuits()],
        },
        "quality": _quality_view(instance),
    }


def _quality_view(instance: Instance) -> dict[str, Any] | None:
    """The card, as far as this instance can be asked; how sure anybody is, as its answers say it too."""
    if (card := instance.card) is None:
        return None
    counted = {one["dataset"].partition(".")[2]: one for one in card["datasets"]}
    nouns = [dataset.noun for dataset in instance.datasets if dataset.noun in counted]
    return {
        "assumptions": card["assumptions"],
        "traps": card["traps"],
        "datasets": [
            counted[noun] | {"dataset": f"{instance.name}.{noun}", "basis": instance.basis[noun]} for noun in nouns
        ],
    }


def _dataset_view(entry: Entry) -> dict[str, Any]:
    instance, dataset = entry.instance, entry.dataset
    return {
        "id": entry.id,
        "title": dataset.title,
        "title_en": dataset.title_en,
        "registry": instance.name,
        "kind": dataset.kind,
        "sensitivity": dataset.sensitivity,
        "freshness_s": entry.freshness.found_s,
        "absent_s": entry.freshness.absent_s,
        "stale_s": entry.freshness.stale_s,
        "deadline_s": instance.channel.deadline_s(dataset),
        "contract": f"{instance.adapter.registry}@{instance.channel.contract}",
        "basis": instance.basis[dataset.noun],
        "operation": dataset.operation_in(instance.channel.contract),
        "fields": sorted(dataset.record.model_fields),
        "withheld_by_default": sorted(dataset.withheld_by_default),
    }
