"""
`gateway reload`: have the gateway that runs read its files again, and say who wanted that.

Imports stand inside the commands for the reason that gateway/cli.py gives.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.errors import SettingsError

__all__ = ["reload"]

_LOOK_EVERY_S = 0.1


def reload(
    by: Annotated[str, typer.Option(help="Người yêu cầu / who asks for it")],
    key: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Khóa riêng PEM, để ký yêu cầu / own key, to sign the request"),
    ] = None,
    within: Annotated[float, typer.Option(min=1, max=600, help="Chờ kết quả, giây / seconds to wait")] = 60.0,
    settings: Annotated[
        Path, typer.Option("--settings", "-s", envvar="GATEWAY_SETTINGS", help="Tệp cấu hình TOML / settings file")
    ] = Path("gateway.toml"),
    as_json: Annotated[bool, typer.Option("--json", help="In JSON / print JSON")] = False,
) -> None:
    """Đọc lại quy tắc, danh mục, chứng thư và bí mật / have a running gateway read its files again."""
    import os
    import signal

    from gateway.app import new_id
    from gateway.app_reload import desk_of, installation
    from gateway.clock import SystemClock
    from gateway.crypto import FileSigner
    from gateway.reload_desk import Request
    from gateway.settings import load

    loaded = load(settings)
    desk = desk_of(loaded)
    if desk is None:
        raise SettingsError("reload.folder: needed to say who asks; `kill -HUP` does without, and is noted as `signal`")
    request = Request(id=new_id(), by=by, at=SystemClock().now(), ledger=installation(loaded))
    running = desk.holder()
    desk.ask(request, FileSigner.load(key) if key is not None else None)
    os.kill(running, signal.SIGHUP)
    until = time.monotonic() + within
    while (parts := desk.told(request.id)) is None:
        if time.monotonic() > until:
            raise SettingsError(f"reload: nothing said within {within:g} s; look at the gateway's log")
        time.sleep(_LOOK_EVERY_S)
    if as_json:
        typer.echo(orjson.dumps(parts))
    else:
        table = Table("phần / part", "kết quả / result", "bản đang dùng / in force", "vì sao / why")
        for one in parts:
            taken = "đã đổi / changed" if one["changed"] else "như cũ / as before"
            said = "[red]từ chối / refused[/]" if one["error"] else taken
            table.add_row(one["part"], said, one["version"], escape(one["error"] or ""))
        Console().print(table)
    raise typer.Exit(1 if any(one["error"] for one in parts) else 0)
