"""What a log does when the disk is full, fails, hangs or loses power: faults F01, F03, F06, F07 and their like."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.errors import LedgerDamaged, LedgerUnavailable, SetupError
from gateway.ledger.disk import SystemDisk
from gateway.ledger.frames import frames, read_header
from gateway.ledger.log import Appended, Log
from gateway.ledger.reading import LogReader
from gateway.ledger.recovery import find
from gateway.ledger.segments import read_manifest
from gateway.ledger.verify import verify
from gateway.telemetry import Metrics
from tests.ledgers import (
    ORIGIN,
    QUICK,
    SIGNER,
    FaultyDisk,
    after_power_cut,
    answered,
    asked,
    eventually,
    fill,
    metric,
    open_log,
    opened,
    refused,
    segment,
)

SMALL = replace(QUICK, segment_bytes=8192)
KEYS = [SIGNER.public_key]


def on_segments(*kinds: str) -> object:
    return lambda kind, path: kind in kinds and (path.suffix == ".log" or path.name == ".probe")


def whole(folder: Path) -> int:
    """How many records a log holds that verifies."""
    report = verify(folder, KEYS)
    assert report.finding is None, report.finding
    return report.records


# --- F03: the disk is full -----------------------------------------------------------------------


async def test_f03_a_full_disk_fails_what_is_waiting_and_recovers_by_itself(tmp_path: Path) -> None:
    """Every waiting record fails, nothing is taken meanwhile; when there is room, the log goes on without a gap."""
    disk, metrics = FaultyDisk(), Metrics()
    async with opened(tmp_path, disk=disk, metrics=metrics) as log:
        await fill(log, 10)
        disk.fails = on_segments("write")  # type: ignore[assignment]
        taken = [log.append(asked(str(number))) for number in range(20)]
        for one in taken:
            with pytest.raises(LedgerUnavailable, match="No space left"):
                await one.durable(5)
        assert (log.state, log.size) == ("failing", 10)
        with pytest.raises(LedgerUnavailable, match="failing"):
            log.append(asked("meanwhile"))
        assert metric(metrics, "gateway_ledger_state", state="failing") == 1
        assert metric(metrics, "gateway_ledger_failures_total", what="write") == 1

        disk.fails = lambda kind, path: False
        await eventually(lambda: log.state == "open")
        assert log.append(refused("after")).index == 10
        await fill(log, 9, start=11)
    assert whole(tmp_path) == 20


async def test_it_does_not_recover_before_there_is_room(tmp_path: Path) -> None:
    """As long as a small file cannot be written and flushed beside the segments, the log stays shut."""
    disk = FaultyDisk()
    async with opened(tmp_path, disk=disk) as log:
        disk.fails = on_segments("write")  # type: ignore[assignment]
        with pytest.raises(LedgerUnavailable):
            await log.append(asked("a")).durable(5)
        tried: list[str] = []

        def still_full(kind: str, path: Path) -> bool:
            if path.name == ".probe":
                tried.append(kind)
            return path.name == ".probe" and kind == "write"

        disk.fails = still_full
        await eventually(lambda: len(tried) > 6)
        assert log.state == "failing"


async def test_a_full_disk_at_the_beginning_of_a_segment_is_the_same(tmp_path: Path) -> None:
    """Where the next segment cannot be made the log fails and recovers; the segment is then begun under its name."""
    disk = FaultyDisk()
    async with opened(tmp_path, disk=disk, limits=replace(QUICK, segment_bytes=4096)) as log:
        await fill(log, 20)
        disk.fails = on_segments("create")  # type: ignore[assignment]
        with pytest.raises(LedgerUnavailable):
            await log.append(asked("a")).durable(5)
        assert log.state == "failing"
        disk.fails = lambda kind, path: False
        await eventually(lambda: log.state == "open")
        await fill(log, 20, start=20)
    assert whole(tmp_path) == 40


@pytest.mark.parametrize("seed", range(20))
async def test_a_disk_that_is_full_at_any_write_loses_nothing_that_was_durable(tmp_path: Path, seed: int) -> None:
    """Whichever write fails, after however many bytes: what was durable stays, what failed can be taken again."""
    await full_at_random(tmp_path, random.Random(seed))


async def full_at_random(folder: Path, chance: random.Random) -> None:
    disk = FaultyDisk(chance=chance)
    countdown = chance.randint(1, 30)

    def full(kind: str, path: Path) -> bool:
        nonlocal countdown
        if path.suffix == ".log" and kind in {"write", "create"}:
            countdown -= 1
        return countdown in {0, -1} and path.suffix == ".log" and kind in {"write", "create"}

    kept: list[str] = []
    async with opened(folder, disk=disk, limits=SMALL) as log:
        disk.fails = full
        for number in range(60):
            batch = []
            for part in range(chance.randint(1, 5)):
                while True:
                    try:
                        batch.append(log.append(refused(f"{number}.{part}")))
                        break
                    except LedgerUnavailable:
                        await eventually(lambda: log.state == "open")
            for one in batch:
                try:
                    await one.durable(5)
                    kept.append(one.record["lookup_id"])
                except LedgerUnavailable:
                    pass
    assert [json.loads(entry.record or b"")["lookup_id"] for entry in LogReader(folder).entries()] == kept
    assert whole(folder) == len(kept)


@pytest.mark.parametrize(("what", "files"), [("tiles", "tiles/"), ("manifest", ".json"), ("checkpoint", "/checkpoint")])
async def test_what_no_answer_waits_for_may_fail_and_is_tried_again(tmp_path: Path, what: str, files: str) -> None:
    """Records go on while tiles, manifests or checkpoints cannot be written; it is counted, and made good later."""
    disk, metrics = FaultyDisk(), Metrics()
    limits = replace(QUICK, segment_bytes=4096, checkpoint_s=0.002)
    async with opened(tmp_path / "0", disk=disk, metrics=metrics, limits=limits) as log:
        disk.fails = lambda kind, path: files in str(path)
        await fill(log, 100)
        await eventually(lambda: metric(metrics, "gateway_ledger_failures_total", what=what) > 1)
        assert (log.state, log.size) == ("open", 100)
        disk.fails = lambda kind, path: False
    assert whole(tmp_path / "0") == 100
    sealed = sorted((tmp_path / "0" / "segments").glob("*.log"))[:-1]
    assert sealed
    assert all(read_manifest(path) for path in sealed)
    async with opened(tmp_path / "0") as log:
        assert log.size == 100


# --- an I/O error --------------------------------------------------------------------------------


@pytest.mark.parametrize("kinds", [("flush",), ("write", "cut")], ids=["flush", "cut"])
async def test_a_failed_flush_is_the_end(tmp_path: Path, kinds: tuple[str, ...]) -> None:
    """After a failed flush, or a failed write that cannot be taken back, nothing is ever taken again."""
    error = OSError(errno.EIO, "Input/output error")
    disk, metrics = FaultyDisk(error=error), Metrics()
    async with opened(tmp_path, disk=disk, metrics=metrics) as log:
        await fill(log, 10)
        disk.fails = on_segments(*kinds)  # type: ignore[assignment]
        taken = [log.append(asked(str(number))) for number in range(5)]
        for one in taken:
            with pytest.raises(LedgerUnavailable, match="Input/output error"):
                await one.durable(5)
        disk.fails = lambda kind, path: False
        assert (log.state, log.size) == ("dead", 10)
        with pytest.raises(LedgerUnavailable, match="dead"):
            log.append(asked("b"))
        assert metric(metrics, "gateway_ledger_failures_total", what="flush") == 1
        assert metric(metrics, "gateway_ledger_state", state="dead") == 1


@pytest.mark.parametrize("kind", ["flush", "flush_folder"])
async def test_a_failed_flush_of_a_new_segment_is_the_end_too(tmp_path: Path, kind: str) -> None:
    """A segment that may not be on the disk is never used."""
    disk = FaultyDisk()
    async with opened(tmp_path, disk=disk, limits=replace(QUICK, segment_bytes=4096)) as log:
        await fill(log, 20)
        disk.fails = lambda what, path: what == kind and (path.name == "segments" or path.stem == f"{20:020d}")
        with pytest.raises(LedgerUnavailable):
            await log.append(asked("a")).durable(5)
        assert log.state == "dead"


async def test_a_disk_that_fails_at_the_start_is_a_setup_error(tmp_path: Path) -> None:
    """A log that cannot be written at the start does not open, and its lease is free again."""
    for kind in ("create", "write", "flush", "flush_folder"):
        disk = FaultyDisk(fails=lambda what, path, kind=kind: what == kind)  # type: ignore[misc]
        with pytest.raises(SetupError, match="No space left"):
            open_log(tmp_path, disk=disk)
    async with opened(tmp_path):
        pass


# --- F06: the disk hangs -------------------------------------------------------------------------


async def test_f06_a_disk_that_hangs_is_waited_for_no_longer_than_said(tmp_path: Path) -> None:
    """Whoever waits gives up at his own deadline; the record may still become durable later, and then is there."""
    disk = FaultyDisk()
    async with opened(tmp_path, disk=disk) as log:
        disk.goes_on.clear()
        one, two = log.append(refused("a")), log.append(refused("b"))
        for given_up in (one, two):
            with pytest.raises(LedgerUnavailable, match="in time"):
                await given_up.durable(0.005)
        assert (log.state, log.size) == ("open", 0)

        disk.goes_on.set()
        await one.durable(5)
        assert log.size == 2


@pytest.mark.parametrize("limit", [{"waiting_records": 50}, {"waiting_bytes": 50 * 250}], ids=["records", "bytes"])
async def test_the_queue_is_bounded(tmp_path: Path, limit: dict[str, int]) -> None:
    """While the disk hangs only so many records are taken; more are refused at once, and taken again afterwards."""
    disk, metrics = FaultyDisk(), Metrics()
    async with opened(tmp_path, disk=disk, metrics=metrics, limits=replace(QUICK, **limit)) as log:
        disk.goes_on.clear()
        taken: list[Appended] = []

        async def overfill() -> None:
            while len(taken) < 1000:
                taken.append(log.append(refused(str(len(taken)))))
                await asyncio.sleep(0)

        with pytest.raises(LedgerUnavailable, match="too much"):
            await overfill()
        assert 40 <= len(taken) <= 60
        assert metric(metrics, "gateway_ledger_failures_total", what="full") == 1

        disk.goes_on.set()
        await taken[-1].durable(5)
        await log.append(refused("after")).durable(5)
    assert whole(tmp_path) == len(taken) + 1


async def test_closing_does_not_wait_for_a_disk_that_hangs(tmp_path: Path) -> None:
    """A close gives up after its time; the lease stays taken until the disk has let the writer go."""
    disk = FaultyDisk()
    log = open_log(tmp_path, disk=disk)
    disk.goes_on.clear()
    waiting = asyncio.ensure_future(log.append(refused("a")).durable(60))
    await log.close(0.01)
    with pytest.raises(LedgerUnavailable, match="closed"):
        await waiting
    with pytest.raises(SetupError, match="another process"):
        open_log(tmp_path)

    disk.goes_on.set()
    await log._upkeep.closed()
    async with opened(tmp_path) as again:
        assert again.size == 1


# --- torn ends -----------------------------------------------------------------------------------


async def torn_log(folder: Path, commits: list[int]) -> list[int]:
    """A log of commits of so many records, without a checkpoint over them; where each commit begins, and the end."""
    disk = FaultyDisk()
    log = open_log(folder, disk=disk)
    for count in commits:
        await [log.append(refused(f"{count}.{number}")) for number in range(count)][-1].durable(5)
    kept = (folder / "checkpoint").read_bytes(), (folder / "checkpoints").read_bytes()
    starts = [op.offset for op in disk.ops if op.kind == "write" and op.path.suffix == ".log"][-len(commits) :]
    await log.close()
    (folder / "checkpoint").write_bytes(kept[0])
    (folder / "checkpoints").write_bytes(kept[1])
    return [*starts, segment(folder).stat().st_size]


async def test_a_log_cut_at_any_byte_of_its_last_commit_opens(tmp_path: Path) -> None:
    """Whatever is left of the last commit, the whole records of it stay and the rest is cut off."""
    _, start, end = await torn_log(tmp_path, [4, 2])
    content = segment(tmp_path).read_bytes()
    ends = [frame.end for frame in frames(content, read_header(content)[1])]

    for cut in range(start, end + 1):
        segment(tmp_path).write_bytes(content[:cut])
        found = find(tmp_path, ORIGIN, SystemDisk())
        assert found.tiles.size == sum(at <= cut for at in ends)
        assert found.end + found.torn == cut
    for cut in range(end - 1, start, -97):
        segment(tmp_path).write_bytes(content[:cut])
        async with opened(tmp_path) as log:
            assert log.size == sum(at <= cut for at in ends)
        assert whole(tmp_path) == log.size
        (tmp_path / "checkpoint").unlink()
        (tmp_path / "checkpoints").unlink()


async def test_any_byte_of_the_last_commit_may_be_lost(tmp_path: Path) -> None:
    """With any one byte of the last commit wrong the log opens with the records before it: a crash may have done it."""
    _, start, end = await torn_log(tmp_path, [4, 2])
    content = segment(tmp_path).read_bytes()
    ends = [frame.end for frame in frames(content, read_header(content)[1])]

    for at in range(start, end, 3):
        segment(tmp_path).write_bytes(content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :])
        assert find(tmp_path, ORIGIN, SystemDisk()).tiles.size == sum(one <= at for one in ends)


@pytest.mark.parametrize("at", ["header", "length", "kind", "batch", "leaf", "check", "data"])
async def test_damage_before_the_last_commit_refuses_to_start(tmp_path: Path, at: str) -> None:
    """What a later commit follows had been on the disk: a byte wrong there is no crash's work, and nothing is cut."""
    starts = await torn_log(tmp_path, [4, 3])
    path = segment(tmp_path)
    offset = {"header": 3, "length": starts[0] + 3, "kind": starts[0] + 4, "batch": starts[0] + 8}.get(at)
    offset = offset or {"leaf": starts[0] + 9, "check": starts[0] + 41, "data": starts[0] + 60}[at]
    content = path.read_bytes()
    path.write_bytes(content[:offset] + bytes([content[offset] ^ 1]) + content[offset + 1 :])

    with pytest.raises(LedgerDamaged, match=path.name) as caught:
        open_log(tmp_path)
    assert "record 0" in str(caught.value)
    assert at == "header" or f"offset {starts[0]}:" in str(caught.value)
    assert len(path.read_bytes()) == len(content)


async def test_a_torn_end_below_the_latest_checkpoint_refuses_to_start(tmp_path: Path) -> None:
    """What was signed had been on the disk: where it is missing the log does not start, and says which record."""
    async with opened(tmp_path) as log:
        await fill(log, 25)
    path = segment(tmp_path)
    path.write_bytes(path.read_bytes()[:-1])

    with pytest.raises(LedgerDamaged, match="record 24 is the first"):
        open_log(tmp_path)
    assert verify(tmp_path, KEYS).finding is not None


async def test_a_segment_torn_before_its_first_use_is_begun_anew(tmp_path: Path) -> None:
    """A new segment without a whole header holds nothing: it is made again under its name."""
    async with opened(tmp_path, limits=replace(QUICK, segment_bytes=2000)) as log:
        await fill(log, 10)
    for content in (b"", b'{"format":1,"ori', bytes(100)):
        (tmp_path / "segments" / f"{10:020d}.log").write_bytes(content)
        async with opened(tmp_path) as log:
            assert log.size == 10
    async with opened(tmp_path) as log:
        await fill(log, 10, start=10)
    assert whole(tmp_path) == 20


async def test_the_last_commit_is_written_again_at_a_start(tmp_path: Path) -> None:
    """After a failed flush the system may hold a commit for written that never was: so a start writes it once more."""
    disk = FaultyDisk()
    async with opened(tmp_path, disk=disk) as log:
        await fill(log, 10)
        disk.fails = on_segments("flush")  # type: ignore[assignment]
        with pytest.raises(LedgerUnavailable):
            await log.append(refused("lost?")).durable(5)

    disk = FaultyDisk()
    async with opened(tmp_path, disk=disk) as log:
        assert log.size == 11
    again = [op for op in disk.ops if op.path.suffix == ".log"]
    assert [op.kind for op in again] == ["cut", "write", "flush"]
    assert b"lost?" in again[1].data
    assert whole(tmp_path) == 11


@pytest.mark.parametrize("number", [0, 1])
async def test_a_segment_that_is_missing_refuses_to_start(tmp_path: Path, number: int) -> None:
    """A log with a hole is not opened."""
    async with opened(tmp_path, limits=replace(QUICK, segment_bytes=2000)) as log:
        await fill(log, 30)
    for manifest in (tmp_path / "segments").glob("*.json"):
        manifest.unlink()
    segment(tmp_path, number).unlink()

    with pytest.raises(LedgerDamaged, match="begins with record"):
        open_log(tmp_path)


# --- F01: the power goes -------------------------------------------------------------------------


async def trace(folder: Path, questions: int, chance: random.Random) -> tuple[FaultyDisk, list[tuple[int, str, int]]]:
    """
    A log under load, with the diary of its disk, and for each record that somebody was told is durable: how many
    operations there had been by then, which record, at which index.
    """
    disk, told = FaultyDisk(), []
    log = open_log(folder, disk=disk, limits=SMALL)

    async def ask(number: int) -> None:
        for turn in range(4):
            lookup_id = f"{number}.{turn}"
            question = log.append(asked(lookup_id, filler="x" * chance.randint(0, 300)))
            await question.durable(60)
            told.append((len(disk.ops), f"asked {lookup_id}", question.index))
            await asyncio.sleep(chance.choice([0, 0, 0.001]))
            answer = log.append(answered(lookup_id, question.index))
            await answer.durable(60)
            told.append((len(disk.ops), f"answered {lookup_id}", answer.index))
            if chance.random() < 0.05:
                await log.sign_checkpoint()

    await asyncio.gather(*(ask(number) for number in range(questions)))
    await log.close()
    return disk, told


async def cut_power(disk: FaultyDisk, told: list[tuple[int, str, int]], folder: Path, into: Path, seed: int) -> None:
    chance = random.Random(seed)
    at = chance.randint(1, len(disk.ops))
    after_power_cut(disk.ops[:at], folder, into, chance)
    async with opened(into, limits=SMALL) as log:
        size = log.size
    got = [json.loads(entry.record or b"") for entry in LogReader(into).entries()]
    assert len(got) == size
    for ops, what, index in told:
        if ops <= at:
            assert f"{got[index]['type']} {got[index]['lookup_id']}" == what, (seed, index)
    open_questions = {one["lookup_id"] for one in got if one["type"] == "asked"}
    assert open_questions == {one["lookup_id"] for one in got if one["type"] == "answered"}
    assert whole(into) == size


async def test_a_power_cut_loses_nothing_that_somebody_was_told(tmp_path: Path) -> None:
    """F01, short: 12 cuts. Every record that was told durable is there, what was open is closed, the log verifies."""
    disk, told = await trace(tmp_path / "log", 20, random.Random(1))
    for seed in range(12):
        await cut_power(disk, told, tmp_path / "log", tmp_path / f"cut{seed}", seed)


@pytest.mark.faults
@pytest.mark.parametrize("questions", [20, 60, 200])
async def test_power_cuts(tmp_path: Path, questions: int) -> None:
    """F01: 200 cuts at each of three loads, with 20 to 200 questions in flight."""
    disk, told = await trace(tmp_path / "log", questions, random.Random(questions))
    for seed in range(200):
        await cut_power(disk, told, tmp_path / "log", tmp_path / "cut", seed)
        shutil.rmtree(tmp_path / "cut")


# --- F07: the process is killed ------------------------------------------------------------------

_WRITER = """
import asyncio, sys
from pathlib import Path
from gateway.telemetry import configure_logs
from tests.ledgers import answered, asked, open_log
configure_logs("error")
async def main():
    log = open_log(Path(sys.argv[1]))
    async def ask(number):
        turn = 0
        while True:
            turn += 1
            name = f"{number}.{turn}"
            question = log.append(asked(name)); await question.durable(60)
            print(f"asked {name} {question.index}", flush=True)
            answer = log.append(answered(name, question.index)); await answer.durable(60)
            print(f"answered {name} {answer.index}", flush=True)
    await asyncio.gather(*(ask(number) for number in range(20)))
asyncio.run(main())
"""


async def kill_at(folder: Path, lines: int) -> None:
    command = [sys.executable, "-c", _WRITER, str(folder)]
    writer = await asyncio.create_subprocess_exec(*command, stdout=subprocess.PIPE)
    assert writer.stdout
    told = [await writer.stdout.readline() for _ in range(lines)]
    os.kill(writer.pid, signal.SIGKILL)
    told += (await writer.stdout.read()).splitlines(keepends=True)
    await writer.wait()
    async with opened(folder) as log:
        size = log.size
    got = [json.loads(entry.record or b"") for entry in LogReader(folder).entries()]
    for line in told:
        if line.endswith(b"\n"):
            kind, name, index = line.decode().split()
            assert (got[int(index)]["type"], got[int(index)]["lookup_id"]) == (kind, name)
    ends = [one["asked"] for one in got if one["type"] == "answered"]
    assert sorted(ends) == sorted(one["index"] for one in got if one["type"] == "asked")
    assert whole(folder) == size


async def test_a_killed_process_leaves_no_question_without_an_end(tmp_path: Path) -> None:
    """F07, short: after two kills of one log, all that was told durable is there and each question has one end."""
    for lines in (30, 75):
        await kill_at(tmp_path, lines)


@pytest.mark.faults
async def test_kills(tmp_path: Path) -> None:
    """F07: 100 kills at random moments, ten in a row on each log."""
    chance = random.Random(7)
    for number in range(100):
        await kill_at(tmp_path / str(number // 10), chance.randint(1, 2000))


@pytest.mark.faults
async def test_full_disks(tmp_path: Path) -> None:
    """F03: the disk is full at the Nth write, N random, 300 times."""
    for seed in range(1000, 1300):
        await full_at_random(tmp_path / str(seed), random.Random(seed))
        shutil.rmtree(tmp_path / str(seed))


def test_the_states_are_those_that_are_documented() -> None:
    """docs/ledger.md has a row for each state a log can be in."""
    text = (Path(__file__).parents[1] / "docs" / "ledger.md").read_text(encoding="utf-8")

    assert Log.open
    assert all(f"| `{state}` |" in text for state in ("open", "failing", "dead", "closed"))
