"""
Sealed segments go to a second place, so that the loss of a disk costs at most what was not sealed yet.

A copy is replaced only by the same records with more of them destroyed: whoever changes a sealed segment here does not
get his version there, and a backup that brings destroyed data back is not shipped. Every run begins where the one
before ended or failed, since the place itself says what it has.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import orjson

from gateway.errors import LedgerDamaged, PlaceError
from gateway.ledger import frames
from gateway.ledger.places import Copy, Held, Place
from gateway.ledger.reading import LogReader
from gateway.ledger.segments import Manifest, read_manifest, segment_paths

__all__ = ["Lag", "Shipped", "Shipping", "may_replace", "sealed_segments"]


@dataclass(frozen=True, slots=True)
class Shipped:
    """What one run did for one log: how many segments it copied, and up to which record the place has the log."""

    log: str
    segments: int
    end: int


@dataclass(frozen=True, slots=True)
class Lag:
    """What would be lost with this disk: how many records, and for how long the oldest of them has been waiting."""

    records: int
    seconds: float


class Shipping:
    """Ships to one place. Everything blocks."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def ship(self, folder: Path) -> Shipped:
        """
        Copy what the place does not have of the log in that folder. Raises PlaceError: what came before is copied,
        and the next run goes on there.
        """
        origin = LogReader(folder).origin
        held = self.place.held(origin) if origin else {}
        copied = end = 0
        for manifest, path in sealed_segments(folder):
            if held.get(manifest.first) != Held(manifest.count, manifest.sha256):
                self._copy(manifest, path)
                copied += 1
            end = manifest.end
        return Shipped(origin, copied, end)

    def lag(self, folder: Path, end: int, size: int, now: datetime) -> Lag:
        """How far the place is behind a log of that size, where it has it up to `end`."""
        for entry in LogReader(folder).entries(end):
            if entry.record is not None:
                at = datetime.fromisoformat(orjson.loads(entry.record)["at"])
                return Lag(size - end, max(0.0, (now - at).total_seconds()))
        return Lag(max(0, size - end), 0.0)

    def _copy(self, manifest: Manifest, path: Path) -> None:
        try:
            content = path.read_bytes()
        except OSError as exc:
            raise PlaceError(f"{path}: {exc.strerror}") from exc
        if hashlib.sha256(content).hexdigest() != manifest.sha256:
            raise PlaceError(
                f"{path}: is not what its manifest says, so it is not shipped; run `gateway ledger verify`"
            )
        self.place.put(Copy(manifest.origin, manifest.first, manifest.count, content), may_replace)


def sealed_segments(folder: Path) -> Iterator[tuple[Manifest, Path]]:
    """The segments of a log that are not written any more, in order, up to the first that has no manifest."""
    for first, path in segment_paths(folder):
        manifest = read_manifest(path)
        if manifest is None or manifest.first != first:
            return
        yield manifest, path


def may_replace(old: bytes, new: bytes) -> bool:
    """Whether the new segment holds just the old one's records, or fewer of their data."""
    try:
        was, now = list(_read(old)), list(_read(new))
    except LedgerDamaged:
        return False
    same_leaves = [(first, leaf) for first, leaf, _ in was] == [(first, leaf) for first, leaf, _ in now]
    return same_leaves and all(before or not after for (_, _, before), (_, _, after) in zip(was, now, strict=True))


def _read(content: bytes) -> Iterator[tuple[str, bytes, bool]]:
    """Of each record: which segment it is in, its leaf hash, and whether its data are there. Raises LedgerDamaged."""
    try:
        head, start = frames.read_header(content)
        segment = f"{head['origin']} {head['first']}"
    except (ValueError, KeyError):
        raise LedgerDamaged("a segment has no header") from None
    for frame in frames.frames(content, start):
        if not frame.sound:
            raise LedgerDamaged("a segment holds a frame that is not sound")
        yield segment, frame.leaf, frame.kind == frames.RECORD
