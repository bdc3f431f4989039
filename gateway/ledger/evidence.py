"""
Evidence: what a registry said about whom, to whom and for what, as one signed and dated document.

    compact JWS (RFC 7515)   header {"alg","kid","typ"} . payload . signature, ES256 or RS256
    payload                  the document with `salt` and `ledger`, in canonical form
    digest                   SHA-256 of the canonical document with `salt`, without `ledger`: what the leaf holds

The canonical form is that of `gateway.ledger.canonical`.

The salt is 128 random bits and stands in the evidence alone. Without it the digest in the ledger tells nothing:
whoever knows all but one field of a record could otherwise find the last one by trying.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from gateway.crypto import PublicKey, Signer, algorithm_of, verifies
from gateway.errors import (
    EvidenceAlgorithmWrong,
    EvidenceHeaderOdd,
    EvidenceKeyUnknown,
    EvidenceMembersWrong,
    EvidenceNotCanonical,
    EvidenceNotInLedger,
    EvidenceSignatureWrong,
    EvidenceUnreadable,
)
from gateway.ledger import jws
from gateway.ledger.canonical import Written, canonical

__all__ = ["FORMAT", "MEMBERS", "TYPE", "Draft", "digest_of", "draft", "matches_record", "verified"]

FORMAT = 1
TYPE = "onestop-evidence+json"
MEMBERS: Mapping[str, frozenset[str]] = {
    "": frozenset(
        (
            *("format", "lookup_id", "dataset", "outcome", "query", "fields", "record", "withheld", "inquiry"),
            *("consumer", "provenance", "policy", "rules", "salt", "ledger"),
        )
    ),
    "provenance": frozenset(
        (
            *("registry", "operation", "route", "via", "request_id", "asked_at", "answered_at", "age_s"),
            *("reply_mac", "contract", "basis"),
        )
    ),
    "inquiry": frozenset(("case_id", "procedure", "agency", "officer", "purpose")),
    "ledger": frozenset(("log", "index")),
}
"""The members of a document and of the objects in it: all of them, always, and no others."""

_SALT_BYTES = 16
_SALT = re.compile(r"[0-9a-f]{32}")
_LONGEST = 4 * 1024 * 1024
_BEFORE = sorted(name for name in MEMBERS[""] if name < "ledger")
_AFTER = sorted(name for name in MEMBERS[""] if name > "ledger")
_NO_PLACE = {"log": "", "index": 0}


@dataclass(frozen=True, slots=True)
class Draft:
    """
    A document that lacks only its place in the ledger: its canonical form `before` and `after` that place. `digest` is
    what the ledger's record takes, in hex.
    """

    before: bytes = field(repr=False)
    after: bytes = field(repr=False)
    digest: str

    def sealed(self, signer: Signer, *, log: str, index: int) -> str:
        """The evidence: signed, and naming the record that commits to it."""
        place = canonical({"index": index, "log": log}, is_plain=True)
        return jws.compact(b"".join((self.before, b',"ledger":', place, b",", self.after)), signer, TYPE)


def draft(document: Mapping[str, Any], random: Callable[[int], bytes] = secrets.token_bytes) -> Draft:
    """
    The document with format and salt. `random` gives as many random bytes as it is asked for.

    Raises ValueError where the members are not those of `MEMBERS`, or a value has no canonical form.
    """
    whole = {**document, "format": FORMAT, "salt": random(_SALT_BYTES).hex(), "ledger": _NO_PLACE}
    wrong = _wrong_members(whole)
    if wrong:
        raise ValueError(f"evidence: {wrong}")
    before = canonical({name: whole[name] for name in _BEFORE})[:-1]
    after = canonical({name: whole[name] for name in _AFTER})[1:]
    return Draft(before, after, hashlib.sha256(b"".join((before, b",", after))).hexdigest())


def verified(evidence: str, keys: Mapping[str, PublicKey]) -> dict[str, Any]:
    """
    The document in a piece of evidence, with `salt` and `ledger`.

    Args:
        evidence: the compact JWS.
        keys: the gateway's public keys by `kid`: `keyring.read_key_set`.

    Raises an EvidenceError for each thing that can be wrong with it.
    """
    parts = _parts(evidence)
    kid, alg = _key_and_algorithm(parts.header)
    key = keys.get(kid)
    if key is None:
        raise EvidenceKeyUnknown
    if alg != algorithm_of(key):
        raise EvidenceAlgorithmWrong
    if not verifies(key, parts.signature, parts.signed):
        raise EvidenceSignatureWrong
    document = _object(parts.payload)
    if not _is_canonical(parts.payload, document):
        raise EvidenceNotCanonical
    wrong = _wrong_members(document)
    if wrong:
        raise EvidenceMembersWrong(wrong)
    return document


def matches_record(document: Mapping[str, Any], record: bytes) -> None:
    """
    That a record of the ledger is the one that commits to this document.

    Raises EvidenceNotInLedger where it commits to another, or is no `answered` record.
    """
    try:
        value = orjson.loads(record)
    except orjson.JSONDecodeError:
        raise EvidenceNotInLedger("the record is not JSON") from None
    told = ("lookup_id", "dataset", "outcome")
    if not isinstance(value, dict) or value.get("type") != "answered":
        raise EvidenceNotInLedger("the record is not of an answer")
    if any(value.get(name) != document[name] for name in told) or value.get("index") != document["ledger"]["index"]:
        raise EvidenceNotInLedger("the record is of another answer")
    if value.get("digest") != digest_of(document):
        raise EvidenceNotInLedger("the record holds another digest")


def digest_of(document: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical document without `ledger`, in hex."""
    content = {name: value for name, value in document.items() if name != "ledger"}
    return hashlib.sha256(canonical(content)).hexdigest()


def _parts(evidence: str) -> jws.Parts:
    if len(evidence) > _LONGEST:
        raise EvidenceUnreadable("too long")
    try:
        return jws.parts(evidence)
    except ValueError as exc:
        raise EvidenceUnreadable(str(exc)) from None


def _key_and_algorithm(content: bytes) -> tuple[str, str]:
    header = _object(content)
    odd = header.keys() ^ jws.HEADER
    if odd or not all(isinstance(value, str) for value in header.values()) or header["typ"] != TYPE:
        raise EvidenceHeaderOdd
    if not _is_canonical(content, header):
        raise EvidenceNotCanonical("header")
    return header["kid"], header["alg"]


def _object(content: bytes) -> dict[str, Any]:
    try:
        value = orjson.loads(content)
    except orjson.JSONDecodeError:
        raise EvidenceUnreadable("a part is not JSON") from None
    if not isinstance(value, dict):
        raise EvidenceUnreadable("a part is no JSON object")
    return value


def _is_canonical(content: bytes, value: Mapping[str, Any]) -> bool:
    try:
        return canonical(value) == content
    except ValueError:
        return False


def _wrong_members(document: Mapping[str, Any]) -> str:
    """What is wrong with the members of a document; empty where nothing is. Never a value."""
    for place, names in MEMBERS.items():
        inner = document.get(place) if place else document
        if not isinstance(inner, dict) or inner.keys() != names:
            return f"members of {place or 'the document'}"
    if type(document["format"]) is not int or document["format"] != FORMAT:
        return "format"
    if document["outcome"] not in ("found", "absent"):
        return "outcome"
    is_found = isinstance(document["record"], dict | Written)
    if not (is_found if document["outcome"] == "found" else document["record"] is None):
        return "record"
    if not isinstance(document["query"], dict):
        return "query"
    if not isinstance(document["salt"], str) or _SALT.fullmatch(document["salt"]) is None:
        return "salt"
    if not isinstance(document["ledger"]["log"], str) or not _is_index(document["ledger"]["index"]):
        return "ledger"
    return ""


def _is_index(value: Any) -> bool:
    return type(value) is int and value >= 0
