"""What is the same for tickets in every SQL database: their columns, and whatever one statement can say for all."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, fields
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from gateway.errors import TicketsUnavailable
from gateway.stores.instants import micros, moment
from gateway.stores.tickets import Claim, Delivery, End, Opened, State, Ticket, Waiting

__all__ = ["COLUMNS", "Cursor", "Dialect", "Run", "SqlTickets", "ticket_of", "written"]

_NAMES = tuple(field.name for field in fields(Ticket))
_TIMES = frozenset(name for name in _NAMES if name.endswith("_at"))
COLUMNS = ", ".join(f'"{name}"' for name in _NAMES)
_TRIES = 5
_MOST_GAPS = 20
_SELECT = f"SELECT {COLUMNS} FROM tickets"  # noqa: S608  # names of fields
_OPEN_ONE = f"{_SELECT} WHERE state = 'open' AND consumer = :consumer AND fingerprint = :fingerprint AND paper = :paper"
_OF_PLAN = f"{_SELECT} WHERE state = 'open' AND consumer = :consumer AND fingerprint = :fingerprint"
_POSTPONE = """
UPDATE tickets SET due_at = :due, not_before_at = :not_before, situation = :situation,
  dataset = coalesce(:dataset, dataset), counted = coalesce(:counted, counted), lease = NULL, leased_until = 0
WHERE ticket_id = :id AND state = 'open' AND lease = :token
"""
_DELIVERED = """
UPDATE tickets SET delivery = 'delivered', delivered_at = :now, answer = NULL, lease = NULL, leased_until = 0
WHERE ticket_id = :id AND lease = :token AND delivery = 'due'
"""
_UNDELIVERED = """
UPDATE tickets SET delivery = :delivery, delivery_due_at = coalesce(:due, delivery_due_at), lease = NULL,
  leased_until = 0
WHERE ticket_id = :id AND lease = :token AND delivery = 'due'
"""
_CANCEL = """
UPDATE tickets SET state = 'cancelled', ended_at = :now, question = NULL, lease = NULL, leased_until = 0
WHERE state = 'open' AND ticket_id = :id AND consumer = :consumer
"""
_FORGET = """
UPDATE tickets SET answer = NULL, delivery = CASE WHEN delivery = 'due' THEN 'delivered' ELSE delivery END
WHERE ticket_id = :id AND consumer = :consumer
"""
_RETRY = f"""
UPDATE tickets SET due_at = CASE WHEN state = 'open' THEN :now ELSE due_at END, delivery_due_at = :now,
  delivery = CASE WHEN delivery = 'given_up' THEN 'due' ELSE delivery END
WHERE ticket_id = :id AND (state = 'open' OR delivery IN ('due', 'given_up'))
RETURNING {COLUMNS}
"""  # noqa: S608


class Cursor(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows it changed."""

    def fetchone(self) -> Any:
        """The next row, or None."""

    def fetchall(self) -> Any:
        """All rows that are left."""


Run = Callable[[str, Mapping[str, Any]], Cursor]
"""Runs one statement with values by name, `:name` in it; values that it does not name do no harm."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """
    The words of one database: what a SELECT says at its end so that its rows stay as they are until the transaction is
    over, with `free` those alone that nobody is at; what follows a table's name to count open tickets by an index; and
    the least and the greatest of several values.
    """

    locks: str
    free: str
    by_turn: str
    least: str
    greatest: str


class SqlTickets(ABC):
    """
    See `stores.tickets.TicketStore`, of which whatever needs statements of its own for each database is left to be
    written. With `mark` each row has, in `sealed_under`, which secret its sealed content wants.
    """

    def __init__(self, dialect: Dialect, *, mark: bytes | None) -> None:
        self._locks = dialect.locks
        self._mark = mark
        self._open_now = f"SELECT count(*) FROM tickets {dialect.by_turn} WHERE state = 'open' AND consumer = :consumer"  # noqa: S608
        earliest = (
            f"{dialect.greatest}(:now, asked_at + :gap * {dialect.least}(attempts, :most), coalesce(not_before_at, 0))"
        )
        by_registry = f"""
            FROM tickets WHERE state = 'open' AND dataset >= :first AND dataset < :behind AND asked_at < :since
              AND due_at > {earliest}
        """
        self._waits = f"SELECT 1 {by_registry} LIMIT 1"
        self._recovered = f"""
            UPDATE tickets SET due_at = {earliest}
            WHERE ticket_id IN (SELECT ticket_id {by_registry} {dialect.free})
        """  # noqa: S608
        also, value, marked = ("", "", "") if mark is None else (", sealed_under", ", :mark", ", sealed_under = :mark")
        names = ", ".join(f":{name}" for name in _NAMES)
        self._insert = f"""
            INSERT INTO tickets ({COLUMNS}{also}) VALUES ({names}{value})
            ON CONFLICT (consumer, fingerprint, paper) WHERE state = 'open' DO NOTHING
        """  # noqa: S608
        self._ask_so = f"UPDATE tickets SET question = :question{marked} WHERE ticket_id = :id"  # noqa: S608
        self._over = f"""
            UPDATE tickets SET state = :state, ended_at = :at, situation = :situation, decision = :decision,
              dataset = coalesce(:dataset, dataset), refusal = :refusal, replaced_by = :replaced_by, answer = :answer,
              delivery = :delivery, delivery_due_at = :at, question = NULL, lease = NULL, leased_until = 0{marked}
            WHERE ticket_id = :id AND state = 'open'
        """  # noqa: S608

    @abstractmethod
    def _writing(self) -> AbstractContextManager[Run]:
        """A transaction: whole at its end and durable, or not at all. Raises TicketsUnavailable."""

    @abstractmethod
    def _read(self, statement: str, values: Mapping[str, Any]) -> Sequence[Any]:
        """All rows. Raises TicketsUnavailable."""

    def open(self, tickets: Sequence[Ticket], *, most: int) -> Mapping[str, Opened]:
        """See TicketStore."""
        opened: dict[str, Opened] = {}
        open_now: dict[str, int] = {}
        with self._writing() as run:
            for ticket in tickets:
                there = self._there(run, ticket)
                if there is not None:
                    opened[ticket.paper] = Opened(there, is_new=False)
                    continue
                if ticket.consumer not in open_now:
                    counted = run(self._open_now, {"consumer": ticket.consumer}).fetchone()
                    open_now[ticket.consumer] = int(counted[0])
                if open_now[ticket.consumer] < most:
                    opened[ticket.paper] = one = self._opened(run, ticket)
                    open_now[ticket.consumer] += one.is_new
        return opened

    def _opened(self, run: Run, ticket: Ticket) -> Opened:
        values = {name: written(getattr(ticket, name)) for name in _NAMES} | {"mark": self._mark}
        for _ in range(_TRIES):  # somebody else may open it at this moment, and may end it at the next
            if run(self._insert, values).rowcount == 1:
                return Opened(ticket, is_new=True)
            there = self._there(run, ticket)
            if there is not None:
                return Opened(there, is_new=False)
        raise TicketsUnavailable("tickets: others open and end the same one all the time")

    @staticmethod
    def _there(run: Run, ticket: Ticket) -> Ticket | None:
        whose = {"consumer": ticket.consumer, "fingerprint": ticket.fingerprint, "paper": ticket.paper}
        found = run(_OPEN_ONE, whose).fetchone()
        return None if found is None else ticket_of(found)

    def again(
        self, consumer: str, fingerprint: bytes, told: Callable[[Ticket], End | bytes | None]
    ) -> list[tuple[Ticket, End]]:
        """See TicketStore."""
        whose = {"consumer": consumer, "fingerprint": fingerprint}
        if not self._read(_OF_PLAN, whose):
            return []
        over: list[tuple[Ticket, End]] = []
        with self._writing() as run:
            for ticket in map(ticket_of, run(f"{_OF_PLAN} {self._locks}", whose).fetchall()):
                match told(ticket):
                    case End() as end:
                        run(self._over, self._ending(end) | {"id": ticket.ticket_id})
                        over.append((ticket, end))
                    case bytes() as question:
                        run(self._ask_so, {"question": question, "id": ticket.ticket_id, "mark": self._mark})
        return over

    def find(self, ticket_id: str) -> Ticket | None:
        """See TicketStore."""
        found = self._read(f"{_SELECT} WHERE ticket_id = :id", {"id": ticket_id})
        return ticket_of(found[0]) if found else None

    def of_case(self, consumer: str, case_id: str, *, most: int) -> list[Ticket]:
        """See TicketStore."""
        where = "WHERE consumer = :consumer AND case_id = :case_id ORDER BY opened_at DESC, ticket_id DESC LIMIT :most"
        values = {"consumer": consumer, "case_id": case_id, "most": most}
        return [ticket_of(row) for row in self._read(f"{_SELECT} {where}", values)]

    @abstractmethod
    def claim(self, claim: Claim, now: datetime, *, after: str, only_expired: bool) -> list[Ticket]:
        """See TicketStore."""

    def postpone(
        self,
        ticket_id: str,
        token: str,
        *,
        due_at: datetime,
        not_before_at: datetime | None,
        situation: str,
        dataset: str | None,
        counted: tuple[str, ...] | None = None,
    ) -> bool:
        """See TicketStore."""
        values = {"due": micros(due_at), "not_before": written(not_before_at), "situation": situation}
        values |= {"dataset": dataset, "counted": written(counted), "id": ticket_id, "token": token}
        with self._writing() as run:
            return run(_POSTPONE, values).rowcount == 1

    def end(self, ticket_id: str, token: str, end: End) -> bool:
        """See TicketStore."""
        with self._writing() as run:
            values = self._ending(end) | {"id": ticket_id, "token": token}
            return run(f"{self._over} AND lease = :token", values).rowcount == 1

    def recovered(self, registry: str, *, since: datetime, now: datetime, gap_s: float) -> int:
        """See TicketStore. What somebody is at in this very moment is left to him."""
        values = {
            "now": micros(now),
            "since": micros(since),
            "gap": round(gap_s * 1_000_000),
            "most": _MOST_GAPS,
            "first": f"{registry}.",
            "behind": f"{registry}/",  # what follows a dot
        }
        if not self._read(self._waits, values):  # a registry that answers all the time has nothing waiting, as a rule
            return 0
        with self._writing() as run:
            return run(self._recovered, values).rowcount

    @abstractmethod
    def give_up(self, *, all_but: Collection[str]) -> int:
        """See TicketStore."""

    @abstractmethod
    def prune(self, *, answers_before: datetime, tickets_before: datetime) -> None:
        """See TicketStore."""

    @abstractmethod
    def close(self) -> None:
        """Let go of it."""

    def release(self, token: str) -> None:
        """See TicketStore."""
        with self._writing() as run:
            run("UPDATE tickets SET lease = NULL, leased_until = 0 WHERE lease = :token", {"token": token})

    def cancel(self, consumer: str, ticket_id: str, now: datetime) -> Ticket | None:
        """See TicketStore."""
        whose = {"id": ticket_id, "consumer": consumer, "now": micros(now)}
        with self._writing() as run:
            run(_CANCEL, whose)
            run(_FORGET, whose)
            found = run(f"{_SELECT} WHERE ticket_id = :id AND consumer = :consumer", whose).fetchone()
        return ticket_of(found) if found is not None else None

    @abstractmethod
    def claim_delivery(self, consumer: str, claim: Claim, now: datetime) -> Ticket | None:
        """See TicketStore."""

    def delivered(self, ticket_id: str, token: str, now: datetime) -> bool:
        """See TicketStore."""
        with self._writing() as run:
            return run(_DELIVERED, {"now": micros(now), "id": ticket_id, "token": token}).rowcount == 1

    def undelivered(self, ticket_id: str, token: str, due_at: datetime | None) -> bool:
        """See TicketStore."""
        delivery = Delivery.GIVEN_UP if due_at is None else Delivery.DUE
        values = {"delivery": delivery.value, "due": written(due_at), "id": ticket_id, "token": token}
        with self._writing() as run:
            return run(_UNDELIVERED, values).rowcount == 1

    def waiting(self) -> list[Waiting]:
        """See TicketStore."""
        grouped = (
            "SELECT coalesce(dataset, ''), count(*), min(opened_at) FROM tickets WHERE state = 'open' GROUP BY dataset"
        )
        return [Waiting(dataset, count, moment(oldest)) for dataset, count, oldest in self._read(grouped, {})]

    def undelivered_count(self) -> int:
        """See TicketStore."""
        return int(self._read("SELECT count(*) FROM tickets WHERE delivery = 'due'", {})[0][0])

    def listed(self, *, state: State | None, most: int) -> list[Ticket]:
        """See TicketStore."""
        where = "" if state is None else "WHERE state = :state "
        values = {"state": None if state is None else state.value, "most": most}
        return [
            ticket_of(row) for row in self._read(f"{_SELECT} {where}ORDER BY opened_at, ticket_id LIMIT :most", values)
        ]

    def retry(self, ticket_id: str, now: datetime) -> Ticket | None:
        """See TicketStore."""
        with self._writing() as run:
            found = run(_RETRY, {"id": ticket_id, "now": micros(now)}).fetchone()
        return ticket_of(found) if found is not None else None

    def _ending(self, end: End) -> dict[str, Any]:
        return {field.name: written(getattr(end, field.name)) for field in fields(End)} | {"mark": self._mark}


def written(value: Any) -> Any:
    """A field of a ticket as its column has it."""
    match value:
        case datetime():
            return micros(value)
        case StrEnum():
            return value.value
        case tuple():
            return json.dumps(value)
        case _:
            return value


def ticket_of(row: Sequence[Any]) -> Ticket:
    """The ticket of a row of `COLUMNS`."""
    values = dict(zip(_NAMES, row, strict=True))
    for name in _TIMES:
        if values[name] is not None:
            values[name] = moment(values[name])
    if values["counted"] is not None:
        values["counted"] = tuple(json.loads(values["counted"]))
    values["state"], values["delivery"] = State(values["state"]), Delivery(values["delivery"])
    return Ticket(**values)
