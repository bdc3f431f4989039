"""Copies of ledger segments in a database: table `ledger_segments`, one row a segment. PostgreSQL, or SQLite."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass

from sqlalchemy import BigInteger, Column, Connection, LargeBinary, MetaData, Table, Text, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from gateway.errors import PlaceError, SettingsError

__all__ = ["SEGMENTS", "SegmentRow", "SegmentStore"]

_CONNECT_S = 10

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
    The table and its rows. Blocking; raises PlaceError, which never quotes the address or a row.

    The table is made where it is missing. `url` is SQLAlchemy's, such as `postgresql+psycopg://user:…@host/name`.
    """

    def __init__(self, url: str) -> None:
        try:
            address = make_url(url)
        except ArgumentError:
            raise SettingsError("ledger.shipping.database_url_file: holds no database URL") from None
        options = {"connect_timeout": _CONNECT_S} if address.get_backend_name() == "postgresql" else {}
        self._is_postgresql = address.get_backend_name() == "postgresql"
        self._engine = create_engine(address, hide_parameters=True, pool_pre_ping=True, connect_args=options)
        self._is_made = False

    def logs(self) -> list[str]:
        """The logs of which there are rows."""
        with self._connection() as connection:
            return list(connection.execute(SEGMENTS.select().with_only_columns(SEGMENTS.c.log).distinct()).scalars())

    def rows(self, log: str) -> list[SegmentRow]:
        """The rows of one log, in order."""
        columns = (SEGMENTS.c.first, SEGMENTS.c.count, SEGMENTS.c.sha256)
        of_log = SEGMENTS.select().with_only_columns(*columns).where(SEGMENTS.c.log == log).order_by(SEGMENTS.c.first)
        with self._connection() as connection:
            return [SegmentRow(*row) for row in connection.execute(of_log)]

    def put(self, log: str, row: SegmentRow, content: bytes, *, may_replace: Callable[[bytes, bytes], bool]) -> None:
        """Insert a row, or replace it where `may_replace(there, new)`; read it back inside the same transaction."""
        this = (SEGMENTS.c.log == log) & (SEGMENTS.c.first == row.first)
        with self._connection() as connection:
            there = connection.execute(
                SEGMENTS.select().with_only_columns(SEGMENTS.c.content).where(this).with_for_update()
            ).scalar()
            if there is not None and not may_replace(bytes(there), content):
                raise PlaceError(f"ledger_segments: {log} from {row.first} on holds other records, and is not replaced")
            connection.execute(SEGMENTS.delete().where(this))
            connection.execute(SEGMENTS.insert().values(log=log, content=content, **asdict(row)))
            kept = connection.execute(SEGMENTS.select().with_only_columns(SEGMENTS.c.content).where(this)).scalar_one()
            if hashlib.sha256(kept).hexdigest() != row.sha256:
                raise PlaceError("ledger_segments: a row does not read back as it was written")

    def content(self, log: str, first: int) -> bytes | None:
        """A row's content, or None where there is no row."""
        this = (SEGMENTS.c.log == log) & (SEGMENTS.c.first == first)
        with self._connection() as connection:
            found = connection.execute(SEGMENTS.select().with_only_columns(SEGMENTS.c.content).where(this)).scalar()
        return None if found is None else bytes(found)

    def vacuum(self) -> None:
        """Write the table anew, so that its file holds no replaced row any more."""
        statement = "VACUUM FULL ledger_segments" if self._is_postgresql else "VACUUM"
        with self._errors(), self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text(statement))

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        with self._errors():
            if not self._is_made:
                SEGMENTS.metadata.create_all(self._engine)
                self._is_made = True
            with self._engine.begin() as connection:
                yield connection

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as exc:
            # A driver's message may quote a row or name the account: its kind and SQLSTATE say enough.
            state = getattr(getattr(exc, "orig", None), "sqlstate", None)
            raise PlaceError(f"ledger_segments: {type(exc).__name__}" + (f" {state}" if state else "")) from None
