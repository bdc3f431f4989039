"""
A log from its copies in the second place, after the loss of a disk.

What had not been sealed is lost, and nobody can say what it was: records that were answered for, perhaps with evidence
in somebody's hands that names log and index. So a restored log is closed for ever. It verifies, it is read, kept and
destroyed like any other; what comes now goes into a log of a new name, and the `admin` log says so:

    type       members besides `at`
    restored   log size root witnessed successor by reason

`size` and `root` are of what was restored; `witnessed` is the size that the witnesses last saw, null where none could
be asked: the difference is what is surely lost.
"""

from __future__ import annotations

import shutil
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson

from gateway.errors import LedgerDamaged, PlaceError
from gateway.ledger import durable, frames, recovery
from gateway.ledger.disk import SystemDisk
from gateway.ledger.ended import ENDED, slot_after
from gateway.ledger.notes import Checkpoint
from gateway.ledger.places import Place
from gateway.ledger.records import Record
from gateway.ledger.segments import segment_path

__all__ = ["RESTORED", "Restored", "restore"]

RESTORED = "restored"
_BUILDING = "restoring"


@dataclass(frozen=True, slots=True)
class Restored:
    """A log that was restored: into which slot, how far, and what the witnesses had seen of it."""

    log: str
    slot: str
    successor: str
    size: int
    root: bytes
    witnessed: int | None

    def record(self, *, by: str, reason: str, at: datetime) -> Record:
        """As the `admin` log keeps it."""
        return {
            "type": RESTORED,
            "at": at,
            "log": self.log,
            "size": self.size,
            "root": self.root.hex(),
            "witnessed": self.witnessed,
            "successor": self.successor,
            "by": by,
            "reason": reason,
        }


def restore(place: Place, log: str, ledger_folder: Path, witnessed: Checkpoint | None) -> Restored:
    """
    Put the log's copies where they were, make its derived files anew, and close it. A log that was witnessed and has no
    copy comes back empty: all of it is lost, and its name is used up. Blocks.

    Raises PlaceError for copies that are missing or damaged and where the slot has a log already, LedgerDamaged where
    they are not the log that its witnesses saw. Nothing is left half done under the slot's name: until all is right it
    stands in `restoring/<slot>`.
    """
    slot = log.rpartition("/")[2]
    target = ledger_folder / slot
    if target.exists():
        raise PlaceError(f"{target}: there is a log already; restore into a folder that has none")
    building = ledger_folder / _BUILDING / slot
    if building.exists():
        shutil.rmtree(building)
    _copy_back(place, log, building, is_known=witnessed is not None and witnessed.size > 0)
    found = recovery.find(building, log, SystemDisk())
    tiles = found.tiles
    try:
        if witnessed is not None and witnessed.size <= tiles.size:
            recovery.agrees(tiles, witnessed, f"{log}, by its witness")
        size, root = tiles.size, tiles.frontier.root()
    finally:
        tiles.close()
    successor = slot_after(slot)
    ended = {"log": log, "size": size, "root": root.hex(), "successor": successor}
    durable.replace(building / ENDED, orjson.dumps(ended, option=orjson.OPT_APPEND_NEWLINE))
    building.rename(target)
    with suppress(OSError):
        building.parent.rmdir()  # another log may be there that an earlier run has begun
    durable.flush_folder(ledger_folder)
    return Restored(log, slot, successor, size, root, witnessed.size if witnessed is not None else None)


def _copy_back(place: Place, log: str, folder: Path, *, is_known: bool) -> None:
    held = place.held(log)
    if not held and not is_known:
        raise PlaceError(f"the second place has nothing of {log}; it has {', '.join(place.logs()) or 'nothing at all'}")
    (folder / "segments").mkdir(parents=True, exist_ok=True)
    (folder / "tiles").mkdir(exist_ok=True)
    index = 0
    for first, there in sorted(held.items()):
        if first != index:
            raise PlaceError(f"the second place has no copy of {log} from {index} on, but one from {first} on")
        content = place.get(log, first)
        if _count(content, log, first) != there.count:
            raise LedgerDamaged(f"the copy of {log} from {first} on does not hold {there.count} sound records")
        durable.replace(segment_path(folder, first), content)
        index += there.count
    # As after sealing: an empty segment behind the last full one, so that everything before it counts as complete.
    durable.replace(segment_path(folder, index), frames.header(log, index))


def _count(content: bytes, log: str, first: int) -> int:
    try:
        head, start = frames.read_header(content)
    except ValueError:
        return -1
    if (head.get("origin"), head.get("first")) != (log, first):
        return -1
    found = list(frames.frames(content, start))
    return len(found) if all(frame.sound for frame in found) else -1
