"""
The tables of the ledger's index, as the newest migration leaves them.

An index is never the truth: it is fed from the segments, and made anew from them whenever somebody doubts it.
Times are whole microseconds since 1970, which both databases compare and sort alike.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, MetaData, Table, Text

from gateway.stores.instants import micros, moment

__all__ = ["ENTRIES", "HIDINGS", "METADATA", "POSITIONS", "micros", "moment"]

METADATA = MetaData()

ENTRIES = Table(
    "ledger_entries",
    METADATA,
    Column("log", Text, primary_key=True),
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("type", Text, nullable=False),
    Column("at", BigInteger),
    Column("lookup_id", Text),
    Column("consumer", Text),
    Column("agency", Text),
    Column("account", Text),
    Column("officer", Text),
    Column("subject", Text),
    Column("case_id", Text),
    Column("procedure", Text),
    Column("purpose", Text),
    Column("dataset", Text),
    Column("fields", Text),
    Column("outcome", Text),
    Column("reason", Text),
    Column("record", Text),
    Index("ledger_entries_subject", "subject", "at"),
    Index("ledger_entries_lookup", "lookup_id"),
    Index("ledger_entries_at", "at"),
)
"""
One row for each record. `officer` and `subject` are pseudonyms, `fields` names with commas between them.

`outcome` and `reason` of an `asked` row are those of its lookup: null while there is no answer, `undelivered` for an
answer that never left. A record that was destroyed keeps log, index and the type `gone`, nothing else.
"""

POSITIONS = Table(
    "ledger_positions", METADATA, Column("log", Text, primary_key=True), Column("next", BigInteger, nullable=False)
)
"""Up to where each log is in the index: the index of the first record that is not."""

HIDINGS = Table(
    "ledger_hidings",
    METADATA,
    Column("log", Text, primary_key=True),
    Column("index", BigInteger, primary_key=True, autoincrement=False),
    Column("rule", Text, nullable=False),
    Column("case_id", Text),
    Column("lookup_id", Text),
    Column("until", BigInteger, nullable=False),
)
"""What the person it is about does not see for now: a dossier's lookups, or one lookup."""
