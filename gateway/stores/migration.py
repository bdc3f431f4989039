"""
The tables of a store, brought to what this program needs: alembic's migrations, which travel in the package.

One process migrates at a time, however many start at once: PostgreSQL has an advisory lock for it, SQLite one writer.
Where the tables are as they should be, as at every start but the first, alembic and its 11 MB are not loaded.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect

from gateway.errors import StoreUnavailable
from gateway.stores.sql import Store

__all__ = ["NEWEST", "migrate", "version"]

NEWEST = "0001"
"""The newest of the migrations in the package."""
_LOCK = 0x6F6E6573746F70  # "onestop": whoever else uses the database knows by it whose lock this is


def migrate(store: Store) -> str:
    """
    Bring the tables up to date in one transaction, and say which version they have now.

    Raises StoreUnavailable, also where the tables are newer than this program.
    """
    if version(store) == NEWEST:
        return NEWEST
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", "gateway.stores:migrations")
    with store.writing() as connection:
        if store.kind == "postgresql":
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise StoreUnavailable("store: its tables are newer than this program") from None
    return NEWEST


def version(store: Store) -> str | None:
    """The version of the tables; None where there are none."""
    with store.reading() as connection:
        return _version(connection)


def _version(connection: Connection) -> str | None:
    """As alembic keeps it: one row of one table."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return found
