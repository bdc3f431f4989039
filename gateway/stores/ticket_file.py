"""
Tickets in an SQLite file that the workers of one machine share. A commit is on the disk before a call returns, and one
process writes at a time: what is claimed is claimed once.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Any

from gateway.errors import SettingsError, TicketsUnavailable
from gateway.stores.tickets import Claim, Delivery, End, Opened, State, Ticket, Waiting

__all__ = ["TicketFile"]

_BUSY_S = 5.0
_TRIES = 20
_OURS = 0x6F677469  # "ogti"
_VERSION = 2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MOST_GAPS = 20
_TABLE = """
CREATE TABLE IF NOT EXISTS tickets (
  ticket_id TEXT PRIMARY KEY, plan_id TEXT NOT NULL, consumer TEXT NOT NULL, case_id TEXT NOT NULL,
  procedure TEXT NOT NULL, "case" TEXT NOT NULL, paper TEXT NOT NULL, fingerprint BLOB NOT NULL, question BLOB,
  opened_at INTEGER NOT NULL, due_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, appointment_at INTEGER,
  state TEXT NOT NULL, situation TEXT NOT NULL, dataset TEXT, asked_at INTEGER, attempts INTEGER NOT NULL,
  ended_at INTEGER, decision TEXT, refusal TEXT, replaced_by TEXT, answer BLOB,
  delivery TEXT NOT NULL, delivery_attempts INTEGER NOT NULL, delivered_at INTEGER,
  lease TEXT, leased_until INTEGER NOT NULL DEFAULT 0, delivery_due_at INTEGER NOT NULL DEFAULT 0,
  not_before_at INTEGER
) STRICT
"""
_INDEXES = (
    "CREATE UNIQUE INDEX IF NOT EXISTS tickets_once ON tickets(consumer, fingerprint, paper) WHERE state = 'open'",
    "CREATE INDEX IF NOT EXISTS tickets_turn ON tickets(consumer, due_at, leased_until, expires_at) "
    "WHERE state = 'open'",
    "CREATE INDEX IF NOT EXISTS tickets_waiting ON tickets(dataset, opened_at, asked_at, due_at, attempts, "
    "not_before_at) WHERE state = 'open'",
    "CREATE INDEX IF NOT EXISTS tickets_plan ON tickets(plan_id) WHERE state = 'open'",
    "CREATE INDEX IF NOT EXISTS tickets_case ON tickets(consumer, case_id)",
    "CREATE INDEX IF NOT EXISTS tickets_told ON tickets(consumer, delivery_due_at) WHERE delivery = 'due'",
    "CREATE INDEX IF NOT EXISTS tickets_ended ON tickets(ended_at) WHERE state <> 'open'",
)
_FROM_1 = ("ALTER TABLE tickets ADD COLUMN not_before_at INTEGER", "DROP INDEX IF EXISTS tickets_waiting")
_NAMES = tuple(field.name for field in fields(Ticket))
_TIMES = frozenset(name for name in _NAMES if name.endswith("_at"))
_COLUMNS = ", ".join(f'"{name}"' for name in _NAMES)
_INSERT = f"INSERT INTO tickets ({_COLUMNS}) VALUES ({', '.join('?' * len(_NAMES))})"  # noqa: S608  # names of fields
_OPEN_NOW = "SELECT count(*) FROM tickets INDEXED BY tickets_turn WHERE state = 'open' AND consumer = ?"
_SELECT = f"SELECT {_COLUMNS} FROM tickets"  # noqa: S608
# One look into the index for each consumer, however many tickets are due.
_NEXT = """
WITH RECURSIVE who(consumer) AS (
  SELECT min(consumer) FROM tickets WHERE state = 'open'
  UNION ALL
  SELECT (SELECT min(consumer) FROM tickets WHERE state = 'open' AND consumer > who.consumer)
  FROM who WHERE who.consumer IS NOT NULL
), turn(consumer, plan_id) AS (
  SELECT who.consumer, (
    SELECT plan_id FROM tickets WHERE state = 'open' AND tickets.consumer = who.consumer AND due_at <= :now
      AND leased_until <= :now AND (NOT :only_expired OR expires_at <= :now) ORDER BY due_at LIMIT 1)
  FROM who WHERE who.consumer IS NOT NULL
)
SELECT plan_id FROM turn WHERE plan_id IS NOT NULL ORDER BY consumer <= :after, consumer LIMIT 1
"""
_CLAIM = f"""
UPDATE tickets SET lease = :token, leased_until = :until, asked_at = :now, attempts = attempts + 1
WHERE plan_id = :plan AND state = 'open' AND due_at <= :now AND leased_until <= :now
  AND (NOT :only_expired OR expires_at <= :now)
RETURNING {_COLUMNS}
"""  # noqa: S608
_POSTPONE = """
UPDATE tickets SET due_at = :due, not_before_at = :not_before, situation = :situation,
  dataset = coalesce(:dataset, dataset), lease = NULL, leased_until = 0
WHERE ticket_id = :id AND state = 'open' AND lease = :token
"""
_OVER = """
UPDATE tickets SET state = :state, ended_at = :at, situation = :situation, decision = :decision,
  dataset = coalesce(:dataset, dataset), refusal = :refusal, replaced_by = :replaced_by, answer = :answer,
  delivery = :delivery, delivery_due_at = :at, question = NULL, lease = NULL, leased_until = 0
WHERE ticket_id = :id AND state = 'open'
"""
_END = f"{_OVER} AND lease = :token"
_EARLIEST = "max(:now, asked_at + :gap * min(attempts, :most), coalesce(not_before_at, 0))"
_BY_REGISTRY = f"""
FROM tickets WHERE state = 'open' AND dataset >= :first AND dataset < :behind AND asked_at < :since
  AND due_at > {_EARLIEST}
"""
_WAITS = f"SELECT 1 {_BY_REGISTRY} LIMIT 1"
_RECOVERED = f"""
UPDATE tickets SET due_at = {_EARLIEST}
WHERE ticket_id IN (SELECT ticket_id {_BY_REGISTRY})
"""  # noqa: S608
_TELL = f"""
UPDATE tickets SET lease = :token, leased_until = :until, delivery_attempts = delivery_attempts + 1
WHERE ticket_id = (
  SELECT ticket_id FROM tickets
  WHERE consumer = :consumer AND delivery = 'due' AND delivery_due_at <= :now AND leased_until <= :now
  ORDER BY delivery_due_at LIMIT 1)
RETURNING {_COLUMNS}
"""  # noqa: S608
_RETRY = f"""
UPDATE tickets SET due_at = iif(state = 'open', :now, due_at), delivery_due_at = :now,
  delivery = iif(delivery = 'given_up', 'due', delivery)
WHERE ticket_id = :id AND (state = 'open' OR delivery IN ('due', 'given_up'))
RETURNING {_COLUMNS}
"""  # noqa: S608


class TicketFile:
    """See `stores.tickets.TicketStore`. One connection, for one thread at a time."""

    def __init__(self, file: Path) -> None:
        """Raises SettingsError where there can be no such file, or where another program's lies; TicketsUnavailable."""
        self.file = file
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as exc:
            raise SettingsError(f"tickets.file: {file}: {exc.strerror}") from None
        self._database = sqlite3.connect(file, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            with _typed():
                self._prepared()
        except BaseException:
            self._database.close()
            raise

    def _prepared(self) -> None:
        """Workers that begin together get in each other's way; SQLite lets all but one fail instead of waiting."""
        for left in reversed(range(_TRIES)):
            try:
                self._prepare()
                return
            except sqlite3.OperationalError:
                if not left:
                    raise
                time.sleep(_BUSY_S / _TRIES)

    def _prepare(self) -> None:
        run = self._database.execute
        if self._database.in_transaction:
            run("ROLLBACK")
        run("PRAGMA secure_delete = ON")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = FULL")
        run("BEGIN IMMEDIATE")
        (owner,) = run("PRAGMA application_id").fetchone()
        (version,) = run("PRAGMA user_version").fetchone()
        (tables,) = run("SELECT count(*) FROM sqlite_schema").fetchone()
        if owner != _OURS and (owner or tables):
            run("ROLLBACK")
            raise SettingsError(f"tickets.file: {self.file}: another program's database")
        if version > _VERSION:
            run("ROLLBACK")
            raise SettingsError(f"tickets.file: {self.file}: written by a newer version of this program")
        run(f"PRAGMA application_id = {_OURS}")
        run(f"PRAGMA user_version = {_VERSION}")
        for statement in (*(_FROM_1 if version == 1 else ()), _TABLE, *_INDEXES):
            run(statement)
        run("COMMIT")

    @contextmanager
    def _writing(self) -> Iterator[Callable[..., sqlite3.Cursor]]:
        with _typed():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database.execute
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:  # SQLite takes some back by itself
                    self._database.execute("ROLLBACK")
                raise

    def _read(self, statement: str, values: Sequence[Any] = ()) -> list[Any]:
        with _typed():
            return self._database.execute(statement, values).fetchall()

    def open(self, tickets: Sequence[Ticket], *, most: int) -> Mapping[str, Opened]:
        opened: dict[str, Opened] = {}
        open_now: dict[str, int] = {}
        with self._writing() as run:
            for ticket in tickets:
                there = run(
                    f"{_SELECT} WHERE state = 'open' AND consumer = ? AND fingerprint = ? AND paper = ?",
                    (ticket.consumer, ticket.fingerprint, ticket.paper),
                ).fetchone()
                if there is not None:
                    opened[ticket.paper] = Opened(_ticket(there), is_new=False)
                    continue
                if ticket.consumer not in open_now:
                    open_now[ticket.consumer] = run(_OPEN_NOW, (ticket.consumer,)).fetchone()[0]
                if open_now[ticket.consumer] < most:
                    open_now[ticket.consumer] += 1
                    run(_INSERT, [_written(getattr(ticket, name)) for name in _NAMES])
                    opened[ticket.paper] = Opened(ticket, is_new=True)
        return opened

    def again(
        self, consumer: str, fingerprint: bytes, told: Callable[[Ticket], End | bytes | None]
    ) -> list[tuple[Ticket, End]]:
        of_plan, whose = f"{_SELECT} WHERE state = 'open' AND consumer = ? AND fingerprint = ?", (consumer, fingerprint)
        if not self._read(of_plan, whose):
            return []
        over: list[tuple[Ticket, End]] = []
        with self._writing() as run:
            for ticket in map(_ticket, run(of_plan, whose).fetchall()):
                match told(ticket):
                    case End() as end:
                        run(_OVER, _ending(end) | {"id": ticket.ticket_id})
                        over.append((ticket, end))
                    case bytes() as question:
                        run("UPDATE tickets SET question = ? WHERE ticket_id = ?", (question, ticket.ticket_id))
        return over

    def find(self, ticket_id: str) -> Ticket | None:
        found = self._read(f"{_SELECT} WHERE ticket_id = ?", (ticket_id,))
        return _ticket(found[0]) if found else None

    def of_case(self, consumer: str, case_id: str, *, most: int) -> list[Ticket]:
        where = "WHERE consumer = ? AND case_id = ? ORDER BY opened_at DESC, ticket_id DESC LIMIT ?"
        return [_ticket(row) for row in self._read(f"{_SELECT} {where}", (consumer, case_id, most))]

    def claim(self, claim: Claim, now: datetime, *, after: str, only_expired: bool) -> list[Ticket]:
        wanted = {"now": _micros(now), "only_expired": only_expired, "after": after}
        with _typed():  # as a rule there is nothing, and nobody has to wait for anybody
            if self._database.execute(_NEXT, wanted).fetchone() is None:
                return []
        with self._writing() as run:
            found = run(_NEXT, wanted).fetchone()
            if found is None:
                return []
            named = wanted | {"token": claim.token, "until": _micros(claim.until), "plan": found[0]}
            del named["after"]
            return [_ticket(row) for row in run(_CLAIM, named).fetchall()]

    def postpone(
        self,
        ticket_id: str,
        token: str,
        *,
        due_at: datetime,
        not_before_at: datetime | None,
        situation: str,
        dataset: str | None,
    ) -> bool:
        values = {"due": _micros(due_at), "not_before": _written(not_before_at), "situation": situation}
        with self._writing() as run:
            return run(_POSTPONE, values | {"dataset": dataset, "id": ticket_id, "token": token}).rowcount == 1

    def end(self, ticket_id: str, token: str, end: End) -> bool:
        with self._writing() as run:
            return run(_END, _ending(end) | {"id": ticket_id, "token": token}).rowcount == 1

    def release(self, token: str) -> None:
        with self._writing() as run:
            run("UPDATE tickets SET lease = NULL, leased_until = 0 WHERE lease = ?", (token,))

    def recovered(self, registry: str, *, since: datetime, now: datetime, gap_s: float) -> int:
        values = {
            "now": _micros(now),
            "since": _micros(since),
            "gap": round(gap_s * 1_000_000),
            "most": _MOST_GAPS,
            "first": f"{registry}.",
            "behind": f"{registry}/",  # what follows a dot
        }
        with _typed():  # a registry that answers all the time has nothing waiting, as a rule
            if self._database.execute(_WAITS, values).fetchone() is None:
                return 0
        with self._writing() as run:
            return run(_RECOVERED, values).rowcount

    def cancel(self, consumer: str, ticket_id: str, now: datetime) -> Ticket | None:
        with self._writing() as run:
            whose = (ticket_id, consumer)
            run(
                "UPDATE tickets SET state = 'cancelled', ended_at = ?, question = NULL, lease = NULL, leased_until = 0 "
                "WHERE state = 'open' AND ticket_id = ? AND consumer = ?",
                (_micros(now), *whose),
            )
            run(
                "UPDATE tickets SET answer = NULL, delivery = iif(delivery = 'due', 'delivered', delivery) "
                "WHERE ticket_id = ? AND consumer = ?",
                whose,
            )
            found = run(f"{_SELECT} WHERE ticket_id = ? AND consumer = ?", whose).fetchone()
        return _ticket(found) if found is not None else None

    def claim_delivery(self, consumer: str, claim: Claim, now: datetime) -> Ticket | None:
        values = {"token": claim.token, "until": _micros(claim.until), "consumer": consumer, "now": _micros(now)}
        due = "SELECT 1 FROM tickets WHERE consumer = ? AND delivery = 'due' AND delivery_due_at <= ? LIMIT 1"
        if not self._read(due, (consumer, _micros(now))):
            return None
        with self._writing() as run:
            found = run(_TELL, values).fetchone()
        return _ticket(found) if found is not None else None

    def delivered(self, ticket_id: str, token: str, now: datetime) -> bool:
        done = (
            "UPDATE tickets SET delivery = 'delivered', delivered_at = ?, answer = NULL, lease = NULL, "
            "leased_until = 0 WHERE ticket_id = ? AND lease = ? AND delivery = 'due'"
        )
        with self._writing() as run:
            return run(done, (_micros(now), ticket_id, token)).rowcount == 1

    def undelivered(self, ticket_id: str, token: str, due_at: datetime | None) -> bool:
        delivery = Delivery.GIVEN_UP if due_at is None else Delivery.DUE
        again = (
            "UPDATE tickets SET delivery = ?, delivery_due_at = coalesce(?, delivery_due_at), lease = NULL, "
            "leased_until = 0 WHERE ticket_id = ? AND lease = ? AND delivery = 'due'"
        )
        with self._writing() as run:
            values = (delivery.value, None if due_at is None else _micros(due_at), ticket_id, token)
            return run(again, values).rowcount == 1

    def give_up(self, *, all_but: Collection[str]) -> int:
        others = "delivery = 'due' AND consumer NOT IN (SELECT value FROM json_each(?))"
        with self._writing() as run:
            return run(
                f"UPDATE tickets SET delivery = 'given_up', lease = NULL, leased_until = 0 WHERE {others}",  # noqa: S608
                (json.dumps(list(all_but)),),
            ).rowcount

    def waiting(self) -> list[Waiting]:
        grouped = (
            "SELECT coalesce(dataset, ''), count(*), min(opened_at) FROM tickets WHERE state = 'open' GROUP BY dataset"
        )
        return [Waiting(dataset, count, _moment(oldest)) for dataset, count, oldest in self._read(grouped)]

    def undelivered_count(self) -> int:
        return int(self._read("SELECT count(*) FROM tickets WHERE delivery = 'due'")[0][0])

    def prune(self, *, answers_before: datetime, tickets_before: datetime) -> None:
        with self._writing() as run:
            ended = "state <> 'open' AND ended_at < ?"
            run(f"DELETE FROM tickets WHERE delivery <> 'due' AND {ended}", (_micros(tickets_before),))  # noqa: S608
            run(
                f"UPDATE tickets SET answer = NULL WHERE answer IS NOT NULL AND {ended}",  # noqa: S608
                (_micros(answers_before),),
            )

    def listed(self, *, state: State | None, most: int) -> list[Ticket]:
        where = "WHERE ? IS NULL OR state = ? ORDER BY opened_at, ticket_id LIMIT ?"
        return [_ticket(row) for row in self._read(f"{_SELECT} {where}", (state, state, most))]

    def retry(self, ticket_id: str, now: datetime) -> Ticket | None:
        with self._writing() as run:
            found = run(_RETRY, {"id": ticket_id, "now": _micros(now)}).fetchone()
        return _ticket(found) if found is not None else None

    def close(self) -> None:
        """Let go of it."""
        self._database.close()


@contextmanager
def _typed() -> Iterator[None]:
    try:
        yield
    except sqlite3.Error as exc:
        word = getattr(exc, "sqlite_errorname", None) or ""
        raise TicketsUnavailable(f"tickets: {type(exc).__name__} {word}".rstrip()) from None


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _moment(value: int) -> datetime:
    return _EPOCH + timedelta(microseconds=value)


def _written(value: Any) -> Any:
    match value:
        case datetime():
            return _micros(value)
        case StrEnum():
            return value.value
        case _:
            return value


def _ending(end: End) -> dict[str, Any]:
    return {field.name: _written(getattr(end, field.name)) for field in fields(End)}


def _ticket(row: Sequence[Any]) -> Ticket:
    values = dict(zip(_NAMES, row, strict=True))
    for name in _TIMES:
        if values[name] is not None:
            values[name] = _moment(values[name])
    values["state"], values["delivery"] = State(values["state"]), Delivery(values["delivery"])
    return Ticket(**values)
