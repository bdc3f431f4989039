"""
What a ledger record says: one flat JSON object each, without any value from a registry or a caller's query.

The log itself adds `index`. Times are UTC. People stand as pseudonyms (`crypto.Secrets.pseudonym`), but for the
officer's account, who answers for his questions. Field *names* stand, values never. Numbers are whole: a fraction
has more than one spelling.

    type         members besides `at`
    asked        lookup_id consumer by agency account officer case_id procedure purpose dataset subject fields rules
                 policy findings case_checks, and asks where claims were compared and no record left
    answered     lookup_id asked dataset outcome reason via route request_id fetched_by attempts elapsed_ms
                 clock_skew_s quota_left digest kid; repeats where `via` is `repeat`
    refused      lookup_id consumer by refusal problems omitted and, as far as they could be read: agency account
                 officer case_id procedure purpose dataset
    undelivered  lookup_id                an answer that was recorded too late, and so never left
    (other types belong to the log's own administration: see the module that writes them)

`by` is how the consumer showed who it is, `command_line`, or `ticket` and `appointment` where the gateway asked by
itself.

`via` is `live`, `cache`, `stale`, or `repeat` for the answer of an earlier lookup that was given again under its
idempotency key: `repeats` is the id of that lookup, whose record has attempts and digest, and `request_id` that of
the one fetch. `fetched_by` is the lookup that asked the registry, where the answer was kept or an equal question under
way brought it: its attempts stand in that one's record alone.

`omitted` counts earlier refusals of the same caller that got no record: within a minute 1,200 of a consumer get one
each, and 120 of all strangers. `asked` is the index of the `asked` record in the same log. `digest` is the salted
SHA-256 of the evidence document, and null where there is none. An `answered` record with reason `interrupted` was
written at a start, for a question that a crash had cut off; `caller_gone` says that its caller hung up before the
answer. `ledger_unavailable` says that the log itself was too slow, or took nothing for a while: no answer left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

__all__ = ["INTERRUPTED", "VERIFICATION", "Asked", "Record", "closes", "encoded", "interrupted", "note", "opens"]

Record = dict[str, Any]
INTERRUPTED = "interrupted"
"""Reason of a question that was asked and of which nobody knows how it ended: a word of the ledger only."""
VERIFICATION = "verification"
"""What `asks` says of a question whose fields were compared with claims. Without it, they were given."""


def encoded(record: Record) -> bytes:
    """The record's bytes, which the tree's leaf is the hash of: JSON with sorted keys and no spaces."""
    return orjson.dumps(record, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that has no end yet: where its `asked` record is, and about what."""

    index: int
    dataset: str | None


def opens(record: Record) -> bool:
    """Whether a question begins with this record."""
    return record.get("type") == "asked"


def closes(record: Record) -> bool:
    """Whether a question ends with this record."""
    return record.get("type") in {"answered", "undelivered"}


def note(unanswered: dict[str, Asked], record: Record) -> None:
    """Keep up with which questions are open, by lookup id."""
    if opens(record):
        unanswered[record["lookup_id"]] = Asked(record["index"], record.get("dataset"))
    elif closes(record):
        unanswered.pop(record["lookup_id"], None)


def interrupted(lookup_id: str, asked: Asked) -> Record:
    """What closes a question that a crash had cut off."""
    return {
        "type": "answered",
        "lookup_id": lookup_id,
        "asked": asked.index,
        "dataset": asked.dataset,
        "outcome": "unknown",
        "reason": INTERRUPTED,
        "via": None,
        "route": None,
        "request_id": None,
        "attempts": None,
        "elapsed_ms": None,
        "digest": None,
        "kid": None,
    }
