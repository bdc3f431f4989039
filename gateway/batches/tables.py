"""The tables of batches. Times are whole microseconds since 1970."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, MetaData, Table, Text, UniqueConstraint

__all__ = ["BATCHES", "COUNTS", "ITEMS", "METADATA"]

METADATA = MetaData()

BATCHES = Table(
    "batches",
    METADATA,
    Column("id", Text, primary_key=True),
    Column("consumer", Text, nullable=False),
    Column("by", Text, nullable=False),
    Column("asks", Text, nullable=False),
    Column("dataset", Text, nullable=False),
    Column("job", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Column("delete_at", BigInteger),
    Column("total", Integer, nullable=False),
    Column("holder", Text),
    Column("leased_until", BigInteger),
    Column("turn_at", BigInteger, nullable=False),
    Column("waits_until", BigInteger),
    Column("waits_for", Text, nullable=False),
    Column("claimed", Text, nullable=False),
    Column("fields", Text, nullable=False),
    Column("seen", Text, nullable=False),
    Column("key", LargeBinary),
    Column("body", LargeBinary),
    UniqueConstraint("consumer", "key"),
    Index("batches_state", "state", "turn_at"),
)
"""One row a batch. `claimed`, `fields`, `seen` are names with commas between them; `key` and `body` keyed digests."""

ITEMS = Table(
    "batch_items",
    METADATA,
    Column("batch", Text, primary_key=True),
    Column("line", Integer, primary_key=True, autoincrement=False),
    Column("tries", Integer, nullable=False),
    Column("outcome", Text),
    Column("item", LargeBinary),
    Column("result", LargeBinary),
)
"""One row an item: `item` until it has its `result`, and not longer."""

_LEFT = ITEMS.c.outcome.is_(None)
Index("batch_items_left", ITEMS.c.batch, ITEMS.c.line, sqlite_where=_LEFT, postgresql_where=_LEFT)

COUNTS = Table(
    "batch_counts",
    METADATA,
    Column("batch", Text, primary_key=True),
    Column("outcome", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("items", Integer, nullable=False),
)
"""How many items of a batch ended with what."""
