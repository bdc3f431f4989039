"""Many lookups in one call: each ends by itself, and none of them costs another anything."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from aiohttp import web
from openapi_spec_validator import validate

from gateway.keyring import read_key_set
from gateway.ledger.evidence import verified
from gateway.ledger.reading import LogReader
from gateway.lookup.access import Consumer
from gateway.lookup.request import LookupRequest
from gateway.lookup.seams import Caller
from gateway.lookup.sets import parse_set
from gateway.telemetry import Metrics
from gateway.web.inbound import Inbound
from gateway.web.lookup_sets import LookupSets
from mocks.faults import Fault
from mocks.server import Running, running
from tests.conftest import INQUIRY, KEY, MAU, Desk, MovableClock, open_desk
from tests.load import until
from tests.many import asking, many_settings

EIGHT = range(1, 9)
GRACE_S = 0.25


@pytest.fixture
async def eight(tmp_path: Path, stand_ins: Running) -> AsyncIterator[Desk]:
    async with open_desk(many_settings(tmp_path, stand_ins.base_url, 8)) as desk:
        yield desk


async def ask(desk: Desk, body: Any, **headers: str) -> tuple[int, dict[str, Any]]:
    async with desk.session.post(f"{desk.url}/v1/lookup-sets", json=body, headers={"X-API-Key": KEY} | headers) as told:
        return told.status, await told.json(content_type=None)


def records(desk: Desk) -> list[dict[str, Any]]:
    assert desk.core.ledger is not None
    entries = LogReader(desk.core.ledger.folder).entries(flushed_only=False)
    return [orjson.loads(entry.record) for entry in entries if entry.record]


def reasons(answer: dict[str, Any]) -> list[str]:
    return [one["answer"]["outcome"] if "answer" in one else one["problem"]["reason"] for one in answer["lookups"]]


async def test_each_lookup_of_a_set_is_answered_as_if_it_had_come_by_itself(eight: Desk) -> None:
    """One answer each, under its name and in the order asked, with evidence and a place in the ledger of its own."""
    body = {"inquiry": INQUIRY, "lookups": [{"name": "owner", "dataset": "dancu.citizen", "query": MAU}]}
    body["lookups"] += asking(3, 1)["lookups"]
    status, told = await ask(eight, body)
    _, alone = await eight.ask("dancu.citizen", MAU)
    _, published = await eight.get("/.well-known/jwks.json")

    assert status == 200
    assert [one["name"] for one in told["lookups"]] == ["owner", "firm-3", "firm-1"]
    answers = [one["answer"] for one in told["lookups"]]
    assert answers[0].keys() == alone.keys()
    assert answers[0]["record"] == alone["record"]
    assert len({one["lookup_id"] for one in answers}) == len({one["ledger"]["index"] for one in answers}) == 3
    for one in answers:
        document = verified(one["evidence"], read_key_set(orjson.dumps(published)))
        assert (document["lookup_id"], document["record"]) == (one["lookup_id"], one["record"])
    ended = {one["lookup_id"]: one["outcome"] for one in records(eight) if one["type"] == "answered"}
    assert {one["lookup_id"]: one["outcome"] for one in answers}.items() <= ended.items()


async def test_a_bad_lookup_fails_none_of_its_neighbours(eight: Desk) -> None:
    """No such dataset, a wrong number, no right: each is a problem in its place, recorded, and the others are there."""
    body = asking(1, 2, 3, 4)
    body["lookups"][0]["dataset"] = "nobody.knows"
    body["lookups"][1]["query"] = {"enterprise_code": "9900000024"}
    body["lookups"][2] |= {"dataset": "dancu.verification", "query": MAU}
    status, told = await ask(eight, body)

    assert (status, reasons(told)) == (200, ["invalid", "invalid", "forbidden", "found"])
    assert [one["problem"]["status"] for one in told["lookups"][:3]] == [400, 422, 403]
    refused = {one["lookup_id"]: one["refusal"] for one in records(eight) if one["type"] == "refused"}
    assert refused == {one["problem"]["lookup_id"]: one["problem"]["reason"] for one in told["lookups"][:3]}


async def test_a_registry_that_hangs_holds_up_none_of_seven_others(tmp_path: Path, stand_ins: Running) -> None:
    """Seven of eight answer; the eighth is a timeout by the set's deadline, and only then does the answer leave."""
    async with running() as elsewhere:
        settings = many_settings(tmp_path, stand_ins.base_url, 8, elsewhere={5: elsewhere.base_url})
        async with open_desk(settings) as desk:
            await ask(desk, asking(*EIGHT))  # log-ins and connections are there
            elsewhere.faults.set("dkdn", Fault("silence", path="chiTiet"))
            begun = time.monotonic()
            status, told = await ask(desk, asking(*EIGHT, deadline_s=1.0))
            elapsed = time.monotonic() - begun
            ended = [one for one in records(desk) if one["type"] == "answered"][-8:]
            elsewhere.faults.clear()

    assert status == 200
    assert reasons(told) == ["found"] * 4 + ["timeout"] + ["found"] * 3
    assert told["lookups"][4]["problem"]["status"] == 504
    assert 0.5 < elapsed < 1.0 + GRACE_S
    # The seven did not wait for it: their records were there long before the last one.
    assert [one["outcome"] for one in ended] == ["found"] * 7 + ["unknown"]


async def test_eight_registries_are_asked_at_once(tmp_path: Path, stand_ins: Running) -> None:
    """Eight that each take a second all have their answer within four: one after the other they would take eight."""
    async with open_desk(many_settings(tmp_path, stand_ins.base_url, 8)) as desk:
        await ask(desk, asking(*EIGHT))
        stand_ins.faults.set("dkdn", Fault("slow", delay_s=1.0))
        _, told = await ask(desk, asking(*EIGHT, deadline_s=4))

    assert reasons(told) == ["found"] * 8


async def test_the_header_shortens_the_deadline_of_all(eight: Desk, stand_ins: Running) -> None:
    """`Request-Timeout` counts for a set too; each lookup is a timeout of its own."""
    stand_ins.faults.set("dkdn", Fault("silence", path="chiTiet"))
    status, told = await ask(eight, asking(1, 2), **{"Request-Timeout": "0.3"})

    assert (status, reasons(told)) == (200, ["timeout", "timeout"])


SHAPES = {
    "no JSON": (b"{", 400, ""),
    "an unknown member": (asking(1, urgent=True), 400, "urgent"),
    "an unknown member of a lookup": (
        asking(1) | {"lookups": [asking(1)["lookups"][0] | {"x": 1}]},
        400,
        "lookups.0.x",
    ),
    "no inquiry": ({"lookups": asking(1)["lookups"]}, 400, "inquiry"),
    "no lookups": (asking(), 422, "lookups"),
    "no deadline": (asking(1, deadline_s=0), 422, "deadline_s"),
    "a name twice": (asking(1, 1), 422, "lookups.1.name"),
    "an odd name": (asking(1) | {"lookups": [asking(1)["lookups"][0] | {"name": "đ"}]}, 422, "lookups.0.name"),
    "seventeen": (asking(*range(17)), 422, "lookups"),
}


@pytest.mark.parametrize(("body", "status", "place"), SHAPES.values(), ids=SHAPES.keys())
async def test_a_set_that_cannot_be_read_is_refused_whole(eight: Desk, body: Any, status: int, place: str) -> None:
    """Nothing is asked; the problem names the place, and the ledger has one refusal."""
    got, problem = await eight.post("/v1/lookup-sets", body)

    assert (got, problem["reason"]) == (status, "invalid")
    assert [one["field"] for one in problem["problems"]] == [place]
    assert [one["type"] for one in records(eight)] == ["refused"]


async def test_an_error_of_ours_in_one_lookup_takes_no_answer_from_its_neighbours(clock: MovableClock) -> None:
    """Whatever nobody foresaw in one lookup is its own `bug`, counted once; the others are answered."""

    async def answering(lookup_id: str, _: Consumer, question: LookupRequest, *__: object) -> web.Response:
        if question.dataset == "firms-2.enterprise":
            raise KeyError(lookup_id)
        return web.json_response({"outcome": "absent"})

    metrics = Metrics()
    inbound = Inbound(10, metrics, clock)
    sets = LookupSets(answering, new_id=lambda: "id", inbound=inbound, metrics=metrics, clock=clock)
    asked = parse_set(orjson.dumps(asking(1, 2, 3)), most=16)
    consumer = Consumer(name="one-stop", questions_per_minute=60)
    response = await sets.answer(consumer, asked, Caller(arrived=clock.monotonic()))

    assert isinstance(response.body, bytes)
    told = orjson.loads(response.body)["lookups"]
    assert [one.get("answer", {}).get("outcome") for one in told] == ["absent", None, "absent"]
    assert told[1]["problem"]["type"] == "urn:onestop-gateway:problem:bug"
    assert metrics.registry.get_sample_value("gateway_bugs_total") == 1


async def test_the_described_example_is_accepted(eight: Desk) -> None:
    """The set that /openapi.json shows is one that the gateway takes, with each lookup answered or forbidden."""
    _, document = await eight.get("/openapi.json")
    validate(document)
    body = document["paths"]["/v1/lookup-sets"]["post"]["requestBody"]["content"]["application/json"]
    status, told = await ask(eight, body["examples"]["all"]["value"])

    assert status == 200
    assert body["schema"]["properties"]["lookups"]["maxItems"] == 16
    assert set(reasons(told)) <= {"found", "absent", "forbidden"}


async def test_each_lookup_counts_as_a_question(tmp_path: Path, stand_ins: Running) -> None:
    """Of five lookups three find a place where three questions fit, and all places are free again afterwards."""
    settings = many_settings(tmp_path, stand_ins.base_url, 8)
    front = settings.web.model_copy(update={"questions": 3})
    async with open_desk(settings.model_copy(update={"web": front})) as desk:
        _, full = await ask(desk, asking(*range(1, 6)))
        _, again = await ask(desk, asking(1, 2, 3))
        shed = [line for line in (await desk.metrics()).splitlines() if line.startswith("gateway_shed_total")]

    assert reasons(full) == ["found"] * 3 + ["overloaded"] * 2
    assert full["lookups"][4]["problem"]["retry_at"]
    assert reasons(again) == ["found"] * 3
    assert shed == ['gateway_shed_total{why="full"} 2.0']


async def test_each_lookup_counts_against_the_consumers_limit(tmp_path: Path, stand_ins: Running) -> None:
    """Ten lookups in sets are ten questions of the consumer's minute."""
    settings = many_settings(tmp_path, stand_ins.base_url, 8)
    one_stop = settings.consumers["one-stop"].model_copy(update={"questions_per_minute": 10})
    async with open_desk(settings.model_copy(update={"consumers": {"one-stop": one_stop}})) as desk:
        _, first = await ask(desk, asking(*EIGHT))
        _, second = await ask(desk, asking(1, 2, 3))

    assert reasons(first) == ["found"] * 8
    assert sorted(reasons(second)) == ["found", "found", "too_many"]


async def test_whoever_hangs_up_ends_the_whole_set(eight: Desk, stand_ins: Running) -> None:
    """Each lookup that is under way is broken off, and the ledger says so of each."""
    stand_ins.faults.set("dkdn", Fault("silence", path="chiTiet"))
    asked = asyncio.create_task(ask(eight, asking(1, 2, 3)))
    await until(lambda: sum(one["type"] == "asked" for one in records(eight)) == 3)
    asked.cancel()
    await until(lambda: sum(one["type"] == "answered" for one in records(eight)) == 3)

    assert [one["reason"] for one in records(eight) if one["type"] == "answered"] == ["caller_gone"] * 3
