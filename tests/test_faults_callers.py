"""Callers in a hurry, callers that hang up, a gateway that is told to stop, and a clock that jumps."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from bench.stage import free_port
from gateway.clock import SystemClock
from gateway.ledger.reading import LogReader
from gateway.settings import load
from mocks.faults import Fault
from mocks.server import Running
from tests.conftest import FIRM, INQUIRY, KEY, Desk, open_desk
from tests.gateway_process import GatewayProcess
from tests.load import busy_settings, firm, until
from tests.recorded import settings_file

GRACE_S = 0.25


def records(folder: Path) -> list[dict[str, Any]]:
    entries = LogReader(folder).entries(flushed_only=False)
    return [orjson.loads(entry.record) for entry in entries if entry.record]


# --- the caller's deadline -------------------------------------------------------------------------


@pytest.fixture
async def recorded(tmp_path: Path, stand_ins: Running) -> AsyncIterator[Desk]:
    async with open_desk(load(settings_file(tmp_path, stand_ins.base_url))) as desk:
        yield desk


@pytest.mark.parametrize("kind", ["silence", "stall", "down"])
async def test_a_caller_in_a_hurry_is_answered_in_time(kind: str, recorded: Desk, stand_ins: Running) -> None:
    """Header or member, the shorter one counts; ledger and signature are inside it, whatever the registry does."""
    stand_ins.faults.set("dkdn", Fault(kind, path="chiTiet"))
    begun = time.monotonic()
    by_header = await firm(recorded, headers={"Request-Timeout": "0.3"})
    by_member = await recorded.ask("dkdn.enterprise", FIRM, deadline_s=0.3)
    elapsed = time.monotonic() - begun

    assert by_header.reason == by_member[1]["reason"] == ("unreachable" if kind == "down" else "timeout")
    assert elapsed < 2 * (0.3 + GRACE_S)


async def test_a_caller_cannot_lengthen_a_deadline(stand_ins: Running) -> None:
    """Whoever would wait longer than the dataset's own deadline is answered at that."""
    async with open_desk(busy_settings(stand_ins.base_url, deadline_s=0.3)) as desk:
        stand_ins.faults.set("dkdn", Fault("silence", path="chiTiet"))
        asked = await firm(desk, headers={"Request-Timeout": "60"})

    assert asked.reason == "timeout"
    assert asked.elapsed_s < 0.3 + GRACE_S


@pytest.mark.parametrize("text", ["", "0", "-1", "1e3", "soon", "٣", "99999"])
async def test_a_header_that_is_no_time_is_refused(text: str, desk: Desk) -> None:
    """Seconds, above nothing; the problem names the header."""
    asked = await firm(desk, headers={"Request-Timeout": text})
    _, problem = await desk.ask("dkdn.enterprise", FIRM, deadline_s=0)

    assert (asked.status, asked.reason) == (400, "invalid")
    assert problem["problems"][0]["field"] == "deadline_s"


async def test_hurried_callers_close_a_registry_to_nobody(stand_ins: Running) -> None:
    """Twenty questions with no time at all say nothing about the registry: the next is asked."""
    async with open_desk(busy_settings(stand_ins.base_url)) as desk:
        stand_ins.faults.set("dkdn", Fault("slow", delay_s=0.2, path="chiTiet"))
        hurried = [await firm(desk, headers={"Request-Timeout": "0.02"}) for _ in range(20)]
        patient = await firm(desk)

    assert "timeout" in {one.reason for one in hurried}
    assert patient.status == 200


# --- callers that hang up --------------------------------------------------------------------------


async def test_f31_fifty_callers_hang_up(recorded: Desk, stand_ins: Running) -> None:
    """Each question is broken off and closed in the ledger as `caller_gone`; places, connections and tasks are free."""
    assert recorded.core.ledger is not None
    folder = recorded.core.ledger.folder
    await firm(recorded)
    tasks = len(asyncio.all_tasks())
    stand_ins.faults.set("dkdn", Fault("silence", path="chiTiet"))
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        body = {"dataset": "dkdn.enterprise", "query": FIRM, "inquiry": INQUIRY}
        url = f"{recorded.url}/v1/lookups"
        asked = [asyncio.create_task(session.post(url, json=body, headers={"X-API-Key": KEY})) for _ in range(50)]
        await until(lambda: Counter(one["type"] for one in records(folder))["asked"] == 51)
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
    await until(lambda: Counter(one.get("reason") for one in records(folder))["caller_gone"] == 50)
    stand_ins.faults.clear()
    after = await firm(recorded)
    await until(lambda: len(asyncio.all_tasks()) <= tasks + 1)
    metrics = await recorded.metrics()

    kinds = Counter(one["type"] for one in records(folder))
    assert kinds["asked"] == kinds["answered"] == 52
    assert after.status == 200
    assert 'gateway_refusals_total{refusal="caller_gone"} 50' in metrics
    assert 'gateway_questions_in_flight{registry="dkdn"} 0' in metrics
    assert "gateway_circuit_openings_total{" not in metrics


async def test_f31_a_question_may_be_finished_for_nobody(tmp_path: Path, stand_ins: Running) -> None:
    """Where settings say so, the answer is asked for and recorded though its caller has gone."""
    file = settings_file(tmp_path, stand_ins.base_url)
    file.write_text(file.read_text().replace("[web]", '[web]\ncaller_gone = "finish"'))
    async with open_desk(load(file)) as desk:
        assert desk.core.ledger is not None
        folder = desk.core.ledger.folder
        await firm(desk)
        stand_ins.faults.set("dkdn", Fault("slow", delay_s=0.3, path="chiTiet"))
        task = asyncio.create_task(firm(desk))
        await until(lambda: Counter(one["type"] for one in records(folder))["asked"] == 2)
        task.cancel()
        await until(lambda: Counter(one["type"] for one in records(folder))["answered"] == 2)

        assert [one["outcome"] for one in records(folder) if one["type"] == "answered"] == ["found", "found"]


async def test_a_question_that_is_refused_at_once_has_both_its_records(tmp_path: Path, stand_ins: Running) -> None:
    """A breaker's refusal never leaves for the registry, and stands in the ledger all the same."""
    file = settings_file(tmp_path, stand_ins.base_url)
    file.write_text(file.read_text() + "[registries.dkdn.breaker]\nin_a_row = 1\n")
    async with open_desk(load(file)) as desk:
        assert desk.core.ledger is not None
        folder = desk.core.ledger.folder
        stand_ins.faults.set("dkdn", Fault("down", path="chiTiet"))
        asked = [await firm(desk) for _ in range(3)]

    assert asked[-1].reason == "circuit_open"
    kinds = [(one["type"], one.get("reason"), len(one.get("attempts", ()))) for one in records(folder)]
    assert kinds[-2:] == [("asked", None, 0), ("answered", "circuit_open", 0)]
    assert Counter(kind for kind, *_ in kinds) == {"asked": 3, "answered": 3}


# --- told to stop ----------------------------------------------------------------------------------


async def _ask_until_closed(url: str, stop: asyncio.Event, told: list[str]) -> None:
    """Ask again and again over kept connections; what was sent and not answered is a failed question."""
    body = {"dataset": "dkdn.enterprise", "query": FIRM, "inquiry": INQUIRY}
    async with aiohttp.ClientSession(headers={"X-API-Key": KEY}) as session:
        while True:
            try:
                async with session.post(f"{url}/v1/lookups", json=body) as reply:
                    told.append(str((await reply.json())["outcome"]))
            except aiohttp.ClientConnectorError:
                assert stop.is_set()
                return  # nothing was sent: whoever balances load goes elsewhere
            except aiohttp.ClientError as exc:
                told.append(type(exc).__name__)


async def _stopped_under_load(place: Path, stand_ins: Running, *, clients: int, seconds: float) -> list[str]:
    gateway = GatewayProcess(settings_file(place, stand_ins.base_url), free_port())
    gateway.environment = {"GATEWAY_WEB__PORT": str(gateway.port)}
    stop = asyncio.Event()
    told: list[str] = []
    await asyncio.to_thread(gateway.start)
    try:
        asking = [asyncio.create_task(_ask_until_closed(gateway.url, stop, told)) for _ in range(clients)]
        await asyncio.sleep(seconds)
        assert gateway.child is not None
        stop.set()
        os.kill(gateway.child.pid, signal.SIGTERM)
        await asyncio.to_thread(gateway.child.wait, 10)
        await asyncio.gather(*asking)
    finally:
        if gateway.child is not None and gateway.child.poll() is None:
            gateway.kill()
    assert gateway.child.returncode == 0
    return told


async def test_f41_no_question_fails_when_the_gateway_is_told_to_stop(tmp_path: Path, stand_ins: Running) -> None:
    """SIGTERM under load: every question that was sent is answered, and the last checkpoint covers every record."""
    stand_ins.faults.set("dkdn", Fault("slow", delay_s=0.05, path="chiTiet"))
    told = await _stopped_under_load(tmp_path, stand_ins, clients=16, seconds=0.5)

    assert set(told) == {"found"}
    reader = LogReader(next((tmp_path / "ledger").glob("[0-9]*")))
    kinds = Counter(orjson.loads(entry.record)["type"] for entry in reader.entries() if entry.record)
    size = (reader.folder / "checkpoint").read_text().splitlines()[1]
    assert kinds["asked"] == kinds["answered"] == len(told)
    assert int(size) == sum(kinds.values())


@pytest.mark.faults
@pytest.mark.parametrize("run", range(5))
async def test_callers_f41_stopped_under_heavier_load(run: int, tmp_path: Path, stand_ins: Running) -> None:
    """Thirty-two callers at once, five times: not one question that was sent stays without an answer."""
    stand_ins.faults.set("dkdn", Fault("slow", delay_s=0.02 * run, path="chiTiet"))

    assert set(await _stopped_under_load(tmp_path, stand_ins, clients=32, seconds=3)) == {"found"}


# --- a clock that jumps ----------------------------------------------------------------------------


class Jumping(SystemClock):
    """The machine's clock, whose time of day somebody sets; durations go on."""

    def __init__(self) -> None:
        self.by = timedelta(0)
        self.frozen: datetime | None = None

    def now(self) -> datetime:
        return self.frozen or super().now() + self.by

    def jump(self, by: timedelta | None) -> None:
        """By so much; where None, it stands still from now on."""
        if by is None:
            self.frozen = self.now()
        else:
            self.by = by


JUMPS = {
    "an hour ahead": timedelta(hours=1),
    "an hour back": timedelta(hours=-1),
    "a day ahead": timedelta(days=1),
    "to 1970": datetime(1970, 1, 1, tzinfo=UTC) - datetime(2026, 1, 1, tzinfo=UTC),
    "frozen": None,
}


async def test_f42_a_clock_that_jumps_changes_no_limit(stand_ins: Running) -> None:
    """Deadlines, places, breaker and probes go by durations: they last as long as before, whatever the time of day."""
    stand_ins.faults.set("dkdn", Fault("silence", path="chiTiet"))
    settings = busy_settings(stand_ins.base_url, deadline_s=0.4, breaker={"in_a_row": 3, "probe_s": 0.4})
    async with AsyncExitStack() as stack:
        clocks = {name: Jumping() for name in JUMPS}
        desks = {name: await stack.enter_async_context(open_desk(settings, clock)) for name, clock in clocks.items()}
        held = [asyncio.create_task(firm(desk)) for desk in desks.values() for _ in range(3)]
        await asyncio.sleep(0.1)
        for name, clock in clocks.items():
            clock.jump(JUMPS[name])
        timed_out = await asyncio.gather(*held)
        refused = [await firm(desk) for desk in desks.values()]
        stand_ins.faults.clear()
        await asyncio.sleep(0.4)
        well = [await firm(desk) for desk in desks.values()]

    assert {one.reason for one in timed_out} == {"timeout"}
    assert all(0.3 < one.elapsed_s < 0.4 + GRACE_S for one in timed_out)
    assert {(one.reason, one.retry_after) for one in refused} == {("circuit_open", "1")}
    assert {one.status for one in well} == {200}
