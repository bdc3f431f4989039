"""Segment files on the disk: their names, the manifest beside a sealed one, reading, and writing at the end."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson

from gateway.ledger.disk import Disk, File
from gateway.ledger.frames import FRAME_HEAD, HEADER_LIMIT, LARGEST, Frame, frames, read_header
from gateway.ledger.records import Asked

__all__ = [
    "FlushFailed",
    "Manifest",
    "SegmentWriter",
    "WriteFailed",
    "file_digest",
    "manifest_path",
    "read_frames",
    "read_manifest",
    "segment_header",
    "segment_path",
    "segment_paths",
]

_CHUNK = 4 << 20


@dataclass(frozen=True, slots=True)
class Manifest:
    """
    What is true at the end of a sealed segment, so that a start need not read it again. Derived: the segments and the
    signed checkpoints prove it.

    `peaks` are those of the tree (merkle.Frontier) over all records up to the segment's last; `unanswered` the lookups
    that were asked and not closed by then, with index and dataset; `newest` the latest wall-clock time
    that the log had seen, ISO 8601.
    """

    origin: str
    first: int
    count: int
    size_bytes: int
    sha256: str
    peaks: tuple[bytes, ...] = field(repr=False)
    unanswered: Mapping[str, Asked] = field(repr=False)
    newest: str

    @property
    def end(self) -> int:
        """The index of the first record of the next segment."""
        return self.first + self.count

    def encoded(self) -> bytes:
        """The manifest's file."""
        value = {
            "format": 1,
            "origin": self.origin,
            "first": self.first,
            "count": self.count,
            "size_bytes": self.size_bytes,
            "sha256": self.sha256,
            "peaks": [peak.hex() for peak in self.peaks],
            "unanswered": {name: [asked.index, asked.dataset] for name, asked in self.unanswered.items()},
            "newest": self.newest,
        }
        return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def segment_path(folder: Path, first: int) -> Path:
    """The segment whose first record has that index, in a log's folder."""
    return folder / "segments" / f"{first:020d}.log"


def manifest_path(segment: Path) -> Path:
    """The manifest beside a segment."""
    return segment.with_suffix(".json")


def segment_paths(folder: Path) -> list[tuple[int, Path]]:
    """A log's segments in order, each with the index of its first record."""
    found = [path for path in (folder / "segments").glob("*.log") if path.stem.isdecimal()]
    return sorted((int(path.stem), path) for path in found)


def read_manifest(segment: Path) -> Manifest | None:
    """The manifest of a segment; None where it has none or it cannot be read."""
    try:
        value = orjson.loads(manifest_path(segment).read_bytes())
        return Manifest(
            origin=value["origin"],
            first=value["first"],
            count=value["count"],
            size_bytes=value["size_bytes"],
            sha256=value["sha256"],
            peaks=tuple(bytes.fromhex(peak) for peak in value["peaks"]),
            unanswered={name: Asked(*asked) for name, asked in value["unanswered"].items()},
            newest=value["newest"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def segment_header(path: Path) -> tuple[dict[str, Any], int]:
    """A segment's header and where its frames begin. Raises ValueError where it has none, OSError."""
    with path.open("rb") as file:
        return read_header(file.read(HEADER_LIMIT))


def read_frames(path: Path, start: int) -> Iterator[Frame]:
    """The frames of a segment from an offset on, in pieces; as `frames.frames`. Raises OSError."""
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        at = start
        while at < size:
            file.seek(at)
            content = file.read(min(_CHUNK, size - at))
            if not content:
                return
            last = at + len(content) >= size
            begin = at
            for frame in frames(content, 0, shift=begin):
                if not frame.whole:
                    if not last and begin + len(content) - frame.offset < FRAME_HEAD + LARGEST:
                        break  # it may only have been cut by the piece: read on from its beginning
                    yield frame
                    return
                yield frame
                at = frame.end
            if last:
                return


def file_digest(path: Path) -> tuple[int, str]:
    """A file's size and SHA-256 in hex."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return file.tell(), digest


class WriteFailed(Exception):
    """Nothing of the commit is in the file: what had been written was cut off again."""


class FlushFailed(Exception):
    """Nobody knows what is on the disk. A flush tried again might lie, so nothing may follow."""


class SegmentWriter:
    """
    The end of a log: one file that grows. One thread at a time calls it. All before `offset` is on the disk; nothing
    is behind it.
    """

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder
        self._disk = disk
        self._file: File | None = None
        self.first = 0
        self.offset = 0

    def resume(self, path: Path, first: int, end: int, last_commit: bytes) -> None:
        """
        Go on after a start: what lies behind `end` is cut off. The last commit is written again, since after a failed
        flush the system may hold it for written although it never was. Raises OSError.
        """
        self._file = self._disk.open(path)
        self._file.cut(end)
        if last_commit:
            self._file.write(last_commit, end - len(last_commit))
        self._file.flush()
        self.first, self.offset = first, end

    def commit(self, data: bytes) -> None:
        """Write and flush, or raise WriteFailed or FlushFailed."""
        file = self._open_file()
        try:
            file.write(data, self.offset)
        except OSError as exc:
            self._cut_back(file, exc)
            raise WriteFailed(_named(exc)) from exc
        self._flush(file)
        self.offset += len(data)

    def begin(self, first: int, header: bytes) -> None:
        """Go on in a new file, which is on the disk with its header when this returns. Raises as `commit`."""
        path = segment_path(self._folder, first)
        file: File | None = None
        try:
            file = self._disk.create(path)
            file.write(header, 0)
        except OSError as exc:
            if file is not None:
                file.close()
                with suppress(OSError):
                    self._disk.remove(path)
            raise WriteFailed(_named(exc)) from exc
        self._flush(file)
        try:
            self._disk.flush_folder(path.parent)
        except OSError as exc:
            raise FlushFailed(_named(exc)) from exc
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
        self._file, self.first, self.offset = file, first, len(header)

    def try_again(self) -> None:
        """
        After WriteFailed: see whether a small file can be written and flushed in the same folder, and flush that the
        failed commit was cut off. Raises as `commit`.
        """
        path = self._folder / "segments" / ".probe"
        try:
            file = self._disk.create(path)
            try:
                file.write(bytes(_PROBE), 0)
                file.flush()
            finally:
                file.close()
            self._disk.remove(path)
        except OSError as exc:
            raise WriteFailed(_named(exc)) from exc
        self._flush(self._open_file())

    def close(self) -> None:
        """Give the file back."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
            self._file = None

    def _open_file(self) -> File:
        if self._file is None:
            raise FlushFailed("the segment is closed")
        return self._file

    def _cut_back(self, file: File, cause: OSError) -> None:
        try:
            file.cut(self.offset)
        except OSError as exc:
            raise FlushFailed(f"{_named(cause)}, and the half-written commit could not be cut off") from exc

    @staticmethod
    def _flush(file: File) -> None:
        try:
            file.flush()
        except OSError as exc:
            raise FlushFailed(_named(exc)) from exc


_PROBE = 64 * 1024  # room for a few commits, or the next one fails again


def _named(exc: OSError) -> str:
    return exc.strerror or type(exc).__name__
