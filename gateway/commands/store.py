"""`gateway store`: the database behind the ledger's index."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["commands"]

commands = typer.Typer(help="Cơ sở dữ liệu của chỉ mục / the index's database", no_args_is_help=True)

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
    from gateway.app_index import store_of
    from gateway.settings import load
    from gateway.stores.migration import migrate as bring_up_to_date

    store = store_of(load(settings))
    try:
        typer.echo(f"{store.kind}: {bring_up_to_date(store)}")
    finally:
        store.close()
