"""Nothing in a log can be changed unseen, and the first record that was is named: faults F09 to F11."""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from gateway.crypto import FileSigner
from gateway.errors import LedgerDamaged
from gateway.ledger import merkle, notes
from gateway.ledger.disk import SystemDisk
from gateway.ledger.frames import DESTROYED, Frame, frame, frames, header, leaf_hash, read_header
from gateway.ledger.notes import Checkpoint
from gateway.ledger.records import encoded
from gateway.ledger.segments import manifest_path, read_manifest
from gateway.ledger.tiles import Tiles
from gateway.ledger.verify import Wrong, verify
from gateway.telemetry import configure_logs
from tests.ledgers import ORIGIN, QUICK, SIGNER, TurnedClock, fill, open_log, opened, refused, segment

KEYS = [SIGNER.public_key]
FORGER = FileSigner(ec.derive_private_key(815, ec.SECP256R1()))


@dataclass
class Segment:
    """One segment taken apart, to be put together otherwise."""

    path: Path
    first: int
    head: bytes
    frames: list[Frame]

    @classmethod
    def read(cls, path: Path) -> Segment:
        content = path.read_bytes()
        value, start = read_header(content)
        return cls(path, value["first"], content[:start], list(frames(content, start)))

    def write(self) -> None:
        self.path.write_bytes(self.head + b"".join(self._written()))

    def _written(self) -> Iterator[bytes]:
        at, before, mine = len(self.head), -1, -1
        for one in self.frames:  # commits begin where they did, as somebody who knows the format would have it
            if one.batch != before:
                before, mine = one.batch, at
            yield frame(one.data, one.leaf, mine, kind=one.kind)
            at += len(frame(one.data, one.leaf, mine))


def rebuilt(one: Frame, **changes: object) -> Frame:
    """A frame whose record says something else, with the leaf hash that belongs to it."""
    data = encoded({**json.loads(one.data), **changes})
    return replace(one, data=data, leaf=leaf_hash(data))


# --- eight kinds of tampering: each gives the first record that is wrong ---------------------------


def edit_byte(log: Path, part: Segment, at: int, chance: random.Random) -> int:
    one = part.frames[at]
    content = bytearray(part.path.read_bytes())
    content[chance.randrange(one.offset, one.end)] ^= 1 << chance.randrange(8)
    part.path.write_bytes(content)
    return part.first + at


def delete(log: Path, part: Segment, at: int, chance: random.Random) -> int:
    del part.frames[at]
    part.write()
    return part.first + at


def swap(log: Path, part: Segment, at: int, chance: random.Random) -> int:
    other = chance.choice([number for number in range(len(part.frames)) if number != at])
    part.frames[at], part.frames[other] = part.frames[other], part.frames[at]
    part.write()
    return part.first + min(at, other)


def duplicate(log: Path, part: Segment, at: int, chance: random.Random) -> int:
    part.frames.insert(at + 1, part.frames[at])
    part.write()
    return part.first + at + 1


def insert(log: Path, part: Segment, at: int, chance: random.Random) -> int:
    part.frames.insert(at, rebuilt(part.frames[at], subject="f" * 32))
    part.write()
    return part.first + at


def rechain(log: Path, part: Segment, at: int, chance: random.Random) -> int:
    """Another record, its hash, all derived files, and a checkpoint of the forger's own: everything but the key."""
    part.frames[at] = rebuilt(part.frames[at], subject="f" * 32)
    part.write()
    leaves = [one.leaf for path in sorted((log / "segments").glob("*.log")) for one in Segment.read(path).frames]
    shutil.rmtree(log / "tiles")
    (log / "tiles").mkdir()
    tiles = Tiles(log / "tiles", SystemDisk())
    tiles.extend(leaves)
    tiles.store(tiles.unstored())
    tiles.close()
    for path in (log / "segments").glob("*.json"):
        path.unlink()
    return part.first + at


def truncate(log: Path, part: Segment, at: int, chance: random.Random) -> int:
    del part.frames[at:]
    part.write()
    for path in (log / "segments").glob("*.log"):
        if int(path.stem) > part.first:
            path.unlink()
    return part.first + at


def put_in_foreign(log: Path, part: Segment, at: int, chance: random.Random) -> int:
    part.head = header("gateway.test/ledger/9", part.first)
    part.write()
    return part.first


Tampering = Callable[[Path, Segment, int, random.Random], int]
KINDS: dict[str, Tampering] = {
    "edit": edit_byte,
    "delete": delete,
    "swap": swap,
    "duplicate": duplicate,
    "insert": insert,
    "rechain": rechain,
    "truncate": truncate,
    "foreign": put_in_foreign,
}


@pytest.fixture(scope="module")
def log_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log of 4,096 records in a few segments, with checkpoints along the way."""
    folder = tmp_path_factory.mktemp("ledger") / "0"

    async def write() -> None:
        configure_logs("error")
        async with opened(folder, limits=replace(QUICK, segment_bytes=256 * 1024)) as log:
            for start in range(0, 4096, 512):
                await fill(log, 512, start=start)
                await log.sign_checkpoint()

    asyncio.run(write())
    return folder


def tampered(log_folder: Path, into: Path, kind: str, seed: int) -> None:
    """Tamper with a copy and check that the verifier names the record; the copy is put right again."""
    chance = random.Random(f"{kind} {seed}")
    kept = {path: path.read_bytes() for path in into.rglob("*") if path.is_file()}
    part = Segment.read(chance.choice(sorted((into / "segments").glob("*.log"))))
    record = KINDS[kind](into, part, chance.randrange(len(part.frames)), chance)

    finding = verify(into, KEYS).finding
    assert finding is not None, (kind, seed)
    if kind == "rechain":  # nothing tells more than the two checkpoints around it
        assert finding.reason == Wrong.REPLACED
        assert finding.record is not None
        assert finding.until is not None
        assert finding.record <= record < finding.until <= finding.record + 512
    else:
        assert (finding.record, finding.until) == (record, None), (kind, seed, finding)

    for path in into.rglob("*"):
        if path.is_file() and path not in kept:
            path.unlink()
    for path, content in kept.items():
        if not path.exists() or path.read_bytes() != content:
            path.write_bytes(content)


@pytest.mark.parametrize("kind", KINDS)
def test_f09_f10_tampering_is_found_and_the_first_wrong_record_is_named(
    log_folder: Path, tmp_path: Path, kind: str
) -> None:
    """F09, F10, short: each kind of tampering at 4 random places of a log of 4,096 records."""
    shutil.copytree(log_folder, tmp_path / "0")
    for seed in range(4):
        tampered(log_folder, tmp_path / "0", kind, seed)


@pytest.mark.parametrize("number", [0, 1, -1])
def test_a_segment_of_another_log_is_named_wherever_it_stands(log_folder: Path, tmp_path: Path, number: int) -> None:
    """A segment whose header names another log is foreign, the first one too: the name that counts is signed."""
    shutil.copytree(log_folder, tmp_path / "0")
    part = Segment.read(segment(tmp_path / "0", number))
    put_in_foreign(tmp_path / "0", part, 0, random.Random(1))

    finding = verify(tmp_path / "0", KEYS).finding
    assert finding is not None
    assert (finding.reason, finding.record) == (Wrong.FOREIGN, part.first)


@pytest.mark.faults
@pytest.mark.parametrize("kind", KINDS)
def test_tampering(log_folder: Path, tmp_path: Path, kind: str) -> None:
    """F09, F10: each kind of tampering at 1,000 random places of a log of 4,096 records."""
    shutil.copytree(log_folder, tmp_path / "0")
    for seed in range(1000):
        tampered(log_folder, tmp_path / "0", kind, seed)


async def test_a_log_that_was_rewritten_does_not_start(log_folder: Path, tmp_path: Path) -> None:
    """Whoever rewrites records and all that is derived from them is stopped by the log's own last checkpoint."""
    shutil.copytree(log_folder, tmp_path / "0")
    rechain(tmp_path / "0", Segment.read(segment(tmp_path / "0", 1)), 5, random.Random(1))

    with pytest.raises(LedgerDamaged, match="not those that were signed"):
        open_log(tmp_path / "0")


# --- and what is right is right --------------------------------------------------------------------


def test_a_log_that_nobody_touched_is_whole(log_folder: Path) -> None:
    """The report says what was read, and finds nothing, with keys or without."""
    report = verify(log_folder, KEYS)

    assert report.finding is None
    assert (report.origin, report.records, report.destroyed, report.torn_bytes) == (ORIGIN, 4096, 0, 0)
    assert report.checkpoints == 10
    assert report.signatures_checked
    assert not verify(log_folder).signatures_checked
    assert report.segments == len(list((log_folder / "segments").glob("*.log"))) > 3


async def test_a_log_that_is_being_written_is_whole(tmp_path: Path) -> None:
    """A log can be verified while records come."""
    async with opened(tmp_path) as log:
        await fill(log, 50)
        assert verify(tmp_path, KEYS).records == 50


def test_a_torn_end_is_told_and_is_no_tampering(log_folder: Path, tmp_path: Path) -> None:
    """What a crash left behind the last whole record is counted, not called wrong."""
    shutil.copytree(log_folder, tmp_path / "0")
    with segment(tmp_path / "0").open("ab") as file:
        file.write(bytes(77))

    report = verify(tmp_path / "0", KEYS)
    assert (report.finding, report.torn_bytes) == (None, 77)


@pytest.mark.faults
async def test_a_clean_log_of_a_million_records(tmp_path: Path) -> None:
    """Nothing is reported on a clean log of 10^6 records, and reading it takes well under a minute."""
    async with opened(tmp_path) as log:
        for start in range(0, 1_000_000, 5000):
            taken = [log.append(refused(str(number))) for number in range(start, start + 5000)]
            await taken[-1].durable(60)
            if start % 50_000 == 0:
                await log.sign_checkpoint()
    report = verify(tmp_path, KEYS)

    assert (report.finding, report.records) == (None, 1_000_000)


# --- signatures, kept checkpoints, destruction -------------------------------------------------------


def forged(log: Path, signer: FileSigner, checkpoint: Checkpoint) -> None:
    note = notes.signed(checkpoint, signer)
    (log / "checkpoint").write_text(note)
    with (log / "checkpoints").open("a") as file:
        file.write(note)


async def small(folder: Path) -> Path:
    async with opened(folder / "0", limits=replace(QUICK, segment_bytes=4096)) as log:
        await fill(log, 100)
    return folder / "0"


async def test_a_checkpoint_of_another_key_is_named(tmp_path: Path) -> None:
    """Records whose checkpoint a stranger has signed are not proven."""
    log = await small(tmp_path)
    forged(log, FORGER, Checkpoint(ORIGIN, 100, b"x" * 32))

    finding = verify(log, KEYS).finding
    assert finding is not None
    assert (finding.reason, finding.record, finding.until) == (Wrong.UNSIGNED, 100, 100)


async def test_a_checkpoint_of_another_tree_is_named(tmp_path: Path) -> None:
    """A checkpoint that the real key signed over other records shows that these were exchanged."""
    log = await small(tmp_path)
    forged(log, SIGNER, Checkpoint(ORIGIN, 60, b"x" * 32))

    finding = verify(log, KEYS).finding
    assert finding is not None
    assert (finding.reason, finding.record, finding.until) == (Wrong.REPLACED, 0, 60)


async def test_truncation_signed_with_the_real_key_is_found_by_a_kept_checkpoint(tmp_path: Path) -> None:
    """F11: whoever has the key can shorten the log and sign that; not for somebody who kept an earlier checkpoint."""
    log = await small(tmp_path)
    kept = (log / "checkpoint").read_text()
    part = Segment.read(segment(log))
    del part.frames[-3:]
    part.write()
    leaves = [one.leaf for path in sorted((log / "segments").glob("*.log")) for one in Segment.read(path).frames]
    tree = merkle.Frontier()
    tree.extend(leaves)
    (log / "checkpoints").unlink()
    forged(log, SIGNER, Checkpoint(ORIGIN, tree.size, tree.root()))

    assert verify(log, KEYS).finding is None
    finding = verify(log, KEYS, checkpoint=kept).finding
    assert finding is not None
    assert (finding.reason, finding.record) == (Wrong.TRUNCATED, 97)


@pytest.mark.parametrize("left", ["none", "the first"])
async def test_records_whose_checkpoints_were_taken_away_are_not_whole(tmp_path: Path, left: str) -> None:
    """Whoever has the machine but not the key can write any records, but no checkpoint over them."""
    clock = TurnedClock()
    async with opened(tmp_path, clock=clock) as log:
        await fill(log, 10)
        await log.sign_checkpoint()
        first = log.checkpoint
        for number in range(10, 40):
            await log.append(refused(str(number))).durable(5)
            clock.passed_s += 60
    assert (whole := verify(tmp_path, KEYS)).finding is None
    assert whole.signed == whole.records == 40
    for name in ("checkpoints", "checkpoint"):
        (tmp_path / name).write_text("" if left == "none" else first)

    finding = verify(tmp_path, KEYS).finding

    assert finding is not None
    assert (finding.reason, finding.until) == (Wrong.UNSIGNED, 40)
    assert finding.record == (0 if left == "none" else 10)


async def test_the_last_seconds_of_a_log_need_no_checkpoint_yet(tmp_path: Path) -> None:
    """A log may be verified while it is written, or after a crash: how many records are signed is said."""
    async with opened(tmp_path) as log:
        await fill(log, 10)
        await log.sign_checkpoint()
        await fill(log, 5, start=10)
        report = verify(tmp_path, KEYS)

    assert report.finding is None
    assert (report.records, report.signed) == (15, 10)


async def test_a_manifest_that_does_not_fit_is_named(tmp_path: Path) -> None:
    """A manifest somebody changed is told, though no record is wrong."""
    log = await small(tmp_path)
    manifest = read_manifest(segment(log, 0))
    assert manifest is not None
    manifest_path(segment(log, 0)).write_bytes(replace(manifest, sha256="0" * 64).encoded())

    finding = verify(log, KEYS).finding
    assert finding is not None
    assert (finding.reason, finding.record) == (Wrong.MANIFEST, None)


@pytest.mark.parametrize("where", ["the log itself", "the admin log", "nowhere"])
async def test_destroyed_records_must_be_explained(tmp_path: Path, where: str) -> None:
    """A record whose data are gone keeps the tree whole; a `destroyed` record has to say that it went."""
    async with opened(tmp_path / "0") as log:
        await fill(log, 10)
        leaves = hashlib.sha256(b"".join(log.leaf(index) for index in (3, 4, 7))).hexdigest()
        said = {"type": "destroyed", "log": ORIGIN, "ranges": [[3, 4], [7, 7]], "leaves": leaves}
        said |= {"registry": "dancu", "until": "2026-03-01T00:00:00Z"}
        if where == "the log itself":
            await log.append(said).durable(5)
    async with opened(tmp_path / "admin", origin="gateway.test/ledger/admin") as log:
        await log.append(said if where == "the admin log" else said | {"log": "other"}).durable(5)
    part = Segment.read(segment(tmp_path / "0"))
    for index in (3, 4, 7):
        part.frames[index] = replace(part.frames[index], data=b"", kind=DESTROYED)
    part.write()

    report = verify(tmp_path / "0", KEYS, admin=[tmp_path / "admin"])
    assert report.destroyed == 3
    if where == "nowhere":
        assert report.finding is not None
        assert (report.finding.reason, report.finding.record) == (Wrong.UNEXPLAINED, 3)
    else:
        assert report.finding is None


def test_a_report_is_json(log_folder: Path) -> None:
    """A report can be printed as JSON, with a finding or without."""
    report = verify(log_folder, [FORGER.public_key])

    view = orjson.loads(orjson.dumps(report.view()))
    assert view["finding"]["reason"] == "unsigned"
    assert view["records"] == 4096
