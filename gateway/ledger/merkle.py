"""
The Merkle tree of RFC 9162, 2.1 (the same as RFC 6962): hashes, roots, proofs and their verification. No I/O.

A node is named by its height above the leaves and its place in that row, and exists only where all its leaves do.
Whoever can give such nodes (`HashSource`) can prove anything about any tree up to its size.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

__all__ = [
    "EMPTY_ROOT",
    "Frontier",
    "HashSource",
    "consistency_proof",
    "inclusion_proof",
    "node_hash",
    "peaks",
    "perfect_root",
    "root_at",
    "verify_consistency",
    "verify_inclusion",
]

EMPTY_ROOT = hashlib.sha256().digest()
_sha256 = hashlib.sha256


class HashSource(Protocol):
    """Where the hashes of whole subtrees are kept."""

    def node(self, height: int, place: int) -> bytes:
        """The root over the leaves `place << height` up to `(place + 1) << height`."""


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return _sha256(b"\1" + left + right).digest()


def perfect_root(hashes: Sequence[bytes]) -> bytes:
    """The root over a row of nodes whose number is a power of two."""
    row = list(hashes)
    while len(row) > 1:
        row = [node_hash(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


class Frontier:
    """The right edge of a growing tree: enough to append and to tell the root, log2(size) hashes."""

    __slots__ = ("_peaks", "size")

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self._peaks = list(peaks)
        if len(self._peaks) != size.bit_count():
            raise ValueError(f"a tree of {size} leaves has {size.bit_count()} peaks, not {len(self._peaks)}")

    @property
    def peaks(self) -> tuple[bytes, ...]:
        """The roots of the largest whole subtrees, from left to right."""
        return tuple(self._peaks)

    def append(self, leaf: bytes) -> None:
        """Add one leaf hash."""
        self.extend((leaf,))

    def extend(self, leaves: Iterable[bytes], rows: Callable[[int, bytes], None] | None = None) -> None:
        """Add leaf hashes. `rows(n, node)` is called for each node made at height 8 n, n > 0, in order."""
        size, peaks = self.size, self._peaks
        for leaf in leaves:
            node, bits, height = leaf, size, 0
            while bits & 1:
                node = _sha256(b"\1" + peaks.pop() + node).digest()
                bits >>= 1
                height += 1
                if not height & 7 and rows is not None:
                    rows(height >> 3, node)
            peaks.append(node)
            size += 1
        self.size = size

    def root(self) -> bytes:
        """The root of the tree as it is now."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in reversed(self._peaks[:-1]):
            root = node_hash(peak, root)
        return root


def peaks(source: HashSource, size: int) -> list[bytes]:
    """The roots of the largest whole subtrees of a tree of that size, from left to right."""
    found, start = [], 0
    for height in range(size.bit_length() - 1, -1, -1):
        if size >> height & 1:
            found.append(source.node(height, start >> height))
            start += 1 << height
    return found


def root_at(source: HashSource, size: int) -> bytes:
    """The root of the tree as it was at that size."""
    return _range_root(source, 0, size) if size else EMPTY_ROOT


def inclusion_proof(source: HashSource, index: int, size: int) -> list[bytes]:
    """That leaf `index` stands in the tree of that size. Raises ValueError where it cannot."""
    if not 0 <= index < size:
        raise ValueError(f"no record {index} in a tree of {size}")
    path: list[bytes] = []
    start, stop = 0, size
    while stop - start > 1:
        middle = start + _split(stop - start)
        if index < middle:
            path.append(_range_root(source, middle, stop))
            stop = middle
        else:
            path.append(_range_root(source, start, middle))
            start = middle
    return path[::-1]


def consistency_proof(source: HashSource, old: int, new: int) -> list[bytes]:
    """That the tree of size `new` begins with that of size `old`. Raises ValueError where it cannot."""
    if not 0 <= old <= new:
        raise ValueError(f"a tree of {new} cannot begin with one of {old}")
    if old in {0, new}:
        return []
    path: list[bytes] = []
    start, stop, whole = 0, new, True
    while old != stop:
        middle = start + _split(stop - start)
        if old <= middle:
            path.append(_range_root(source, middle, stop))
            stop = middle
        else:
            path.append(_range_root(source, start, middle))
            start, whole = middle, False
    if not whole:
        path.append(_range_root(source, start, stop))
    return path[::-1]


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        return False
    at, last, node = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            node = node_hash(step, node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            node = node_hash(node, step)
        at, last = at >> 1, last >> 1
    return last == 0 and node == root


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> bool:
    """RFC 9162, 2.1.4.2; besides, every tree begins with the empty one and with itself, by an empty proof."""
    if not 0 <= old <= new:
        return False
    if old == 0:
        return not proof and old_root == EMPTY_ROOT
    if old == new:
        return not proof and old_root == new_root
    steps = list(proof)
    if old & (old - 1) == 0:  # the old tree is itself a node of the new one
        steps.insert(0, old_root)
    if not steps:
        return False
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old_node = new_node = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old_node, new_node = node_hash(step, old_node), node_hash(step, new_node)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new_node = node_hash(new_node, step)
        at, last = at >> 1, last >> 1
    return last == 0 and old_node == old_root and new_node == new_root


def _split(size: int) -> int:
    """The largest power of two below a size of at least two."""
    return 1 << (size - 1).bit_length() - 1


def _range_root(source: HashSource, start: int, stop: int) -> bytes:
    size = stop - start
    if size & (size - 1) == 0:
        height = size.bit_length() - 1
        return source.node(height, start >> height)
    middle = start + _split(size)
    return node_hash(_range_root(source, start, middle), _range_root(source, middle, stop))
