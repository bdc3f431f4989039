"""
The tables of a store, brought to what this program needs: alembic's migrations, which travel in the package.

One process migrates at a time, however many start at once: PostgreSQL has an advisory lock for it, SQLite one writer.
"""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from gateway.errors import StoreUnavailable
from gateway.stores.sql import Store

__all__ = ["migrate", "version"]

_LOCK = 0x6F6E6573746F70  # "onestop": whoever else uses the database knows by it whose lock this is


def migrate(store: Store) -> str:
    """
    Bring the tables up to date in one transaction, and say which version they have now.

    Raises StoreUnavailable, also where the tables are newer than this program.
    """
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
    return ScriptDirectory.from_config(config).get_current_head() or ""


def version(store: Store) -> str | None:
    """The version of the tables; None where there are none."""
    with store.reading() as connection:
        return MigrationContext.configure(connection).get_current_revision()
