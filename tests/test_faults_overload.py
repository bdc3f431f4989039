"""More questions than can be answered: who is answered, who is turned away, and how soon he hears of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from bench.stage import free_port
from mocks.faults import Fault
from mocks.server import Running
from tests.conftest import Desk, open_desk
from tests.gateway_process import GatewayProcess
from tests.load import Asked, Registry, busy_settings, firm, in_open_loop, quantile, registry_at
from tests.recorded import settings_file

DEADLINE_S = 1.0


def shares(asked: list[Asked]) -> Counter[str]:
    return Counter(one.reason for one in asked)


async def test_f35_a_registry_that_is_asked_ten_times_too_much_does_its_work(stand_ins: Running) -> None:
    """What the registry can do is done and reaches its callers; the others hear at once when to come again."""
    del stand_ins
    async with (
        registry_at(4, 0.1) as registry,
        open_desk(busy_settings(registry.url, deadline_s=DEADLINE_S, in_flight=8)) as desk,
    ):
        await in_open_loop(lambda: firm(desk), per_s=10, seconds=0.5)
        asked = await in_open_loop(lambda: firm(desk), per_s=200, seconds=1.2)

    found = [one for one in asked if one.status == 200]
    turned_away = [one for one in asked if one.reason == "overloaded"]
    assert shares(asked).keys() <= {"found", "overloaded", "timeout"}
    assert len(found) >= 0.8 * 40 * 1.2
    assert len(found) >= 0.8 * (len(asked) - len(turned_away))  # few wait in vain, and only at the beginning
    assert all(one.retry_after is not None for one in turned_away)
    assert quantile(turned_away, 0.5) < quantile(found, 0.5)


async def test_f35_a_worker_that_is_full_says_so_before_it_reads(stand_ins: Running) -> None:
    """Beyond the bound over all registries the answer is `overloaded`, without key, record or count as a question."""
    async with open_desk(busy_settings(stand_ins.base_url, web_section={"questions": 3}, deadline_s=2)) as desk:
        stand_ins.faults.set("dkdn", Fault("silence", path="chiTiet"))
        held = [asyncio.create_task(firm(desk)) for _ in range(3)]
        status, problem = 0, {}
        while status != 503 and not any(one.done() for one in held):  # until all three have come in
            status, problem = await desk.ask("dkdn.enterprise", {}, key="no key at all")
        await asyncio.gather(*held)
        stand_ins.faults.clear()
        after = await firm(desk)
        metrics = await desk.metrics()

    assert (status, problem["reason"]) == (503, "overloaded")
    assert problem["retry_at"] is not None
    assert after.status == 200
    assert 'gateway_shed_total{why="full"} 1' in metrics


async def test_f36_a_department_that_floods_takes_nothing_from_another(stand_ins: Running) -> None:
    """Nine questions in ten come from one department; the other one, below its share, is answered as ever."""
    del stand_ins
    async with (
        registry_at(4, 0.1) as registry,
        open_desk(busy_settings(registry.url, deadline_s=2 * DEADLINE_S, in_flight=4)) as desk,
    ):
        await firm(desk)
        greedy, modest = await asyncio.gather(
            in_open_loop(lambda: firm(desk, agency="H08.01"), per_s=120, seconds=1.2),
            in_open_loop(lambda: firm(desk, agency="H08.12"), per_s=12, seconds=1.2),
        )

    assert shares(modest)["found"] >= 0.9 * len(modest)
    assert shares(greedy)["found"] >= 0.5 * (40 - 12) * 1.2


# --- the long forms --------------------------------------------------------------------------------


@asynccontextmanager
async def alone(folder: Path, registry: Registry) -> AsyncIterator[Desk]:
    """The gateway as a process of its own, with its ledger: what it costs is not paid by those who ask it."""
    file = settings_file(folder, registry.url, deadline_s=2)
    gateway = GatewayProcess(file, free_port())
    gateway.environment = {"GATEWAY_WEB__PORT": str(gateway.port)}
    await asyncio.to_thread(gateway.start)
    try:
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
            yield Desk(gateway.url, "", session, None)  # type: ignore[arg-type]
    finally:
        await asyncio.to_thread(gateway.stop)


@pytest.mark.faults
@pytest.mark.parametrize("times", [2, 5, 10])
async def test_overload_f35_a_registry_of_a_hundred_a_second(times: int, tmp_path: Path) -> None:
    """A minute of it: nine tenths of the capacity reach their callers, and who is turned away hears within 50 ms."""
    async with registry_at(5, 0.05) as registry, alone(tmp_path, registry) as desk:
        await in_open_loop(lambda: firm(desk), per_s=50, seconds=3)
        asked = await in_open_loop(lambda: firm(desk), per_s=100 * times, seconds=60)
        after = await in_open_loop(lambda: firm(desk), per_s=50, seconds=10)

    found = [one for one in asked if one.status == 200]
    turned_away = [one for one in asked if one.reason == "overloaded"]
    print(times, shares(asked), f"{len(found) / 60:.1f}/s", f"p99 {quantile(turned_away, 0.99) * 1000:.0f} ms")  # noqa: T201
    assert len(found) >= 0.9 * 100 * 60
    assert all(one.retry_after is not None for one in turned_away)
    assert quantile(turned_away, 0.99) <= 0.05
    assert {one.status for one in after if one.begun > after[0].begun + 5} == {200}


@pytest.mark.faults
async def test_overload_f36_a_minute_of_greed() -> None:
    """Over a minute, too, the department below its share is answered in full."""
    async with (
        registry_at(5, 0.05) as registry,
        open_desk(busy_settings(registry.url, deadline_s=2)) as desk,
    ):
        await firm(desk)
        greedy, modest = await asyncio.gather(
            in_open_loop(lambda: firm(desk, agency="H08.01"), per_s=270, seconds=60),
            in_open_loop(lambda: firm(desk, agency="H08.12"), per_s=30, seconds=60),
        )

    assert shares(modest)["found"] >= 0.98 * len(modest)
    assert shares(greedy)["found"] >= 0.8 * 70 * 60
