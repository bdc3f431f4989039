"""
Destruction as it is done: first the record that says so, durable in the `admin` log; then the data.

A crash between the two, or between two files, leaves a log that verifies, and the next run finishes what the records
say. A segment is rewritten whole beside the old one and takes its place in one step. Copies in the second place follow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from gateway.ledger.segments import Manifest, file_digest, manifest_path
from gateway.ledger.shipping import Shipping, sealed_segments

__all__ = ["ADMIN", "Administration", "Destroyed", "admin_records", "admin_slots", "destroy", "planned"]

ADMIN = "admin"


Forget = Callable[[str, Sequence[int]], object]
"""Takes everything personal out of the index's rows of these records of a log: `index.Index.forget`."""


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


def admin_slots(ledger_folder: Path) -> list[LogReader]:
    """The logs of administration: `admin`, and those that follow it after a restore."""
    return [reader for slot, reader in slots(ledger_folder).items() if _is_admin(slot)]


def admin_records(ledger_folder: Path) -> list[Record]:
    """What command-line administration has recorded, oldest log first."""
    found: list[Record] = []
    for reader in admin_slots(ledger_folder):
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
    forget: Forget | None = None,
    between: Callable[[str], None] = lambda _: None,
) -> Destroyed:
    """
    Destroy what has been kept long enough, here, in the index (`forget`) and in the second place. Nobody else may write
    the `admin` log meanwhile. Raises RetentionError where a segment is damaged, PlaceError and StoreUnavailable where
    copies or index could not follow: the next run finishes it. `between` is told of each step when it is done, so that
    a test can stop there.
    """
    records = admin_records(ledger_folder)
    holds = Holds(records)
    taking = _Taking(ledger_folder, forget, between)
    finished = taking.take(destructions(records), holds)
    plans = planned(ledger_folder, limits=limits, holds=holds, now=now)
    made = [destruction for one in plans.values() for destruction in one.destructions]
    for destruction in made:
        await administration.keep(destruction.record(by=by, reason=reason, at=now))
        between("recorded")
    taken = taking.take(made, Holds())
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


def _is_admin(slot: str) -> bool:
    """Whether it is the slot of administration, or one that follows it after a restore."""
    return slot == ADMIN or slot.startswith(f"{ADMIN}r")


@dataclass(frozen=True, slots=True)
class _Taking:
    """Takes the data of what destructions tell of, wherever they are still there."""

    ledger_folder: Path
    forget: Forget | None
    between: Callable[[str], None]

    def take(self, told: Sequence[Destruction], holds: Holds) -> int:
        """How many records lost their data now; those under a hold keep them."""
        by_log: dict[str, set[int]] = {}
        for destruction in told:
            by_log.setdefault(destruction.log, set()).update(destruction.indices())
        count = 0
        for reader in slots(self.ledger_folder).values():
            wanted = by_log.get(reader.origin, set())
            if wanted and len(holds):
                wanted -= held_indices(reader.entries(), holds)
            if wanted:
                count += self._from_log(reader, wanted)
        return count

    def _from_log(self, reader: LogReader, wanted: set[int]) -> int:
        count = 0
        durable.sweep(reader.folder / "segments", ".log")
        for manifest, path in sealed_segments(reader.folder):
            mine = {index for index in range(manifest.first, manifest.end) if index in wanted}
            if mine:
                count += self._from_segment(manifest, path, mine)
        return count

    def _from_segment(self, manifest: Manifest, path: Path, mine: set[int]) -> int:
        content = path.read_bytes()
        new = rewritten(content, mine)
        if new != content:
            if self.forget is not None:
                # Before the segment: a run that fails here finds the data still there next time, and comes again.
                self.forget(manifest.origin, sorted(mine))
                self.between("forgotten")
            durable.replace(path, new)
            self.between("rewritten")
        size, digest = file_digest(path)
        if (size, digest) != (manifest.size_bytes, manifest.sha256):
            fresh = replace(manifest, size_bytes=size, sha256=digest)
            durable.replace(manifest_path(path), fresh.encoded())
            self.between("described")
        return _gone(new, manifest.first, mine) - _gone(content, manifest.first, mine)


def _gone(content: bytes, first: int, wanted: set[int]) -> int:
    _, start = frames.read_header(content)
    kinds = (frame.kind for frame in frames.frames(content, start))
    return sum(kind == frames.DESTROYED and index in wanted for index, kind in enumerate(kinds, first))
