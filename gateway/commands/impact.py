"""`gateway impact`: what became of papers, month by month."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

__all__ = ["commands"]

commands = typer.Typer(help="Đo kết quả / what became of papers", no_args_is_help=True)

SettingsFile = Annotated[
    Path, typer.Option("--settings", "-s", envvar="GATEWAY_SETTINGS", help="Tệp cấu hình TOML / settings file")
]
DEFAULT_SETTINGS = Path("gateway.toml")
_MONTHS_DRAWN = 12

out = Console()


@commands.callback()
def group() -> None:
    """Without it typer would make the only command the group itself."""


@commands.command("report")
def report(
    month: Annotated[str, typer.Option(help="Tháng / month, 2026-03")],
    folder: Annotated[Path, typer.Option(file_okay=False, help="Thư mục ghi báo cáo / where to write it")] = Path(),
    reported: Annotated[
        list[str] | None,
        typer.Option(help="Số trên hệ thống quốc gia, như 4.3=83.76 / an index as the national system shows it"),
    ] = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
) -> None:
    """Báo cáo một tháng: HTML và CSV / write a month's report, as one HTML page and as CSV."""
    from gateway import app, app_impact, app_papers
    from gateway.impact.correction_book import CorrectionBook
    from gateway.impact.dossiers import dossiers
    from gateway.impact.measures import impact
    from gateway.impact.memory import month_before
    from gateway.impact.report import Names, html, table
    from gateway.settings import load

    shown = _reported(reported or [])
    if not _is_month(month):
        raise typer.BadParameter("tháng dạng 2026-03 / a month such as 2026-03", param_hint="--month")
    loaded = load(settings)
    catalogue = app_papers.of_settings(loaded, app.installed_adapters())
    memory, personal = app_impact.memory_of(loaded), catalogue.personal()
    try:
        first = month_before(month, _MONTHS_DRAWN - 1)
        drawn = sorted({month, *(one for one in memory.months() if first <= one <= month)})
        book = CorrectionBook(memory)
        measured = {
            one: impact(one, dossiers(memory.month(one)), personal=personal, corrections=book.counts(one))
            for one in drawn
        }
    finally:
        memory.close()
    names = Names(
        procedures={code: one.title for code, one in catalogue.procedures.items()} | loaded.names.procedures,
        agencies=loaded.names.agencies,
        registries={name: one.title for name, one in catalogue.registries.items()},
    )
    page = html(measured[month], [(one, measured[one].once_only) for one in drawn], names, shown)
    folder.mkdir(parents=True, exist_ok=True)
    for ending, text, encoding in (
        ("html", page, "utf-8"),
        ("csv", table(measured[month], shown), "utf-8-sig"),  # a spreadsheet takes a file without a mark for Latin-1
    ):
        file = folder / f"impact-{month}.{ending}"
        file.write_text(text, encoding=encoding, newline="")
        out.print(str(file), highlight=False)


def _is_month(text: str) -> bool:
    from gateway.impact.memory import MONTH

    return MONTH.fullmatch(text) is not None


def _reported(given: list[str]) -> dict[str, float]:
    from gateway.impact.measures import FEED

    found: dict[str, float] = {}
    for one in given:
        index, _, value = one.partition("=")
        try:
            found[index] = float(value)
        except ValueError:
            found[index] = -1.0
        if index not in FEED or not 0 <= found[index] <= 100:
            advice = f"dạng 4.3=83.76; có / such as 4.3=83.76; there are {', '.join(FEED)}"
            raise typer.BadParameter(advice, param_hint="--reported")
    return found
