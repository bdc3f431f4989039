"""
The index of the ledger: what is asked of the past is asked here, and a log is read from its segments alone.

It is fed afterwards, in the logs' order, and remembers in the same transaction how far it came: fed twice it is the
same, stopped anywhere it goes on. Lookups never wait for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Protocol

from sqlalchemy import Connection, and_, bindparam, delete, insert, literal, null, select, text, update

from gateway.ledger.rows import GONE, UNDELIVERED, Batch, LogEntry
from gateway.ledger.tables import ENTRIES, HIDINGS, POSITIONS
from gateway.stores.sql import Store

__all__ = ["AT_ONCE", "Index", "Source"]

AT_ONCE = 5_000
"""How many records one transaction takes in."""

_begin = text("INSERT INTO ledger_positions (log, next) VALUES (:log, 0) ON CONFLICT DO NOTHING")
_answer = (
    update(ENTRIES)
    .where(ENTRIES.c.log == bindparam("of_log"), ENTRIES.c.index == bindparam("of_index"), ENTRIES.c.type == "asked")
    .values(outcome=bindparam("outcome"), reason=bindparam("reason"))
)
_undeliver = (
    update(ENTRIES)
    .where(
        ENTRIES.c.lookup_id == bindparam("of_lookup"), ENTRIES.c.log == bindparam("of_log"), ENTRIES.c.type == "asked"
    )
    .values(outcome=literal(UNDELIVERED))
)
_COLUMNS = ", ".join(f'"{column.name}"' for column in ENTRIES.c)
_nothing = {column: null() for column in ENTRIES.c if column.name not in {"log", "index"}} | {ENTRIES.c.type: GONE}


class Source(Protocol):
    """A log as it can be read: `ledger.reading.LogReader`."""

    @property
    def origin(self) -> str:
        """The log's name."""

    @property
    def size(self) -> int:
        """How many whole records it has now. May read its last segment."""

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[LogEntry]:
        """Its entries, in order."""


class Index:
    """The index in one store. Synchronous: call it from a thread. Everything raises StoreUnavailable."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def position(self, log: str) -> int:
        """How many records of a log are in the index."""
        with self.store.reading() as connection:
            return connection.scalar(select(POSITIONS.c.next).where(POSITIONS.c.log == log)) or 0

    def feed(self, source: Source, *, most: int = AT_ONCE) -> int:
        """
        Take in at most so many records that are new, in one transaction, and say how many they were: none where the
        log has no more, or where another process has fed it meanwhile.
        """
        start = self.position(source.origin)
        # Read before the transaction, so that nobody waits for a disk that is not the database's.
        batch = Batch.of(source.origin, islice(source.entries(start, start + most), most))
        if not batch.rows:
            return 0
        with self.store.writing() as connection:
            if _taken(connection, source.origin, wait=False) != start:
                return 0
            _take_in(connection, batch)
        return len(batch.rows)

    def rebuild(self, source: Source) -> int:
        """
        Make a log's part of the index anew from its segments, and say how many records that were. One transaction:
        until it ends everybody sees the old index.
        """
        done, entries = 0, iter(source.entries())
        with self.store.writing() as connection:
            _taken(connection, source.origin, wait=True)
            for table in (ENTRIES, HIDINGS):
                connection.execute(delete(table).where(table.c.log == source.origin))
            _come_to(connection, source.origin, 0)
            while (batch := Batch.of(source.origin, islice(entries, AT_ONCE))).rows:
                _take_in(connection, batch)
                done += len(batch.rows)
        return done

    def forget(self, log: str, indexes: Sequence[int]) -> int:
        """Empty the rows of records that are being destroyed now; says how many rows those were."""
        forgotten = 0
        with self.store.writing() as connection:
            for first in range(0, len(indexes), AT_ONCE):
                some = and_(ENTRIES.c.log == log, ENTRIES.c.index.in_(indexes[first : first + AT_ONCE]))
                forgotten += connection.execute(update(ENTRIES).where(some).values(_nothing)).rowcount
        return forgotten


def _taken(connection: Connection, log: str, *, wait: bool) -> int | None:
    """How far the log is read, and nobody else may read on until the transaction ends. None: another one does."""
    position = select(POSITIONS.c.next).where(POSITIONS.c.log == log).with_for_update(skip_locked=not wait)
    start = connection.scalar(position)
    if start is None:
        connection.execute(_begin, {"log": log})
        start = connection.scalar(position)
    return start


def _take_in(connection: Connection, batch: Batch) -> None:
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    # By the driver itself: SQLAlchemy's own way takes twice as long for a row.
    into = f"INSERT INTO {ENTRIES.name} ({_COLUMNS}) VALUES ({', '.join([mark] * len(ENTRIES.c))})"  # noqa: S608  names only
    connection.exec_driver_sql(into, [tuple(row.values()) for row in batch.rows.values()])
    more = ((insert(HIDINGS), batch.hidings), (_answer, batch.answers), (_undeliver, batch.undelivered))
    for statement, rows in more:
        if rows:
            connection.execute(statement, rows)
    for log, first, last in batch.destroyed:
        gone = and_(ENTRIES.c.log == log, ENTRIES.c.index.between(first, last))
        connection.execute(update(ENTRIES).where(gone).values(_nothing))
    _come_to(connection, batch.log, max(batch.rows) + 1)


def _come_to(connection: Connection, log: str, place: int) -> None:
    connection.execute(update(POSITIONS).where(POSITIONS.c.log == log).values(next=place))
