"""One registry hangs, or its name does: the others are asked as if it were not there."""

from __future__ import annotations

import asyncio

import pytest

from mocks.faults import Fault
from mocks.server import Running
from tests.conftest import MAU, Desk, open_desk
from tests.load import Asked, busy_settings, firm, in_open_loop, quantile, until

ROOM = {"connections": 2000, "questions": 1000}
"""For every connection: which of them goes where there is none is another test's affair."""


async def _hang(desk: Desk, questions: int) -> list[asyncio.Task[tuple[int, dict[str, object]]]]:
    """So many questions to a registry that says nothing; those that found a place are left hanging."""
    return [asyncio.create_task(desk.ask("dancu.citizen", MAU)) for _ in range(questions)]


async def _beside(desk: Desk, *, per_s: float, seconds: float) -> list[Asked]:
    return await in_open_loop(lambda: firm(desk), per_s=per_s, seconds=seconds)


async def test_f24_five_hundred_hung_questions_to_one_registry_cost_another_nothing(stand_ins: Running) -> None:
    """The other registry answers every question while five hundred to the first one wait or are refused."""
    settings = busy_settings(stand_ins.base_url, web_section=ROOM)
    patient = settings.registries["dancu"].model_copy(update={"deadline_s": 30.0})
    settings = settings.model_copy(update={"registries": {**settings.registries, "dancu": patient}})
    async with open_desk(settings) as desk:
        await firm(desk)
        stand_ins.faults.set("dancu", Fault("silence"))
        hung = await _hang(desk, 500)
        asked = await _beside(desk, per_s=50, seconds=1)
        # On a busy machine some have not yet been refused.
        await until(lambda: sum(not task.done() for task in hung) <= 32 + 128, within_s=15)
        waiting = sum(not task.done() for task in hung)
        refused = [task.result()[1]["reason"] for task in hung if task.done()]
        stand_ins.faults.clear()
        for task in hung:
            task.cancel()
        await asyncio.gather(*hung, return_exceptions=True)

    assert {one.status for one in asked} == {200}
    assert waiting == 32 + 128
    assert set(refused) == {"overloaded"}


async def test_f26_a_hung_resolver_holds_up_its_own_registry_alone(stand_ins: Running) -> None:
    """Two registries, one of whose names nobody resolves: the other's questions are answered meanwhile."""
    url = stand_ins.base_url.replace("127.0.0.1", "nobody-resolves-this.invalid")
    settings = busy_settings(stand_ins.base_url)
    dancu = settings.registries["dancu"].model_copy(update={"endpoint": f"{url}/dancu", "deadline_s": 0.5})
    async with open_desk(settings.model_copy(update={"registries": {**settings.registries, "dancu": dancu}})) as desk:
        await firm(desk)
        lost = await _hang(desk, 40)
        asked = await _beside(desk, per_s=50, seconds=0.6)
        outcomes = {(await task)[1]["reason"] for task in lost}

    assert {one.status for one in asked} == {200}
    assert outcomes <= {"timeout", "unreachable", "overloaded", "circuit_open"}


# --- the long form ---------------------------------------------------------------------------------


@pytest.mark.faults
async def test_neighbours_f24_the_others_p99(stand_ins: Running) -> None:
    """With five hundred hung questions the others' p99 is that of quiet times, and 10 ms; the noise is printed."""
    async with open_desk(busy_settings(stand_ins.base_url, web_section=ROOM, deadline_s=10)) as desk:
        await _beside(desk, per_s=100, seconds=3)
        quiet = [quantile(await _beside(desk, per_s=100, seconds=20), 0.99) for _ in range(2)]
        stand_ins.faults.set("dancu", Fault("silence"))
        hung = await _hang(desk, 500)
        await asyncio.sleep(0.5)
        asked = await _beside(desk, per_s=100, seconds=20)
        stand_ins.faults.clear()
        for task in hung:
            task.cancel()
        await asyncio.gather(*hung, return_exceptions=True)

    p99 = quantile(asked, 0.99)
    print(f"quiet {quiet[0] * 1e3:.1f} and {quiet[1] * 1e3:.1f} ms, beside a hung one {p99 * 1e3:.1f} ms")  # noqa: T201
    assert {one.status for one in asked} == {200}
    assert p99 <= max(quiet) + 0.010
