"""A log takes records, makes them durable, proves them, and lets others read along."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.clock import SystemClock
from gateway.errors import LedgerDamaged, LedgerInUse, LedgerUnavailable, SetupError
from gateway.ledger import merkle, notes
from gateway.ledger.abandoned import close_abandoned
from gateway.ledger.lease import Lease, take_slot
from gateway.ledger.log import Limits, Log
from gateway.ledger.notes import Checkpoint, LogKey
from gateway.ledger.reading import LogReader, slots
from gateway.ledger.segments import read_manifest
from gateway.telemetry import Metrics
from tests.ledgers import (
    ORIGIN,
    QUICK,
    SIGNER,
    FaultyDisk,
    TurnedClock,
    answered,
    asked,
    eventually,
    fill,
    metric,
    open_log,
    opened,
    segment,
)

SMALL = replace(QUICK, segment_bytes=4096)


def records(folder: Path, **more: Any) -> list[dict[str, Any]]:
    return [json.loads(entry.record or b"null") for entry in LogReader(folder).entries(**more)]


# --- taking records ------------------------------------------------------------------------------


async def test_a_record_is_read_back_as_it_was_taken(tmp_path: Path) -> None:
    """Records come back in order, with their index and time, after the log was closed."""
    async with opened(tmp_path) as log:
        first = log.append(asked("a"))
        second = log.append(answered("a", first.index))
        await second.durable(5)

    got = records(tmp_path)
    assert [(one["index"], one["type"]) for one in got] == [(0, "asked"), (1, "answered")]
    assert got[0].items() >= asked("a").items()
    assert got[0]["at"].endswith("Z")
    assert "clock_suspect" not in got[0]


async def test_a_record_counts_only_once_it_is_flushed(tmp_path: Path) -> None:
    """While the disk holds the flush back nothing is durable: neither the wait ends nor does the size grow."""
    disk = FaultyDisk()
    async with opened(tmp_path, disk=disk) as log:
        disk.goes_on.clear()
        waiting = asyncio.ensure_future(log.append(asked("a")).durable(60))
        await eventually(disk.hanging.is_set)
        assert (log.size, waiting.done()) == (0, False)

        disk.goes_on.set()
        await waiting
        assert log.size == 1


async def test_what_comes_during_a_commit_is_one_commit(tmp_path: Path) -> None:
    """A hundred records that come while one commit is in flight are written and flushed at once, in order."""
    disk = FaultyDisk()
    async with opened(tmp_path, disk=disk) as log:
        disk.goes_on.clear()
        log.append(asked("first"))
        await eventually(disk.hanging.is_set)
        before = len(disk.ops)
        taken = [log.append(asked(str(number))) for number in range(100)]
        disk.goes_on.set()
        await taken[-1].durable(5)

        kinds = [op.kind for op in disk.ops[before:] if op.path.suffix == ".log"]
        assert kinds == ["flush", "write", "flush"]
        assert [one.index for one in taken] == list(range(1, 101))


async def test_followers_are_told_how_far_the_log_is(tmp_path: Path) -> None:
    """Whoever follows the log hears of each commit, with the number of durable records."""
    heard: list[int] = []
    async with opened(tmp_path) as log:
        log.on_durable.append(heard.append)
        await fill(log, 30)

    assert heard == [10, 20, 30]


async def test_a_closed_log_takes_nothing(tmp_path: Path) -> None:
    """What is waiting when a log is closed is written; after that nothing is taken."""
    log = open_log(tmp_path)
    waiting = [log.append(asked(str(number))) for number in range(50)]
    await log.close()

    assert log.state == "closed"
    await waiting[-1].durable(0)
    assert len(records(tmp_path)) == 50
    with pytest.raises(LedgerUnavailable, match="closed"):
        log.append(asked("late"))


async def test_records_are_counted_by_type(tmp_path: Path) -> None:
    """The metrics say how many records of each type became durable, how large the logs are and in which state."""
    metrics = Metrics()
    async with opened(tmp_path, metrics=metrics) as log:
        await fill(log, 3, make=asked)
        await log.append({"type": "refused", "lookup_id": "r"}).durable(5)

        assert metric(metrics, "gateway_ledger_records_total", type="asked") == 3
        assert metric(metrics, "gateway_ledger_records_total", type="refused") == 1
        assert metric(metrics, "gateway_ledger_size") == 4
        assert metric(metrics, "gateway_ledger_state", state="open") == 1
        assert metric(metrics, "gateway_ledger_commit_seconds_count") == 2
        assert metric(metrics, "gateway_ledger_checkpoint_timestamp_seconds", log=ORIGIN) > 0
    assert metric(metrics, "gateway_ledger_state", state="closed") == 1


# --- segments, and opening again -----------------------------------------------------------------


async def test_a_log_goes_on_where_it_ended(tmp_path: Path) -> None:
    """Closed and opened again, also over many segments, a log has the same records and tree, and grows."""
    roots = []
    for start in range(0, 120, 40):
        async with opened(tmp_path, limits=SMALL) as log:
            assert log.size == start
            await fill(log, 40, start=start)
            roots.append(log.root_at(log.size))
    assert [root_of(tmp_path, size) for size in (40, 80, 120)] == roots


async def test_a_full_segment_is_sealed_with_a_manifest(tmp_path: Path) -> None:
    """A segment over the limit is left, and its manifest says what it holds and what the tree is at its end."""
    async with opened(tmp_path, limits=SMALL) as log:
        await fill(log, 100, make=asked)
    paths = sorted((tmp_path / "segments").glob("*.log"))
    manifests = [read_manifest(path) for path in paths]

    assert len(paths) > 3
    assert manifests[-1] is None
    end = 0
    for path, manifest in zip(paths[:-1], manifests, strict=False):
        assert manifest is not None
        assert (manifest.first, manifest.size_bytes) == (end, path.stat().st_size)
        end = manifest.end
        frontier = merkle.Frontier(end, manifest.peaks)
        assert frontier.root() == root_of(tmp_path, end)
        assert len(manifest.unanswered) == end
    assert paths[-1].stem == f"{end:020d}"


def root_of(folder: Path, size: int) -> bytes:
    frontier = merkle.Frontier()
    frontier.extend(entry.leaf for entry in LogReader(folder).entries(stop=size))
    return frontier.root()


async def test_an_old_segment_is_sealed_even_when_nothing_comes(tmp_path: Path) -> None:
    """Sealed segments are what is shipped: so one that is old enough is sealed at the next tick."""
    limits = Limits(segment_age_s=0.01, checkpoint_s=0.005)
    async with opened(tmp_path, limits=limits) as log:
        await fill(log, 10)
        await eventually((tmp_path / "segments" / f"{0:020d}.json").exists)

        assert segment(tmp_path).stem == f"{10:020d}"
        assert log.size == 10


@pytest.mark.parametrize("lost", ["tiles", "manifests", "one manifest", "bent tiles"])
async def test_what_is_derived_can_be_lost(tmp_path: Path, lost: str) -> None:
    """Without its tiles or manifests a log opens as before: they are made again from the segments."""
    async with opened(tmp_path, limits=SMALL) as log:
        await fill(log, 300)
        root = log.root_at(300)
    manifests = sorted((tmp_path / "segments").glob("*.json"))
    sealed = [sealed_as(path) for path in manifests]
    match lost:
        case "tiles":
            for path in (tmp_path / "tiles").iterdir():
                path.unlink()
        case "manifests":
            for path in manifests:
                path.unlink()
        case "one manifest":
            manifests[-1].unlink()
        case "bent tiles":
            (tmp_path / "tiles" / "0").write_bytes(bytes(32 * 300))

    async with opened(tmp_path, limits=SMALL) as log:
        assert log.root_at(300) == root
        leaf = next(LogReader(tmp_path).entries(77)).leaf
        assert merkle.verify_inclusion(leaf, 77, 300, log.inclusion_proof(77, 300), root)
    assert [sealed_as(path) for path in manifests] == sealed


def sealed_as(path: Path) -> Any:
    """What a manifest says, but for the latest time that the log had seen."""
    manifest = read_manifest(path)
    return manifest and replace(manifest, newest="")


# --- proofs and checkpoints ----------------------------------------------------------------------


async def test_a_log_proves_what_it_holds(tmp_path: Path) -> None:
    """Any record is proven in any tree that holds it, any smaller tree in any larger one, with tiles stored or not."""
    async with opened(tmp_path, limits=SMALL) as log:
        await fill(log, 600)
        log._upkeep.store_tiles()
        await fill(log, 50, start=600)
        leaves = [entry.leaf for entry in LogReader(tmp_path).entries(flushed_only=False)]
        for size in (1, 255, 256, 257, 600, 650):
            root = log.root_at(size)
            for index in {0, size // 2, size - 1}:
                assert log.leaf(index) == leaves[index]
                assert merkle.verify_inclusion(leaves[index], index, size, log.inclusion_proof(index, size), root)
            proof = log.consistency_proof(size, 650)
            assert merkle.verify_consistency(size, 650, proof, root, log.root_at(650))
        for ask in (
            lambda: log.root_at(651),
            lambda: log.inclusion_proof(0, 651),
            lambda: log.consistency_proof(1, 651),
        ):
            with pytest.raises(ValueError, match="holds 650 records"):
                ask()


async def test_a_checkpoint_is_signed_at_the_start_the_end_and_between(tmp_path: Path) -> None:
    """Each is a note by the log's key over size and root; all that say something new are kept."""
    key = LogKey(ORIGIN, SIGNER.public_key)
    async with opened(tmp_path) as log:
        assert notes.opened(log.checkpoint, [key]).size == 0
        await fill(log, 10)
        assert await log.sign_checkpoint()
        assert await log.sign_checkpoint()
        assert notes.opened(log.checkpoint, [key]).root == log.root_at(10)
        await fill(log, 5, start=10)

    assert (tmp_path / "checkpoint").read_text() == log.checkpoint
    kept = [notes.opened(note, [key]) for note in notes.notes_in((tmp_path / "checkpoints").read_text())]
    assert [one.size for one in kept] == [0, 10, 15]
    assert kept[-1].root == root_of(tmp_path, 15)


async def test_checkpoints_are_signed_even_when_nothing_comes(tmp_path: Path) -> None:
    """An idle log says again and again how long it is, each time with a later time."""
    async with opened(tmp_path, limits=Limits(checkpoint_s=0.005)) as log:
        first = log.checkpoint
        await eventually(lambda: log.checkpoint != first)
        second = log.checkpoint

    one, two = (notes.checkpoint_from(notes.split(note)[0]) for note in (first, second))
    assert one.at is not None
    assert two.at is not None
    assert (one.size, one.root) == (two.size, two.root)
    assert one.at < two.at


async def test_an_unfinished_checkpoint_at_the_end_of_the_file_is_written_over(tmp_path: Path) -> None:
    """A crash in the middle of a note costs that note only."""
    async with opened(tmp_path) as log:
        await fill(log, 10)
    with (tmp_path / "checkpoints").open("ab") as file:
        file.write(b"gateway.test/ledger/0\n11\nAAAA")

    async with opened(tmp_path) as log:
        await fill(log, 10, start=10)

    kept = list(notes.notes_in((tmp_path / "checkpoints").read_text()))
    assert [notes.checkpoint_from(notes.split(note)[0]).size for note in kept] == [0, 10, 10, 20]


async def test_a_key_device_that_fails_costs_checkpoints_only(tmp_path: Path) -> None:
    """Where the signer raises, records become durable all the same, it is counted, and the next checkpoint is tried."""

    class Failing:
        alg, kid, public_key = SIGNER.alg, SIGNER.kid, SIGNER.public_key
        works = True

        def sign(self, message: bytes) -> bytes:
            if not self.works:
                raise OSError("the device is gone")
            return SIGNER.sign(message)

    signer, metrics = Failing(), Metrics()
    async with opened(tmp_path, signer=signer, metrics=metrics) as log:
        signer.works = False
        assert not await log.sign_checkpoint()
        await fill(log, 10)
        assert metric(metrics, "gateway_ledger_failures_total", what="checkpoint") == 1
        signer.works = True
        assert await log.sign_checkpoint()


# --- one writer, and older logs ------------------------------------------------------------------


async def test_two_never_write_one_log(tmp_path: Path) -> None:
    """A log that is open is in use for everybody else, and free when it is closed."""
    async with opened(tmp_path):
        with pytest.raises(LedgerInUse, match="another process"):
            open_log(tmp_path)
    async with opened(tmp_path):
        pass


def test_the_lease_of_a_process_that_is_killed_is_free(tmp_path: Path) -> None:
    """A process that was killed holds nothing: the kernel has taken the lease back."""
    program = (
        "import sys; from gateway.ledger.lease import Lease; from pathlib import Path;"
        "lease = Lease(Path(sys.argv[1]), 'o'); print(1, flush=True); input()"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdin=-1, stdout=-1) as it:
        assert it.stdout
        it.stdout.readline()
        with pytest.raises(LedgerInUse):
            Lease(tmp_path, ORIGIN)
        it.kill()
    Lease(tmp_path, ORIGIN).release()


def test_a_process_takes_the_first_free_slot(tmp_path: Path) -> None:
    """Slots are numbered from 0, and one that was given back is taken again before a new one."""
    first, second = take_slot(tmp_path, "gateway.test/ledger"), take_slot(tmp_path, "gateway.test/ledger")
    assert [one.folder.name for one in (first, second)] == ["0", "1"]
    assert second.origin == "gateway.test/ledger/1"

    first.release()
    assert take_slot(tmp_path, "gateway.test/ledger").folder.name == "0"


async def test_a_lease_that_was_taken_before_is_used(tmp_path: Path) -> None:
    """A slot's lease is handed to the log that is opened on it, and free when that is closed."""
    lease = take_slot(tmp_path, "gateway.test/ledger")
    async with opened(lease.folder, lease=lease) as log:
        assert log.origin == "gateway.test/ledger/0"
        await fill(log, 1)
    take_slot(tmp_path, "x").release()

    assert list(slots(tmp_path)) == ["0"]
    assert slots(tmp_path)["0"].origin == "gateway.test/ledger/0"


async def test_a_log_of_another_name_is_refused(tmp_path: Path) -> None:
    """Whoever puts another log's folder in the place of this one is told so."""
    async with opened(tmp_path) as log:
        await fill(log, 3)

    with pytest.raises(LedgerDamaged, match=r"belongs to log gateway\.test/ledger/0"):
        open_log(tmp_path, origin="gateway.test/ledger/1")


async def test_a_folder_that_cannot_be_used_is_a_setup_error(tmp_path: Path) -> None:
    """A file in the place of the folder is named in one sentence."""
    (tmp_path / "log").write_text("")

    with pytest.raises(SetupError, match="log"):
        open_log(tmp_path / "log")


@pytest.mark.parametrize("what", ["older", "other"])
async def test_a_log_older_than_its_witness_saw_is_refused(tmp_path: Path, what: str) -> None:
    """Where somebody has seen more records, or others, the log does not start, and names the first one missing."""
    async with opened(tmp_path) as log:
        await fill(log, 10)
        seen = Checkpoint(ORIGIN, 10, log.root_at(10))
    wrong = replace(seen, size=12) if what == "older" else replace(seen, size=9)

    with pytest.raises(LedgerDamaged, match="record 10" if what == "older" else "first 9 records"):
        open_log(tmp_path, witnessed=wrong)
    async with opened(tmp_path, witnessed=seen):
        pass


# --- what a crash leaves open --------------------------------------------------------------------


async def test_what_was_asked_and_not_answered_is_closed_at_the_next_start(tmp_path: Path) -> None:
    """Each open question gets an `answered` record of its own: unknown, interrupted. Those that have an end do not."""
    async with opened(tmp_path, limits=SMALL) as log:
        await fill(log, 40, make=asked)
        for number in range(0, 40, 2):
            log.append(answered(str(number), number))
        await log.append({"type": "undelivered", "lookup_id": "1"}).durable(5)

    async with opened(tmp_path, limits=SMALL) as log:
        assert log.size == 80
        got = records(tmp_path, start=61, flushed_only=False)
    assert [one["lookup_id"] for one in got] == [str(number) for number in range(3, 40, 2)]
    assert [one["asked"] for one in got] == list(range(3, 40, 2))
    assert {(one["type"], one["outcome"], one["reason"], one["dataset"]) for one in got} == {
        ("answered", "unknown", "interrupted", "dancu.citizen")
    }
    async with opened(tmp_path, limits=SMALL) as log:
        assert log.size == 80


async def test_bent_hash_rows_keep_no_log_from_opening(tmp_path: Path) -> None:
    """They are derived: where an older checkpoint that a witness saw does not fit them, they are made anew."""
    async with opened(tmp_path, limits=SMALL) as log:
        await fill(log, 100)
        await log.sign_checkpoint()
        seen = notes.checkpoint_from(notes.split(log.checkpoint)[0])
        await fill(log, 500, start=100)
        proof = log.inclusion_proof(1, 600)
    row = tmp_path / "tiles" / "0"
    whole = row.read_bytes()
    row.write_bytes(bytes(32) + whole[32:])

    async with opened(tmp_path, limits=SMALL, witnessed=seen) as log:
        assert log.inclusion_proof(1, 600) == proof
        assert row.read_bytes() == whole
    with pytest.raises(LedgerDamaged):
        open_log(tmp_path, limits=SMALL, witnessed=replace(seen, root=bytes(32)))


async def test_a_log_that_nobody_writes_any_more_is_closed_too(tmp_path: Path) -> None:
    """With fewer processes than before, the logs left over have their questions closed; those in use are left alone."""
    for slot in ("0", "1", "2"):
        async with opened(tmp_path / slot, origin=f"gateway.test/ledger/{slot}") as log:
            await fill(log, 3, make=asked)
    busy = Lease(tmp_path / "2", "gateway.test/ledger/2")

    keys: dict[str, Any] = {"signer": SIGNER, "clock": SystemClock(), "metrics": Metrics(), "witnessed": unwitnessed}
    assert await close_abandoned(tmp_path, "gateway.test/ledger", least=1, **keys) == ["1"]
    busy.release()
    assert [slots(tmp_path)[slot].size for slot in ("0", "1", "2")] == [3, 6, 3]


async def test_an_abandoned_log_at_rest_is_left_as_it_is(tmp_path: Path) -> None:
    """Nothing is open in it and its end is signed: its witnesses are not asked, and a start does not wait for them."""
    async with opened(tmp_path / "1", origin="gateway.test/ledger/1", limits=SMALL) as log:
        await fill(log, 60)

    async def witnessed(_: Path, __: str) -> None:
        raise AssertionError

    keys: dict[str, Any] = {"signer": SIGNER, "clock": SystemClock(), "metrics": Metrics(), "witnessed": witnessed}
    assert await close_abandoned(tmp_path, "gateway.test/ledger", **keys) == []
    Lease(tmp_path / "1", "gateway.test/ledger/1").release()


async def unwitnessed(_: Path, __: str) -> None:
    """Nobody has seen the log."""


async def test_an_abandoned_log_that_is_not_what_was_seen_of_it_is_left_as_it_is(tmp_path: Path) -> None:
    """It keeps nobody from starting, is not signed on, and the logs behind it are closed all the same."""
    for slot in ("1", "2r1", "admin"):
        async with opened(tmp_path / slot, origin=f"gateway.test/ledger/{slot}") as log:
            await fill(log, 3, make=asked)
    before = [(tmp_path / slot / "checkpoint").read_text() for slot in ("1", "admin")]

    async def witnessed(folder: Path, _: str) -> Checkpoint | None:
        return Checkpoint("gateway.test/ledger/1", 9, bytes(32), None) if folder.name == "1" else None

    keys: dict[str, Any] = {"signer": SIGNER, "clock": SystemClock(), "metrics": Metrics(), "witnessed": witnessed}
    assert await close_abandoned(tmp_path, "gateway.test/ledger", least=1, **keys) == ["2r1"]
    assert [slots(tmp_path)[slot].size for slot in ("1", "2r1", "admin")] == [3, 6, 3]
    assert [(tmp_path / slot / "checkpoint").read_text() for slot in ("1", "admin")] == before
    Lease(tmp_path / "1", "gateway.test/ledger/1").release()


# --- reading along -------------------------------------------------------------------------------


async def test_a_reader_sees_only_what_is_surely_flushed(tmp_path: Path) -> None:
    """Another process cannot know whether the last commit is flushed, until a later one or a checkpoint shows it."""
    async with opened(tmp_path) as log:
        reader = LogReader(tmp_path)
        await fill(log, 10)
        assert [entry.index for entry in reader.entries()] == []
        assert len(list(reader.entries(flushed_only=False))) == 10

        await fill(log, 5, start=10)
        assert [entry.index for entry in reader.entries()] == list(range(10))
        await log.sign_checkpoint()
        assert [entry.index for entry in reader.entries(10)] == list(range(10, 15))
        assert reader.size == 15


async def test_a_reader_follows_a_log_over_its_segments(tmp_path: Path) -> None:
    """Whoever reads on from where he stopped gets every record once, also out of the middle of a segment."""
    got: list[int] = []
    async with opened(tmp_path, limits=SMALL) as log:
        reader = LogReader(tmp_path)
        for start in range(0, 200, 20):
            await fill(log, 20, start=start)
            got += [entry.index for entry in reader.entries(len(got))]
        await log.sign_checkpoint()
        got += [entry.index for entry in reader.entries(len(got))]
        assert got == list(range(200))
        assert [entry.index for entry in reader.entries(95, 105)] == list(range(95, 105))


def test_where_no_log_is_nothing_is_read(tmp_path: Path) -> None:
    """A folder without a log has no name, no records and no checkpoint."""
    reader = LogReader(tmp_path)

    assert (reader.origin, reader.size, reader.checkpoint, list(reader.entries())) == ("", 0, None, [])


# --- the clock -----------------------------------------------------------------------------------


@pytest.mark.parametrize("turn", [3600.0, -3600.0, 86400.0, -1.8e9])
async def test_a_clock_that_jumps_is_suspect(tmp_path: Path, turn: float) -> None:
    """After a jump, forward or back, records and checkpoints say that their time is in doubt; their order is not."""
    clock = TurnedClock()
    async with opened(tmp_path, clock=clock) as log:
        await log.append(asked("before")).durable(5)
        clock.turned_s = turn
        await log.append(asked("after")).durable(5)
        await log.sign_checkpoint()
        assert "\nclock_suspect\n" in log.checkpoint

    before, after = records(tmp_path)
    assert ("clock_suspect" in before, after["clock_suspect"]) == (False, True)
    assert (before["index"], after["index"]) == (0, 1)


async def test_a_clock_that_stands_still_is_suspect(tmp_path: Path) -> None:
    """A wall clock that stands still while time passes is noticed within a second or so."""
    clock = TurnedClock()
    async with opened(tmp_path, clock=clock) as log:
        clock.frozen = clock.now()
        clock.passed_s = 2
        await log.append(asked("a")).durable(5)

    assert records(tmp_path)[0]["clock_suspect"] is True


async def test_a_clock_is_believed_again_after_ten_quiet_minutes(tmp_path: Path) -> None:
    """A jump forward casts doubt on ten minutes."""
    clock = TurnedClock()
    async with opened(tmp_path, clock=clock) as log:
        clock.turned_s = 3600
        await log.append(asked("a")).durable(5)
        clock.passed_s += 601
        await log.append(asked("b")).durable(5)

    assert ["clock_suspect" in one for one in records(tmp_path)] == [True, False]


async def test_a_clock_behind_the_log_is_suspect_after_a_restart_too(tmp_path: Path) -> None:
    """A machine that comes up before the time of its last record is not believed."""
    async with opened(tmp_path) as log:
        await log.append(asked("a", at=log._watch.now()[0] + timedelta(days=1))).durable(5)

    async with opened(tmp_path) as log:
        assert records(tmp_path, start=1, flushed_only=False)[0]["clock_suspect"] is True


async def test_a_record_too_large_for_a_frame_is_a_bug(tmp_path: Path) -> None:
    """A record over a megabyte is refused, and the next one has its index."""
    log: Log
    async with opened(tmp_path) as log:
        with pytest.raises(ValueError, match="larger"):
            log.append(asked("a", filler="x" * 2_000_000))
        assert log.append(asked("b")).index == 0
