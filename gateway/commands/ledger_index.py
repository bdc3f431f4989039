"""
`gateway ledger rebuild-index, hide` and `gateway approval sign`: the index made anew, and what a citizen does not see.

Imports stand inside the commands for the reason that gateway/cli.py gives.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.commands.ledger import ledger
from gateway.errors import SettingsError

if TYPE_CHECKING:
    from gateway.ledger.hiding import Hiding
    from gateway.settings import Settings
    from gateway.settings_ledger import LedgerSettings

__all__ = ["approvals", "ledger"]

approvals = typer.Typer(help="Phê duyệt / approvals", no_args_is_help=True)

SettingsFile = Annotated[
    Path, typer.Option("--settings", "-s", envvar="GATEWAY_SETTINGS", help="Tệp cấu hình TOML / settings file")
]
DEFAULT_SETTINGS = Path("gateway.toml")
Rule = Annotated[str, typer.Option(help="Quy tắc trong hiding.rules / the rule, one of hiding.rules")]
Case = Annotated[str | None, typer.Option(help="Mã hồ sơ / a case: all its lookups")]
Lookup = Annotated[str | None, typer.Option(help="Mã lượt hỏi / one lookup")]
Until = Annotated[
    datetime,
    typer.Option(formats=["%Y-%m-%d"], help="Đến hết ngày trước đó, giờ UTC / hidden until this day begins, in UTC"),
]


@approvals.callback()
def group() -> None:
    """Without it typer would make the only command the group itself."""


@ledger.command("rebuild-index")
def rebuild_index(settings: SettingsFile = DEFAULT_SETTINGS) -> None:
    """Dựng lại chỉ mục từ các đoạn của sổ / make the index anew from the logs' segments."""
    from gateway.app_index import store_of
    from gateway.ledger.index import Index
    from gateway.ledger.reading import slots
    from gateway.stores.migration import migrate

    loaded, section = _loaded(settings)
    store = store_of(loaded)
    try:
        migrate(store)
        for slot, reader in slots(section.folder).items():
            typer.echo(f"{slot}: {Index(store).rebuild(reader)} bản ghi / records")
    finally:
        store.close()


@ledger.command("hide")
def hide(
    rule: Rule,
    until: Until,
    approval: Annotated[
        list[Path],
        typer.Option(exists=True, dir_okay=False, help="Tệp phê duyệt; hai người / approvals of two persons"),
    ],
    case: Case = None,
    lookup: Lookup = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
) -> None:
    """Ẩn khỏi người được tra cứu, có hai người phê duyệt / hide from whom it is about, with two persons' approval."""
    from gateway.app import key_ring
    from gateway.app_keep import administration
    from gateway.clock import SystemClock
    from gateway.commands.ledger import public_keys
    from gateway.ledger.hiding import hidden

    loaded, section = _loaded(settings)
    ring = key_ring(loaded)
    if ring is None:
        raise SettingsError(f"{settings}: a hiding is recorded in the ledger, which wants the section [keys]")
    clock = SystemClock()
    record = hidden(
        _hiding(section, rule, case, lookup, until),
        [file.read_text(encoding="utf-8", errors="replace") for file in approval],
        approvers={name: public_keys(file)[0] for name, file in loaded.approvers.items()},
        rules=loaded.hiding.rules,
        now=clock.now(),
    )

    async def keep() -> None:
        async with administration(section, ring, clock) as admin:
            await admin.keep(record)

    asyncio.run(keep())
    typer.echo(f"đã ẩn / hidden: {', '.join(record['approved_by'])}")


@approvals.command("sign")
def sign(
    key: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Khóa riêng PEM / the approver's own key")],
    rule: Rule,
    until: Until,
    case: Case = None,
    lookup: Lookup = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
) -> None:
    """In phê duyệt của một người / print one person's approval of a hiding, for `ledger hide`."""
    from gateway.crypto import FileSigner
    from gateway.ledger.hiding import approval

    _, section = _loaded(settings)
    typer.echo(approval(_hiding(section, rule, case, lookup, until), FileSigner.load(key)))


def _hiding(section: LedgerSettings, rule: str, case: str | None, lookup: str | None, until: datetime) -> Hiding:
    from gateway.ledger.hiding import Hiding

    end = until.replace(tzinfo=UTC)
    return Hiding(ledger=section.origin, rule=rule, until=end, case_id=case, lookup_id=lookup)


def _loaded(file: Path) -> tuple[Settings, LedgerSettings]:
    from gateway.settings import load
    from gateway.telemetry import configure_logs

    loaded = load(file)
    configure_logs("error")
    if loaded.ledger is None:
        raise SettingsError(f"{file}: there is no ledger; it wants the section [ledger]")
    return loaded, loaded.ledger
