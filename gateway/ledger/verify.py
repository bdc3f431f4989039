"""
Reading a whole log again: is it what was written and signed? Names the first record that is not.

What proves a record is the tree that a checkpoint signs. The hash rows beside the segments help to name the record:
where they still lead to a signed root, the first leaf that differs from them is the first wrong one. Where somebody has
changed them too, the record is named by the two checkpoints that it lies between.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

import orjson

from gateway.crypto import PublicKey
from gateway.errors import LedgerDamaged
from gateway.ledger.frames import DESTROYED, Frame, sound_frames_anywhere
from gateway.ledger.merkle import Frontier
from gateway.ledger.notes import Checkpoint, LogKey, checkpoint_from, notes_in, opened, split
from gateway.ledger.reading import LogReader
from gateway.ledger.records import Record
from gateway.ledger.restoring import RESTORED
from gateway.ledger.retention import DESTROYED as DESTRUCTION
from gateway.ledger.retention import destructions, unexplained
from gateway.ledger.segments import (
    file_digest,
    manifest_path,
    read_frames,
    read_manifest,
    segment_header,
    segment_paths,
)

__all__ = ["Finding", "Report", "Wrong", "verify"]

_HASH = 32
_LATE_S = 600.0
"""A log signs a checkpoint at least every ten seconds; what lies between is a crash's, or a key device's that hung."""


class Wrong(StrEnum):
    """What is wrong with a log: a closed list."""

    ALTERED = "altered"
    MISPLACED = "misplaced"
    REPLACED = "replaced"
    TRUNCATED = "truncated"
    FOREIGN = "foreign"
    UNEXPLAINED = "unexplained"
    UNSIGNED = "unsigned"
    MANIFEST = "manifest"


@dataclass(frozen=True, slots=True)
class Finding:
    """
    The first thing that is wrong. `record` is the first record that is; where only a range can be told, one of those
    from `record` up to, not including, `until`. Both are None where the records themselves are right.
    """

    reason: Wrong
    record: int | None
    until: int | None
    file: str
    offset: int | None
    detail: str

    def view(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "reason": self.reason.value,
            "record": self.record,
            "until": self.until,
            "file": self.file,
            "offset": self.offset,
            "detail": self.detail,
        }


@dataclass(slots=True)
class Report:
    """
    What was read. `torn_bytes` lie behind the last whole record: a crash's, cut off at the next start. `signed` records
    are under a checkpoint: whoever has the machine but not the key could have written those behind them.
    """

    origin: str = ""
    records: int = 0
    signed: int = 0
    destroyed: int = 0
    segments: int = 0
    checkpoints: int = 0
    signatures_checked: bool = False
    torn_bytes: int = 0
    root: str = ""
    finding: Finding | None = None

    def view(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "origin": self.origin,
            "records": self.records,
            "signed": self.signed,
            "destroyed": self.destroyed,
            "segments": self.segments,
            "checkpoints": self.checkpoints,
            "signatures_checked": self.signatures_checked,
            "torn_bytes": self.torn_bytes,
            "root": self.root,
            "finding": self.finding.view() if self.finding else None,
        }


def verify(
    folder: Path, keys: Iterable[PublicKey] = (), *, checkpoint: str | None = None, admin: Iterable[Path] = ()
) -> Report:
    """
    Read the log in that folder from its first record to its last. Without keys no signature is looked at.

    `checkpoint` is a signed checkpoint of the log that somebody has kept; `admin` the folders of the logs that record
    destruction, where those are others. Raises OSError where files cannot be read.
    """
    return _Pass(folder, tuple(keys), checkpoint, tuple(admin)).report


@dataclass(slots=True)
class _Pass:
    folder: Path
    keys: Sequence[PublicKey]
    kept: str | None
    admin: Sequence[Path]
    report: Report = field(default_factory=Report)
    frontier: Frontier = field(default_factory=Frontier)
    roots: dict[int, bytes] = field(default_factory=dict)  # by size, as signed
    doubts: list[Finding] = field(default_factory=list)  # about what is not a record
    gone: dict[int, bytes] = field(default_factory=dict)  # the leaves of what was destroyed, by index
    told: list[Record] = field(default_factory=list)  # the records that say why
    proven: int = 0
    behind: list[datetime] = field(default_factory=list)  # when the first and the last record behind that were written

    def __post_init__(self) -> None:
        segments = segment_paths(self.folder)
        self.report.segments = len(segments)
        self.report.origin = self._signed_origin() or LogReader(self.folder).origin
        self.report.signatures_checked = bool(self.keys)
        self._read_checkpoints()
        finding = self._read_segments(segments) or self._end_missing()
        self.report.records = self.frontier.size
        self.report.root = self.frontier.root().hex()
        if finding is not None and finding.record is not None:
            finding = self._sharpened(finding, segments)
        self.report.finding = finding or self._unexplained() or next(iter(self.doubts), None) or self._unsigned()
        self.report.signed = self.proven

    # --- checkpoints ---------------------------------------------------------------------------

    def _read_checkpoints(self) -> None:
        before = 0
        for name, note in self._notes():
            try:
                one = self._opened(note)
            except ValueError as exc:
                size = _size_said(note)
                self.doubts.append(Finding(Wrong.UNSIGNED, before, size, name, None, str(exc)))
                continue
            self.report.checkpoints += 1
            if self.roots.setdefault(one.size, one.root) != one.root:
                detail = f"two checkpoints of size {one.size} differ"
                self.doubts.append(Finding(Wrong.UNSIGNED, before, one.size, name, None, detail))
            before = max(before, one.size)

    def _signed_origin(self) -> str:
        """What the log is called by its first good checkpoint: a segment's header is not signed."""
        for _, note in self._notes():
            with suppress(ValueError):
                origin = checkpoint_from(split(note)[0]).origin
                if self.keys:
                    opened(note, [LogKey(origin, key) for key in self.keys])
                return origin
        return ""

    def _notes(self) -> Iterator[tuple[str, str]]:
        for name in ("checkpoints", "checkpoint"):
            path = self.folder / name
            with suppress(FileNotFoundError):
                content = path.read_bytes().decode(errors="replace")
                for note in notes_in(content):
                    yield str(path), note
        if self.kept is not None:
            yield "--checkpoint", self.kept

    def _opened(self, note: str) -> Checkpoint:
        one = checkpoint_from(split(note)[0])
        if one.origin != self.report.origin:
            raise ValueError(f"it is a checkpoint of log {one.origin}")
        return opened(note, [LogKey(one.origin, key) for key in self.keys]) if self.keys else one

    # --- records -------------------------------------------------------------------------------

    def _read_segments(self, segments: list[tuple[int, Path]]) -> Finding | None:
        finding = self._root_here()
        for number, (_, path) in enumerate(segments):
            finding = finding or self._read_segment(path, is_last=number == len(segments) - 1)
            if finding is not None:
                return finding
        return None

    def _read_segment(self, path: Path, *, is_last: bool) -> Finding | None:
        begin = self.frontier.size
        try:
            head, start = segment_header(path)
        except ValueError:
            if is_last and next(sound_frames_anywhere(path.read_bytes(), 0), None) is None:
                self.report.torn_bytes = path.stat().st_size
                return None
            return self._wrong(Wrong.ALTERED, path, 0, "the segment has no header")
        if head.get("origin") != self.report.origin:
            return self._wrong(Wrong.FOREIGN, path, 0, f"the segment belongs to log {head.get('origin')}")
        if head["first"] != begin or path.stem != f"{begin:020d}":
            return self._wrong(Wrong.MISPLACED, path, 0, f"the segment begins with record {head['first']}")
        gone = len(self.gone)
        finding = self._read_records(path, start, is_last=is_last)
        if finding is None and not is_last:
            self._compare_manifest(path, begin, shrunk=len(self.gone) > gone)
        return finding

    def _read_records(self, path: Path, start: int, *, is_last: bool) -> Finding | None:
        batch, shrunk = start, False
        for frame in read_frames(path, start):
            index = self.frontier.size
            shrunk = shrunk or frame.kind == DESTROYED
            if not frame.sound:
                return self._broken(path, frame, is_last=is_last)
            if not shrunk and frame.batch not in {batch, frame.offset}:
                return self._wrong(Wrong.ALTERED, path, frame.offset, "its commit begins where none can begin")
            batch = frame.batch
            if frame.kind == DESTROYED:
                self.report.destroyed += 1
                self.gone[index] = frame.leaf
            elif (finding := self._record(path, frame, index)) is not None:
                return finding
            self.frontier.append(frame.leaf)
            if index + 1 in self.roots and (finding := self._root_here()) is not None:
                return finding
        return None

    def _record(self, path: Path, frame: Frame, index: int) -> Finding | None:
        try:
            record = orjson.loads(frame.data)
            said = record["index"]
        except (ValueError, KeyError, TypeError):
            return self._wrong(Wrong.ALTERED, path, frame.offset, "no record")
        if not isinstance(said, int):
            return self._wrong(Wrong.ALTERED, path, frame.offset, "no record")
        if said != index:
            return self._wrong(Wrong.MISPLACED, path, frame.offset, f"in its place stands record {said}")
        self._explain(record)
        with suppress(KeyError, TypeError, ValueError):
            self.behind = [*self.behind[:1], datetime.fromisoformat(record["at"])]
        return None

    def _broken(self, path: Path, frame: Frame, *, is_last: bool) -> Finding | None:
        """Unsound is what somebody changed, or the end that a crash tore: behind the last commit's beginning."""
        if is_last and self.frontier.size >= max(self.roots, default=0):
            content = path.read_bytes()
            later = max((one.batch for one in sound_frames_anywhere(content, frame.offset + 1)), default=0)
            if later <= frame.offset:
                self.report.torn_bytes = len(content) - frame.offset
                return None
        return self._wrong(Wrong.ALTERED, path, frame.offset, "it is not what was written there")

    def _root_here(self) -> Finding | None:
        size = self.frontier.size
        wanted = self.roots.get(size)
        if wanted is not None and wanted != self.frontier.root():
            detail = f"the first {size} records are not those that were signed"
            return Finding(Wrong.REPLACED, self.proven, size, str(self.folder), None, detail)
        if wanted is not None:
            self.proven, self.behind = size, []
        return None

    def _unsigned(self) -> Finding | None:
        """Records that no checkpoint covers although one should have long ago: the checkpoints were taken away."""
        size = self.frontier.size
        late = bool(self.behind) and (self.behind[-1] - self.behind[0]).total_seconds() > _LATE_S
        if self.proven == size or (self.roots and not late):
            return None
        if self._is_restored():
            self.proven = size
            return None
        return Finding(Wrong.UNSIGNED, self.proven, size, str(self.folder), None, "no checkpoint covers these records")

    def _is_restored(self) -> bool:
        """Copies come back without checkpoints: of them the `admin` log says what they were."""
        wanted = (self.report.origin, self.frontier.size, self.frontier.root().hex())
        return any(
            (record.get("log"), record.get("size"), record.get("root")) == wanted
            for record in self._administration()
            if record.get("type") == RESTORED
        )

    def _administration(self) -> Iterator[Record]:
        for folder in self.admin:
            if folder != self.folder:
                with suppress(LedgerDamaged):
                    for entry in LogReader(folder).entries(flushed_only=False):
                        if entry.record is not None:
                            yield orjson.loads(entry.record)

    def _end_missing(self) -> Finding | None:
        signed = max(self.roots, default=0)
        if self.frontier.size >= signed:
            return None
        return self._wrong(Wrong.TRUNCATED, self.folder, None, f"{signed} records had been signed")

    def _wrong(self, reason: Wrong, path: Path, offset: int | None, detail: str) -> Finding:
        return Finding(reason, self.frontier.size, None, str(path), offset, detail)

    def _compare_manifest(self, path: Path, begin: int, *, shrunk: bool) -> None:
        manifest = read_manifest(path)
        if manifest is None:
            return  # a crash came before it, and the next start makes it
        count = self.frontier.size - begin
        same = (manifest.first, manifest.count) == (begin, count)
        # Whoever destroyed records here writes the manifest after the segment: a crash may have come between, and
        # the next destruction mends it. Which records may be gone is another question.
        if not shrunk:
            same = same and (manifest.size_bytes, manifest.sha256) == file_digest(path)
        if not same or manifest.peaks != self.frontier.peaks or manifest.origin != self.report.origin:
            where = str(manifest_path(path))
            self.doubts.append(Finding(Wrong.MANIFEST, None, None, where, None, "it does not describe its segment"))

    # --- naming the record -------------------------------------------------------------------------

    def _sharpened(self, finding: Finding, segments: list[tuple[int, Path]]) -> Finding:
        """The same, or an earlier or narrower one where the hash rows are still those of a signed tree."""
        leaves = self._signed_leaves()
        index = 0
        for _, path in segments:
            try:
                _, start = segment_header(path)
            except ValueError:
                return finding
            for frame in read_frames(path, start):
                at = index * _HASH
                if at >= len(leaves) or not frame.whole or (finding.until is None and index == finding.record):
                    return finding
                if frame.leaf != leaves[at : at + _HASH]:
                    detail = "it is not the record that was signed"
                    return Finding(Wrong.REPLACED, index, None, str(path), frame.offset, detail)
                index += 1
        return finding

    def _signed_leaves(self) -> bytes:
        """The leaf hashes of the row file, as far as a signed root proves them."""
        try:
            content = (self.folder / "tiles" / "0").read_bytes()
        except OSError:
            return b""
        tree, proven = Frontier(), 0
        for at in range(0, len(content) - _HASH + 1, _HASH):
            tree.append(content[at : at + _HASH])
            if self.roots.get(tree.size) == tree.root() if tree.size in self.roots else False:
                proven = tree.size
        return content[: proven * _HASH]

    # --- destruction -------------------------------------------------------------------------------

    def _unexplained(self) -> Finding | None:
        if not self.gone:
            return None
        for record in self._administration():
            self._explain(record)
        told = [one for one in destructions(self.told) if one.log == self.report.origin]
        left = unexplained(self.gone, told)
        if not left:
            return None
        detail = "it was destroyed, and no record says why"
        return Finding(Wrong.UNEXPLAINED, left[0], None, str(self.folder), None, detail)

    def _explain(self, record: Any) -> None:
        if isinstance(record, dict) and record.get("type") == DESTRUCTION:
            self.told.append(record)


def _size_said(note: str) -> int | None:
    with suppress(ValueError):
        return checkpoint_from(split(note)[0]).size
    return None
