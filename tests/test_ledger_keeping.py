"""What keeps a real log safe while it is written: witnesses, shipping and stamps; and a start afterwards."""

from __future__ import annotations

import asyncio
import io
import shutil
import threading
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import orjson
import pytest

from gateway.clock import SystemClock
from gateway.errors import LedgerDamaged, SetupError, WitnessUnreachable
from gateway.ledger import notes
from gateway.ledger.keeping import WITNESSED, Every, Keeper, witnessed_before
from gateway.ledger.log import Log
from gateway.ledger.notes import LogKey
from gateway.ledger.places import DirectoryPlace, Held
from gateway.ledger.segments import segment_paths
from gateway.ledger.shipping import Shipping
from gateway.ledger.submission import Submission
from gateway.ledger.timestamps import Stamps, stamp_files
from gateway.ledger.witness import KnownLog, Memory, Witness
from gateway.ledger.witness_keys import Identity
from gateway.ledger.witnesses import FolderWitness, HttpWitness, WitnessPort
from gateway.telemetry import Metrics, configure_logs
from gateway.transport.credentials import Anonymous
from gateway.transport.http import HttpTransport
from tests.conftest import MovableClock
from tests.keeping import INSTALLATION, Ledger, question
from tests.test_ledger_timestamps import Authority, stamps_at
from tests.witnessing import SIGNER

ORIGIN = f"{INSTALLATION}/0"
IDENTITY = Identity.new("nghean.example.vn/witness")
KEYS = [LogKey(ORIGIN, SIGNER.public_key)]


@pytest.fixture
def ledger(tmp_path: Path, clock: MovableClock) -> Ledger:
    return Ledger(tmp_path / "ledger", clock)


@pytest.fixture
def witness(tmp_path: Path, clock: MovableClock) -> FolderWitness:
    (tmp_path / "witness").mkdir()
    known = KnownLog(INSTALLATION, (SIGNER.public_key,))
    return FolderWitness("neighbour", Witness(IDENTITY, [known], Memory(tmp_path / "witness"), clock))


class Silent:
    """A witness that answers when it is let."""

    def __init__(self, inner: WitnessPort) -> None:
        self.name, self.key = "slow", inner.key
        self.may_answer = asyncio.Event()
        self.asked = asyncio.Event()
        self._inner = inner

    async def add(self, submission: Submission) -> str:
        self.asked.set()
        await self.may_answer.wait()
        return await self._inner.add(submission)

    async def latest(self, origin: str) -> str | None:
        return await self._inner.latest(origin)

    async def close(self) -> None:
        return


class Absent(Silent):
    """A witness that cannot be reached."""

    async def latest(self, origin: str) -> str | None:
        raise WitnessUnreachable("no answer")


def unreachable() -> HttpWitness:
    transport = HttpTransport(endpoint="http://127.0.0.1:9", credentials=Anonymous(), clock=SystemClock())
    return HttpWitness("far", IDENTITY.key, transport)


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(name, labels)


@asynccontextmanager
async def kept(log: Log, clock: MovableClock, metrics: Metrics, **parts: object) -> AsyncIterator[Keeper]:
    keeper = Keeper(log, clock=clock, metrics=metrics, **parts)  # type: ignore[arg-type]
    try:
        yield keeper
    finally:
        await keeper.close()


# --- witnesses -----------------------------------------------------------------------------------


async def test_each_checkpoint_is_witnessed_and_kept(
    ledger: Ledger, witness: FolderWitness, clock: MovableClock
) -> None:
    """The latest checkpoint with its cosignature lies in the log's folder and in the witness's, and both verify."""
    metrics = Metrics()
    async with ledger.open() as log, kept(log, clock, metrics, witnesses=[witness]) as keeper:
        for number in range(5):
            await question(log, number, clock.now())
            await log.sign_checkpoint()
            await keeper.witness()

        note = (ledger.folder / "0" / WITNESSED).read_text(encoding="utf-8")
        assert notes.opened(note, KEYS).size == 10
        assert set(notes.witnessed_by(note, [IDENTITY.key])) == {IDENTITY.name}
        assert await witness.latest(ORIGIN) == note
        assert value(metrics, "gateway_ledger_witness_answers_total", witness="neighbour", result="cosigned") == 5
        assert value(metrics, "gateway_ledger_witnessed_timestamp_seconds", witness="neighbour") == (
            clock.now().timestamp()
        )
        assert not keeper.has_conflict


async def test_a_witness_that_is_silent_stops_nothing(
    ledger: Ledger, witness: FolderWitness, clock: MovableClock
) -> None:
    """While one witness hangs and one is unreachable, records become durable and the third one cosigns."""
    metrics, slow, far = Metrics(), Silent(witness), unreachable()
    async with ledger.open() as log, kept(log, clock, metrics, witnesses=[slow, far]) as keeper:
        turn = asyncio.get_running_loop().create_task(keeper.witness())
        await slow.asked.wait()
        for number in range(3):
            await question(log, number, clock.now())
        slow.may_answer.set()
        await turn
        assert value(metrics, "gateway_ledger_witness_answers_total", witness="slow", result="cosigned") == 1
        assert value(metrics, "gateway_ledger_witness_answers_total", witness="far", result="unreachable") == 1


async def test_failures_are_logged_when_they_begin_and_end(
    ledger: Ledger, witness: FolderWitness, clock: MovableClock, tmp_path: Path
) -> None:
    """A witness that fails for an hour is one line in the log, and one more when it works again."""
    stream = io.BytesIO()
    configure_logs("info", stream)
    async with ledger.open() as log, kept(log, clock, Metrics(), witnesses=[witness]) as keeper:
        (tmp_path / "witness").rename(tmp_path / "away")
        for _ in range(3):
            await keeper.witness()
        (tmp_path / "away").rename(tmp_path / "witness")
        await keeper.witness()

    events = [orjson.loads(line) for line in stream.getvalue().splitlines()]
    said = [(event["event"], event["witness"]) for event in events if "keeping" in event["event"]]
    assert said == [("ledger.keeping_failed", "neighbour"), ("ledger.keeping_works", "neighbour")]


# --- F11: a log that was cut, with the real key ---------------------------------------------------


async def cut(ledger: Ledger, keep: int) -> None:
    """The last records taken off, everything derived from them gone, and a checkpoint signed with the real key."""
    folder = ledger.folder / "0"
    for first, path in segment_paths(folder):
        if first >= keep:
            path.unlink()
            path.with_suffix(".json").unlink(missing_ok=True)
    for name in ("checkpoint", "checkpoints", WITNESSED):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "tiles")
    segment_paths(folder)[-1][1].with_suffix(".json").unlink(missing_ok=True)
    async with ledger.open():
        pass  # opened without a witness: it signs what it has


async def witnessed(ledger: Ledger, witness: WitnessPort, questions: int) -> int:
    """A log with so many questions, the last checkpoint of which was witnessed; its size."""
    await ledger.filled(questions)
    async with ledger.open() as log, kept(log, MovableClock(), Metrics(), witnesses=[witness]) as keeper:
        await keeper.witness()
        return log.size


@pytest.mark.parametrize("grown", [0, 2, 40])
async def test_f11_a_cut_that_was_signed_with_the_real_key_is_found(
    ledger: Ledger, witness: FolderWitness, clock: MovableClock, grown: int
) -> None:
    """
    A log whose end was cut off and that goes on, signed with the real key, is found with the first checkpoint that
    the witness is asked for, however much it has grown since; the keeper says so at once, and for good.
    """
    metrics, told, stream = Metrics(), [], io.BytesIO()
    size = await witnessed(ledger, witness, 20)
    await cut(ledger, 25)
    configure_logs("info", stream)
    async with ledger.open() as log:
        assert log.size < size
        for number in range(grown):
            await question(log, 100 + number, clock.now())
        await log.sign_checkpoint()
        async with kept(log, clock, metrics, witnesses=[witness], on_conflict=lambda: told.append(True)) as keeper:
            await keeper.witness()
            assert keeper.has_conflict
    assert told
    assert value(metrics, "gateway_ledger_witness_answers_total", witness="neighbour", result="conflict")
    assert value(metrics, "gateway_ledger_witness_answers_total", witness="neighbour", result="cosigned") is None
    events = [orjson.loads(line) for line in stream.getvalue().splitlines()]
    conflicts = [one for one in events if one["event"] == "ledger.conflict"]
    assert (conflicts[0]["level"], conflicts[0]["witnessed"]) == ("error", size)


async def test_a_cut_log_does_not_start(ledger: Ledger, witness: FolderWitness) -> None:
    """A start that asks the witness first refuses the cut log, and says which record is the first that is missing."""
    size = await witnessed(ledger, witness, 20)
    await cut(ledger, 25)

    seen = await witnessed_before(ledger.folder / "0", ORIGIN, KEYS, [witness])

    assert seen is not None
    assert seen.size == size
    with pytest.raises(LedgerDamaged, match="missing"):
        async with ledger.open(witnessed=seen):
            pass


async def test_a_backup_does_not_start(ledger: Ledger, witness: FolderWitness, tmp_path: Path) -> None:
    """A store that was put back from a backup, whole and rightly signed, is older than what was witnessed: refused."""
    await witnessed(ledger, witness, 10)
    shutil.copytree(ledger.folder, tmp_path / "backup")
    await ledger.filled(10, start=10)
    await witnessed(ledger, witness, 1)
    shutil.rmtree(ledger.folder)
    shutil.copytree(tmp_path / "backup", ledger.folder)

    seen = await witnessed_before(ledger.folder / "0", ORIGIN, KEYS, [witness])

    with pytest.raises(LedgerDamaged):
        async with ledger.open(witnessed=seen):
            pass


async def test_a_whole_log_starts(ledger: Ledger, witness: FolderWitness) -> None:
    """A log that has only grown since starts, with the witness or with the copy in its own folder alone."""
    await witnessed(ledger, witness, 10)
    await ledger.filled(10, start=10)

    for port in (witness, Absent(witness)):
        seen = await witnessed_before(ledger.folder / "0", ORIGIN, KEYS, [port])
        assert seen is not None
        assert seen.size == 20
        async with ledger.open(witnessed=seen) as log:
            assert log.state == "open"


async def test_settings_say_what_silence_means(ledger: Ledger) -> None:
    """A witness that cannot be asked at a start is a warning, or refuses the start where settings want that."""
    await ledger.filled(1)
    far = unreachable()

    assert await witnessed_before(ledger.folder / "0", ORIGIN, KEYS, [far]) is None
    with pytest.raises(SetupError, match="far"):
        await witnessed_before(ledger.folder / "0", ORIGIN, KEYS, [far], silent="refuse")
    await far.close()


async def test_a_forged_note_in_the_folder_counts_for_nothing(ledger: Ledger, witness: FolderWitness) -> None:
    """What lies in the log's own folder counts only with the signatures of the log and of a configured witness."""
    await ledger.filled(5)
    note = (ledger.folder / "0" / "checkpoint").read_text(encoding="utf-8")
    stranger = Identity.new("stranger")
    for forged in (note, notes.cosigned(note, stranger.name, stranger.seed, ledger.clock.now()), "", "x" * 1000):
        (ledger.folder / "0" / WITNESSED).write_text(forged)
        assert await witnessed_before(ledger.folder / "0", ORIGIN, KEYS, [witness]) is None


# --- shipping and stamps -------------------------------------------------------------------------


async def test_what_is_sealed_is_shipped_while_the_log_runs(
    ledger: Ledger, clock: MovableClock, tmp_path: Path
) -> None:
    """Sealed segments arrive while the log is open; the metrics say what a lost disk would cost."""
    metrics, place = Metrics(), DirectoryPlace(tmp_path / "second")
    async with ledger.open() as log, kept(log, clock, metrics, shipping=Shipping(place)) as keeper:
        for number in range(30):
            await question(log, number, clock.now())
        await log._upkeep.rest()
        await keeper.ship()
        assert value(metrics, "gateway_ledger_shipping_failures_total") == 1
        (tmp_path / "second").mkdir()
        clock.advance(30)
        await keeper.ship()

        held = place.held(ORIGIN)
        end = max(first + one.count for first, one in held.items())
        assert value(metrics, "gateway_ledger_unshipped_records") == 60 - end
        assert value(metrics, "gateway_ledger_unshipped_seconds") == 30
        assert len(held) == len(segment_paths(ledger.folder / "0")) - 1


async def test_a_second_place_that_hangs_counts_as_failing(ledger: Ledger, clock: MovableClock, tmp_path: Path) -> None:
    """A share that is gone answers nothing, not even an error: that too has to show."""
    answers = threading.Event()

    class Gone(DirectoryPlace):
        def held(self, log: str) -> Mapping[int, Held]:
            answers.wait()
            return super().held(log)

    metrics, shipping = Metrics(), Shipping(Gone(tmp_path))
    async with ledger.open() as log, kept(log, clock, metrics, shipping=shipping, ship_within_s=0.01) as keeper:
        await keeper.ship()
        await keeper.ship()
        answers.set()

    assert value(metrics, "gateway_ledger_shipping_failures_total") == 2


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
async def test_checkpoints_are_stamped_and_a_refusal_stops_nothing(
    ledger: Ledger, clock: MovableClock, tmp_path: Path
) -> None:
    """A checkpoint is stamped once; while the authority fails the log goes on, and the next turn tries again."""
    authority, metrics = Authority(tmp_path / "tsa").make(), Metrics()
    async with authority.served() as url, ledger.open() as log:
        stamps: Stamps = stamps_at(url, authority.ca_file)
        async with kept(log, clock, metrics, stamps=stamps) as keeper:
            authority.spoil = lambda _: b""
            await question(log, 1, clock.now())
            await log.sign_checkpoint()
            await keeper.stamp()
            await question(log, 2, clock.now())
            assert stamp_files(ledger.folder / "0") == []
            authority.spoil = lambda answer: answer
            await keeper.stamp()
            await keeper.stamp()

        ((checkpoint, _),) = stamp_files(ledger.folder / "0")
        assert notes.opened(checkpoint.read_text(encoding="utf-8"), KEYS).size == 2
        assert value(metrics, "gateway_ledger_stamps_total", result="kept") == 1
        assert value(metrics, "gateway_ledger_stamps_total", result="failed") == 1


async def test_it_all_happens_by_itself(ledger: Ledger, witness: FolderWitness, tmp_path: Path) -> None:
    """Started once, a keeper asks and ships in its own time, and a last time when it is closed."""
    (tmp_path / "second").mkdir()
    metrics, clock = Metrics(), SystemClock()
    slow = Silent(witness)
    slow.may_answer.set()
    async with ledger.open() as log:
        await ledger_filled(log, clock)
        keeper = Keeper(
            log,
            clock=clock,
            metrics=metrics,
            witnesses=[slow],
            shipping=Shipping(DirectoryPlace(tmp_path / "second")),
            every=Every(witness_s=0.01, ship_s=0.01),
        )
        keeper.start()
        await slow.asked.wait()
        slow.asked.clear()
        await log.sign_checkpoint()
        await slow.asked.wait()
        await question(log, 99, clock.now())
        await log.sign_checkpoint()
        await keeper.close()
        size = log.size

    last = await witness.latest(ORIGIN)
    assert last is not None
    assert notes.opened(last, KEYS).size == size


async def ledger_filled(log: Log, clock: SystemClock) -> None:
    for number in range(10):
        await question(log, number, clock.now())
    await log.sign_checkpoint()
