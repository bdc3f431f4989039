"""What is not configured is not loaded: a worker's memory and the start of every command pay for nothing unused."""

from __future__ import annotations

import subprocess
import sys

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from gateway.stores.migration import BATCHES, INDEX, TICKETS, Tables

_UNUSED = "alembic http_message_signatures httpx mocks psycopg redis"


def test_a_worker_loads_no_library_that_nobody_has_configured() -> None:
    """Redis, PostgreSQL, signed requests and migrations are loaded when settings or tables ask for them."""
    code = f"import sys, gateway.app, gateway.serve; print(sorted(set(sys.modules) & set({_UNUSED.split()!r})))"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert ended.stdout.strip() == "[]"


@pytest.mark.parametrize("tables", [INDEX, TICKETS, BATCHES], ids=lambda one: one.folder)
def test_the_newest_migration_is_known_without_alembic(tables: Tables) -> None:
    """What tells a store that needs nothing is the package's last migration."""
    config = Config()
    config.set_main_option("script_location", "gateway.stores:migrations")
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", f"gateway.stores:migrations/{tables.folder}")

    assert ScriptDirectory.from_config(config).get_current_head() == tables.newest
