"""
Hiding a dossier's lookups, or one lookup, from the person it is about: for a time, by a rule that has a name and a
legal basis, approved by two persons, and recorded in the ledger.

An approval is a compact JWS over the canonical request, signed with an approver's own key. The request names the
ledger, so that what was approved for one installation hides nothing in another.

    type     members besides `at`
    hidden   rule basis, case_id or lookup_id, until, approved_by (names), approvals (the JWS themselves)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import orjson

from gateway.crypto import PublicKey, Signer
from gateway.errors import ApprovalError
from gateway.ledger import approving
from gateway.ledger.records import Record

__all__ = ["Hiding", "approval", "hidden", "signed_by"]

_TYPE = "hiding-approval+jws"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hiding:
    """What is to be hidden, by which rule, until when, in which ledger. A dossier or a lookup, never both."""

    ledger: str
    rule: str
    until: datetime
    case_id: str | None = None
    lookup_id: str | None = None

    def __post_init__(self) -> None:
        if (self.case_id is None) is (self.lookup_id is None):
            raise ApprovalError("a hiding names a case or a lookup: one of them")

    def canonical(self) -> bytes:
        """The request as it is signed: JSON with sorted keys and no spaces."""
        of = {"case_id": self.case_id} if self.case_id is not None else {"lookup_id": self.lookup_id}
        until = self.until.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        request = {"act": "hide", "ledger": self.ledger, "rule": self.rule, "until": until} | of
        return orjson.dumps(request, option=orjson.OPT_SORT_KEYS)


def approval(hiding: Hiding, signer: Signer) -> str:
    """One person's approval: a compact JWS."""
    return approving.signed(hiding.canonical(), _TYPE, signer)


def signed_by(hiding: Hiding, token: str, approvers: Mapping[str, PublicKey]) -> str:
    """The approver whose approval of just this request the token is. Raises ApprovalError."""
    return approving.signed_by(hiding.canonical(), _TYPE, token, approvers)


def hidden(
    hiding: Hiding,
    tokens: Iterable[str],
    *,
    approvers: Mapping[str, PublicKey],
    rules: Mapping[str, str],
    now: datetime,
) -> Record:
    """
    The ledger's record of a hiding. Raises ApprovalError unless the rule is one of `rules`, its end lies ahead, and two
    different persons with two different keys have approved just this.
    """
    if hiding.rule not in rules:
        known = ", ".join(sorted(rules)) or "none"
        raise ApprovalError(f"no rule {hiding.rule} (setting hiding.rules); there are: {known}")
    if hiding.until <= now:
        raise ApprovalError("the hiding would be over already")
    approvals = [token.strip() for token in tokens]
    names = approving.two_persons(hiding.canonical(), _TYPE, approvals, approvers)
    return {
        "type": "hidden",
        "at": now,
        "rule": hiding.rule,
        "basis": rules[hiding.rule],
        "case_id": hiding.case_id,
        "lookup_id": hiding.lookup_id,
        "until": hiding.until.astimezone(UTC),
        "approved_by": names,
        "approvals": approvals,
    }
