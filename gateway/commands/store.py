"""`gateway store`: the databases: that behind the ledger's index, and those that instances share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["commands"]

commands = typer.Typer(help="Cơ sở dữ liệu dùng chung / the databases", no_args_is_help=True)

SettingsFile = Annotated[
    Path, typer.Option("--settings", "-s", envvar="GATEWAY_SETTINGS", help="Tệp cấu hình TOML / settings file")
]
DEFAULT_SETTINGS = Path("gateway.toml")


@commands.callback()
def group() -> None:
    """Without it typer would make the only command the group itself."""


@commands.command("migrate")
def migrate(settings: SettingsFile = DEFAULT_SETTINGS) -> None:
    """Tạo hoặc nâng cấp các bảng / make the tables, or bring them up to date; `serve` does the same by itself."""
    from gateway.app_databases import databases
    from gateway.app_index import store_of
    from gateway.settings import load
    from gateway.stores.migration import INDEX
    from gateway.stores.migration import migrate as bring_up_to_date

    read = load(settings)
    parts = [(f"{name} ", store, tables) for name, store, tables in databases(read)]
    if not parts or read.store.url is not None or read.ledger is not None:
        parts.insert(0, ("", store_of(read), INDEX))
    for name, store, tables in parts:
        try:
            typer.echo(f"{name}{store.kind}: {bring_up_to_date(store, tables)}")
        finally:
            store.close()
