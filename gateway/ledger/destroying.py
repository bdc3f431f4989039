"""
Destruction as it is done: first the record that says so, durable in the `admin` log; then the data.

A crash between the two, or between two files, leaves a log that verifies, and the next run finishes what the records
say. A segment is rewritten whole beside the old one and takes its place in one step. Copies in the second place follow.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Protocol

import orjson

from gateway.ledger import durable, frames
from gateway.ledger.holds import Holds
from gateway.ledger.reading import LogReader, slots
from gateway.ledger.records import Record
from gateway.ledger.retention import Destruction, Limits, Plan, destructions, held_indices, plan, rewritten
from gateway.ledger.segments import file_digest, manifest_path
from gateway.ledger.shipping import Shipping, sealed_segments

__all__ = ["ADMIN", "Administration", "Destroyed", "Unexplained", "admin_records", "destroy", "planned", "unexplained"]

ADMIN = "admin"


class Administration(Protocol):
    """The `admin` log, as far as a destruction needs it."""

    async def keep(self, record: Record) -> None:
        """Return when the record is durable. Raises LedgerUnavailable."""


@dataclass(frozen=True, slots=True)
class Destroyed:
    """What a run did: records destroyed now, and those that an earlier run had promised; and what it left, and why."""

    records: int = 0
    finished: int = 0
    held: int = 0
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Unexplained:
    """A record whose data are gone although no destruction tells of it."""

    log: str
    index: int


def admin_records(ledger_folder: Path) -> list[Record]:
    """What command-line administration has recorded, oldest log first."""
    found: list[Record] = []
    for slot, reader in slots(ledger_folder).items():
        if _is_admin(slot):
            found += [orjson.loads(entry.record) for entry in reader.entries() if entry.record is not None]
    return found


def planned(ledger_folder: Path, *, limits: Limits, holds: Holds, now: datetime) -> dict[str, Plan]:
    """What a run would destroy, by the log's origin. Reads every log, and changes nothing."""
    plans = {}
    for reader in slots(ledger_folder).values():
        end = 0
        for manifest, _ in sealed_segments(reader.folder):
            end = manifest.end
        origin = reader.origin
        plans[origin] = plan(origin, reader.entries(), sealed=end, limits=limits, holds=holds, now=now)
    return plans


async def destroy(
    ledger_folder: Path,
    administration: Administration,
    *,
    limits: Limits,
    by: str,
    reason: str,
    now: datetime,
    second: Shipping | None = None,
    between: Callable[[str], None] = lambda _: None,
) -> Destroyed:
    """
    Destroy what has been kept long enough, here and in the second place. Nobody else may write the `admin` log
    meanwhile. Raises RetentionError where a segment is damaged, PlaceError where the copies could not follow: the next
    run finishes both. `between` is told of each step when it is done, so that a test can stop there.
    """
    records = admin_records(ledger_folder)
    holds = Holds(records)
    finished = _take(ledger_folder, destructions(records), holds, between)
    plans = planned(ledger_folder, limits=limits, holds=holds, now=now)
    made = [destruction for one in plans.values() for destruction in one.destructions]
    for destruction in made:
        await administration.keep(destruction.record(by=by, reason=reason, at=now))
        between("recorded")
    taken = _take(ledger_folder, made, Holds(), between)
    if second is not None:
        for reader in slots(ledger_folder).values():
            second.ship(reader.folder)
        if taken or finished:
            second.place.forget_replaced()
    return Destroyed(
        taken,
        finished,
        held=sum(one.held for one in plans.values()),
        waiting=sum(one.waiting for one in plans.values()),
    )


def unexplained(ledger_folder: Path, records: Iterable[Record]) -> Iterator[Unexplained]:
    """
    Every record without data that no destruction in these `admin` records covers with the right leaf hashes: the
    data of a record can only be taken unseen by somebody who can write the `admin` log too.
    """
    told: dict[str, list[Destruction]] = {}
    for destruction in destructions(records):
        told.setdefault(destruction.log, []).append(destruction)
    for reader in slots(ledger_folder).values():
        origin = reader.origin
        gone = {entry.index: entry.leaf for entry in reader.entries() if entry.record is None}
        for destruction in told.get(origin, []):
            leaves = [gone.get(index) for index in destruction.indices()]
            digest = hashlib.sha256(b"".join(leaf for leaf in leaves if leaf is not None)).hexdigest()
            if None not in leaves and digest != destruction.leaves:
                continue
            for index in destruction.indices():
                gone.pop(index, None)
        for index in sorted(gone):
            yield Unexplained(origin, index)


def _is_admin(slot: str) -> bool:
    """Whether it is the slot of administration, or one that follows it after a restore."""
    return slot == ADMIN or slot.startswith(f"{ADMIN}r")


def _take(ledger_folder: Path, told: Sequence[Destruction], holds: Holds, between: Callable[[str], None]) -> int:
    """Take the data of what the destructions tell of, where they are still there and nothing holds them."""
    by_log: dict[str, set[int]] = {}
    for destruction in told:
        by_log.setdefault(destruction.log, set()).update(destruction.indices())
    count = 0
    for reader in slots(ledger_folder).values():
        wanted = by_log.get(reader.origin, set())
        if wanted and len(holds):
            wanted -= held_indices(reader.entries(), holds)
        if wanted:
            count += _rewrite(reader, wanted, between)
    return count


def _rewrite(reader: LogReader, wanted: set[int], between: Callable[[str], None]) -> int:
    count = 0
    durable.sweep(reader.folder / "segments", ".log")
    for manifest, path in sealed_segments(reader.folder):
        mine = {index for index in range(manifest.first, manifest.end) if index in wanted}
        if not mine:
            continue
        content = path.read_bytes()
        new = rewritten(content, mine)
        if new != content:
            count += _gone(new, manifest.first, mine) - _gone(content, manifest.first, mine)
            durable.replace(path, new)
            between("rewritten")
        size, digest = file_digest(path)
        if (size, digest) != (manifest.size_bytes, manifest.sha256):
            fresh = replace(manifest, size_bytes=size, sha256=digest)
            durable.replace(manifest_path(path), fresh.encoded())
            between("described")
    return count


def _gone(content: bytes, first: int, wanted: set[int]) -> int:
    _, start = frames.read_header(content)
    kinds = (frame.kind for frame in frames.frames(content, start))
    return sum(kind == frames.DESTROYED and index in wanted for index, kind in enumerate(kinds, first))
