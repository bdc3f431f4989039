"""`gateway procedures`: the catalogue of papers, for the province's process owner."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

__all__ = ["commands"]

commands = typer.Typer(help="Thủ tục và giấy tờ / procedures and their papers", no_args_is_help=True)

SettingsFile = Annotated[
    Path, typer.Option("--settings", "-s", envvar="GATEWAY_SETTINGS", help="Tệp cấu hình TOML / settings file")
]
AsJson = Annotated[bool, typer.Option("--json", help="In JSON / print JSON")]
DEFAULT_SETTINGS = Path("gateway.toml")

out = Console()


@commands.command("check")
def check(
    folder: Annotated[
        Path | None, typer.Argument(file_okay=False, help="Thư mục; mặc định của cấu hình / folder, else the settings'")
    ] = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Kiểm tra danh mục trước khi dùng / say whether the catalogue could be used, and what is wrong where."""
    from gateway import app, app_papers
    from gateway.clock import VIETNAM, SystemClock
    from gateway.errors import SettingsError
    from gateway.kit.paper_grants import ungranted
    from gateway.kit.policy import deciding
    from gateway.settings import load

    loaded = load(settings)
    if folder is not None:
        loaded = loaded.model_copy(update={"procedures": loaded.procedures.model_copy(update={"folder": folder})})
    found = app_papers.of_settings(loaded, app.installed_adapters())
    if loaded.policy.file is not None:  # without a policy nobody may ask anything
        faults = ungranted(found, deciding(loaded), SystemClock().now().astimezone(VIETNAM).date())
        if faults:
            raise SettingsError("procedures:\n" + "\n".join(f"  {fault}" for fault in faults))
    unpublished = [one for one in found.datasets() if one not in found.published]
    if as_json:
        _print(
            {
                "version": found.version,
                "procedures": sorted(found.procedures),
                "drafts": sorted(found.drafts),
                "unpublished": unpublished,
            }
        )
        return
    papers = sum(len(case.papers) for one in found.procedures.values() for case in one.cases)
    out.print(
        f"[green]được / ok[/] {found.version}: {len(found.procedures)} thủ tục / procedures, {papers} giấy tờ / papers",
        highlight=False,
    )
    for code, one in found.drafts.items():
        out.print(f"bản nháp, chưa dùng / a draft, not in use: {code} {escape(one.title)}", highlight=False)
    for dataset in unpublished:
        out.print(f"chưa công bố / not published: {dataset}", highlight=False)


@commands.command("show")
def show(
    code: Annotated[str, typer.Argument(help="Mã thủ tục, cả dạng của tỉnh / code, also in a local form")],
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """In giấy tờ của một thủ tục / print the papers of one procedure, and what replaces each."""
    from gateway import app, app_papers
    from gateway.settings import load
    from gateway.web.procedures_schemas import view_of

    loaded = load(settings)
    catalogue = app_papers.of_settings(loaded, app.installed_adapters())
    meant = catalogue.code(code)
    if meant is None:
        raise typer.BadParameter(f"không có trong danh mục / not in the catalogue: {code}", param_hint="code")
    view = view_of(meant, catalogue, {})
    if as_json:
        _print(view)
        return
    out.print(f"{meant} {view['title']} / {view['title_en']} ({view['decision']})", highlight=False)
    for case in view["cases"]:
        table = Table("giấy tờ / paper", "của / of", "loại / clause", "thay bằng / replaced by", "công bố / published")
        for paper in case["papers"]:
            asked = [one for way in paper["alternatives"] for one in way["questions"]]
            table.add_row(
                escape(f"{paper['id']}: {paper['title']}"),
                paper["role_title"],
                paper["clause"],
                "\n".join(f"{one['dataset']}: {', '.join(one['match'])}" for one in asked) or "-",
                "\n".join(one["published_from"] or "-" for one in asked) or "-",
            )
        out.print(f"{case['id']}: {case['title']} / {case['title_en']}", highlight=False)
        out.print(table)


@commands.command("add")
def add(
    text: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="Văn bản thủ tục, dạng chữ / the text of a procedure")
    ],
    code: Annotated[
        str | None, typer.Option(help="Mã thủ tục, nếu văn bản không nêu / its code, where the text names none")
    ] = None,
    to: Annotated[
        Path | None, typer.Option(dir_okay=False, help="Tệp .toml mới; mặc định in ra / a new file, else it is printed")
    ] = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
) -> None:
    """Tạo bản nháp từ văn bản của một thủ tục / draft a procedure from its text, for a person to correct."""
    from datetime import datetime

    from gateway import app, app_papers
    from gateway.clock import VIETNAM
    from gateway.errors import SettingsError
    from gateway.procedures.drafting import drafted, written
    from gateway.settings import load

    loaded = load(settings)
    catalogue = app_papers.of_settings(loaded, app.installed_adapters())
    try:
        draft = drafted(text.read_text(encoding="utf-8-sig"), catalogue, code)
    except UnicodeDecodeError:
        raise SettingsError(f"{text}: không phải chữ UTF-8 / is no text in UTF-8") from None
    file = written(draft, read_on=datetime.now(VIETNAM).date(), source=text.name)
    if to is None:
        sys.stdout.write(file)
        return
    try:
        with to.open("x", encoding="utf-8") as new:
            new.write(file)
    except FileExistsError:
        raise SettingsError(f"{to}: đã có, không ghi đè / is there already, and is not written over") from None
    except OSError as exc:
        raise SettingsError(f"{to}: {exc.strerror}") from None
    papers = [paper for case in draft.cases for paper in case.papers]
    guessed = sum(paper.kind is not None for paper in papers)
    out.print(
        f"{escape(str(to))}: {len(papers)} giấy tờ / papers, {guessed} có loại đoán được / of a kind that was guessed",
        highlight=False,
    )


def _print(value: Any) -> None:
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode() + "\n")
