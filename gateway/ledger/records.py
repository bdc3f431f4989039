"""
What a ledger record says: one flat JSON object each, without any value from a registry or a caller's query.

The log itself adds `index`. Times are UTC. People stand as pseudonyms (`crypto.Secrets.pseudonym`), but for the
officer's account, who answers for his questions. Field *names* stand, values never.

    type         members besides `at`
    asked        lookup_id consumer by agency account officer case_id procedure purpose dataset subject fields rules
                 policy findings
    answered     lookup_id asked dataset outcome reason via route request_id attempts elapsed_ms digest kid
    refused      lookup_id consumer by refusal problems and, as far as they could be read: agency account officer
                 case_id procedure purpose dataset
    undelivered  lookup_id                an answer that was recorded too late, and so never left
    (other types belong to the log's own administration: see the module that writes them)

`asked` is the index of the `asked` record in the same log. `digest` is the salted SHA-256 of the evidence document,
and null where there is none. An `answered` record with reason `interrupted` was written at a start, for a question
that a crash had cut off.
"""

from __future__ import annotations

from typing import Any

import orjson

__all__ = ["INTERRUPTED", "Record", "encoded"]

Record = dict[str, Any]
INTERRUPTED = "interrupted"
"""Reason of a question that was asked and of which nobody knows how it ended: a word of the ledger only."""


def encoded(record: Record) -> bytes:
    """The record's bytes, which the tree's leaf is the hash of: JSON with sorted keys and no spaces."""
    return orjson.dumps(record, option=orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z)
