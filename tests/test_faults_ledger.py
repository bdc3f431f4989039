"""The ledger under a whole gateway: kill -9, the order of system calls, power cuts, a full disk, a stalled writer."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from random import Random
from typing import Any

import aiohttp
import orjson
import pytest

from bench.stage import free_port
from gateway.clock import SystemClock
from gateway.crypto import FileSigner
from gateway.ledger.log import Log
from gateway.ledger.reading import LogReader
from mocks.server import Running
from tests import trace
from tests.campaign import Campaign
from tests.gateway_process import Client, GatewayProcess, Received
from tests.recorded import settings_file

TRACED = pytest.mark.skipif(not trace.can_trace(), reason="strace is not installed, or may not trace here")
MOUNTS = pytest.mark.skipif(os.geteuid() != 0, reason="a small file system of its own wants root")


@pytest.fixture
async def place(tmp_path: Path, stand_ins: Running) -> Path:
    """A folder with settings and keys for a gateway that records in `ledger`."""
    settings_file(tmp_path, stand_ins.base_url)
    return tmp_path


def gateway(place: Path, *prefix: str) -> GatewayProcess:
    port = free_port()
    return GatewayProcess(place / "gateway.toml", port, prefix, environment={"GATEWAY_WEB__PORT": str(port)})


def records(slot: Path) -> list[dict[str, Any]]:
    """All records of a log that no process writes now."""
    return [orjson.loads(one.record) for one in LogReader(slot).entries(flushed_only=False) if one.record]


def missing(received: list[Received], found: list[dict[str, Any]]) -> list[Received]:
    """Answers that a client has read, and of which the log has no record, or another one."""
    answered = {one["lookup_id"]: one for one in found if one["type"] == "answered"}
    return [
        one
        for one in received
        if (record := answered.get(one.lookup_id)) is None
        or (record["index"], record["outcome"]) != (one.index, one.outcome)
    ]


def unanswered(found: list[dict[str, Any]]) -> set[str]:
    """Questions that were asked, and of which the log does not say how they ended."""
    asked = {one["lookup_id"] for one in found if one["type"] == "asked"}
    return asked - {one["lookup_id"] for one in found if one["type"] == "answered"}


async def reopened(slot: Path, origin: str, key: Path) -> list[dict[str, Any]]:
    """What the log holds after the start that follows a crash."""
    opened = Log.open(slot, origin=origin, signer=FileSigner.load(key), clock=SystemClock())
    await opened.close()
    return records(slot)


async def killed(place: Path, random: Random) -> list[Received]:
    """Ask, and kill -9 in the middle. Gives the answers that reached the client."""
    process = gateway(place)
    with process.running():
        client = Client(process.url)
        asking = asyncio.create_task(client.ask_for(30))
        await asyncio.sleep(random.uniform(0.05, 0.5))
        process.kill()
        await asking
    return client.received


async def check_after_kills(place: Path, received: list[Received]) -> None:
    """Nothing that was received lacks its record, and after the next start no question is open."""
    found = await reopened(place / "ledger" / "0", "gateway.test/ledger/0", place / "keys" / "signing-key.pem")
    assert missing(received, found) == []
    assert unanswered(found) == set()


async def test_f07_a_kill_loses_no_record_of_an_answer_that_was_received(place: Path) -> None:
    """After kill -9 under load every answer that a client has read has its record, and no question is open."""
    random = Random(7)
    received = await killed(place, random)
    received += await killed(place, random)

    assert received
    await check_after_kills(place, received)


@pytest.mark.faults
async def test_f07_ledger_kill_campaign(place: Path) -> None:
    """A hundred kills at random moments; zero answers without their record."""
    campaign = Campaign("ledger_kill", 100)
    received: list[Received] = []
    for number in campaign:
        received += await killed(place, Random(number))
        await check_after_kills(place, received)
        campaign.note(received=len(received))
    assert len(campaign.done) == campaign.rounds, "out of time: run it again, it goes on"


class Traced:
    """What a traced gateway did while clients asked, and what they received."""

    def __init__(self, place: Path, received: list[Received]) -> None:
        self.ledger = place / "ledger"
        self.events = list(trace.events(place / "trace", self.ledger / "0"))
        self.received = received

    @property
    def ends(self) -> dict[str, tuple[Path, int]]:
        """Where the `answered` record of each lookup ends: file and offset."""
        found = {}
        for path, start, stop, record in trace.placed(self.ledger / "0"):
            if record["type"] == "answered":
                found[record["lookup_id"]] = (path, stop)
                assert start < stop
        return found


@contextmanager
def traced(place: Path) -> Iterator[GatewayProcess]:
    process = gateway(place, *trace.PREFIX, "-o", str(place / "trace"))
    with process.running():
        yield process
        process.stop()


async def trace_of(place: Path, questions: int) -> Traced:
    with traced(place) as process:
        client = Client(process.url, connections=32)
        await client.ask_times(questions)
        assert client.problems == []
    return Traced(place, client.received)


def sent_too_early(run: Traced) -> list[str]:
    """Lookups whose answer left before a flush that began after their record had been written."""
    ends, early = run.ends, []
    written: dict[str, int] = {}
    for event in run.events:
        if isinstance(event, trace.Sent):
            file, stop = ends[event.lookup_id]
            at = min(
                (
                    one.line
                    for one in run.events
                    if isinstance(one, trace.Written) and one.file == file and one.offset + one.length >= stop
                ),
                default=None,
            )
            assert at is not None
            written[event.lookup_id] = at
            if not any(
                isinstance(one, trace.Flushed) and one.file == file and one.began > at and one.line < event.line
                for one in run.events
            ):
                early.append(event.lookup_id)
    assert len(written) == len(run.received)
    return early


@TRACED
async def test_f02_an_answer_is_sent_after_the_flush_that_covers_its_record(place: Path) -> None:
    """In the order of system calls, each answer leaves after write and fdatasync of its record."""
    assert sent_too_early(await trace_of(place, 60)) == []


@TRACED
@pytest.mark.faults
async def test_f02_ledger_order_campaign(place: Path) -> None:
    """Of 1,000 answers, 1,000 left after the flush that covers their record."""
    run = await trace_of(place, 1_000)

    assert len(run.received) == 1_000
    assert sent_too_early(run) == []
    Campaign("ledger_order", 1).note(answers=len(run.received), early=0)


async def power_cut(run: Traced, place: Path, random: Random) -> int:
    """Cut the power at a random line, start again, and compare. Gives how many answers had left by then."""
    line = random.randrange(run.events[0].line, run.events[-1].line + 1)
    after = place / "after"
    shutil.rmtree(after, ignore_errors=True)
    trace.after_a_cut(run.events, line, run.ledger / "0", after, random)
    left = {one.lookup_id for one in run.events if isinstance(one, trace.Sent) and one.line <= line}
    found = await reopened(after, "gateway.test/ledger/0", place / "keys" / "signing-key.pem")
    assert missing([one for one in run.received if one.lookup_id in left], found) == []
    assert unanswered(found) == set()
    return len(left)


@TRACED
async def test_f01_a_power_cut_loses_no_record_of_an_answer_that_had_left(place: Path) -> None:
    """Whatever part of the unflushed writes reaches the disk, each answer that had left has its record."""
    run = await trace_of(place, 60)

    assert sum([await power_cut(run, place, Random(number)) for number in range(10)]) > 0


@TRACED
@pytest.mark.faults
async def test_f01_ledger_power_campaign(place: Path) -> None:
    """Two hundred power cuts under load; zero answers without their record."""
    campaign = Campaign("ledger_power", 200)
    run = await trace_of(place, 600)
    for number in campaign:
        campaign.note(left=await power_cut(run, place, Random(number)))
    assert len(campaign.done) == campaign.rounds, "out of time: run it again, it goes on"
    assert campaign.total("left") > 0


@contextmanager
def small_disk(folder: Path, size_kib: int) -> Iterator[None]:
    """A file system of that size at the folder."""
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size_kib}k", "tmpfs", str(folder)], check=False, capture_output=True
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.decode().strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=False)


async def status_of(process: GatewayProcess, path: str) -> int:
    async with aiohttp.ClientSession() as session, session.get(process.url + path) as reply:
        return reply.status


async def until(process: GatewayProcess, status: int) -> None:
    """Wait until readiness says so."""
    async with asyncio.timeout(20):
        while await status_of(process, "/readyz") != status:  # noqa: ASYNC110  another process changes it
            await asyncio.sleep(0.05)


@MOUNTS
async def test_f03_a_full_disk_gives_no_answer_and_heals_by_itself(place: Path) -> None:
    """No space left: 503 `ledger_unavailable`, no data, readiness red; when there is space again, all is well."""
    with small_disk(place / "ledger", 768):
        process = gateway(place)
        with process.running():
            ballast = place / "ledger" / "ballast"
            client = Client(process.url, connections=4)
            await client.ask_times(20)
            with suppress(OSError):
                ballast.write_bytes(b"x" * 768 * 1024)
            await until_full(process)
            during = Client(process.url, connections=4)
            await during.ask_times(20)
            ready_during = await status_of(process, "/readyz")
            ballast.unlink()
            await until(process, 200)
            after = Client(process.url, connections=4)
            await after.ask_times(20)
            process.stop()
            found = records(place / "ledger" / "0")

    assert (len(client.received), len(after.received)) == (20, 20)
    assert during.received == []
    assert {problem["reason"] for problem in during.problems} == {"ledger_unavailable"}
    assert ready_during == 503
    assert missing(client.received + after.received, found) == []


async def until_full(process: GatewayProcess) -> None:
    """Ask until the log has met the end of the disk."""
    async with asyncio.timeout(20):
        while await status_of(process, "/readyz") == 200:
            await Client(process.url, connections=1).ask_times(1)
