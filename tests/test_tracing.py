"""Traces: what a span says and what it never says, W3C's context in and out, nothing at all where they are off."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from gateway.errors import SettingsError
from gateway.settings_tracing import TracingSettings
from gateway.telemetry import configure_logs, trace_logs
from mocks.faults import Fault
from mocks.server import Running
from tests.collector import Collector, attributes, collecting
from tests.conftest import FIRM, INQUIRY, KEY, MAU, Desk, open_desk, settings_for
from tests.ports import free_port

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
PARENT = f"00-{TRACE}-{CALLER}-01"
CANARY = "canary-of-a-caller"


@asynccontextmanager
async def traced(stand_ins: Running, url: str, **section: object) -> AsyncIterator[Desk]:
    """A gateway whose spans go there; they have been sent when it ends."""
    tracing = TracingSettings(endpoint=url, **section)  # type: ignore[arg-type]
    settings = settings_for(stand_ins.base_url).model_copy(update={"tracing": tracing})
    async with open_desk(settings) as desk:
        yield desk


async def ask(desk: Desk, dataset: str = "dancu.citizen", query: object = MAU, **headers: str) -> int:
    body = {"dataset": dataset, "query": query, "inquiry": INQUIRY}
    async with desk.session.post(f"{desk.url}/v1/lookups", json=body, headers={"X-API-Key": KEY} | headers) as reply:
        await reply.read()
        return reply.status


async def spans(stand_ins: Running, **headers: str) -> Collector:
    """What the collector has of one question."""
    async with collecting() as collector:
        async with traced(stand_ins, collector.url) as desk:
            assert await ask(desk, **headers) == 200
        return collector


def test_nothing_is_loaded_where_traces_are_off() -> None:
    """A gateway without the section does not even import OpenTelemetry."""
    code = "import gateway.cli, gateway.serve, gateway.web.server, sys; print('opentelemetry' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


def test_what_is_missing_is_named() -> None:
    """Where the packages of the group are not installed, the sentence says how to get them."""
    code = "import sys; sys.modules['opentelemetry'] = None\nimport gateway.tracing"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)

    assert "SettingsError: tracing: opentelemetry" in done.stderr
    assert "pip install 'onestop-gateway[tracing]'" in done.stderr


async def test_a_request_has_a_span_for_each_stage_and_attempt(stand_ins: Running) -> None:
    """Inside the request's span lie its stages and attempts, with registry, dataset and outcome."""
    collector = await spans(stand_ins)

    (request,) = collector.named("POST /v1/lookups")
    assert request.kind == Span.SPAN_KIND_SERVER
    assert attributes(request) == {
        "http.request.method": "POST",
        "http.route": "/v1/lookups",
        "http.response.status_code": 200,
        "dataset": "dancu.citizen",
        "outcome": "found",
        "reason": "",
    }
    inner = [one for one in collector.spans if one is not request]
    assert {one.name for one in inner} == {"read", "access", "registry", "attempt"}
    assert {one.parent_span_id for one in inner} == {request.span_id}
    (attempt,) = collector.named("attempt")
    said = attributes(attempt)
    assert (said["registry"], said["dataset"], said["result"]) == ("dancu", "citizen", "found")
    (registry,) = collector.named("registry")
    assert registry.start_time_unix_nano <= attempt.start_time_unix_nano <= attempt.end_time_unix_nano


async def test_every_attempt_is_seen(stand_ins: Running) -> None:
    """A question that was asked twice has two spans of attempts, the failed one with its reason."""
    async with collecting() as collector, traced(stand_ins, collector.url) as desk:
        stand_ins.faults.set("dancu", Fault("down", times=1))
        assert await ask(desk) == 200

    assert sorted(str(attributes(one)["result"]) for one in collector.named("attempt")) == ["found", "unreachable"]


async def test_the_callers_trace_goes_on(stand_ins: Running) -> None:
    """A `traceparent` makes the request part of its caller's trace; one that is no such thing begins a new one."""
    joined = await spans(stand_ins, traceparent=PARENT)
    odd = await spans(stand_ins, traceparent=CANARY)

    (request,) = joined.named("POST /v1/lookups")
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, CALLER)
    assert {one.trace_id.hex() for one in joined.spans} == {TRACE}
    (alone,) = odd.named("POST /v1/lookups")
    assert not alone.parent_span_id


async def test_what_a_caller_does_not_want_traced_is_not(stand_ins: Running) -> None:
    """Where the caller's context says that it is not sampled, no span leaves."""
    collector = await spans(stand_ins, traceparent=PARENT.removesuffix("01") + "00")

    assert collector.spans == []


async def test_l06_no_span_holds_personal_data(stand_ins: Running) -> None:
    """Neither the question, nor the answer, nor what else a caller may send stands in anything that is sent."""
    headers = {"traceparent": PARENT, "tracestate": f"x={CANARY}", "baggage": f"who={CANARY}", "User-Agent": CANARY}
    async with collecting() as collector, traced(stand_ins, collector.url) as desk:
        await ask(desk, **headers)
        await ask(desk, "dancu.citizen", {**MAU, "full_name": CANARY}, **headers)
        async with desk.session.get(f"{desk.url}/{CANARY}?{CANARY}={CANARY}", headers=headers) as reply:
            assert reply.status == 404

    assert len(collector.named("POST /v1/lookups")) == 2
    assert len(collector.named("GET unknown")) == 1
    people = [*MAU.values(), "NGUYỄN VĂN MẪU", "000080000009", "canbo.mau", INQUIRY["case_id"]]
    for text in (CANARY, KEY, *(str(one) for one in people)):
        assert text.encode() not in collector.raw


async def test_the_trace_stands_in_the_log_and_beside_the_time(stand_ins: Running) -> None:
    """Each line of a traced request has its trace's id, and OpenMetrics shows it as exemplar, and nothing more."""
    stream = io.BytesIO()
    async with collecting() as collector, traced(stand_ins, collector.url) as desk:
        configure_logs("info", stream)
        assert desk.core.tracing is not None
        trace_logs(desk.core.tracing.ids)
        try:
            await ask(desk, traceparent=PARENT)
        finally:
            trace_logs(None)
            configure_logs("error")
        headers = {"Accept": "application/openmetrics-text;version=1.0.0"}
        async with desk.session.get(desk.metrics_url, headers=headers) as reply:
            text = await reply.text()

    (line,) = [json.loads(one) for one in stream.getvalue().splitlines()]
    assert (line["event"], line["trace_id"]) == ("lookup.answered", TRACE)
    exemplars = [one.partition(" # ")[2] for one in text.splitlines() if " # " in one]
    assert exemplars
    assert all(one.startswith(f'{{trace_id="{TRACE}"}} ') for one in exemplars)


async def test_a_registry_joins_the_trace_only_where_settings_say_so(stand_ins: Running) -> None:
    """`traceparent` goes to the registries that are named, and to no other; `tracestate` and `baggage` to none."""
    seen: dict[str, list[str]] = {}

    async def note(request: web.Request) -> web.Response:
        names = {name.lower() for name in request.headers}
        seen[request.path.split("/")[1]] = sorted(names & {"traceparent", "tracestate", "baggage"})
        return web.Response(status=500)

    app = web.Application()
    app.router.add_route("*", "/{rest:.*}", note)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    here = f"http://127.0.0.1:{runner.addresses[0][1]}"
    settings = settings_for(here, dkdn={"credentials": {"scheme": "none"}})
    async with collecting() as collector:
        tracing = TracingSettings(endpoint=collector.url, to_registries=("dkdn",))
        async with open_desk(settings.model_copy(update={"tracing": tracing})) as desk:
            await ask(desk, "dkdn.enterprise", FIRM, traceparent=PARENT, tracestate="x=1", baggage="a=b")
            await ask(desk, traceparent=PARENT)
    await runner.cleanup()

    assert seen == {"dkdn": ["traceparent"], "dancu": []}


async def test_a_collector_that_is_away_costs_the_spans_alone(stand_ins: Running) -> None:
    """Answers come as ever, and the gateway ends."""
    async with traced(stand_ins, f"http://127.0.0.1:{free_port()}/v1/traces") as desk:
        assert await ask(desk) == 200


async def test_a_registry_that_is_not_there_is_named(stand_ins: Running) -> None:
    """`to_registries` names instances of the settings."""
    with pytest.raises(SettingsError, match=r"tracing.to_registries: there is no registry nobody"):
        async with traced(stand_ins, "http://127.0.0.1:1/v1/traces", to_registries=("nobody",)):
            pass
