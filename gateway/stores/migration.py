"""
The tables of a store, brought to what this program needs: alembic's migrations, which travel in the package.

One process migrates at a time, however many start at once: PostgreSQL has an advisory lock for it, SQLite one writer.
Where the tables are as they should be, as at every start but the first, alembic and its 11 MB are not loaded.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass

from sqlalchemy import Connection, inspect

from gateway.errors import StoreUnavailable
from gateway.stores.sql import Store

__all__ = ["BATCHES", "INDEX", "TICKETS", "Tables", "migrate", "version"]


@dataclass(frozen=True, slots=True)
class Tables:
    """
    What one part of the gateway keeps: the folder of its migrations in the package, the newest of them, and the table
    that says which a database has. Parts may share a database, and none hinders another's migrations.
    """

    folder: str
    newest: str
    versions: str


INDEX = Tables("versions", "0001", "alembic_version")
TICKETS = Tables("tickets", "0002", "tickets_version")
BATCHES = Tables("batches", "0001", "batches_version")
_ONE_AT_A_TIME = threading.Lock()
"""Alembic has one context for a whole process; parts migrate their databases in threads of their own."""
_LOCK = 0x6F6E6573746F70  # "onestop": whoever else uses the database knows by it whose lock this is


def migrate(store: Store, tables: Tables = INDEX) -> str:
    """
    Bring the tables of a part up to date in one transaction, and say which version they have now.

    Raises StoreUnavailable, also where the tables are newer than this program.
    """
    if version(store, tables) == tables.newest:
        return tables.newest
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", "gateway.stores:migrations")
    config.set_main_option("path_separator", "newline")  # or a colon would part the name of the package from the folder
    config.set_main_option("version_locations", f"gateway.stores:migrations/{tables.folder}")
    config.attributes["version_table"] = tables.versions
    with store.writing() as connection:
        if store.kind == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        config.attributes["connection"] = connection
        try:
            with _ONE_AT_A_TIME:
                command.upgrade(config, "head")
        except CommandError:
            raise StoreUnavailable("store: its tables are newer than this program") from None
    return tables.newest


def version(store: Store, tables: Tables = INDEX) -> str | None:
    """The version of a part's tables; None where there are none."""
    with store.reading() as connection:
        return _version(connection, tables.versions)


def _version(connection: Connection, table: str) -> str | None:
    """As alembic keeps it: one row of one table."""
    if not inspect(connection).has_table(table):
        return None
    found: str | None = connection.exec_driver_sql(f"SELECT version_num FROM {table}").scalar()  # noqa: S608  # ours
    return found
