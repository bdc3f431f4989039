"""
A change of rights: the content of the policy or of the officers' file, approved by two persons.

An approval is a compact JWS over the file's kind, its SHA-256 and the ledger, signed with an approver's own key: what
was approved for one installation or one file counts for no other. It holds for the content, whenever it is put there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson

from gateway.crypto import PublicKey, Signer
from gateway.errors import ApprovalError
from gateway.ledger import approving

__all__ = ["RightsChange", "approved"]

_TYPE = "rights-approval+jws"


@dataclass(frozen=True, slots=True, kw_only=True)
class RightsChange:
    """Which content of which file shall give rights, in which ledger's installation."""

    ledger: str
    file: Literal["policy", "officers"]
    sha256: str

    @classmethod
    def of(cls, content: bytes, file: Literal["policy", "officers"], ledger: str) -> RightsChange:
        """The change that puts this content in force."""
        return cls(ledger=ledger, file=file, sha256=hashlib.sha256(content).hexdigest())

    def canonical(self) -> bytes:
        """The request as it is signed: JSON with sorted keys and no spaces."""
        said = {"act": "rights", "file": self.file, "ledger": self.ledger, "sha256": self.sha256}
        return orjson.dumps(said, option=orjson.OPT_SORT_KEYS)

    def approval(self, signer: Signer) -> str:
        """One person's approval: a compact JWS."""
        return approving.signed(self.canonical(), _TYPE, signer)


def approved(change: RightsChange, approvals: Path, approvers: Mapping[str, PublicKey]) -> Mapping[str, Any]:
    """
    What the ledger says of an approval: `approved_by` and the `approvals` themselves. The file has one on each line;
    those of other contents may stand there too, and count for nothing. Raises ApprovalError unless two different
    persons have approved just this.
    """
    try:
        lines = [line for line in approvals.read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError):
        raise ApprovalError(f"{change.file}.approvals {approvals}: cannot be read") from None
    counting = [(line, name) for line in lines if (name := _approver(change, line, approvers)) is not None]
    names = approving.two_different((name for _, name in counting), approvers)
    return {"approved_by": names, "approvals": [line.strip() for line, _ in counting]}


def _approver(change: RightsChange, token: str, approvers: Mapping[str, PublicKey]) -> str | None:
    """Whose approval of just this the token is; None where it is nobody's."""
    try:
        return approving.signed_by(change.canonical(), _TYPE, token, approvers)
    except ApprovalError:
        return None
