"""`gateway witness new-key, serve`: a witness for somebody else's ledger, or a folder for one's own."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.commands.keys import new_file
from gateway.errors import SettingsError

if TYPE_CHECKING:
    from gateway.settings_keep import WitnessServiceSettings

__all__ = ["commands"]

commands = typer.Typer(help="Bên chứng kiến / a witness", no_args_is_help=True)

_FOR_US_ALONE = 0o600
_FOR_EVERYBODY = 0o644


@commands.command("new-key")
def new_key(
    name: Annotated[str, typer.Argument(help="Tên, như một địa chỉ / its name, such as nghean.gov.vn/witness")],
    folder: Annotated[Path, typer.Option(help="Thư mục của bên chứng kiến / the witness's folder")] = Path("witness"),
) -> None:
    """Tạo khóa cho bên chứng kiến; không bao giờ ghi đè / make a witness's key; never overwrites."""
    from gateway.app_keep import KEY_FILE, PUBLIC_FILE
    from gateway.ledger.witness_keys import Identity, vkey

    identity = Identity.new(name)
    public = vkey(identity.key)
    taken = [one for one in (KEY_FILE, PUBLIC_FILE) if os.path.lexists(folder / one)]
    if taken:
        raise SettingsError(f"{folder}: {', '.join(taken)} is there already; name another folder, nothing was written")
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        new_file(folder / KEY_FILE, identity.content, _FOR_US_ALONE)
        new_file(folder / PUBLIC_FILE, f"{public}\n".encode(), _FOR_EVERYBODY)
    except OSError as exc:
        raise SettingsError(f"{exc.filename or folder}: {exc.strerror}") from None
    typer.echo(public)


@commands.command("serve")
def serve(
    settings: Annotated[
        Path, typer.Option("--settings", "-s", envvar="GATEWAY_SETTINGS", help="Tệp cấu hình TOML / settings file")
    ] = Path("gateway.toml"),
    folder: Annotated[Path | None, typer.Option(help="Thay cho thư mục trong cấu hình / instead of its folder")] = None,
    port: Annotated[
        int | None, typer.Option(min=0, max=65535, help="Thay cho cổng trong cấu hình / instead of its port")
    ] = None,
) -> None:
    """Chạy bên chứng kiến cho sổ của nơi khác / cosign other installations' checkpoints until Ctrl-C."""
    from gateway.settings import load
    from gateway.telemetry import configure_logs

    loaded = load(settings)
    configure_logs(loaded.log.level)
    section = loaded.witness
    if section is None:
        raise SettingsError(f"{settings}: there is no section [witness]")
    changes = {"folder": folder, "port": port}
    asyncio.run(_serve(section.model_copy(update={key: value for key, value in changes.items() if value is not None})))


async def _serve(section: WitnessServiceSettings) -> None:
    from gateway.app_keep import served_witness
    from gateway.clock import SystemClock
    from gateway.serve import told_to_stop
    from gateway.telemetry import log
    from gateway.web import server
    from gateway.web.witness import application

    witness = served_witness(section, SystemClock())
    listening = await server.listen(application(witness), section.host, section.port)
    log().info("witness.started", host=section.host, port=listening.port, witness=witness.key.name)
    await told_to_stop()
    await listening.stop()
