"""A log in memory that can also lie: it signs whatever it holds, with the real key."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec

from gateway.crypto import FileSigner
from gateway.ledger import merkle, notes
from gateway.ledger.notes import Checkpoint, LogKey

__all__ = ["ORIGIN", "SIGNER", "Lying"]

ORIGIN = "gateway.example.vn/0"
SIGNER = FileSigner(ec.generate_private_key(ec.SECP256R1()))


class Lying:
    """What witnesses ask of a log, over leaves that a test may cut, change and sign again."""

    def __init__(self, *leaves: str, origin: str = ORIGIN, signer: FileSigner = SIGNER) -> None:
        self.origin = origin
        self.leaves = [hashlib.sha256(leaf.encode()).digest() for leaf in leaves]
        self._signer = signer
        self._signed = 0

    @classmethod
    def of(cls, count: int, **options: object) -> Lying:
        return cls(*(f"record {number}" for number in range(count)), **options)  # type: ignore[arg-type]

    def grow(self, count: int = 1, what: str = "more") -> None:
        self.leaves += [hashlib.sha256(f"{what} {len(self.leaves) + one}".encode()).digest() for one in range(count)]

    @property
    def key(self) -> LogKey:
        return LogKey(self.origin, self._signer.public_key)

    @property
    def size(self) -> int:
        return len(self.leaves)

    @property
    def checkpoint(self) -> str:
        """Signed anew each time, a second later than the one before."""
        self._signed += 1
        at = datetime(2026, 3, 1, 1, 30, tzinfo=UTC) + timedelta(seconds=self._signed)
        return notes.signed(Checkpoint(self.origin, self.size, merkle.root_at(self, self.size), at), self._signer)

    def node(self, height: int, place: int) -> bytes:
        return merkle.perfect_root(self.leaves[place << height : (place + 1) << height])

    def consistency_proof(self, old: int, new: int) -> list[bytes]:
        return merkle.consistency_proof(self, old, new)
