"""`gateway cache`: answers that are kept in a file or in Redis."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["commands"]

commands = typer.Typer(help="Câu trả lời được lưu tạm / kept answers", no_args_is_help=True)

SettingsFile = Annotated[
    Path, typer.Option("--settings", "-s", envvar="GATEWAY_SETTINGS", help="Tệp cấu hình TOML / settings file")
]
DEFAULT_SETTINGS = Path("gateway.toml")


@commands.callback()
def group() -> None:
    """Without it typer would make the only command the group itself."""


@commands.command("forget")
def forget(
    kind: Annotated[str, typer.Option(help="Loại số / kind of number: person, old_number, tax_code, ...")] = "person",
    settings: SettingsFile = DEFAULT_SETTINGS,
) -> None:
    """Xóa mọi câu trả lời lưu tạm về một số, đọc từ đầu vào chuẩn / forget the number that standard input holds."""
    from gateway.app_cache import forget as forget_number
    from gateway.settings import load

    loaded = load(settings)
    number = sys.stdin.readline().strip()  # never an argument: every process of the machine may read those
    if not number:
        raise typer.BadParameter("đầu vào chuẩn không có số / standard input holds no number")
    forgotten = forget_number(loaded, kind, number)
    typer.echo(forgotten.answers)
    for silent_s in forgotten.silent:
        typer.echo(
            f"Chưa nghe: một tiến trình đã im lặng {silent_s} giây; còn chạy thì bộ nhớ của nó giữ tới khi hết hạn "
            "hoặc khởi động lại. / Not reached: a worker that has been silent for so many seconds; if it still runs, "
            "its own memory holds what it has until that ends or it is restarted.",
            err=True,
        )
    hours = loaded.idempotency.keep_s / 3600
    typer.echo(
        f"Còn lại: câu trả lời giữ theo Idempotency-Key không tìm được theo số, hết sau {hours:g} giờ. / Not reached: "
        f"answers under an Idempotency-Key cannot be found by a number, and end after {hours:g} hours.",
        err=True,
    )
