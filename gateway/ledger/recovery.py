"""
What a log finds when it is opened: where it ends, what a crash tore off, and which questions it cut short.

A torn end is cut off; everything else that is not as it was written refuses to start, since cutting it would be the
very thing that the log is there to make visible.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import orjson

from gateway.errors import LedgerDamaged
from gateway.ledger import records
from gateway.ledger.disk import Disk
from gateway.ledger.frames import DESTROYED, Frame, frames, read_header, sound_frames_anywhere
from gateway.ledger.merkle import root_at
from gateway.ledger.notes import Checkpoint, checkpoint_from, notes_in, split
from gateway.ledger.records import Asked, Record
from gateway.ledger.segments import Manifest, file_digest, manifest_path, read_manifest, segment_paths
from gateway.ledger.tiles import Tiles

__all__ = ["Found", "agrees", "find", "last_note", "notes_end", "parsed_record"]

_TAIL = 256 * 1024


@dataclass(slots=True)
class Found:
    """
    The end of a log. `segment` is None where there is none yet, or the last one was torn before its first use; `torn`
    says how many bytes behind `end` are to be cut off. `last_commit` is what the last commit wrote up to `end`: all
    that may not be on the disk. `unanswered` holds what was asked and not closed, by lookup id.
    """

    tiles: Tiles
    segment: Path | None = None
    first: int = 0
    end: int = 0
    torn: int = 0
    last_commit: bytes = field(default=b"", repr=False)
    begun: datetime | None = None
    newest: datetime | None = None
    unanswered: dict[str, Asked] = field(default_factory=dict)


def find(folder: Path, origin: str, disk: Disk, *, anew: bool = False) -> Found:
    """
    The end of the log in that folder. Writes nothing but derived files; `anew`: makes the tiles again from the records
    even if they look right. Raises LedgerDamaged, OSError.
    """
    segments = segment_paths(folder)
    manifest = _newest_manifest(segments[:-1], origin)
    found = Found(Tiles(folder / "tiles", disk))
    if manifest is not None:
        found.unanswered = dict(manifest.unanswered)
        found.newest = _moment(manifest.newest)
        if anew or not found.tiles.resume(manifest.end) or found.tiles.frontier.peaks != manifest.peaks:
            _make_again(found.tiles, [one for one in segments if one[0] < manifest.end], manifest)
    rest = [one for one in segments if manifest is None or one[0] >= manifest.end]
    for number, (first, path) in enumerate(rest):
        if first != found.tiles.size:
            raise LedgerDamaged(f"{path}: begins with record {first}, but the one before ends at {found.tiles.size}")
        before = found.tiles.size
        is_last = number == len(rest) - 1
        _read_segment(found, folder, origin, first, path, is_last=is_last)
        if not is_last:
            _seal(found, origin, first, path, found.tiles.size - before, disk)
    return found


def agrees(found: Tiles, checkpoint: Checkpoint, where: str) -> None:
    """Raise LedgerDamaged unless the tree begins with the checkpoint's."""
    if checkpoint.size > found.size:
        raise LedgerDamaged(
            f"{where}: the log holds {found.size} records, but had {checkpoint.size}; record {found.size} is the first"
            " that is missing"
        )
    try:
        root = root_at(found, checkpoint.size)
    except ValueError:  # a hash row is broken off
        root = b""
    if root != checkpoint.root:
        raise LedgerDamaged(
            f"{where}: the first {checkpoint.size} records are not those that were signed; `gateway ledger verify`"
            " names the first wrong one"
        )


def last_note(folder: Path) -> str | None:
    """The log's latest checkpoint as it lies there, of whichever file has the later one; None where there is none."""
    notes: list[tuple[int, str]] = []
    for name in ("checkpoint", "checkpoints"):
        with suppress(OSError), (folder / name).open("rb") as file:
            size = file.seek(0, 2)
            file.seek(max(0, size - _TAIL))
            content = file.read().decode(errors="replace")
            for note in list(notes_in(content))[-1:]:
                with suppress(ValueError):
                    notes.append((checkpoint_from(split(note)[0]).size, note))
    return max(notes, default=(0, None), key=lambda one: one[0])[1]


def notes_end(folder: Path) -> int:
    """Where the next checkpoint is appended: behind the last whole one."""
    try:
        with (folder / "checkpoints").open("rb") as file:
            start = max(0, file.seek(0, 2) - _TAIL)
            file.seek(start)
            content = file.read()
    except FileNotFoundError:
        return 0
    last = next(iter(list(notes_in(content.decode(errors="surrogateescape")))[-1:]), None)
    if last is None:
        return start
    note = last.encode(errors="surrogateescape")
    return start + content.rfind(note) + len(note)


def parsed_record(data: bytes, index: int, where: str) -> Record:
    """A record that says of itself that it has that index. Raises LedgerDamaged."""
    try:
        record = orjson.loads(data)
        said = int(record["index"])
    except (ValueError, KeyError, TypeError):
        raise LedgerDamaged(f"{where}: record {index} is no record") from None
    if said != index:
        raise LedgerDamaged(f"{where}: in the place of record {index} stands record {said}")
    found: Record = record
    return found


def _newest_manifest(segments: list[tuple[int, Path]], origin: str) -> Manifest | None:
    for first, path in reversed(segments):
        manifest = read_manifest(path)
        if manifest is not None and manifest.first == first and manifest.origin == origin:
            return manifest
    return None


def _make_again(tiles: Tiles, segments: Iterable[tuple[int, Path]], manifest: Manifest) -> None:
    """The tiles, from sealed segments: whoever lost or bent them has changed nothing that counts."""
    tiles.resume(0)
    for first, path in segments:
        if first != tiles.size:
            raise LedgerDamaged(f"{path}: begins with record {first}, but the one before ends at {tiles.size}")
        content = path.read_bytes()
        try:
            _, start = read_header(content)
        except ValueError:
            raise LedgerDamaged(f"{path}: no header") from None
        leaves: list[bytes] = []
        for frame in frames(content, start):
            if not frame.sound:
                raise LedgerDamaged(_broken(path, frame, first + len(leaves)))
            leaves.append(frame.leaf)
        tiles.extend(leaves)
        pieces = tiles.unstored()
        tiles.store(pieces)
        tiles.stored(pieces)
    if tiles.frontier.peaks != manifest.peaks:
        raise LedgerDamaged(
            f"{manifest_path(path)}: the tree of the segments is not the manifest's; `gateway ledger verify` names the"
            " first wrong record"
        )
    tiles.flush()


def _read_segment(found: Found, folder: Path, origin: str, first: int, path: Path, *, is_last: bool) -> None:
    content = path.read_bytes()
    try:
        head, start = read_header(content)
    except ValueError:
        if is_last and next(sound_frames_anywhere(content, 0), None) is None:
            # Torn before its first use: nothing is in it. It is begun anew, under the same name.
            found.segment, found.first, found.end, found.torn = None, first, 0, len(content)
            found.last_commit = b""
            return
        raise LedgerDamaged(f"{path}: no header; it would have begun with record {first}") from None
    if head.get("origin") != origin or head["first"] != first:
        raise LedgerDamaged(f"{path}: belongs to log {head.get('origin')} and begins with record {head['first']}")
    leaves: list[bytes] = []
    end = batch = start
    for frame, index in _sound_frames(path, content, start, first, is_last=is_last):
        leaves.append(frame.leaf)
        end, batch = frame.end, frame.batch
        if frame.kind != DESTROYED:
            _note(found, parsed_record(frame.data, index, f"{path}, offset {frame.offset}"))
    found.tiles.extend(leaves)
    found.segment, found.first, found.end, found.torn = path, first, end, len(content) - end
    found.last_commit = content[batch:end] if batch < end else b""
    found.begun = _moment(head.get("at"))


def _sound_frames(path: Path, content: bytes, start: int, first: int, *, is_last: bool) -> Iterator[tuple[Frame, int]]:
    index, batch, shrunk = first, start, False
    for frame in frames(content, start):
        if not frame.sound:  # then nothing it says of itself counts
            later = max((one.batch for one in sound_frames_anywhere(content, frame.offset + 1)), default=0)
            if not is_last or later > frame.offset:
                raise LedgerDamaged(_broken(path, frame, index))
            return
        shrunk = shrunk or frame.kind == DESTROYED
        if not shrunk and frame.batch not in {batch, frame.offset}:
            raise LedgerDamaged(_broken(path, frame, index))
        batch = frame.batch
        yield frame, index
        index += 1


def _broken(path: Path, frame: Frame, index: int) -> str:
    return f"{path}, offset {frame.offset}: record {index} is not what was written there"


def _note(found: Found, record: Record) -> None:
    """Keep up with what is open, and how late it is."""
    records.note(found.unanswered, record)
    at = _moment(record.get("at"))
    if at is not None and (found.newest is None or at > found.newest):
        found.newest = at


def _seal(found: Found, origin: str, first: int, path: Path, count: int, disk: Disk) -> None:
    """The manifest that a crash prevented."""
    pieces = found.tiles.unstored()
    found.tiles.store(pieces)
    found.tiles.stored(pieces)
    found.tiles.flush()
    size, digest = file_digest(path)
    newest = found.newest.isoformat() if found.newest else ""
    peaks = found.tiles.frontier.peaks
    manifest = Manifest(origin, first, count, size, digest, peaks, dict(found.unanswered), newest)
    disk.replace(manifest_path(path), manifest.encoded())


def _moment(text: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None
