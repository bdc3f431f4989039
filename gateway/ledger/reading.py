"""Reading a log beside the process that writes it: only what is surely on the disk, and only whole records."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gateway.errors import LedgerDamaged
from gateway.ledger import recovery
from gateway.ledger.frames import DESTROYED
from gateway.ledger.notes import Checkpoint, checkpoint_from, split
from gateway.ledger.segments import read_frames, segment_header, segment_paths

__all__ = ["Entry", "LogReader", "slots"]


@dataclass(slots=True)  # not frozen: there is one for each record that is read, and it would take twice as long
class Entry:
    """One record of a log. `record` is its bytes, and None where it was destroyed."""

    index: int
    leaf: bytes = field(repr=False)
    record: bytes | None = field(repr=False)


class LogReader:
    """
    One log, read only. Nobody is locked out, nothing is cut off.

    What a commit has written but not flushed yet can still be lost, and another record come in its place. So unless
    asked otherwise, only records that are surely flushed are given: those of all commits but the last, and those that a
    checkpoint covers. In a log that is being written every record is among them within one checkpoint interval.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # Where the last pass ended, so that whoever follows a log does not read its segment again.
        self._resume: tuple[int, int, int] | None = None  # index, offset, which file

    @property
    def origin(self) -> str:
        """The log's name; empty where there is no log yet."""
        for _, path in segment_paths(self.folder):
            try:
                return str(segment_header(path)[0]["origin"])
            except (OSError, ValueError, KeyError):
                break
        return ""

    @property
    def checkpoint(self) -> Checkpoint | None:
        """The latest checkpoint that lies there, its signature not looked at."""
        note = recovery.last_note(self.folder)
        return checkpoint_from(split(note)[0]) if note is not None else None

    @property
    def size(self) -> int:
        """How many records are surely flushed: reads the last segment."""
        segments = segment_paths(self.folder)
        if not segments:
            return 0
        reader = LogReader(self.folder)
        last = segments[-1][0]
        for entry in reader.entries(last):
            last = entry.index + 1
        return last

    def entries(self, start: int = 0, stop: int | None = None, *, flushed_only: bool = True) -> Iterator[Entry]:
        """
        Records from `start` on, up to `stop`, or to the end as it is now. Ends before a frame that is not sound, if it
        is in the last segment: it is being written, or torn. Raises LedgerDamaged for one anywhere else, OSError.
        """
        checkpoint = self.checkpoint
        signed = checkpoint.size if checkpoint is not None else 0
        segments = segment_paths(self.folder)
        begin = max(0, bisect_right([first for first, _ in segments], start) - 1)
        for number in range(begin, len(segments)):
            first, path = segments[number]
            is_last = number == len(segments) - 1
            for entry in self._segment(first, path, start, signed, is_last=is_last, flushed_only=flushed_only):
                if stop is not None and entry.index >= stop:
                    return
                yield entry

    def _segment(
        self, first: int, path: Path, start: int, signed: int, *, is_last: bool, flushed_only: bool
    ) -> Iterator[Entry]:
        index, offset, file = first, 0, path.stat().st_ino  # a file rewritten without what was destroyed is another
        if self._resume is not None and self._resume[2] == file and self._resume[0] <= start:
            index, offset, _ = self._resume
        if not offset:
            try:
                _, offset = segment_header(path)
            except ValueError:
                if is_last:
                    return
                raise LedgerDamaged(f"{path}: no header") from None
        batch = -1
        held: list[Entry] = []
        for frame in read_frames(path, offset):
            if not frame.sound:
                if is_last:
                    break
                raise LedgerDamaged(f"{path}, offset {frame.offset}: record {index} is not what was written there")
            if frame.batch != batch:
                yield from held
                held, batch = [], frame.batch
            entry = Entry(index, frame.leaf, None if frame.kind == DESTROYED else frame.data)
            index += 1
            if index > start:
                if not (flushed_only and is_last) or entry.index < signed:
                    yield from held
                    held = []
                    self._resume = (index, frame.end, file)
                    yield entry
                else:
                    held.append(entry)
        if not is_last:
            yield from held


def slots(ledger_folder: Path) -> dict[str, LogReader]:
    """The logs of an installation by slot (`0`, `1`, ..., `admin`), in order."""
    found = [path.parent for path in ledger_folder.glob("*/segments") if path.is_dir()]
    numbered = sorted(found, key=lambda path: (not path.name.isdecimal(), len(path.name), path.name))
    return {path.name: LogReader(path) for path in numbered}
