"""
`gateway ledger ship, restore, destroy, hold, release, holds`: what keeps the logs, and what ends records.

Imports stand inside the commands for the reason that gateway/cli.py gives.
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.commands.ledger import AsJson, ledger
from gateway.errors import SettingsError

if TYPE_CHECKING:
    from gateway.keyring import KeyRing
    from gateway.ledger.index import Index
    from gateway.ledger.restoring import Restored
    from gateway.ledger.shipping import Shipping
    from gateway.settings import Settings
    from gateway.settings_ledger import LedgerSettings

__all__ = ["ledger"]

SettingsFile = Annotated[
    Path, typer.Option("--settings", "-s", envvar="GATEWAY_SETTINGS", help="Tệp cấu hình TOML / settings file")
]
By = Annotated[str, typer.Option(help="Người quyết định / who decided it")]
Reason = Annotated[str, typer.Option(help="Lý do, căn cứ / why, and on what basis")]
DEFAULT_SETTINGS = Path("gateway.toml")


@ledger.command("ship")
def ship(settings: SettingsFile = DEFAULT_SETTINGS) -> None:
    """Chép các đoạn đã niêm phong sang nơi thứ hai / copy what is sealed to the second place, once."""
    from gateway.ledger.reading import slots

    section, _ = _loaded(settings)
    second = _second(section)
    for slot, reader in slots(section.folder).items():
        shipped = second.ship(reader.folder)
        typer.echo(f"{slot}: {shipped.segments} đoạn mới / segments copied; đến bản ghi / up to record {shipped.end}")
    second.place.close()


@ledger.command("restore")
def restore(
    by: By,
    reason: Reason,
    source: Annotated[
        Path | None,
        typer.Option(
            "--from",
            exists=True,
            file_okay=False,
            help="Thư mục bản sao / folder with the copies; else of the settings",
        ),
    ] = None,
    target: Annotated[
        Path | None, typer.Option("--to", help="Thư mục sổ mới / folder to restore into; else of the settings")
    ] = None,
    log: Annotated[str | None, typer.Option(help="Chỉ một sổ / only the log of this origin")] = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
) -> None:
    """Dựng lại sổ từ bản sao rồi khóa lại / rebuild logs from their copies and end them; what comes gets new names."""
    from gateway.ledger.places import DirectoryPlace
    from gateway.ledger.shipping import Shipping

    section, ring = _loaded(settings)
    if target is not None:
        section = section.model_copy(update={"folder": target})
    second = Shipping(DirectoryPlace(source)) if source is not None else _second(section)
    for restored in asyncio.run(_restore(section, ring, second, log, by, reason)):
        seen = "?" if restored.witnessed is None else str(restored.witnessed)
        typer.echo(
            f"{restored.log}: {restored.size} bản ghi / records; bên chứng kiến đã thấy / its witnesses saw {seen};"
            f" ghi tiếp ở / goes on in {restored.successor}"
        )


@ledger.command("destroy")
def destroy(
    by: By,
    reason: Reason,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Chỉ xem trước / only say what would go")] = False,
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Hủy dữ liệu hết hạn lưu, giữ cây băm / destroy what has been kept long enough; the tree stays."""
    section, ring = _loaded(settings)
    done = _planned(section) if dry_run else asyncio.run(_destroy(section, ring, _index(settings), by, reason))
    if as_json:
        typer.echo(orjson.dumps(done))
        return
    verb = "sẽ hủy / would go" if dry_run else "đã hủy / destroyed"
    typer.echo(f"{verb}: {done['records']}; làm nốt của lần trước / finished from before: {done['finished']}")
    typer.echo(f"giữ theo lệnh / held: {done['held']}; chưa khép / waiting: {done['waiting']}")


@ledger.command("hold")
def hold(
    by: By,
    reason: Reason,
    case: Annotated[str | None, typer.Option(help="Mã hồ sơ / a case")] = None,
    lookup: Annotated[str | None, typer.Option(help="Mã lượt hỏi / a lookup")] = None,
    subject: Annotated[
        str | None, typer.Option("--subject-pseudonym", help="Bí danh đối tượng / a subject's pseudonym")
    ] = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
) -> None:
    """Cấm hủy các lượt hỏi của một hồ sơ, lượt hay đối tượng / keep questions from being destroyed."""
    from gateway.app import new_id
    from gateway.clock import SystemClock
    from gateway.ledger.holds import Hold

    section, ring = _loaded(settings)
    made = Hold(new_id(), case, lookup, subject, by, reason)
    asyncio.run(_recorded(section, ring, made.record(SystemClock().now())))
    typer.echo(made.id)


@ledger.command("release")
def release(
    hold_id: Annotated[str, typer.Argument(help="Mã lệnh giữ / the hold, as `hold` printed it")],
    by: By,
    reason: Reason,
    settings: SettingsFile = DEFAULT_SETTINGS,
) -> None:
    """Bỏ một lệnh giữ / end a hold; what is too old goes with the next `destroy`."""
    from gateway.clock import SystemClock
    from gateway.ledger.destroying import admin_records
    from gateway.ledger.holds import Holds

    section, ring = _loaded(settings)
    record = Holds(admin_records(section.folder)).release(hold_id, by=by, reason=reason, at=SystemClock().now())
    asyncio.run(_recorded(section, ring, record))


@ledger.command("holds")
def holds(settings: SettingsFile = DEFAULT_SETTINGS, as_json: AsJson = False) -> None:
    """Liệt kê các lệnh giữ / list the holds in force."""
    from gateway.ledger.destroying import admin_records
    from gateway.ledger.holds import Holds

    section, _ = _loaded(settings)
    found = list(Holds(admin_records(section.folder)))
    if as_json:
        typer.echo(orjson.dumps(found))
        return
    table = Table("trên / on", "người / by", "lý do / reason")
    table.add_column("lệnh / hold", no_wrap=True, min_width=36)
    for one in found:
        named = {"hồ sơ / case": one.case, "lượt / lookup": one.lookup, "đối tượng / subject": one.subject}
        on = next(f"{kind} {value}" for kind, value in named.items() if value is not None)
        table.add_row(*map(escape, (on, one.by, one.reason, one.id)))
    Console().print(table)


def _loaded(file: Path) -> tuple[LedgerSettings, KeyRing]:
    """The ledger's section and the keys. Raises SettingsError where there is none."""
    from gateway.app import key_ring
    from gateway.settings import load
    from gateway.telemetry import configure_logs

    settings: Settings = load(file)
    configure_logs("error")
    ring = key_ring(settings)
    if settings.ledger is None or ring is None:
        raise SettingsError(f"{file}: there is no ledger; it wants the sections [ledger] and [keys]")
    return settings.ledger, ring


def _second(section: LedgerSettings) -> Shipping:
    from gateway.app_keep import second_place

    second = second_place(section.shipping)
    if second is None:
        raise SettingsError("ledger.shipping: there is no second place; write the section, or name a folder")
    return second


def _planned(section: LedgerSettings) -> dict[str, Any]:
    from gateway.app_keep import limits
    from gateway.clock import SystemClock
    from gateway.ledger.destroying import admin_records, planned
    from gateway.ledger.holds import Holds

    now, in_force = SystemClock().now(), Holds(admin_records(section.folder))
    plans = planned(section.folder, limits=limits(section.retention), holds=in_force, now=now).values()
    return {
        "records": sum(one.count for one in plans),
        "finished": 0,
        "held": sum(one.held for one in plans),
        "waiting": sum(one.waiting for one in plans),
    }


def _index(file: Path) -> Index:
    from gateway.app_index import store_of
    from gateway.ledger.index import Index
    from gateway.settings import load
    from gateway.stores.migration import migrate

    index = Index(store_of(load(file)))
    migrate(index.store)
    return index


async def _destroy(section: LedgerSettings, ring: KeyRing, index: Index, by: str, reason: str) -> dict[str, Any]:
    from dataclasses import asdict

    from gateway.app_keep import administration, limits, second_place
    from gateway.clock import SystemClock
    from gateway.ledger.destroying import destroy
    from gateway.ledger.tables import ENTRIES

    clock, second = SystemClock(), second_place(section.shipping)
    async with administration(section, ring, clock) as admin:
        done = await destroy(
            section.folder,
            admin,
            limits=limits(section.retention),
            by=by,
            reason=reason,
            now=clock.now(),
            second=second,
            forget=index.forget,
        )
    if done.records or done.finished:
        index.store.write_anew(ENTRIES.name)
    index.store.close()
    if second is not None:
        second.place.close()
    return asdict(done)


async def _restore(
    section: LedgerSettings, ring: KeyRing, second: Shipping, only: str | None, by: str, reason: str
) -> list[Restored]:
    from gateway import app_keep
    from gateway.clock import SystemClock
    from gateway.ledger.restoring import restore

    clock, keys = SystemClock(), list(ring.published.values())
    asked = app_keep.witnesses(section, keys, clock)
    section.folder.mkdir(parents=True, exist_ok=True)
    found = []
    copied = second.place.logs()
    unsealed = await app_keep.only_witnessed(section, copied, keys, asked)
    for log in [only] if only is not None else [*copied, *unsealed]:
        folder = section.folder / log.rpartition("/")[2]
        seen = await app_keep.witnessed(section, folder, log, keys, asked)
        found.append(restore(second.place, log, section.folder, seen))
    async with app_keep.administration(section, ring, clock) as admin:
        for one in found:
            await admin.keep(one.record(by=by, reason=reason, at=clock.now()))
    for witness in asked:
        await witness.close()
    second.place.close()
    return found


async def _recorded(section: LedgerSettings, ring: KeyRing, record: dict[str, Any]) -> None:
    from gateway.app_keep import administration
    from gateway.clock import SystemClock

    async with administration(section, ring, SystemClock()) as admin:
        await admin.keep(record)
