"""
Proofs out of any log of the ledger's folder, whichever process writes it: from its files alone, under its latest
checkpoint. Reads files, so it belongs in a thread.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gateway.errors import LedgerDamaged, NoSuchRecord
from gateway.ledger import merkle
from gateway.ledger.disk import SystemDisk
from gateway.ledger.notes import Checkpoint, checkpoint_from, split
from gateway.ledger.proofs import proof_text
from gateway.ledger.reading import LogReader, slots
from gateway.ledger.recovery import last_note
from gateway.ledger.tiles import Tiles

__all__ = ["Proof", "checkpoints", "consistency", "log_named", "proof"]


@dataclass(frozen=True, slots=True)
class Proof:
    """One record, byte by byte, and its place in the tree. `record` is None where the data was destroyed."""

    record: bytes | None = field(repr=False)
    text: str = field(repr=False)


def checkpoints(ledger_folder: Path) -> dict[str, str]:
    """The latest signed checkpoint of each log, by the log's name."""
    found = {}
    for reader in slots(ledger_folder).values():
        note = last_note(reader.folder)
        if note is not None:
            found[checkpoint_from(split(note)[0]).origin] = note
    return found


def log_named(ledger_folder: Path, origin: str) -> LogReader:
    """The log of that name. Raises NoSuchRecord."""
    for reader in slots(ledger_folder).values():
        if reader.origin == origin:
            return reader
    raise NoSuchRecord


def proof(log: LogReader, index: int) -> Proof:
    """
    That a record stands in the log. Raises NoSuchRecord where it has none of that index, or no checkpoint covers it
    yet: the next one comes within ten seconds.
    """
    note, checkpoint = _latest(log)
    entry = next(log.entries(index, index + 1), None) if 0 <= index < checkpoint.size else None
    if entry is None:
        raise NoSuchRecord
    for tree in _trees(log, checkpoint):
        path = _path(tree, index, checkpoint.size)
        if merkle.verify_inclusion(entry.leaf, index, checkpoint.size, path, checkpoint.root):
            return Proof(entry.record, proof_text(index, path, note))
    raise LedgerDamaged(f"{log.folder}: record {index} is not in the tree that its checkpoint was signed for")


def consistency(log: LogReader, old: int) -> tuple[list[bytes], str]:
    """
    That the log as its latest checkpoint has it begins with its first `old` records: the hashes, and the checkpoint.
    Raises NoSuchRecord where it never was that long.
    """
    note, checkpoint = _latest(log)
    if not 0 <= old <= checkpoint.size:
        raise NoSuchRecord
    for tree in _trees(log, checkpoint):
        try:
            hashes, before = merkle.consistency_proof(tree, old, checkpoint.size), merkle.root_at(tree, old)
        except ValueError:
            continue
        if merkle.verify_consistency(old, checkpoint.size, hashes, before, checkpoint.root):
            return hashes, note
    raise LedgerDamaged(f"{log.folder}: not the log that its checkpoint was signed for")


def _latest(log: LogReader) -> tuple[str, Checkpoint]:
    note = last_note(log.folder)
    if note is None:
        raise NoSuchRecord
    return note, checkpoint_from(split(note)[0])


def _path(tree: Tiles, index: int, size: int) -> list[bytes]:
    try:
        return merkle.inclusion_proof(tree, index, size)
    except ValueError:
        return []


def _trees(log: LogReader, checkpoint: Checkpoint) -> Iterator[Tiles]:
    """
    The tree of a checkpoint: from the tiles where they go that far, then from every record. Tiles are derived, and
    whoever has bent one has changed nothing that counts: so a proof out of them is tried before it is given.
    """
    tiles = Tiles(log.folder / "tiles", SystemDisk())
    try:
        if tiles.resume(checkpoint.size) and tiles.frontier.root() == checkpoint.root:
            yield tiles
    finally:
        tiles.close()
    tiles = Tiles(log.folder / "tiles", SystemDisk())
    tiles.extend(entry.leaf for entry in log.entries(0, checkpoint.size))
    if tiles.size == checkpoint.size and tiles.frontier.root() == checkpoint.root:
        yield tiles
