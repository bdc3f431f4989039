"""`gateway batch`: many lookups or verifications of a running gateway, from a file to a file."""

from __future__ import annotations

import hashlib
import os
import secrets
import sys
import time
from collections.abc import Callable
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import urlsplit

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

if TYPE_CHECKING:
    from gateway.commands.batch_client import BatchClient, Form

__all__ = ["commands"]

T = TypeVar("T")
commands = typer.Typer(help="Hỏi hàng loạt / many lookups or verifications as one job", no_args_is_help=True)

_LOOK_S = 1.0
_AWAY_S = 120.0
_UNFINISHED = ("waiting", "running")

err = Console(stderr=True)


class Asks(StrEnum):
    """What is asked of each item."""

    LOOKUPS = "lookups"
    VERIFICATIONS = "verifications"


SettingsFile = Annotated[
    Path | None,
    typer.Option("--settings", "-s", envvar="GATEWAY_SETTINGS", help="Tệp cấu hình: cổng ở đó / where the gateway is"),
]
Url = Annotated[str | None, typer.Option(help="Địa chỉ cổng / the gateway's address, instead of settings")]
KeyFile = Annotated[
    Path | None,
    typer.Option(exists=True, dir_okay=False, help="Tệp khóa API / file with the API key, else GATEWAY_API_KEY"),
]
CaFile = Annotated[
    Path | None, typer.Option(exists=True, dir_okay=False, help="Chứng thư gốc PEM / authorities to trust")
]
BatchId = Annotated[str, typer.Argument(help="Mã lô / the batch's id")]
AsJson = Annotated[bool, typer.Option("--json", help="In JSON / print JSON")]


@commands.command("run")
def run(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help="Tệp .jsonl hoặc .csv / items")],
    dataset: Annotated[
        str | None, typer.Option(help="Dữ liệu / dataset; without it the file's first line is the job")
    ] = None,
    asks: Annotated[Asks, typer.Option(help="Tra cứu hay so sánh / what is asked of each")] = Asks.VERIFICATIONS,
    inquiry: Annotated[
        Path | None, typer.Option(exists=True, dir_okay=False, help="Tệp JSON: ai hỏi, vì sao / who asks, and why")
    ] = None,
    field: Annotated[list[str] | None, typer.Option(help="Chỉ trường này / only these fields of lookups")] = None,
    to: Annotated[Path | None, typer.Option(help="Tệp kết quả .jsonl hoặc .csv / file of results")] = None,
    anew: Annotated[bool, typer.Option("--anew", help="Hỏi lại từ đầu / though the file came before")] = False,
    settings: SettingsFile = None,
    url: Url = None,
    key_file: KeyFile = None,
    ca_file: CaFile = None,
) -> None:
    """Gửi lô, chờ xong, lấy kết quả / bring a batch, watch it to its end, fetch its results."""
    head, form = _head(dataset, asks, inquiry, field), _form(file)
    target = to or file.with_name(f"{file.stem}.results{file.suffix}")
    results_form = _form(target)
    client = _client(settings, url, key_file, ca_file)
    # Under this key the same file is the same batch: a command that was cut off may be typed again.
    key = secrets.token_hex(32) if anew else _digest(head, file)
    told = _patiently(lambda: client.bring(head, file, form, key), lines_before=1 if head else 0)
    batch_id = str(told["batch_id"])
    err.print(f"lô / batch {batch_id}", highlight=False)
    try:
        told = _watched(client, told)
    except KeyboardInterrupt:
        err.print(
            f"lô vẫn chạy tiếp / it goes on: gateway batch status {batch_id}, results {batch_id}, cancel {batch_id}",
            highlight=False,
            soft_wrap=True,
        )
        raise typer.Exit(130) from None
    _fetched(client, batch_id, target, results_form)
    _tell(told, as_json=False)
    if told["state"] != "done":
        raise typer.Exit(1)
    raise typer.Exit(3 if told["outcomes"]["unknown"] else 0)


@commands.command("status")
def status(
    batch_id: BatchId,
    settings: SettingsFile = None,
    url: Url = None,
    key_file: KeyFile = None,
    ca_file: CaFile = None,
    as_json: AsJson = False,
) -> None:
    """Tiến độ của lô / how a batch stands."""
    client = _client(settings, url, key_file, ca_file)
    _tell(_patiently(lambda: client.status(batch_id), away_s=0), as_json=as_json)


@commands.command("results")
def results(
    batch_id: BatchId,
    to: Annotated[Path, typer.Option(help="Tệp kết quả .jsonl hoặc .csv / file of results")],
    settings: SettingsFile = None,
    url: Url = None,
    key_file: KeyFile = None,
    ca_file: CaFile = None,
) -> None:
    """Lấy kết quả của lô đã xong / fetch the results of a batch that has ended."""
    form = _form(to)
    _fetched(_client(settings, url, key_file, ca_file), batch_id, to, form)


@commands.command("cancel")
def cancel(
    batch_id: BatchId,
    settings: SettingsFile = None,
    url: Url = None,
    key_file: KeyFile = None,
    ca_file: CaFile = None,
    as_json: AsJson = False,
) -> None:
    """Hủy lô; phần đã hỏi vẫn lấy được / ask nothing more; what was answered can be fetched."""
    client = _client(settings, url, key_file, ca_file)
    _tell(_patiently(lambda: client.cancel(batch_id), away_s=0), as_json=as_json)


def _client(settings: Path | None, url: str | None, key_file: Path | None, ca_file: Path | None) -> BatchClient:
    from gateway.commands.batch_client import BatchClient
    from gateway.settings import load, secret

    if url is None and settings is None:
        raise typer.BadParameter("thiếu --url hoặc -s / --url or -s says where the gateway is")
    if url is None and settings is not None:
        web = load(settings).web
        host = f"[{web.host}]" if ":" in web.host else web.host
        url = f"{'https' if web.tls else 'http'}://{host}:{web.port}"
    parts = urlsplit(url or "")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise typer.BadParameter("địa chỉ cổng là http hoặc https / --url is no http or https address")
    key = secret(key_file) if key_file is not None else os.environ.get("GATEWAY_API_KEY", "")
    if not key:
        raise typer.BadParameter("thiếu khóa / the key is missing: --key-file, or GATEWAY_API_KEY in the environment")
    return BatchClient(url or "", key, ca_file)


def _form(file: Path) -> Form:
    if file.suffix not in {".jsonl", ".csv"}:
        raise typer.BadParameter(f"tệp phải là .jsonl hoặc .csv / must end in .jsonl or .csv: {file.name}")
    return "csv" if file.suffix == ".csv" else "jsonl"


def _head(dataset: str | None, asks: Asks, inquiry: Path | None, fields: list[str] | None) -> bytes:
    """The job as the first line; empty where the file has it."""
    if dataset is None:
        if inquiry is not None or fields:
            raise typer.BadParameter("--inquiry và --field đi cùng --dataset / go with --dataset")
        return b""
    if inquiry is None:
        raise typer.BadParameter("--dataset cần --inquiry / --dataset wants --inquiry")
    try:
        asking = orjson.loads(inquiry.read_bytes())
    except orjson.JSONDecodeError:
        raise typer.BadParameter(f"không phải JSON / not JSON: {inquiry.name}") from None
    # A whole question, such as the demo's, says who asks as well.
    asking = asking.get("inquiry", asking) if isinstance(asking, dict) else asking
    job: dict[str, Any] = {"asks": asks.value, "dataset": dataset, "inquiry": asking}
    return orjson.dumps(job | ({"fields": fields} if fields else {})) + b"\n"


def _digest(head: bytes, file: Path) -> str:
    digest = hashlib.sha256(head)
    with file.open("rb") as items:
        while piece := items.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def _patiently(ask: Callable[[], T], *, lines_before: int = 0, away_s: float = _AWAY_S) -> T:
    """Ask until the gateway is there: it may be starting again just now."""
    from gateway.commands.batch_client import Away, Told

    until = time.monotonic() + away_s
    while True:
        try:
            return ask()
        except Away as away:
            if time.monotonic() >= until:
                err.print(f"[red]lỗi / error:[/] {escape(str(away))}", highlight=False, soft_wrap=True)
                raise typer.Exit(2) from None
            time.sleep(_LOOK_S)
        except Told as told:
            err.print(f"[red]lỗi / error:[/] {escape(str(told))}", highlight=False, soft_wrap=True)
            for one in told.problems:
                place = _in_file(one["field"], lines_before)
                err.print(f"  {place}: {one['advice']}", highlight=False, soft_wrap=True, markup=False)
            raise typer.Exit(2) from None


def _in_file(place: str, lines_before: int) -> str:
    """`lines.17.query` counts the line of the job, which the file may not have."""
    above, _, rest = place.partition(".")
    number, _, field = rest.partition(".")
    if above != "lines" or not number.isdigit() or int(number) <= lines_before:
        return place
    return f"dòng / line {int(number) - lines_before} {field}".rstrip()


def _watched(client: BatchClient, told: dict[str, Any]) -> dict[str, Any]:
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=err) as progress:
        bar = progress.add_task("", total=told["items"]["total"])
        while True:
            progress.update(bar, completed=told["items"]["answered"], description=_said(told))
            if told["state"] not in _UNFINISHED:
                return told
            time.sleep(_LOOK_S)
            told = _patiently(partial(client.status, told["batch_id"]))


def _said(told: dict[str, Any]) -> str:
    waits = f" chờ / waits: {told['waits_for']}" if told["waits_for"] else ""
    counted = " ".join(f"{outcome} {items}" for outcome, items in told["outcomes"].items() if items)
    return f"{told['state']}{waits} {counted}"


def _fetched(client: BatchClient, batch_id: str, target: Path, form: Form) -> None:
    """Whole or not at all, and for nobody else's eyes: it holds personal data."""
    part = target.with_name(f"{target.name}.part")

    def fetch() -> None:
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
            for piece in client.results(batch_id, form):
                file.write(piece)

    try:
        _patiently(fetch)
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)
    err.print(f"kết quả / results: {target}", highlight=False, soft_wrap=True, markup=False)


def _tell(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(orjson.dumps(told, option=orjson.OPT_INDENT_2).decode() + "\n")
        return
    items = told["items"]
    typer.echo(f"{items['answered']}/{items['total']} {_said(told)}".rstrip())
    for reason, count in told["reasons"].items():
        typer.echo(f"  {reason} {count}")
