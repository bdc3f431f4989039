"""
How records lie in a segment file: one header line, then frames one after another.

    length    4 bytes, big endian: how many bytes of data follow
    kind      1 byte: 1 a record, 2 a record that was destroyed (no data, its leaf hash stays)
    batch     4 bytes: which commit wrote it; a commit begins only when the one before it is on the disk
    leaf      32 bytes: SHA-256 of 0x00 and the data (RFC 9162, 2.1.1)
    data      the record's bytes

The leaf hash is the frame's own checksum. The batch number tells a torn end (the last commit, cut off by a crash)
from damage in the middle: whatever is followed by a later commit had been on the disk.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

__all__ = ["DESTROYED", "HEADER_LIMIT", "RECORD", "Frame", "frame", "frames", "header", "leaf_hash", "read_header"]

RECORD = 1
DESTROYED = 2
HEADER_LIMIT = 4096
_HEAD = struct.Struct(">IBI32s")


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as it lies there. `sound` is false where data and leaf hash do not belong together."""

    offset: int
    kind: int
    batch: int
    leaf: bytes
    data: bytes = field(repr=False)

    @property
    def end(self) -> int:
        """Where the next frame begins."""
        return self.offset + _HEAD.size + len(self.data)

    @property
    def sound(self) -> bool:
        """Whether this is a frame that was written like this."""
        if self.kind == DESTROYED:
            return not self.data
        return self.kind == RECORD and leaf_hash(self.data) == self.leaf


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf of the tree."""
    return hashlib.sha256(b"\0" + data).digest()


def frame(data: bytes, leaf: bytes, batch: int, *, kind: int = RECORD) -> bytes:
    """A frame's bytes."""
    return _HEAD.pack(len(data), kind, batch & 0xFFFFFFFF, leaf) + data


def frames(content: bytes | memoryview, start: int) -> Iterator[Frame]:
    """Frames from an offset on, until one is not whole. They may be unsound: the reader decides what that means."""
    at = start
    while at + _HEAD.size <= len(content):
        length, kind, batch, leaf = _HEAD.unpack_from(content, at)
        end = at + _HEAD.size + length
        if end > len(content):
            return
        yield Frame(at, kind, batch, leaf, bytes(content[at + _HEAD.size : end]))
        at = end


def header(origin: str, first: int) -> bytes:
    """The first line of a segment: which log it belongs to, and the index of its first record."""
    return orjson.dumps({"format": 1, "origin": origin, "first": first}) + b"\n"


def read_header(content: bytes) -> tuple[dict[str, Any], int]:
    """The header and where the frames begin. Raises ValueError where there is none."""
    end = content.find(b"\n", 0, HEADER_LIMIT)
    if end < 0:
        raise ValueError("no header")
    value = orjson.loads(content[:end])
    if not isinstance(value, dict) or value.get("format") != 1:
        raise ValueError("no header of format 1")
    return value, end + 1
