"""Destruction when the time is over: the data go everywhere, the tree stays, and holds are stronger."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from gateway.errors import LedgerUnavailable, RetentionError
from gateway.ledger import frames
from gateway.ledger.destroying import Destroyed, admin_records, admin_slots, destroy, planned
from gateway.ledger.holds import Hold, Holds
from gateway.ledger.index import Index
from gateway.ledger.log import Log
from gateway.ledger.places import DirectoryPlace
from gateway.ledger.places_sql import DatabasePlace
from gateway.ledger.records import Record
from gateway.ledger.retention import Limits, months_before, rewritten
from gateway.ledger.segments import file_digest, read_manifest, segment_paths
from gateway.ledger.shipping import Shipping, sealed_segments
from gateway.ledger.tables import ENTRIES
from gateway.ledger.verify import Report, Wrong, verify
from gateway.stores.segments import SegmentStore
from gateway.stores.sql import Store
from tests.conftest import MovableClock
from tests.index_parts import KINDS, opened, postgresql
from tests.keeping import INSTALLATION, Ledger, canary, keep, question, records, root_of
from tests.witnessing import SIGNER

YEAR_S = 366 * 24 * 3600.0
LIMITS = Limits(months=24, registries={"bhxh": 60})
BY = {"by": "Nguyễn Văn Quản", "reason": "hết hạn lưu"}


class Admin:
    """The `admin` log as a command has it; `broken` fails instead."""

    def __init__(self, log: Log, *, broken: bool = False) -> None:
        self._log = log
        self._broken = broken

    async def keep(self, record: Record) -> None:
        if self._broken:
            raise LedgerUnavailable("the disk is full")
        await keep(self._log, record)


class Killed(BaseException):
    """The process was killed here."""


@asynccontextmanager
async def admin(ledger: Ledger, *, broken: bool = False) -> AsyncIterator[Admin]:
    async with ledger.open("admin") as log:
        yield Admin(log, broken=broken)


async def destroyed(ledger: Ledger, second: Shipping | None = None, **more: object) -> Destroyed:
    now = ledger.clock.now()
    async with admin(ledger) as administration:
        return await destroy(ledger.folder, administration, limits=LIMITS, now=now, second=second, **BY, **more)  # type: ignore[arg-type]


async def held(ledger: Ledger, *holds: Hold) -> None:
    async with ledger.open("admin") as log:
        for hold in holds:
            await keep(log, hold.record(ledger.clock.now()))


def bytes_of(folder: Path, pattern: str) -> bytes:
    """Every byte of the files below a folder that are called like that."""
    return b"".join(path.read_bytes() for path in folder.rglob(pattern) if path.is_file())


def verified(ledger: Ledger) -> Report:
    """What `gateway ledger verify` says of the log, with the signing key's public half."""
    admin = [reader.folder for reader in admin_slots(ledger.folder)]
    return verify(ledger.folder / "0", [SIGNER.public_key], admin=admin)


@pytest.fixture
async def ledger(tmp_path: Path, clock: MovableClock) -> Ledger:
    """Twenty questions about three years ago, twenty about a month ago, all but the last ones sealed."""
    made = Ledger(tmp_path / "ledger", clock)
    await made.filled(20)
    clock.advance(3 * YEAR_S)
    await made.filled(20, start=20)
    clock.advance(30 * 24 * 3600.0)
    return made


def sealed_end(ledger: Ledger, slot: str = "0") -> int:
    return max((manifest.end for manifest, _ in sealed_segments(ledger.folder / slot)), default=0)


def leaves(ledger: Ledger) -> list[bytes]:
    return [entry.leaf for entry in ledger.reader().entries()]


# --- what goes, and what stays -------------------------------------------------------------------


async def test_what_is_too_old_goes_and_the_tree_stays(ledger: Ledger) -> None:
    """
    Both records of each question that was kept for 24 months are gone from every file of the log, byte by byte; every
    other record is as it was; and the tree, its root and its checkpoints are the same.
    """
    before, kept = leaves(ledger), records(ledger.reader())[40:]

    did = await destroyed(ledger)

    assert did == Destroyed(records=40)
    text = ledger.texts()
    assert [number for number in range(40) if canary(number) in text] == list(range(20, 40))
    assert 'lookup-3"' not in text
    assert leaves(ledger) == before
    assert records(ledger.reader()) == kept
    async with ledger.open() as log:
        assert log.root_at(80) == root_of(before)


async def test_the_record_of_it_says_what_went(ledger: Ledger) -> None:
    """The `admin` log tells which records of which log went, of which registry, by whom and why, and proves them."""
    gone = leaves(ledger)[:40]
    await destroyed(ledger)

    (record,) = [one for one in admin_records(ledger.folder) if one["type"] == "destroyed"]

    assert record["log"] == f"{INSTALLATION}/0"
    assert record["ranges"] == [[0, 39]]
    assert (record["registry"], record["by"], record["reason"]) == ("dancu", BY["by"], BY["reason"])
    assert record["leaves"] == hashlib.sha256(b"".join(gone)).hexdigest()
    assert verified(ledger).finding is None


async def test_each_registry_has_its_time(tmp_path: Path, clock: MovableClock) -> None:
    """A registry whose records are to be kept for longer keeps them, in the same segments as others that go."""
    ledger = Ledger(tmp_path / "ledger", clock)
    async with ledger.open() as log:
        for number in range(20):
            await question(log, number, clock.now(), registry="bhxh" if number % 3 else "dancu")
    clock.advance(3 * YEAR_S)
    await ledger.filled(5, start=20)

    await destroyed(ledger)

    text = ledger.texts()
    assert [number for number in range(20) if canary(number) not in text] == list(range(0, 20, 3))
    clock.advance(3 * YEAR_S)
    assert (await destroyed(ledger)).records > 20


async def test_nothing_is_destroyed_twice_or_too_early(ledger: Ledger, clock: MovableClock) -> None:
    """A second run finds nothing to do, and neither does one that comes before the time is over."""
    await destroyed(ledger)

    assert await destroyed(ledger) == Destroyed()
    assert len([one for one in admin_records(ledger.folder) if one["type"] == "destroyed"]) == 1


async def test_an_open_question_waits(tmp_path: Path, clock: MovableClock) -> None:
    """A question without an outcome, and one whose answer is still in the segment that is written, stay whole."""
    ledger = Ledger(tmp_path / "ledger", clock)
    async with ledger.open() as log:
        await question(log, 0, clock.now(), answered=False)
        for number in range(1, 20):
            await question(log, number, clock.now())
        clock.advance(3 * YEAR_S)
        end = sealed_end(ledger)

        did = await destroyed(ledger)

        assert did.records > 10
        assert did.waiting > 0
        assert {canary(0) in ledger.texts(), canary(19) in ledger.texts()} == {True}
        assert end < 39


async def test_administration_is_never_destroyed(ledger: Ledger, clock: MovableClock) -> None:
    """Holds, releases and destructions themselves stay, however old they are and wherever they lie."""
    for one in range(3):
        await held(ledger, *(Hold(f"h{one}{n}", f"case-{one}{n}", None, None, **BY) for n in range(10)))
    clock.advance(10 * YEAR_S)
    assert sealed_end(ledger, "admin") > 0

    await destroyed(ledger)

    kinds = [one["type"] for one in admin_records(ledger.folder)]
    assert kinds.count("hold") == 30
    assert kinds.count("destroyed") == 1


async def test_a_dry_run_changes_nothing(ledger: Ledger, clock: MovableClock) -> None:
    """What would go can be looked at first: no byte changes, and no record is written."""
    before = ledger.texts()

    plans = planned(ledger.folder, limits=LIMITS, holds=Holds(), now=clock.now())

    assert plans[f"{INSTALLATION}/0"].count == 40
    assert ledger.texts() == before
    assert admin_records(ledger.folder) == []


async def test_nothing_goes_without_its_record(ledger: Ledger, clock: MovableClock) -> None:
    """Where the record of a destruction cannot be made durable, or nobody signs for it, every byte stays."""
    before = ledger.texts()
    async with admin(ledger, broken=True) as administration:
        with pytest.raises(LedgerUnavailable):
            await destroy(ledger.folder, administration, limits=LIMITS, now=clock.now(), **BY)
    async with admin(ledger) as administration:
        with pytest.raises(RetentionError):
            await destroy(ledger.folder, administration, limits=LIMITS, now=clock.now(), by=" ", reason="x")

    assert ledger.texts() == before


async def test_a_damaged_segment_is_not_rewritten(ledger: Ledger) -> None:
    """What is damaged is evidence of something else: the run stops, and the segment stays as it is."""
    _, path = segment_paths(ledger.folder / "0")[0]
    content = path.read_bytes()
    path.write_bytes(content.replace(b"canary-000001", b"canary-000009", 1))

    with pytest.raises(Exception, match=r"verify|not what was written"):
        await destroyed(ledger)

    assert b"canary-000009" in path.read_bytes()


# --- while it happens ----------------------------------------------------------------------------


@pytest.mark.parametrize("killed_after", range(1, 8))
async def test_a_run_that_was_killed_is_finished_by_the_next(
    ledger: Ledger, clock: MovableClock, tmp_path: Path, killed_after: int
) -> None:
    """
    Killed after any step, with half-written files left behind: the log opens, reads and has the same tree, whatever
    is gone is explained; the next run finishes the work, and the second place follows.
    """
    (tmp_path / "second").mkdir()
    second = Shipping(DirectoryPlace(tmp_path / "second"))
    second.ship(ledger.folder / "0")
    before = leaves(ledger)
    _, first = segment_paths(ledger.folder / "0")[0]
    first.with_name(first.name + ".new").write_text(canary(3))  # as a kill inside a rewriting leaves it
    steps = iter(range(1, 100))

    def kill(_: str) -> None:
        if next(steps) == killed_after:
            raise Killed

    with pytest.raises(Killed):
        await destroyed(ledger, second, between=kill)

    assert leaves(ledger) == before
    assert verified(ledger).finding is None
    async with ledger.open() as log:
        assert log.root_at(80) == root_of(before)
    did = await destroyed(ledger, second)
    text = ledger.texts()
    assert [number for number in range(40) if canary(number) in text] == list(range(20, 40))
    assert did.records == 0
    assert len([one for one in admin_records(ledger.folder) if one["type"] == "destroyed"]) == 1
    for _, path in list(segment_paths(ledger.folder / "0"))[:-1]:
        manifest = read_manifest(path)
        assert manifest is not None
        assert (manifest.size_bytes, manifest.sha256) == file_digest(path)
    copies = b"".join(path.read_bytes() for path in (tmp_path / "second").rglob("*") if path.is_file())
    assert canary(3).encode() not in copies


async def test_it_happens_beside_a_running_gateway(ledger: Ledger) -> None:
    """The process that writes the log goes on, over the destruction, and so does what it knows of its tree."""
    async with ledger.open() as log:
        size, root = log.size, log.root_at(80)
        await destroyed(ledger)
        await question(log, 99, ledger.clock.now())

        assert log.root_at(80) == root
        assert log.size == size + 2
        assert len(log.consistency_proof(30, size)) > 0
    assert records(ledger.reader())[-1]["lookup_id"] == "lookup-99"


def test_a_segment_is_rewritten_whole_or_not_at_all(ledger: Ledger) -> None:
    """Rewriting keeps every frame's place and leaf, and refuses a segment with a torn end."""
    _, path = segment_paths(ledger.folder / "0")[0]
    content = path.read_bytes()

    new = rewritten(content, {0})

    _, start = frames.read_header(new)
    assert [frame.leaf for frame in frames.frames(new, start)] == [
        frame.leaf for frame in frames.frames(content, start)
    ]
    assert [frame.kind for frame in frames.frames(new, start)][:2] == [frames.DESTROYED, frames.RECORD]
    assert rewritten(new, {0}) == new
    for spoilt in (content[:-1], content[:5], content + b"x"):
        with pytest.raises(RetentionError):
            rewritten(spoilt, {0})


# --- the second place ----------------------------------------------------------------------------


async def test_a_directory_follows(ledger: Ledger, tmp_path: Path) -> None:
    """After a destruction nothing of the records is in the copies, in any file of the second place."""
    (tmp_path / "second").mkdir()
    second = Shipping(DirectoryPlace(tmp_path / "second"))
    second.ship(ledger.folder / "0")

    await destroyed(ledger, second)

    text = b"".join(path.read_bytes() for path in (tmp_path / "second").rglob("*") if path.is_file())
    assert [number for number in range(20) if canary(number).encode() in text] == []
    assert canary(25).encode() in text


async def test_a_database_follows(ledger: Ledger) -> None:
    """
    After a destruction nothing of the records is in a row of the second place, and not in the table's file either:
    it is written anew.
    """
    with postgresql() as url:
        place = DatabasePlace(SegmentStore(Store.open(url)))
        second = Shipping(place)
        second.ship(ledger.folder / "0")
        schema = url.rpartition("%3D")[2]

        def table_file() -> object:
            address = url.partition("?")[0].replace("+psycopg", "")
            with psycopg.connect(address) as connection:
                return connection.execute(f"SELECT pg_relation_filepath('{schema}.ledger_segments')").fetchone()

        before = table_file()
        await destroyed(ledger, second)

        content = b"".join(place.get(f"{INSTALLATION}/0", first) for first in place.held(f"{INSTALLATION}/0"))
        assert [number for number in range(20) if canary(number).encode() in content] == []
        assert canary(25).encode() in content
        assert table_file() != before
        place.close()


@pytest.mark.parametrize("kind", KINDS)
async def test_the_index_follows(ledger: Ledger, tmp_path: Path, kind: str) -> None:
    """
    After a destruction nothing of the records is in the index's rows, nor, where its files can be read, in those; and
    a run that was cut short between the index and the segment is finished by the next one.
    """
    with opened(kind, tmp_path) as store:
        index = Index(store)
        while index.feed(ledger.reader()):
            pass

        def kill(step: str) -> None:
            if step == "forgotten":
                raise Killed

        with pytest.raises(Killed):
            await destroyed(ledger, forget=index.forget, between=kill)
        did = await destroyed(ledger, forget=index.forget)
        store.write_anew(ENTRIES.name)

        with store.reading() as connection:
            rows = [str(tuple(row)) for row in connection.execute(ENTRIES.select())]
        text = "".join(rows)
        if kind == "sqlite":
            text += bytes_of(tmp_path, "index.db*").decode("latin-1")
        assert did.finished == 40
        assert len(rows) == 80
        assert [number for number in range(40) if canary(number) in text] == list(range(20, 40))


async def test_a_backup_does_not_bring_data_back(ledger: Ledger, tmp_path: Path) -> None:
    """A segment restored from a backup made before the destruction is not shipped, and the next run takes it again."""
    (tmp_path / "second").mkdir()
    second = Shipping(DirectoryPlace(tmp_path / "second"))
    shutil.copytree(ledger.folder / "0", tmp_path / "backup")
    await destroyed(ledger, second)
    shutil.rmtree(ledger.folder / "0")
    shutil.copytree(tmp_path / "backup", ledger.folder / "0")
    with pytest.raises(Exception, match="not replaced"):
        second.ship(ledger.folder / "0")

    did = await destroyed(ledger, second)

    assert did.finished == 40
    assert canary(3) not in ledger.texts()


# --- tampering -----------------------------------------------------------------------------------


async def test_data_taken_without_a_record_are_found(ledger: Ledger) -> None:
    """Somebody who empties a record himself, leaf and manifest kept, is found: no destruction tells of it."""
    await destroyed(ledger)
    assert verified(ledger).finding is None
    _, path = segment_paths(ledger.folder / "0")[-2]
    first = int(path.stem)
    path.write_bytes(rewritten(path.read_bytes(), {first + 1}))

    found = verified(ledger).finding

    assert found is not None
    assert (found.reason, found.record) == (Wrong.UNEXPLAINED, first + 1)


# --- holds ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hold", "numbers"),
    [
        (Hold("h1", canary(4), None, None, **BY), {4}),
        (Hold("h1", None, "lookup-7", None, **BY), {7}),
        (Hold("h1", None, None, "subject-2", **BY), {2, 12}),
    ],
    ids=["case", "lookup", "subject"],
)
async def test_what_is_held_stays(ledger: Ledger, hold: Hold, numbers: set[int]) -> None:
    """A hold on a case, a lookup or a subject keeps both records of each such question, and the run says how many."""
    await held(ledger, hold)

    did = await destroyed(ledger)

    text = ledger.texts()
    assert {number for number in range(20) if canary(number) in text} == numbers
    assert (did.records, did.held) == (40 - 2 * len(numbers), 2 * len(numbers))
    assert {one["lookup_id"] for one in records(ledger.reader())[: 2 * len(numbers)]} == {
        f"lookup-{number}" for number in numbers
    }


async def test_a_released_hold_holds_no_more(ledger: Ledger) -> None:
    """Once a hold is released the next run takes what it had kept; a hold that is not in force cannot be released."""
    await held(ledger, Hold("h1", canary(4), None, None, **BY))
    await destroyed(ledger)
    holds = Holds(admin_records(ledger.folder))
    with pytest.raises(RetentionError):
        holds.release("h2", at=ledger.clock.now(), **BY)
    async with ledger.open("admin") as log:
        await keep(log, holds.release("h1", at=ledger.clock.now(), **BY))

    did = await destroyed(ledger)

    assert did == Destroyed(records=2)
    assert canary(4) not in ledger.texts()


async def test_a_hold_stops_a_run_that_was_cut_short(ledger: Ledger) -> None:
    """Data that an interrupted run had promised to take stay where a hold came in between."""

    def kill(step: str) -> None:
        if step == "recorded":
            raise Killed

    with pytest.raises(Killed):
        await destroyed(ledger, between=kill)
    await held(ledger, Hold("h1", canary(4), None, None, **BY))

    did = await destroyed(ledger)

    assert did.finished == 38
    assert canary(4) in ledger.texts()


@pytest.mark.parametrize("change", [{"case": None}, {"lookup": "x"}, {"by": ""}, {"reason": "  "}])
def test_a_hold_is_on_one_thing_and_signed_for(change: dict[str, str | None]) -> None:
    """A hold names one case, lookup or subject, who decided it, and why."""
    good: dict[str, str | None] = {"case": "c", "lookup": None, "subject": None, **BY}

    with pytest.raises(RetentionError):
        Hold("h1", **good | change)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("now", "months", "then"),
    [
        ("2026-03-31", 1, "2026-02-28"),
        ("2024-03-31", 1, "2024-02-29"),
        ("2026-02-28", 24, "2024-02-28"),
        ("2026-01-15", 1, "2025-12-15"),
        ("2026-12-31", 12, "2025-12-31"),
        ("2024-02-29", 12, "2023-02-28"),
    ],
)
def test_months_are_those_of_the_calendar(now: str, months: int, then: str) -> None:
    """So many months before a day is the same day of that month, or its last."""
    moment: Callable[[str], datetime] = lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC)  # noqa: E731

    assert months_before(moment(now), months) == moment(then)
