"""
Where a record stands in the ledger, as a text that can be kept beside the evidence: `c2sp.org/tlog-proof@v1`.

    c2sp.org/tlog-proof@v1
    index 4711
    the hashes of the inclusion path, a line each, base64

    the signed checkpoint, with its witnesses' lines

It holds all that is needed but the record itself and the log's public key.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from gateway.crypto import PublicKey
from gateway.errors import EvidenceNotInLedger
from gateway.ledger.frames import leaf_hash
from gateway.ledger.merkle import verify_inclusion
from gateway.ledger.notes import Checkpoint, LogKey, checkpoint_from, opened, split

__all__ = ["proof_text", "proven"]

_TITLE = "c2sp.org/tlog-proof@v1"


def proof_text(index: int, path: Sequence[bytes], note: str) -> str:
    """The proof of one record under a signed checkpoint."""
    lines = [_TITLE, f"index {index}", *(base64.b64encode(one).decode() for one in path)]
    return "\n".join(lines) + f"\n\n{note}"


def proven(proof: str, record: bytes, document: Mapping[str, Any], keys: Iterable[PublicKey]) -> Checkpoint:
    """
    The checkpoint under which the record of a piece of evidence stands.

    Args:
        proof: what `proof_text` gives.
        record: the ledger's record, byte by byte; that it commits to the document is `evidence.matches_record`.
        document: the evidence's document, which names log and index.
        keys: the gateway's public keys; a checkpoint may be signed by a later one than the evidence.

    Raises EvidenceNotInLedger.
    """
    try:
        index, path, note = _read(proof)
        origin = checkpoint_from(split(note)[0]).origin
        checkpoint = opened(note, [LogKey(origin, key) for key in keys])
    except (ValueError, IndexError):
        raise EvidenceNotInLedger("the proof, or the signature of its checkpoint, is wrong") from None
    if document["ledger"] != {"log": origin, "index": index}:
        raise EvidenceNotInLedger("the proof is of another place than the evidence names")
    if not verify_inclusion(leaf_hash(record), index, checkpoint.size, path, checkpoint.root):
        raise EvidenceNotInLedger("the record is not in the tree of the checkpoint")
    return checkpoint


def _read(proof: str) -> tuple[int, list[bytes], str]:
    head, blank, note = proof.partition("\n\n")
    title, *lines = [line for line in head.split("\n") if not line.startswith("extra ")]
    word, _, index = lines[0].partition(" ")
    if title != _TITLE or not blank or word != "index" or not (index.isascii() and index.isdigit()):
        raise ValueError("no proof")
    return int(index), [base64.b64decode(line, validate=True) for line in lines[1:]], note
