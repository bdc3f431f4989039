"""
`gateway ledger ...`: what an operator or an auditor does with the logs. Other modules add commands to `ledger`.

Imports stand inside the commands for the reason that gateway/cli.py gives.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.errors import SetupError

if TYPE_CHECKING:
    from gateway.crypto import PublicKey
    from gateway.ledger.verify import Finding, Report

__all__ = ["WORDS", "AsJson", "Keys", "chosen_slots", "ledger", "public_keys"]

ledger = typer.Typer(help="Sổ nhật ký / the ledger", no_args_is_help=True)

AsJson = Annotated[bool, typer.Option("--json", help="In JSON / print JSON")]
Keys = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="Khóa công khai: JWKS hoặc PEM / public keys, JWKS or PEM"),
]
WORDS = {
    "altered": "bị sửa / altered",
    "misplaced": "sai vị trí / misplaced",
    "replaced": "bị thay / replaced",
    "truncated": "bị cắt cuối / truncated",
    "foreign": "của sổ khác / foreign",
    "unexplained": "hủy không lý do / unexplained",
    "unsigned": "chữ ký sai / unsigned",
    "manifest": "tệp kê sai / manifest",
}


@ledger.command("verify")
def verify_ledger(
    folder: Annotated[
        Path,
        typer.Argument(exists=True, file_okay=False, help="Thư mục sổ, hoặc của một sổ / the ledger's, or a log's"),
    ],
    slot: Annotated[str | None, typer.Option(help="Chỉ một sổ / only this log of the ledger")] = None,
    keys: Keys = None,
    checkpoint: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Điểm chốt đã giữ / a checkpoint that somebody kept"),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Kiểm tra toàn bộ sổ / read everything again and name the first wrong record."""
    from gateway.ledger.verify import verify

    logs = chosen_slots(folder, slot)
    if checkpoint is not None and len(logs) != 1:
        raise typer.BadParameter("cần --slot / a checkpoint belongs to one log", param_hint="--checkpoint")
    known = public_keys(keys) if keys is not None else []
    kept = _checkpoint(checkpoint) if checkpoint is not None else None
    try:
        reports = {
            name: verify(path, known, checkpoint=kept, admin=administration(path.parent)) for name, path in logs.items()
        }
    except OSError as exc:
        raise SetupError(f"{exc.filename}: {exc.strerror}") from None
    if as_json:
        typer.echo(orjson.dumps({name: report.view() for name, report in reports.items()}, option=orjson.OPT_INDENT_2))
    else:
        _show(reports)
    raise typer.Exit(0 if all(report.finding is None for report in reports.values()) else 1)


def _checkpoint(file: Path) -> str:
    """A signed checkpoint. Raises SetupError for a file that is none: the log is not at fault then."""
    from gateway.ledger.notes import checkpoint_from, split

    try:
        note = file.read_text(encoding="utf-8")
        checkpoint_from(split(note)[0])
    except (OSError, ValueError):
        raise SetupError(f"{file}: không phải điểm chốt / no signed checkpoint; give one as it was kept") from None
    return note


def chosen_slots(folder: Path, slot: str | None) -> dict[str, Path]:
    """The logs in a ledger's folder, or the one that the folder itself is. Raises SetupError where there is none."""
    from gateway.ledger.reading import slots

    if slot is None and (folder / "segments").is_dir():
        return {folder.name: folder}
    found = {name: reader.folder for name, reader in slots(folder).items() if slot in {None, name}}
    if not found:
        raise SetupError(f"{folder}: không có sổ / no log there" + (f": {slot}" if slot else ""))
    return found


def administration(ledger_folder: Path) -> list[Path]:
    """The folders of the logs that say what was destroyed."""
    from gateway.ledger.destroying import admin_slots

    return [reader.folder for reader in admin_slots(ledger_folder)]


def public_keys(file: Path) -> list[PublicKey]:
    """The public keys of a JWKS, a JWK or a PEM file. Raises SetupError naming the file."""
    from gateway.crypto import public_key_from, public_key_from_pem

    try:
        content = file.read_bytes()
        if content.lstrip().startswith(b"-----"):
            return [public_key_from_pem(content)]
        value: Any = orjson.loads(content)
        return [public_key_from(jwk) for jwk in value.get("keys", [value])]
    except OSError as exc:
        raise SetupError(f"{file}: {exc.strerror}") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise SetupError(f"{file}: neither a key set of P-256 or RSA keys nor a PEM public key") from None


def _show(reports: dict[str, Report]) -> None:
    out = Console()
    table = Table("sổ / log", "bản ghi / records", "đã hủy / destroyed", "điểm chốt / checkpoints", "kết quả / result")
    for name, report in reports.items():
        counts = (report.records, report.destroyed, report.checkpoints)
        result = "[green]nguyên vẹn / whole[/]" if report.finding is None else f"[red]{_said(report.finding)}[/]"
        table.add_row(escape(f"{name} ({report.origin})"), *map(str, counts), result)
    out.print(table)
    for name, report in reports.items():
        if report.finding is not None:
            where = report.finding.file + (f", offset {report.finding.offset}" if report.finding.offset else "")
            out.print(f"{name}: {where}: {report.finding.detail}", markup=False, highlight=False, soft_wrap=True)
        if report.finding is None and report.signed < report.records:
            count = report.records - report.signed
            out.print(
                f"{name}: {count} bản ghi cuối chưa có điểm chốt / last records under no checkpoint", markup=False
            )
        if report.torn_bytes:
            out.print(
                f"{name}: {report.torn_bytes} byte chưa ghi xong ở cuối / unfinished bytes at the end", markup=False
            )
    if not all(report.signatures_checked for report in reports.values()):
        out.print("chữ ký chưa được kiểm tra, cần --keys / signatures were not checked: give --keys")


def _said(finding: Finding) -> str:
    word = WORDS[finding.reason.value]
    if finding.record is None:
        return word
    if finding.until is None:
        return f"{word}: bản ghi / record {finding.record}"
    return f"{word}: bản ghi / a record of {finding.record} to {finding.until - 1}"
