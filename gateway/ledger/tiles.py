"""
The tree's hashes: rows of nodes at heights 0, 8, 16, ..., each a file of 32 bytes a node.

A slice of 256 nodes is a tile of c2sp.org/tlog-tiles (height 8). All of it is derived from the segments: it can be
lost, and made again. Any node of the tree is at most seven rows of hashing away, so any proof costs a few reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from gateway.ledger.disk import Disk, File
from gateway.ledger.merkle import Frontier, peaks, perfect_root

__all__ = ["Tiles"]

_HASH = 32
_HEIGHT = 8
TILE_WIDTH = 1 << _HEIGHT


class _Row:
    """One height: `stored` nodes in the file, `fresh` ones not yet."""

    def __init__(self, path: Path, disk: Disk) -> None:
        self.path = path
        self.stored = 0
        self.fresh: list[bytes] = []
        self._disk = disk
        self._file: File | None = None

    @property
    def file(self) -> File:
        if self._file is None:
            self._file = self._disk.open(self.path)
        return self._file

    def nodes(self, start: int, stop: int) -> list[bytes]:
        found: list[bytes] = []
        if start < self.stored:
            count = min(stop, self.stored) - start
            content = self.file.read(count * _HASH, start * _HASH)
            if len(content) < count * _HASH:
                raise ValueError(f"{self.path}: shorter than it was")
            found = [content[at : at + _HASH] for at in range(0, len(content), _HASH)]
        return found + self.fresh[max(0, start - self.stored) : max(0, stop - self.stored)]

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


class Tiles:
    """
    A growing tree whose old hashes are in files: a `merkle.HashSource` with a frontier. The event loop's thread alone
    calls it, but for `store` and `flush`, which another one may run.
    """

    def __init__(self, folder: Path, disk: Disk) -> None:
        self._folder = folder
        self._disk = disk
        self._rows: list[_Row] = []
        self.frontier = Frontier()

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return self.frontier.size

    @property
    def fresh(self) -> int:
        """How many leaves are in no file yet."""
        return len(self._rows[0].fresh) if self._rows else 0

    def resume(self, size: int) -> bool:
        """
        Go on from the files, which hold a tree of at least that size. False where they do not, or not as far as one
        can see: whoever calls compares the frontier with what it should be. Raises OSError.
        """
        self._rows = []
        self.frontier = Frontier()
        row = 0
        while size >> (_HEIGHT * row):
            stored = size >> (_HEIGHT * row)
            path = self._folder / str(row)
            if not path.is_file() or path.stat().st_size < stored * _HASH:
                return False
            self._row(row).stored = stored
            row += 1
        try:
            self.frontier = Frontier(size, peaks(self, size))
        except ValueError:
            return False
        return True

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Add leaf hashes."""
        leaves = list(leaves)
        self._row(0).fresh += leaves
        self.frontier.extend(leaves, self._made)

    def node(self, height: int, place: int) -> bytes:
        """A node of the tree. Raises OSError or ValueError where its file is broken."""
        row, above = divmod(height, _HEIGHT)
        return perfect_root(self._row(row).nodes(place << above, (place + 1) << above))

    def tile(self, level: int, place: int, width: int = TILE_WIDTH) -> bytes:
        """A tile's bytes as c2sp.org/tlog-tiles has them. Raises ValueError where the tree is not that large."""
        start = place * TILE_WIDTH
        found = b"".join(self._row(level).nodes(start, start + width))
        if len(found) < width * _HASH:
            raise ValueError(f"no tile {level}/{place} of width {width}")
        return found

    def unstored(self) -> list[tuple[int, int, bytes]]:
        """What `store` is to write: row, offset in nodes, bytes."""
        return [(number, row.stored, b"".join(row.fresh)) for number, row in enumerate(self._rows) if row.fresh]

    def store(self, pieces: list[tuple[int, int, bytes]]) -> None:
        """Write to the files, without a flush. Raises OSError."""
        for number, start, content in pieces:
            self._rows[number].file.write(content, start * _HASH)

    def stored(self, pieces: list[tuple[int, int, bytes]]) -> None:
        """Note that pieces are in the files."""
        for number, start, content in pieces:
            row = self._rows[number]
            if row.stored == start:
                count = len(content) // _HASH
                row.stored += count
                del row.fresh[:count]

    def flush(self) -> None:
        """What was stored is on the disk when this returns. Raises OSError."""
        for row in list(self._rows):
            row.file.flush()

    def close(self) -> None:
        """Give the files back."""
        for row in self._rows:
            row.close()

    def _made(self, row: int, node: bytes) -> None:
        self._row(row).fresh.append(node)

    def _row(self, number: int) -> _Row:
        while number >= len(self._rows):
            self._rows.append(_Row(self._folder / str(len(self._rows)), self._disk))
        return self._rows[number]
