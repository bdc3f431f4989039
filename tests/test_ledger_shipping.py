"""Sealed segments in a second place, a directory or a real PostgreSQL; and a ledger that comes back from there."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.errors import LedgerDamaged, LedgerInUse, PlaceError
from gateway.ledger import frames
from gateway.ledger.ended import current_slot, is_ended
from gateway.ledger.lease import take_slot
from gateway.ledger.log import Log
from gateway.ledger.notes import Checkpoint
from gateway.ledger.places import DirectoryPlace, Place
from gateway.ledger.places_sql import DatabasePlace
from gateway.ledger.reading import slots
from gateway.ledger.restoring import restore
from gateway.ledger.segments import file_digest, manifest_path, read_manifest, segment_paths
from gateway.ledger.shipping import Shipping, may_replace, sealed_segments
from gateway.stores.segments import SegmentStore
from gateway.stores.sql import Store
from tests.conftest import MovableClock
from tests.index_parts import postgresql
from tests.keeping import INSTALLATION, Ledger, root_of
from tests.witnessing import SIGNER

ORIGIN = f"{INSTALLATION}/0"


@pytest.fixture
async def ledger(tmp_path: Path, clock: MovableClock) -> Ledger:
    made = Ledger(tmp_path / "ledger", clock)
    await made.filled(40)
    return made


@pytest.fixture(params=["directory", "sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    """The second place, of each kind."""
    if request.param == "directory":
        (tmp_path / "second").mkdir()
        yield DirectoryPlace(tmp_path / "second")
    elif request.param == "sqlite":
        made = DatabasePlace(SegmentStore(Store.open(f"sqlite:{tmp_path / 'second.db'}")))
        yield made
        made.close()
    else:
        with postgresql() as url:
            made = DatabasePlace(SegmentStore(Store.open(url)))
            yield made
            made.close()


def sealed_end(ledger: Ledger) -> int:
    return [manifest.end for manifest, _ in sealed_segments(ledger.folder / "0")][-1]


def test_what_is_sealed_is_shipped_once(ledger: Ledger, place: Place) -> None:
    """Each sealed segment is copied, bit by bit, with count and digest; a second run copies nothing."""
    shipping = Shipping(place)

    first = shipping.ship(ledger.folder / "0")
    again = shipping.ship(ledger.folder / "0")

    sealed = list(sealed_segments(ledger.folder / "0"))
    assert len(sealed) > 3
    assert (first.log, first.segments, first.end) == (ORIGIN, len(sealed), sealed_end(ledger))
    assert (again.segments, again.end) == (0, first.end)
    assert place.logs() == [ORIGIN]
    for manifest, path in sealed:
        assert place.get(ORIGIN, manifest.first) == path.read_bytes()
        assert place.held(ORIGIN)[manifest.first].count == manifest.count


async def test_a_run_goes_on_where_the_one_before_ended(ledger: Ledger, place: Place) -> None:
    """What was sealed since the last run is copied by the next one, and nothing else."""
    before = Shipping(place).ship(ledger.folder / "0")
    await ledger.filled(20, start=40)

    after = Shipping(place).ship(ledger.folder / "0")

    assert after.end == sealed_end(ledger) > before.end
    assert after.segments == len(list(sealed_segments(ledger.folder / "0"))) - before.segments


def test_a_changed_segment_replaces_no_copy(ledger: Ledger, place: Place) -> None:
    """Whoever changes a sealed segment, manifest and all, does not get his version into the second place."""
    shipping = Shipping(place)
    shipping.ship(ledger.folder / "0")
    manifest, path = next(sealed_segments(ledger.folder / "0"))
    good = path.read_bytes()
    _, start = frames.read_header(good)
    first = next(frames.frames(good, start))
    forged = first.data.replace(b"dancu", b"dankc")
    path.write_bytes(good[:start] + frames.frame(forged, frames.leaf_hash(forged), first.batch) + good[first.end :])
    assert shipping.ship(ledger.folder / "0").segments == 0
    _describe(path)

    with pytest.raises(PlaceError, match="not replaced"):
        shipping.ship(ledger.folder / "0")

    assert place.get(ORIGIN, manifest.first) == good


def test_a_copy_may_lose_data_and_nothing_else(ledger: Ledger) -> None:
    """A copy is replaced by the same records with fewer data; never by more, by others, or by another segment."""
    (_, path), (_, next_path) = list(sealed_segments(ledger.folder / "0"))[:2]
    whole = path.read_bytes()
    _, start = frames.read_header(whole)
    first = next(frames.frames(whole, start))
    gone = whole[:start] + frames.frame(b"", first.leaf, first.batch, kind=frames.DESTROYED) + whole[first.end :]

    assert may_replace(whole, whole)
    assert may_replace(whole, gone)
    assert not may_replace(gone, whole)
    assert not may_replace(whole, next_path.read_bytes())
    assert not may_replace(whole, whole[: first.end])
    assert not may_replace(whole, b"")


def test_a_place_that_is_not_there_is_said(ledger: Ledger, tmp_path: Path) -> None:
    """A folder that is not mounted, or a database that does not answer, is an error that names no password."""
    with pytest.raises(PlaceError, match="missing"):
        Shipping(DirectoryPlace(tmp_path / "missing")).ship(ledger.folder / "0")
    store = Store.open("postgresql+psycopg://gateway@127.0.0.1:1/ledger", lambda: "canary-1234")
    with pytest.raises(PlaceError) as refused:
        Shipping(DatabasePlace(SegmentStore(store))).ship(ledger.folder / "0")
    assert "canary" not in str(refused.value)


def test_a_damaged_copy_is_noticed(ledger: Ledger, tmp_path: Path) -> None:
    """A copy that has changed in the second place is not given back as if it were one."""
    (tmp_path / "second").mkdir()
    place = DirectoryPlace(tmp_path / "second")
    Shipping(place).ship(ledger.folder / "0")
    copy = next((tmp_path / "second").rglob("*.log"))
    copy.write_bytes(copy.read_bytes().replace(b"dancu", b"dankc", 1))

    with pytest.raises(PlaceError, match="damaged"):
        restore(place, ORIGIN, tmp_path / "back", None)


def test_the_lag_is_what_would_be_lost(ledger: Ledger, place: Place, clock: MovableClock) -> None:
    """How many records the second place does not have, and how old the oldest of them is."""
    shipping = Shipping(place)
    shipped = shipping.ship(ledger.folder / "0")
    clock.advance(90)

    lag = shipping.lag(ledger.folder / "0", shipped.end, 80, clock.now())

    assert lag.records == 80 - shipped.end > 0
    assert lag.seconds == 90


# --- coming back ---------------------------------------------------------------------------------


async def test_a_restored_log_is_the_one_that_was_witnessed(ledger: Ledger, place: Place, tmp_path: Path) -> None:
    """
    After the loss of the disk the sealed part comes back whole, as its witness saw it, and is closed: what comes now
    goes into a log of another name, and a process that would write the old one is sent there.
    """
    leaves = [entry.leaf for entry in ledger.reader().entries()]
    Shipping(place).ship(ledger.folder / "0")
    end = sealed_end(ledger)
    seen = Checkpoint(ORIGIN, end - 3, root_of(leaves[: end - 3]))
    back = Ledger(tmp_path / "back", ledger.clock)

    restored = restore(place, ORIGIN, back.folder, seen)

    assert (restored.size, restored.root) == (end, root_of(leaves[:end]))
    assert [entry.leaf for entry in back.reader().entries()] == leaves[:end]
    assert all(read_manifest(path) is not None for _, path in segment_paths(back.folder / "0")[:-1])
    assert (restored.successor, current_slot(back.folder, "0"), is_ended(back.folder / "0")) == ("0r1", "0r1", True)
    assert set(slots(back.folder)) == {"0"}
    with pytest.raises(LedgerInUse):
        Log.open(back.folder / "0", origin=ORIGIN, signer=SIGNER, clock=ledger.clock)
    lease = take_slot(back.folder, INSTALLATION)
    assert lease.origin == f"{INSTALLATION}/0r1"
    lease.release()
    async with back.open(restored.successor) as successor:
        assert successor.origin == f"{INSTALLATION}/0r1"
        assert successor.size == 0


def test_what_was_lost_is_told(ledger: Ledger, place: Place, tmp_path: Path, clock: MovableClock) -> None:
    """The record of a restore says how far the log came back and how far its witnesses had seen it."""
    leaves = [entry.leaf for entry in ledger.reader().entries()]
    Shipping(place).ship(ledger.folder / "0")

    restored = restore(place, ORIGIN, tmp_path / "back", Checkpoint(ORIGIN, 80, root_of(leaves)))

    record = restored.record(by="Nguyễn Văn Quản", reason="disk lost", at=clock.now())
    assert (record["size"], record["witnessed"], record["successor"]) == (sealed_end(ledger), 80, "0r1")


def test_another_past_is_not_restored(ledger: Ledger, place: Place, tmp_path: Path) -> None:
    """Copies that are not the log that its witnesses saw are refused, and nothing stands in the log's place."""
    Shipping(place).ship(ledger.folder / "0")

    with pytest.raises(LedgerDamaged):
        restore(place, ORIGIN, tmp_path / "back", Checkpoint(ORIGIN, 5, bytes(32)))

    assert not (tmp_path / "back" / "0").exists()


def test_nothing_is_restored_over_a_log(ledger: Ledger, place: Place) -> None:
    """A slot that has a log is left alone."""
    Shipping(place).ship(ledger.folder / "0")

    with pytest.raises(PlaceError, match="already"):
        restore(place, ORIGIN, ledger.folder, None)


def test_a_restore_that_was_cut_short_is_done_again(ledger: Ledger, tmp_path: Path) -> None:
    """A missing copy stops a restore before anything counts; with the copy there, the same command succeeds."""
    (tmp_path / "second").mkdir()
    place = DirectoryPlace(tmp_path / "second")
    Shipping(place).ship(ledger.folder / "0")
    copies = sorted((tmp_path / "second").rglob("*.log"))
    aside = shutil.move(copies[2], tmp_path / "aside")
    with pytest.raises(PlaceError):
        restore(place, ORIGIN, tmp_path / "back", None)
    assert not (tmp_path / "back" / "0").exists()
    shutil.move(aside, copies[2])

    assert restore(place, ORIGIN, tmp_path / "back", None).size == sealed_end(ledger)


def _describe(path: Path) -> None:
    """A manifest that agrees with the segment as it is now, as a careful forger would write it."""
    manifest = read_manifest(path)
    assert manifest is not None
    size, digest = file_digest(path)
    manifest_path(path).write_bytes(replace(manifest, size_bytes=size, sha256=digest).encoded())
