"""
What persons approve, each with a key of his own: a compact JWS over the canonical request.

What a request says, and what it is called in the header (`typ`), is the business of those who ask for approvals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import orjson

from gateway.crypto import PublicKey, Signer, algorithm_of, thumbprint, verifies
from gateway.errors import ApprovalError
from gateway.ledger import jws

__all__ = ["PERSONS", "signed", "signed_by", "two_different", "two_persons"]

PERSONS = 2
_MOST_CHARS = 16_384


def signed(request: bytes, typ: str, signer: Signer) -> str:
    """One person's approval of a request: a compact JWS."""
    return jws.compact(request, signer, typ)


def signed_by(request: bytes, typ: str, token: str, approvers: Mapping[str, PublicKey]) -> str:
    """The approver whose approval of just this request the token is. Raises ApprovalError."""
    try:
        if len(token) > _MOST_CHARS:
            raise ValueError
        parts = jws.parts(token.strip())
        header = orjson.loads(parts.header)
    except ValueError:
        raise ApprovalError("an approval is no compact JWS") from None
    if not isinstance(header, dict) or header.keys() != jws.HEADER or header["typ"] != typ:
        raise ApprovalError(f"an approval's header is not that of {typ}")
    for name, key in approvers.items():
        if thumbprint(key) != header["kid"]:
            continue
        if header["alg"] != algorithm_of(key) or not verifies(key, parts.signature, parts.signed):
            raise ApprovalError(f"the approval of {name}: its signature is wrong")
        if parts.payload != request:
            raise ApprovalError(f"the approval of {name}: it approves something else")
        return name
    raise ApprovalError("an approval is signed by nobody who may approve (setting approvers)")


def two_persons(request: bytes, typ: str, tokens: Iterable[str], approvers: Mapping[str, PublicKey]) -> list[str]:
    """Who has approved. Raises ApprovalError unless two different persons with two different keys have."""
    return two_different((signed_by(request, typ, token, approvers) for token in tokens), approvers)


def two_different(names: Iterable[str], approvers: Mapping[str, PublicKey]) -> list[str]:
    """The approvers of these names. Raises ApprovalError unless they are two persons with two different keys."""
    approved = set(names)
    persons = {thumbprint(approvers[name]) for name in approved}
    if len(persons) < PERSONS:
        raise ApprovalError(f"two different persons must approve; there is {len(persons)}")
    return sorted(approved)
