"""
What a log sends to a witness: the size that the witness should have, a proof from there, and the new checkpoint.

Source: C2SP tlog-witness, `add-checkpoint`.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from gateway.errors import WitnessRefused

__all__ = ["MEDIA_TYPE", "MOST_BYTES", "SIZE_MEDIA_TYPE", "Submission"]

MEDIA_TYPE = "text/plain; charset=utf-8"
SIZE_MEDIA_TYPE = "text/x.tlog.size"
MOST_BYTES = 32 * 1024
_MOST_PROOF_LINES = 63
_HASH_BYTES = 32
_OLD = re.compile(r"old (0|[1-9][0-9]{0,18})")


@dataclass(frozen=True, slots=True)
class Submission:
    """`old` is a tree size, `proof` the hashes of RFC 6962, 2.1.2, `checkpoint` a whole signed note."""

    old: int
    proof: tuple[bytes, ...]
    checkpoint: str

    def encoded(self) -> bytes:
        """As it goes over the wire."""
        lines = [f"old {self.old}", *(base64.b64encode(one).decode() for one in self.proof), ""]
        return "".join(f"{line}\n" for line in lines).encode() + self.checkpoint.encode()

    @classmethod
    def read(cls, body: bytes) -> Submission:
        """What stands in a body. Raises WitnessRefused with status 400."""
        if len(body) > MOST_BYTES:
            raise _malformed(f"longer than {MOST_BYTES} bytes")
        try:
            head, found, checkpoint = body.decode().partition("\n\n")
        except UnicodeDecodeError:
            raise _malformed("not UTF-8") from None
        first, *lines = head.split("\n")
        size = _OLD.fullmatch(first)
        if not found or size is None:
            raise _malformed("must begin with `old`, a size, a proof, and an empty line")
        if len(lines) > _MOST_PROOF_LINES:
            raise _malformed(f"more than {_MOST_PROOF_LINES} lines of proof")
        return cls(int(size[1]), tuple(map(_hash, lines)), checkpoint)


def _hash(line: str) -> bytes:
    try:
        value = base64.b64decode(line, validate=True)
    except (binascii.Error, ValueError):
        value = b""
    # A second spelling of the same hash is none of ours.
    if len(value) != _HASH_BYTES or base64.b64encode(value).decode() != line:
        raise _malformed("a line of proof must be one hash in base64")
    return value


def _malformed(why: str) -> WitnessRefused:
    return WitnessRefused(400, f"the request is malformed: {why}")
