"""Copies of ledger segments in a database: table `ledger_segments`, one row a segment. PostgreSQL, or SQLite."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table, Text

from gateway.errors import PlaceError, StoreUnavailable
from gateway.stores.sql import Store

__all__ = ["SEGMENTS", "SegmentRow", "SegmentStore"]

SEGMENTS = Table(
    "ledger_segments",
    MetaData(),
    Column("log", Text, primary_key=True),
    Column("first", BigInteger, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
)


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """A row without its content."""

    first: int
    count: int
    sha256: str


class SegmentStore:
    """
    The table and its rows, in a database of its own or beside others. The table is made where it is missing, since a
    second place has no other table of ours. Blocking; raises PlaceError, which never quotes the address or a row.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._is_made = False

    def logs(self) -> list[str]:
        """The logs of which there are rows."""
        with self._table(), self._store.reading() as connection:
            return list(connection.execute(SEGMENTS.select().with_only_columns(SEGMENTS.c.log).distinct()).scalars())

    def rows(self, log: str) -> list[SegmentRow]:
        """The rows of one log, in order."""
        columns = (SEGMENTS.c.first, SEGMENTS.c.count, SEGMENTS.c.sha256)
        of_log = SEGMENTS.select().with_only_columns(*columns).where(SEGMENTS.c.log == log).order_by(SEGMENTS.c.first)
        with self._table(), self._store.reading() as connection:
            return [SegmentRow(*row) for row in connection.execute(of_log)]

    def put(self, log: str, row: SegmentRow, content: bytes, *, may_replace: Callable[[bytes, bytes], bool]) -> None:
        """Insert a row, or replace it where `may_replace(there, new)`; read it back inside the same transaction."""
        this = (SEGMENTS.c.log == log) & (SEGMENTS.c.first == row.first)
        only_content = SEGMENTS.select().with_only_columns(SEGMENTS.c.content).where(this)
        with self._table(), self._store.writing() as connection:
            there = connection.execute(only_content.with_for_update()).scalar()
            if there is not None and not may_replace(bytes(there), content):
                raise PlaceError(f"ledger_segments: {log} from {row.first} on holds other records, and is not replaced")
            connection.execute(SEGMENTS.delete().where(this))
            connection.execute(SEGMENTS.insert().values(log=log, content=content, **asdict(row)))
            kept = connection.execute(only_content).scalar_one()
            if hashlib.sha256(kept).hexdigest() != row.sha256:
                raise PlaceError("ledger_segments: a row does not read back as it was written")

    def content(self, log: str, first: int) -> bytes | None:
        """A row's content, or None where there is no row."""
        this = (SEGMENTS.c.log == log) & (SEGMENTS.c.first == first)
        with self._table(), self._store.reading() as connection:
            found = connection.execute(SEGMENTS.select().with_only_columns(SEGMENTS.c.content).where(this)).scalar()
        return None if found is None else bytes(found)

    def write_anew(self) -> None:
        """Let the table's file hold no replaced row any more."""
        with self._table():
            self._store.write_anew(SEGMENTS.name)

    def close(self) -> None:
        """Let go of every connection."""
        self._store.close()

    @contextmanager
    def _table(self) -> Iterator[None]:
        try:
            if not self._is_made:
                with self._store.writing() as connection:
                    SEGMENTS.metadata.create_all(connection)
                self._is_made = True
            yield
        except StoreUnavailable as exc:
            raise PlaceError(f"the second place: {exc}") from None
