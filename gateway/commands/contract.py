"""`gateway contract`: what integrators run against contracts, without a network or over an instance."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

if TYPE_CHECKING:
    from gateway.kit.card import Card
    from gateway.kit.report import Report
    from gateway.settings import Settings

__all__ = ["commands"]

commands = typer.Typer(help="Hợp đồng dữ liệu / contracts", no_args_is_help=True)

SettingsFile = Annotated[
    Path, typer.Option("--settings", "-s", envvar="GATEWAY_SETTINGS", help="Tệp cấu hình TOML / settings file")
]
AsJson = Annotated[bool, typer.Option("--json", help="In JSON / print JSON")]
DEFAULT_SETTINGS = Path("gateway.toml")

out = Console()


@commands.command("test")
def prove(
    registry: Annotated[str | None, typer.Argument(help="Chỉ một / only this one")] = None,
    instance: Annotated[
        str | None, typer.Option(help="Hỏi qua đường nối của / ask over the instance of the settings")
    ] = None,
    junit: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Ghi báo cáo JUnit / write a JUnit report to this file")
    ] = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Chạy các tệp mẫu của hợp đồng / run the case files, in memory or against an instance."""
    from gateway.kit.contract_test import run_all, run_instance

    if instance is not None and registry is not None:
        raise typer.BadParameter("nêu registry hoặc --instance / name a registry or an instance, not both")
    if instance is not None:
        from gateway import app

        report = asyncio.run(run_instance(app.build(_loaded(settings)), instance))
    else:
        from contracts.reader import installed
        from gateway.app import installed_adapters

        report = asyncio.run(run_all(installed_adapters(), installed(), registry))
    if junit is not None:
        _write(junit, report.junit())
    if as_json:
        _print_json(report.view())
    else:
        _show(report)
    raise typer.Exit(0 if report.passed else 1)


@commands.command("diff")
def compare(
    old: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Hợp đồng cũ / the older folder")],
    new: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="Hợp đồng mới / the newer folder")],
    as_json: AsJson = False,
) -> None:
    """So sánh hai hợp đồng / tell what breaks from what does not between two folders of a contract."""
    from gateway.kit.diff import diff

    changes = diff(old, new)
    if as_json:
        _print_json([one.view() for one in changes])
    else:
        table = Table("loại / sort", "chỗ / place", "thay đổi / change")
        for one in changes:
            table.add_row(
                "[red]phá vỡ / breaking[/]" if one.breaks else "vô hại / harmless", escape(one.place), one.text
            )
        if changes:
            out.print(table)
        broken = sum(one.breaks for one in changes)
        out.print(f"{broken} phá vỡ / breaking, {len(changes) - broken} vô hại / harmless", highlight=False)
    raise typer.Exit(1 if any(one.breaks for one in changes) else 0)


@commands.command("drift")
def drift(
    dataset: Annotated[str, typer.Argument(help="Dữ liệu / dataset, such as dancu.citizen")],
    answer: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="Câu trả lời nguyên văn / the answer's body as it came")
    ],
    contract: Annotated[str | None, typer.Option(help="Phiên bản hợp đồng / contract version")] = None,
    as_json: AsJson = False,
) -> None:
    """Câu trả lời có khác hợp đồng không / compare an answer's shape, never its values, with the case files."""
    from gateway.kit.drift import drift as drifted

    found = drifted(dataset, contract, answer.read_bytes())
    if as_json:
        _print_json(found.view())
    else:
        for place in found.unknown:
            out.print(escape(f"chưa biết / unknown: {place}"), highlight=False, soft_wrap=True)
        for place in found.vanished:
            out.print(escape(f"biến mất / vanished: {place}"), highlight=False, soft_wrap=True)
        if not found:
            out.print("[green]không khác / no drift[/]")
    raise typer.Exit(1 if found else 0)


@commands.command("record")
def record(
    question: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="Câu hỏi, như của lookup / as for gateway lookup")
    ],
    answer: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="Câu trả lời nguyên văn / the answer's body as it came")
    ],
    name: Annotated[str, typer.Option(help="Tên tệp mẫu / the case file's name")],
    source: Annotated[str, typer.Option(help="Ai thấy, ở đâu, ngày nào / who saw it, where, when")],
    summary: Annotated[str, typer.Option(help="Một câu / one sentence")] = "A recorded exchange",
    status: Annotated[int, typer.Option(min=100, max=599, help="HTTP")] = 200,
    content_type: Annotated[
        str | None, typer.Option(help="Content-Type; mặc định như tệp mẫu / that of the case files where absent")
    ] = None,
    contract: Annotated[str | None, typer.Option(help="Phiên bản hợp đồng / contract version")] = None,
    observed: Annotated[
        bool, typer.Option("--observed", help="Chính cơ sở dữ liệu trả lời / the registry itself answered so")
    ] = False,
    to: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Ghi vào tệp này / write to this file, never over another")
    ] = None,
) -> None:
    """Biến một lần hỏi thật thành tệp mẫu / make a case file of a real exchange, with nobody real left in it."""
    from gateway.kit.recording import record_files

    headers = {} if content_type is None else {"content-type": content_type}
    text = asyncio.run(
        record_files(
            question.read_bytes(),
            answer.read_bytes(),
            version=contract,
            status=status,
            headers=headers,
            name=name,
            summary=summary,
            basis="observed" if observed else "assumed",
            source=source,
        )
    )
    if to is None:
        sys.stdout.write(text)
    else:
        _write(to, text.encode(), new=True)


@commands.command("card")
def card(
    registry: Annotated[str | None, typer.Argument(help="Chỉ một / only this one")] = None,
    into: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Ghi bảng vào tệp / write the table into this file")
    ] = None,
    save: Annotated[
        bool, typer.Option("--save", help="Ghi card.json cạnh hợp đồng / write card.json beside each contract")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Phiếu chất lượng, tính từ bằng chứng / a quality card per registry, counted by running its case files."""
    from gateway.kit.card_table import save_cards, table_into
    from gateway.kit.contract_test import run_cards

    if into is not None and registry is not None:
        raise typer.BadParameter("bảng gồm tất cả / the table has all of them: leave the registry out")
    cards = asyncio.run(run_cards(registry, own=into is not None or (save and registry is None)))
    if save:
        save_cards(cards)
    if into is not None:
        table_into(into, cards)
    elif as_json:
        _print_json([one.view() for one in cards])
    elif not save:
        _show_cards(cards)


def _show_cards(cards: list[Card]) -> None:
    columns = ("dữ liệu / dataset", "căn cứ / basis", "tệp mẫu / cases", "trường / fields shown", "kết cục / ends")
    for one in cards:
        table = Table(*columns, title=escape(f"{one.registry}: {one.title}"), title_justify="left")
        for each in one.datasets:
            basis = ", ".join(f"{version} {word}" for version, word in each.basis.items())
            cases, fields = f"{each.proven}/{each.cases}", f"{len(each.shown)}/{len(each.fields)}"
            table.add_row(each.name, basis, cases, fields, ", ".join(each.ends))
        out.print(table)
        traps = f"bẫy / traps: {one.traps_proven} chứng minh / proven, {one.traps_in_tests} trong kiểm thử / in tests"
        out.print(f"{traps}, {one.traps} tất cả / in all; giả định / assumptions: {one.assumptions}", highlight=False)


def _show(report: Report) -> None:
    table = Table("cơ sở dữ liệu / registry", "dữ liệu / dataset", "tệp mẫu / case file", "kết quả / result")
    for one in report.results:
        mark = "[green]đạt / passed[/]" if one.passed else "[red]hỏng / failed[/] " + escape("; ".join(one.problems))
        claim = report.may_claim(one)
        table.add_row(one.registry, one.dataset, one.case, mark + (f" → {claim} {report.on}" if claim else ""))
    out.print(table)
    datasets = Table("dữ liệu / dataset", "hợp đồng / contract", "căn cứ / basis", "đạt / proven", "hỏng / failed")
    for row in report.conformance():
        datasets.add_row(f"{row.registry}.{row.dataset}", row.contract, row.basis, str(row.proven), str(row.failed))
    out.print(datasets)
    failed = sum(not one.passed for one in report.results)
    out.print(f"{len(report.results) - failed} đạt / passed, {failed} hỏng / failed")
    if report.obstacle:
        said = f"không nâng căn cứ / nothing may be called observed: {report.obstacle}"
        out.print(escape(said), highlight=False, soft_wrap=True)


def _loaded(file: Path) -> Settings:
    from gateway.settings import load
    from gateway.telemetry import configure_logs

    settings = load(file)
    configure_logs("error")
    return settings


def _write(file: Path, content: bytes, *, new: bool = False) -> None:
    from gateway.errors import SettingsError

    try:
        with file.open("xb" if new else "wb") as opened:
            opened.write(content)
    except OSError as exc:
        raise SettingsError(f"{file}: không ghi được / cannot be written: {exc.strerror}") from exc


def _print_json(value: Any) -> None:
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode() + "\n")
