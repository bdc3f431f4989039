"""
How records lie in a segment file: one header line, then frames one after another.

    length    4 bytes, big endian: how many bytes of data follow
    kind      1 byte: 1 a record, 2 a record that was destroyed (no data, its leaf hash stays)
    batch     4 bytes: where in this file the commit began that wrote it
    leaf      32 bytes: SHA-256 of 0x00 and the data (RFC 9162, 2.1.1)
    check     4 bytes: CRC-32 of the four fields before it
    data      the record's bytes

The leaf hash is the data's checksum, the check that of the rest. A commit begins only when the one before it is on the
disk. So whoever finds a frame of a commit that began at B knows that everything before B had been on the disk: what is
broken there was broken afterwards, and only what is broken behind the last commit's beginning may be a torn end.
In a sealed segment where records were destroyed, `batch` keeps its old value and so says nothing about the offset.
"""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import orjson

__all__ = [
    "DESTROYED",
    "FRAME_HEAD",
    "HEADER_LIMIT",
    "LARGEST",
    "RECORD",
    "Frame",
    "frame",
    "frames",
    "header",
    "leaf_hash",
    "read_header",
    "sound_frames_anywhere",
]

RECORD = 1
DESTROYED = 2
HEADER_LIMIT = 4096
LARGEST = 1 << 20
"""Bytes of the largest record."""

_FIELDS = struct.Struct(">IBI32s")
_CHECK = struct.Struct(">I")
_HEAD = struct.Struct(">IBI32sI")
FRAME_HEAD = _HEAD.size
# The beginning of any frame that holds a record: a length under 1 MiB and the kind. JSON has no bytes below 0x20.
_BEGINNING = re.compile(rb"(?=\x00[\x00-\x10]..\x01)", re.DOTALL)


@dataclass(slots=True)  # not frozen: there is one for each record that is read, and it would take twice as long
class Frame:
    """One frame as it lies there. `sound` is false where its parts do not belong together; nothing can follow then."""

    offset: int
    kind: int
    batch: int
    leaf: bytes
    data: bytes = field(repr=False)
    whole: bool = True

    @property
    def end(self) -> int:
        """Where the next frame begins."""
        return self.offset + FRAME_HEAD + len(self.data)

    @property
    def sound(self) -> bool:
        """Whether this is a frame that was written like this."""
        if not self.whole:
            return False
        if self.kind == DESTROYED:
            return not self.data
        return self.kind == RECORD and leaf_hash(self.data) == self.leaf


def leaf_hash(data: bytes) -> bytes:
    """The hash of a leaf of the tree."""
    return hashlib.sha256(b"\0" + data).digest()


def frame(data: bytes, leaf: bytes, batch: int, *, kind: int = RECORD) -> bytes:
    """A frame's bytes."""
    fields = _FIELDS.pack(len(data), kind, batch, leaf)
    return fields + _CHECK.pack(zlib.crc32(fields)) + data


def frames(content: bytes | memoryview, start: int, *, shift: int = 0) -> Iterator[Frame]:
    """
    Frames from an offset on. The last one is not `whole` where the content ends inside it or its check is wrong: its
    length cannot be believed then. `shift` is added to every offset, for content that is a part of a file.
    """
    at, size = start, len(content)
    while at + FRAME_HEAD <= size:
        length, kind, batch, leaf, check = _HEAD.unpack_from(content, at)
        data = at + FRAME_HEAD
        end = data + length
        if end > size or zlib.crc32(content[at : data - 4]) != check:
            yield Frame(at + shift, kind, batch, leaf, b"", whole=False)
            return
        yield Frame(at + shift, kind, batch, leaf, bytes(content[data:end]))
        at = end
    if at < size:
        yield Frame(at + shift, 0, 0, b"", b"", whole=False)


def sound_frames_anywhere(content: bytes, start: int) -> Iterator[Frame]:
    """Records that can still be made out behind a broken place: sound frames at any offset."""
    for found in _BEGINNING.finditer(content, start):
        first = next(frames(content, found.start()), None)
        if first is not None and first.kind == RECORD and first.sound:
            yield first


def header(origin: str, first: int, at: str = "") -> bytes:
    """The first line of a segment: its log, the index of its first record, and when it was begun (ISO 8601)."""
    return orjson.dumps({"format": 1, "origin": origin, "first": first, "at": at}) + b"\n"


def read_header(content: bytes) -> tuple[dict[str, Any], int]:
    """The header and where the frames begin. Raises ValueError where there is none."""
    end = content.find(b"\n", 0, HEADER_LIMIT)
    if end < 0:
        raise ValueError("no header")
    value = orjson.loads(content[:end])
    if not isinstance(value, dict) or value.get("format") != 1 or not isinstance(value.get("first"), int):
        raise ValueError("no header of format 1")
    return value, end + 1
