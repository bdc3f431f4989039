"""A registry that is out, or fails now and then: what it is still asked, what callers hear, when it is well again."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.settings import EndpointSettings
from mocks.faults import Fault
from mocks.server import Running
from tests.conftest import FIRM, NOBODY, Desk, open_desk, settings_for
from tests.load import Asked, busy_settings, firm, in_open_loop, registry_at
from tests.policies import granting

PROBE_S = 0.4


@asynccontextmanager
async def probing(stand_ins: Running, probe_s: float = PROBE_S, **dkdn: Any) -> AsyncIterator[Desk]:
    """A gateway that probes a failing registry often."""
    async with open_desk(busy_settings(stand_ins.base_url, breaker={"probe_s": probe_s}, **dkdn)) as desk:
        yield desk


def seen(stand_ins: Running) -> int:
    """How many questions the business registry has seen, without log-ins."""
    return sum(entry.operation == "chiTietDoanhNghiep" for entry in stand_ins.journal)


async def test_f32_an_outage_costs_the_registry_ten_questions_and_a_probe_now_and_then(stand_ins: Running) -> None:
    """Ten failures open the breaker; then one probe at a time, honest `retry_at`, and normal soon after the end."""
    async with probing(stand_ins) as desk:
        assert (await firm(desk)).status == 200
        before = seen(stand_ins)
        stand_ins.faults.set("dkdn", Fault("down", path="chiTiet"))
        asked = await in_open_loop(lambda: firm(desk), per_s=60, seconds=1.5)
        attempts = seen(stand_ins) - before
        _, listed = await desk.get("/v1/registries")
        stand_ins.faults.clear("dkdn")
        ended = time.monotonic()
        while (await firm(desk)).status != 200:
            assert time.monotonic() - ended < 10
        after = [await firm(desk) for _ in range(20)]
        metrics = await desk.metrics()

    assert attempts <= 1.1 * len(asked)
    assert attempts <= 10 + 8 + 1.5 / PROBE_S + 1  # those that were under way when it opened, and the probes
    assert {one.reason for one in asked} == {"unreachable", "circuit_open"}
    assert all(one.retry_after is not None for one in asked if one.reason == "circuit_open")
    circuit = next(
        one for registry in listed["registries"] for one in registry["health"]["circuits"] if one["state"] != "closed"
    )
    assert (circuit["dataset"], circuit["route"], circuit["why"]) == ("enterprise", "lgsp", "failing")
    assert circuit["retry_at"] is not None
    assert {one.status for one in after} == {200}
    place = 'dataset="enterprise",registry="dkdn",route="lgsp"'
    assert 'gateway_circuit_openings_total{registry="dkdn",route="lgsp",why="failing"} 1' in metrics
    assert f"gateway_circuit_open{{{place}}} 0" in metrics


async def test_f32_another_dataset_and_another_registry_go_on(stand_ins: Running) -> None:
    """A breaker is one dataset's: who asks something else notices nothing."""
    async with probing(stand_ins) as desk:
        stand_ins.faults.set("dkdn", Fault("down", path="chiTiet"))
        for _ in range(12):
            await firm(desk)
        assert (await firm(desk)).reason == "circuit_open"
        status, _ = await desk.ask("dancu.citizen", NOBODY)

    assert status == 200


@pytest.mark.parametrize("percent", [10])
async def test_f33_failures_at_random_are_mended_as_far_as_the_budget_goes(percent: int, stand_ins: Running) -> None:
    """Nearly all that fail one time in ten are answered at the second attempt; the breaker opens twice at most."""
    asked, openings = await _at_random(stand_ins, percent, per_s=100, seconds=1.5)
    answered = sum(one.status == 200 for one in asked)
    refused = sum(one.reason == "circuit_open" for one in asked)

    share = 1 - percent / 100
    assert answered >= (len(asked) - refused) * share * 1.1 - 3 * (len(asked) * percent * share / 100) ** 0.5
    assert openings <= 2


async def test_answers_that_are_answers_never_open_it(stand_ins: Running) -> None:
    """Fifty people who are not there, one after another: the fifty-first is asked about as the first was."""
    settings = settings_for(stand_ins.base_url, dancu={"breaker": {"in_a_row": 3, "minimum": 3}})
    async with open_desk(settings) as desk:
        outcomes = {(await desk.ask("dancu.citizen", NOBODY))[1]["outcome"] for _ in range(50)}

    assert outcomes == {"absent"}


async def test_a_dataset_that_mostly_names_nobody_is_asked_once_a_question(stand_ins: Running) -> None:
    """While every "nobody" is heard twice the registry sees two requests a question; soon it is one."""
    async with open_desk(settings_for(stand_ins.base_url)) as desk:
        for _ in range(30):
            await desk.ask("dancu.citizen", NOBODY)
        before = len(list(stand_ins.journal))
        for _ in range(20):
            await desk.ask("dancu.citizen", NOBODY)
        requests = len(list(stand_ins.journal)) - before

    assert requests == 20


async def test_being_throttled_again_and_again_is_said_without_asking(stand_ins: Running) -> None:
    """After five "too many" in a row the registry is left alone for as long as it asked, and callers hear why."""
    async with probing(stand_ins, probe_s=0.1) as desk:
        await firm(desk)
        stand_ins.faults.set("dkdn", Fault("throttle", path="chiTiet"))
        for _ in range(8):
            await firm(desk)
        before = seen(stand_ins)
        asked = [await firm(desk) for _ in range(5)]

    assert {(one.status, one.reason) for one in asked} == {(503, "throttled")}
    assert all(3 <= int(one.retry_after or 0) <= 7 for one in asked)
    assert seen(stand_ins) == before


async def test_every_request_that_the_registry_sees_is_counted(stand_ins: Running) -> None:
    """Retries, second hearings, and the one that only found that the token was too old."""
    async with open_desk(settings_for(stand_ins.base_url)) as desk:
        await firm(desk)
        stand_ins.state.stand_ins["dkdn"].admin("expire-token")
        await firm(desk)
        stand_ins.faults.set("dkdn", Fault("down", times=1, path="chiTiet"))
        await firm(desk)
        metrics = await desk.metrics()

    assert 'gateway_requests_total{dataset="enterprise",registry="dkdn"} 5' in metrics
    assert seen(stand_ins) == 5
    assert 'gateway_attempts_total{registry="dkdn",result="unreachable"} 1' in metrics
    assert 'gateway_retries_total{decision="made",registry="dkdn"} 1' in metrics


async def test_another_way_is_taken_where_the_first_one_fails(stand_ins: Running) -> None:
    """A second attempt goes another way; once the first one's breaker is open every question does, and then back."""
    async with registry_at(32, 0.0) as broken:
        well = settings_for(stand_ins.base_url).registries["dkdn"]
        other = EndpointSettings(route="ndop", endpoint=str(well.endpoint), credentials=well.credentials)
        settings = busy_settings(broken.url, breaker={"probe_s": 0.3}, endpoints=(other,))
        settings = settings.model_copy(update={"registries": {"dkdn": settings.registries["dkdn"]}})
        async with open_desk(granting(settings, "dkdn.enterprise")) as desk:
            ways = [await _way(desk)]
            broken.fails = True
            ways += [await _way(desk) for _ in range(15)]
            before = broken.seen
            ways += [await _way(desk) for _ in range(5)]
            asked_meanwhile = broken.seen - before
            _, listed = await desk.get("/v1/registries")
            broken.fails = False
            until = time.monotonic() + 5
            while await _way(desk) != "lgsp":
                assert time.monotonic() < until

    assert ways == ["lgsp"] + ["ndop"] * 20
    assert asked_meanwhile == 0
    (registry,) = listed["registries"]
    states = {one["route"]: one["state"] for one in registry["health"]["circuits"]}
    assert states == {"lgsp": "open", "ndop": "closed"}


async def _way(desk: Desk) -> str:
    _, answer = await desk.ask("dkdn.enterprise", FIRM)
    return str(answer["provenance"]["route"])


async def _at_random(stand_ins: Running, percent: int, *, per_s: float, seconds: float) -> tuple[list[Asked], int]:
    async with open_desk(busy_settings(stand_ins.base_url)) as desk:
        await firm(desk)
        stand_ins.faults.set("dkdn", Fault("down", percent=percent, path="chiTiet"))
        asked = await in_open_loop(lambda: firm(desk), per_s=per_s, seconds=seconds)
        metrics = await desk.metrics()
    openings = [line for line in metrics.splitlines() if line.startswith("gateway_circuit_openings_total{")]
    return asked, int(sum(float(line.rsplit(" ", 1)[1]) for line in openings))


# --- the long forms --------------------------------------------------------------------------------


@pytest.mark.faults
async def test_outage_f32_sixty_seconds_at_fifty_a_second(stand_ins: Running) -> None:
    """A minute without the registry: at most a tenth more attempts than questions, and one probe in five seconds."""
    async with open_desk(busy_settings(stand_ins.base_url)) as desk:
        warm = await in_open_loop(lambda: firm(desk), per_s=50, seconds=5)
        stand_ins.faults.set("dkdn", Fault("down", path="chiTiet"))
        asked = await in_open_loop(lambda: firm(desk), per_s=50, seconds=60)
        failed = sum(one.reason == "unreachable" for one in asked)
        stand_ins.faults.clear("dkdn")
        after = await in_open_loop(lambda: firm(desk), per_s=50, seconds=15)

    assert {one.status for one in warm} == {200}
    assert failed <= 10 + 13 + 10  # to open it, the probes, and those that were under way then
    assert sum(one.reason == "circuit_open" for one in asked) + failed == len(asked)
    normal = [one for one in after if one.begun > after[0].begun + 10]
    assert {one.status for one in normal} == {200}


@pytest.mark.faults
@pytest.mark.parametrize("percent", [10, 30, 60])
async def test_outage_f33_a_minute_of_failures_at_random(percent: int, stand_ins: Running) -> None:
    """Success or an honest refusal, and no flapping."""
    asked, openings = await _at_random(stand_ins, percent, per_s=50, seconds=60)
    answered = sum(one.status == 200 for one in asked)
    refused = sum(one.reason == "circuit_open" for one in asked)

    share = 1 - percent / 100
    assert answered >= (len(asked) - refused) * share * 1.1 - 3 * (len(asked) * percent * share / 100) ** 0.5
    assert openings <= 2


@pytest.mark.faults
async def test_outage_silence_opens_it_too(stand_ins: Running) -> None:
    """A registry that says nothing at all is left alone once ten questions have waited their whole deadline."""
    async with open_desk(busy_settings(stand_ins.base_url, deadline_s=1)) as desk:
        await firm(desk)
        stand_ins.faults.set("dkdn", Fault("silence", path="chiTiet"))
        asked = await in_open_loop(lambda: firm(desk), per_s=50, seconds=10)

    assert sum(one.reason == "circuit_open" for one in asked) > 0.6 * len(asked)
    assert max(one.elapsed_s for one in asked) < 1.25
