"""`gateway tickets`: papers that wait for a registry, for whoever runs the gateway. Shows nothing about a person."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import orjson
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from gateway.stores.tickets import State

if TYPE_CHECKING:
    from gateway.stores.ticket_sql import SqlTickets
    from gateway.stores.tickets import Ticket

__all__ = ["commands"]

commands = typer.Typer(help="Phiếu chờ / papers that are asked about again", no_args_is_help=True)

SettingsFile = Annotated[
    Path, typer.Option("--settings", "-s", envvar="GATEWAY_SETTINGS", help="Tệp cấu hình TOML / settings file")
]
TicketId = Annotated[str, typer.Argument(help="Mã phiếu / the ticket's id")]
AsJson = Annotated[bool, typer.Option("--json", help="In JSON / print JSON")]
DEFAULT_SETTINGS = Path("gateway.toml")

out = Console()

_SHOWN = (
    "ticket_id",
    "plan_id",
    "consumer",
    "procedure",
    "paper",
    "state",
    "situation",
    "dataset",
    "attempts",
    "opened_at",
    "asked_at",
    "due_at",
    "expires_at",
    "ended_at",
    "decision",
    "refusal",
    "delivery",
    "delivery_attempts",
    "delivered_at",
)


@commands.command("list")
def listed(
    state: Annotated[State | None, typer.Option(help="Chỉ trạng thái này / only this state")] = None,
    most: Annotated[int, typer.Option(min=1, help="Nhiều nhất / at most so many")] = 100,
    settings: SettingsFile = DEFAULT_SETTINGS,
    as_json: AsJson = False,
) -> None:
    """Liệt kê phiếu chờ / list tickets, the oldest first; nothing about a person."""
    with _file(settings) as kept:
        found = kept.listed(state=state, most=most)
    if as_json:
        _print([_shown(one) for one in found])
        return
    table = Table(
        Column("phiếu / ticket", min_width=36, no_wrap=True),
        "giấy tờ / paper",
        "trạng thái / state",
        "tình huống / situation",
        "hỏi / asked",
        "hạn / due",
    )
    for one in found:
        due = one.due_at if one.state is State.OPEN else one.ended_at
        stands = f"{one.state.value} {one.decision or ''} {one.delivery.value if one.delivery.value != 'none' else ''}"
        table.add_row(
            one.ticket_id,
            escape(f"{one.procedure} {one.paper}"),
            stands.strip(),
            f"{one.dataset or '-'}: {one.situation}",
            str(one.attempts),
            due.isoformat(timespec="seconds") if due is not None else "-",
        )
    out.print(table)


@commands.command("show")
def show(ticket_id: TicketId, settings: SettingsFile = DEFAULT_SETTINGS) -> None:
    """Xem một phiếu / print one ticket as JSON; nothing about a person."""
    with _file(settings) as kept:
        _print(_shown(_found(kept.find(ticket_id), ticket_id)))


@commands.command("retry")
def retry(ticket_id: TicketId, settings: SettingsFile = DEFAULT_SETTINGS) -> None:
    """Hỏi lại, báo lại ngay / ask about an open ticket now, or tell its end once more where nobody took it."""
    from gateway.clock import SystemClock

    with _file(settings) as kept:
        _print(_shown(_found(kept.retry(ticket_id, SystemClock().now()), ticket_id)))


@contextmanager
def _file(settings: Path) -> Iterator[SqlTickets]:
    from gateway.app_tickets import ticket_store
    from gateway.settings import load

    kept = ticket_store(load(settings))
    try:
        yield kept
    finally:
        kept.close()


def _found(ticket: Ticket | None, ticket_id: str) -> Ticket:
    if ticket is None:
        advice = "không có phiếu này, hoặc phiếu không còn gì để làm / no such ticket, or there is nothing left to do"
        raise typer.BadParameter(f"{advice}: {ticket_id}", param_hint="ticket_id")
    return ticket


def _shown(ticket: Ticket) -> dict[str, Any]:
    return {name: getattr(ticket, name) for name in _SHOWN}


def _print(value: Any) -> None:
    sys.stdout.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode() + "\n")
