"""
The one door to SQL: SQLite by default, PostgreSQL where settings say so.

Everything here is synchronous and belongs in a thread, never on the event loop. Whatever goes wrong is
StoreUnavailable, which quotes neither a statement nor a value. A password is fetched for each new connection, so it
stands in no address, `repr` or log, and a new one is taken without a restart.
"""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Literal

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError

from gateway.errors import SettingsError, StoreUnavailable

__all__ = ["Store"]

_BUSY_S = 10.0
_CONNECT_S = 3
_CONNECTIONS = 10
_IDLE_S = 5
"""A process that stopped inside a transaction holds its locks no longer than this."""
_WRITES = "writes"
_TURN = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_FREE_TURN = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")


class Store:
    """
    One database. `reading` and `writing` are transactions; both raise StoreUnavailable.

    PostgreSQL reads from one snapshot and gives up after `within_s`. SQLite keeps a write-ahead log, flushes each
    commit, and waits up to ten seconds for another writer.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @classmethod
    def open(
        cls,
        url: str,
        password: Callable[[], str] | None = None,
        *,
        erases: bool = False,
        connections: int = _CONNECTIONS,
        place: str = "store",
    ) -> Store:
        """
        The database of an address; `password` is asked for each new connection to PostgreSQL, of which there are
        `connections` at most. Contacts nobody. `erases`: SQLite overwrites what is deleted, in a file that is its
        owner's alone where it is made. `place` is the section of the settings that has the address.

        Raises SettingsError, which quotes no address.
        """
        address = _address(url, place)
        if address.get_backend_name() == "sqlite":
            return cls(_sqlite(address, erases))
        return cls(_postgresql(address, password, connections))

    @property
    def kind(self) -> Literal["sqlite", "postgresql"]:
        """Which of the two it is."""
        return "sqlite" if self._engine.dialect.name == "sqlite" else "postgresql"

    def __repr__(self) -> str:
        return f"Store({self.kind})"

    @contextmanager
    def reading(self, *, within_s: float = 10.0) -> Iterator[Connection]:
        """A transaction that changes nothing and sees one moment."""
        with _typed(), self._engine.connect() as connection, connection.begin():
            if self.kind == "postgresql":
                connection.exec_driver_sql(
                    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY; "
                    f"SET LOCAL statement_timeout = {int(within_s * 1000)}"
                )
            yield connection

    @contextmanager
    def writing(self, *, within_s: float | None = None) -> Iterator[Connection]:
        """
        A transaction that may change something: whole at its end, or not at all. With `within_s` PostgreSQL gives up a
        statement, or the wait for a lock, that takes longer; has the commit on its disk, whatever its own settings say;
        and takes back what a process began that has stopped.
        """
        with _typed(), self._engine.connect() as plain:
            connection = plain.execution_options(**{_WRITES: True})
            with connection.begin():
                if within_s is not None and self.kind == "postgresql":
                    connection.exec_driver_sql(
                        f"SET LOCAL statement_timeout = {int(within_s * 1000)}; "
                        f"SET LOCAL idle_in_transaction_session_timeout = {_IDLE_S * 1000}; "
                        "SET LOCAL synchronous_commit = on"
                    )
                yield connection

    def take_turn(self, connection: Connection, name: str) -> None:
        """
        Wait until no other transaction has the turn of this name; it is this one's until it ends. SQLite has one writer
        at a time anyway.
        """
        if self.kind == "postgresql":
            connection.execute(_TURN, {"name": name})

    def takes_free_turn(self, connection: Connection, name: str) -> bool:
        """The same, without waiting: False where another transaction has it."""
        return self.kind == "sqlite" or bool(connection.execute(_FREE_TURN, {"name": name}).scalar())

    def write_anew(self, table: str) -> None:
        """Rewrite a table's file, so that nothing is left in it of rows that were replaced; locks it meanwhile."""
        with _typed():
            if self.kind == "postgresql":
                with self._engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.exec_driver_sql(f"VACUUM FULL {table}")
            else:
                self._vacuum()

    def _vacuum(self) -> None:
        """SQLite's own, below the engine, which would begin a transaction around it."""
        connection = self._engine.raw_connection()
        try:
            for statement in ("VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"):
                connection.cursor().execute(statement)
        except sqlite3.Error as exc:
            raise StoreUnavailable(f"store: {type(exc).__name__} {exc.sqlite_errorname}") from None
        finally:
            connection.close()

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()


def _address(url: str, place: str) -> URL:
    shape = "must be sqlite:FILE or postgresql+psycopg://USER@HOST/DATABASE"
    # Other programs write a file's address with three slashes, or four for an absolute path.
    file = re.fullmatch(r"sqlite:(?:///)?([^?#]+)", url)
    if file:
        return URL.create("sqlite", database=file[1])
    try:
        address = make_url(url)
    except ArgumentError:
        raise SettingsError(f"{place}.url: {shape}") from None
    if address.drivername != "postgresql+psycopg" or not address.database:
        raise SettingsError(f"{place}.url: {shape}")
    if address.password is not None or "password" in address.query:
        advice = f"a password stands there; write it to a file and name it in {place}.password_file"
        raise SettingsError(f"{place}.url: {advice}")
    return address


def _sqlite(address: URL, erases: bool) -> Engine:
    engine = create_engine(address, hide_parameters=True, connect_args={"timeout": _BUSY_S})

    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _: object) -> None:
        connection.isolation_level = None  # or the driver begins and commits by rules of its own
        connection.execute(f"PRAGMA busy_timeout = {int(_BUSY_S * 1000)}")
        _write_ahead(connection)
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA secure_delete = {'ON' if erases else 'OFF'}")

    if erases:

        @event.listens_for(engine, "do_connect")
        def make(*_: object) -> None:
            with suppress(OSError):  # where it cannot be made, it cannot be opened, which is said
                os.close(os.open(address.database or "", os.O_RDWR | os.O_CREAT, 0o600))

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        # A transaction that begins as a reader and becomes a writer fails at once where another one writes.
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _write_ahead(connection: sqlite3.Connection) -> None:
    """The journal of a new file is changed by one process; SQLite lets the others fail at once instead of waiting."""
    for left in reversed(range(100)):
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError:
            if not left:
                raise
            time.sleep(0.05)


def _postgresql(address: URL, password: Callable[[], str] | None, connections: int) -> Engine:
    engine = create_engine(
        address,
        hide_parameters=True,
        pool_size=(connections + 1) // 2,
        max_overflow=connections // 2,
        pool_timeout=_CONNECT_S,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": _CONNECT_S,
            # A server that vanished without a word is noticed after ten seconds, not after two hours.
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
        },
    )
    if password is not None:

        @event.listens_for(engine, "do_connect")
        def with_password(_: object, __: object, ___: object, arguments: dict[str, Any]) -> None:
            arguments["password"] = password()

    return engine


@contextmanager
def _typed() -> Iterator[None]:
    try:
        yield
    except DBAPIError as exc:
        state = getattr(exc.orig, "sqlstate", None) or getattr(exc.orig, "sqlite_errorname", None) or ""
        raise StoreUnavailable(f"store: {type(exc.orig).__name__} {state}".rstrip()) from None
    except (SQLAlchemyError, SettingsError) as exc:
        raise StoreUnavailable(f"store: {type(exc).__name__}") from None
