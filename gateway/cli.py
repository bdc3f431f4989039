"""
What a person types. Commands of other packages (such as `gateway mocks`) are found by entry point, group
`gateway.commands`.

Imports stand inside the commands: several workers' metrics want an environment variable set before anything
else is loaded, and `--help` should not wait for a WSDL.
"""

from __future__ import annotations

import asyncio
import sys
from dataclasses import replace
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from gateway.commands import (
    batch,
    cache,
    contract,
    evidence,
    impact,
    keys,
    ledger_index,
    ledger_keep,
    new_adapter,
    procedures,
    reload,
    store,
    tickets,
    witness,
)
from gateway.errors import GatewayError, QuestionRefused

if TYPE_CHECKING:
    from gateway.settings import Settings

__all__ = ["main"]

cli = typer.Typer(
    name="gateway",
    help="Cổng tích hợp cơ sở dữ liệu quốc gia / the national registry gateway",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
cli.add_typer(contract.commands, name="contract")
cli.add_typer(keys.commands, name="keys")
cli.add_typer(evidence.commands, name="evidence")
policy = typer.Typer(help="Quyền khai thác / who may ask what", no_args_is_help=True)
cli.add_typer(policy, name="policy")
cli.add_typer(ledger_keep.ledger, name="ledger")
cli.add_typer(witness.commands, name="witness")
cli.add_typer(ledger_index.approvals, name="approval")
cli.add_typer(store.commands, name="store")
cli.add_typer(cache.commands, name="cache")
cli.add_typer(batch.commands, name="batch")
cli.add_typer(procedures.commands, name="procedures")
cli.add_typer(impact.commands, name="impact")
cli.add_typer(tickets.commands, name="tickets")
cli.command("new-adapter")(new_adapter.make)
cli.command("reload")(reload.reload)

SettingsFile = Annotated[
    Path, typer.Option("--settings", "-s", envvar="GATEWAY_SETTINGS", help="Tệp cấu hình TOML / settings file")
]
Unrecorded = Annotated[
    bool, typer.Option("--unrecorded", help="Không ghi sổ, chỉ để thử và đo / without a ledger: to try and to measure")
]
AsJson = Annotated[bool, typer.Option("--json", help="In JSON / print JSON")]
_HOW = {"given": "", "compared": " (chỉ so sánh / compared only)", "passed": " (chỉ chuyển tiếp / passed on only)"}
DEFAULT_SETTINGS = Path("gateway.toml")

out = Console()
err = Console(stderr=True)


@cli.command()
def serve(
    settings: SettingsFile = DEFAULT_SETTINGS,
    workers: Annotated[int, typer.Option(min=1, max=64, help="Số tiến trình / worker processes")] = 1,
    unrecorded: Unrecorded = False,
) -> None:
    """Chạy cổng / run the gateway until Ctrl-C."""
    if workers > 1:
        _prepare_multiprocess_metrics()
    from gateway import serve as running

    loaded = _loaded(settings)
    _recorded(loaded, unrecorded)
    if workers > 1:
        raise typer.Exit(running.run_many(loaded, workers))
    running.run_one(loaded)


@cli.command()
def lookup(
    question: Annotated[
        Path | None,
        typer.Argument(
            exists=True, dir_okay=False, help="Tệp JSON; mặc định đọc từ stdin / JSON file, standard input if absent"
        ),
    ] = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
    consumer: Annotated[str, typer.Option(help="Hỏi với quyền của / ask with the rights of")] = "one-stop",
    unrecorded: Unrecorded = False,
    as_json: AsJson = False,
) -> None:
    """Hỏi một câu, đọc từ tệp hay stdin / ask one question, as a consumer of the settings."""
    from gateway import app
    from gateway.lookup.pipeline import LookupResult
    from gateway.lookup.request import parse

    body = question.read_bytes() if question else sys.stdin.buffer.read()
    loaded = _loaded(settings, log_level="error")
    _recorded(loaded, unrecorded)
    known = app.consumers(loaded.consumers)
    if consumer not in known:
        raise typer.BadParameter(f"không có trong cấu hình / not in the settings: {consumer}", param_hint="--consumer")
    asking = replace(known[consumer], by="command_line")

    async def ask() -> LookupResult:
        core = await app.opened(loaded)
        try:
            return await core.lookup.ask(core.lookup.new_id(), asking, parse(body))
        finally:
            await core.close()

    result = asyncio.run(ask())
    _show_lookup(result, as_json=as_json)
    raise typer.Exit(0 if result.answer.outcome.word != "unknown" else 3)


@cli.command()
def check(
    settings: SettingsFile = DEFAULT_SETTINGS,
    explain: Annotated[
        bool, typer.Option("--explain", help="Chỉ in mọi thiết lập và nguồn / only print every setting and its source")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Kiểm tra cấu hình và đường nối / try settings, TLS, token and connection; asks about nobody."""
    if explain:
        _explain(settings, as_json=as_json)
        return
    from gateway import app
    from gateway.kit.check import (
        Check,
        check_access,
        check_approvals,
        check_cache,
        check_callbacks,
        check_callers,
        check_instances,
        check_keeping,
        check_shared_cache,
        check_stores,
    )

    core = app.build(_loaded(settings, log_level="error"))

    async def run() -> list[Check]:
        try:
            return [
                *await check_callers(core),
                *await check_access(core.lookup.access),
                *check_approvals(core.settings),
                *check_cache(core),
                *await check_shared_cache(core),
                *await check_callbacks(core.settings),
                *await check_keeping(core.settings),
                *await check_stores(core.settings),
                *await check_instances(core.catalogue),
            ]
        finally:
            await core.close()

    checks = asyncio.run(run())
    if as_json:
        _print_json([one.view() for one in checks])
    else:
        table = Table("cơ sở dữ liệu / registry", "bước / step", "kết quả / result", "việc cần làm / what to do")
        for one in checks:
            mark = "[green]được / ok[/]" if one.probe.ok else "[red]hỏng / failed[/]"
            table.add_row(one.registry, one.probe.step, f"{mark} {escape(one.probe.detail)}", escape(one.probe.advice))
        out.print(table)
    raise typer.Exit(0 if all(one.probe.ok for one in checks) else 1)


@policy.command("check")
def policy_check(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Tệp quy tắc / policy file")],
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Kiểm tra tệp quy tắc trước khi dùng / say whether a policy file could be used with these settings."""
    from gateway.kit.policy import checked

    found = checked(_loaded(settings, log_level="error"), file)
    if as_json:
        _print_json({"version": found.version, "rules": [rule.name for rule in found.rules]})
    else:
        out.print(f"[green]được / ok[/] {found.version}: {len(found.rules)} quy tắc / rules", highlight=False)


@policy.command("approve")
def policy_approve(
    file: Annotated[Path, typer.Argument(dir_okay=False, help="Tệp sẽ dùng / the file that shall be used")],
    key: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="Khóa riêng PEM / the approver's own key")],
    officers: Annotated[bool, typer.Option("--officers", help="Là tệp cán bộ / it is the file of officers")] = False,
    settings: SettingsFile = DEFAULT_SETTINGS,
) -> None:
    """In phê duyệt của một người cho nội dung tệp / print one person's approval of a file's content."""
    from gateway.app_approvals import change_in
    from gateway.crypto import FileSigner

    change = change_in(_loaded(settings, log_level="error"), "officers" if officers else "policy", file)
    typer.echo(change.approval(FileSigner.load(key)))


@policy.command("explain")
def policy_explain(
    consumer: Annotated[str, typer.Option(help="Hệ thống gọi / consumer of the settings")],
    dataset: Annotated[str, typer.Option(help="Dữ liệu / dataset, such as dancu.citizen")],
    agency: Annotated[str | None, typer.Option(help="Chỉ đơn vị này / only this agency")] = None,
    procedure: Annotated[str | None, typer.Option(help="Chỉ thủ tục này / only this procedure")] = None,
    purpose: Annotated[str | None, typer.Option(help="Chỉ mục đích này / only this purpose")] = None,
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Quy tắc nào cho trường nào, theo căn cứ nào / which rule gives which field, and by which law."""
    from gateway.kit.policy import Asked, deciding, explained

    core = deciding(_loaded(settings, log_level="error"))
    asked = Asked(consumer, dataset, agency, procedure, purpose)
    explanation = explained(core, asked)
    if as_json:
        _print_json(explanation.view())
    else:
        table = Table("trường / field", "quy tắc / rule", "cho / for", "căn cứ / basis")
        for row in explanation.rows:
            how = _HOW[row.how]
            table.add_row(f"{row.field}{how}", row.rule, escape(row.scope), escape(row.basis))
        if explanation.rows:
            out.print(table)
        else:
            out.print("không quy tắc nào cho phép / no rule gives anything", highlight=False)
        withheld = escape(", ".join(explanation.withheld)) or "-"
        out.print(f"không cho / withheld: {withheld}", highlight=False, soft_wrap=True)
    raise typer.Exit(0 if explanation.rows else 1)


@cli.command("new-key")
def new_key(as_json: AsJson = False) -> None:
    """Tạo khóa API cho một hệ thống gọi / make an API key: the key for the consumer, its hash for settings."""
    from gateway.web.authentication import new_key as make

    key, digest = make()
    if as_json:
        _print_json({"api_key": key, "api_key_sha256": digest})
    else:
        out.print(f"api_key         {key}", highlight=False)
        out.print(f"api_key_sha256  {digest}", highlight=False)


def main() -> None:
    """The console script. A foreseen error is one sentence on standard error and exit code 2."""
    for point in entry_points(group="gateway.commands"):
        _add_foreign_command(point)
    try:
        cli()
    except GatewayError as exc:
        said = f"{exc.title_vi} / {exc}" if isinstance(exc, QuestionRefused) else str(exc)
        err.print(f"[red]lỗi / error:[/] {escape(said)}", highlight=False, soft_wrap=True)
        for problem in getattr(exc, "problems", ()):
            err.print(f"  {problem.location}: {problem.advice}", highlight=False, soft_wrap=True, markup=False)
        sys.exit(2)


def _add_foreign_command(point: EntryPoint) -> None:
    """A command of another package: a function that takes its arguments and gives its exit code."""

    @cli.command(
        point.name,
        help=f"Của gói / from {point.value.partition('.')[0]}: gateway {point.name} --help",
        context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    )
    def run(context: typer.Context) -> None:
        raise typer.Exit(point.load()(context.args))


def _prepare_multiprocess_metrics() -> None:
    import os
    import tempfile

    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix="gateway-metrics-")


def _explain(file: Path, *, as_json: bool) -> None:
    from gateway.settings_explained import explained

    found = explained(_loaded(file, log_level="error"), file)
    if as_json:
        _print_json([one.view() for one in found])
        return
    table = Table("thiết lập / setting", "giá trị / value", "nguồn / source")
    for one in found:
        table.add_row(escape(one.setting), escape(one.value), one.source)
    out.print(table)


def _recorded(settings: Settings, unrecorded: bool) -> None:
    """No answer about a real person leaves without its record, so leaving the section out is not enough."""
    from gateway.errors import SettingsError

    if settings.ledger is None and not unrecorded:
        advice = "no answer may leave without its record; --unrecorded runs without, to try and to measure"
        raise SettingsError(f"ledger: there is no section [ledger]; {advice}")
    if settings.ledger is not None and unrecorded:
        raise SettingsError("ledger: --unrecorded does not go with a section [ledger]")


def _loaded(file: Path, *, log_level: str | None = None) -> Settings:
    from gateway.settings import load
    from gateway.telemetry import configure_logs

    settings = load(file)
    configure_logs(log_level or settings.log.level)
    return settings


def _show_lookup(result: Any, *, as_json: bool) -> None:
    from gateway.web.schemas import lookup_view

    view = lookup_view(result)
    if result.record is not None:
        view["record"] = result.record.values
    if as_json:
        _print_json(view)
        return
    colour = {"found": "green", "absent": "yellow", "unknown": "red"}[view["outcome"]]
    out.print(f"[bold {colour}]{view['outcome']}[/] {view.get('reason', '')} {view.get('detail', '')}", highlight=False)
    if "record" in view:
        out.print_json(data=view["record"], ensure_ascii=False)
    out.print_json(orjson.dumps(view["provenance"], option=orjson.OPT_UTC_Z).decode())


def _print_json(value: Any) -> None:
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode() + "\n")
