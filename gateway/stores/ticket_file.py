"""
Tickets in an SQLite file that the workers of one machine share. A commit is on the disk before a call returns, and one
process writes at a time: what is claimed is claimed once.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.errors import SettingsError, TicketsUnavailable
from gateway.stores.instants import micros
from gateway.stores.ticket_sql import COLUMNS, Dialect, Run, SqlTickets, ticket_of
from gateway.stores.tickets import Claim, Ticket

__all__ = ["TicketFile"]

_BUSY_S = 5.0
_TRIES = 20
_OURS = 0x6F677469  # "ogti"
_VERSION = 3
_WORDS = Dialect(locks="", free="", by_turn="INDEXED BY tickets_turn", least="min", greatest="max")
_TABLE = """
CREATE TABLE IF NOT EXISTS tickets (
  ticket_id TEXT PRIMARY KEY, plan_id TEXT NOT NULL, consumer TEXT NOT NULL, case_id TEXT NOT NULL,
  procedure TEXT NOT NULL, "case" TEXT NOT NULL, paper TEXT NOT NULL, fingerprint BLOB NOT NULL, question BLOB,
  opened_at INTEGER NOT NULL, due_at INTEGER NOT NULL, expires_at INTEGER NOT NULL, appointment_at INTEGER,
  state TEXT NOT NULL, situation TEXT NOT NULL, dataset TEXT, asked_at INTEGER, attempts INTEGER NOT NULL,
  ended_at INTEGER, decision TEXT, refusal TEXT, replaced_by TEXT, answer BLOB,
  delivery TEXT NOT NULL, delivery_attempts INTEGER NOT NULL, delivered_at INTEGER,
  lease TEXT, leased_until INTEGER NOT NULL DEFAULT 0, delivery_due_at INTEGER NOT NULL DEFAULT 0,
  not_before_at INTEGER, counted TEXT
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
_CHANGES = (
    ("ALTER TABLE tickets ADD COLUMN not_before_at INTEGER", "DROP INDEX IF EXISTS tickets_waiting"),
    ("ALTER TABLE tickets ADD COLUMN counted TEXT",),
)
"""What makes each version of the one before it, from the second on."""
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
RETURNING {COLUMNS}
"""  # noqa: S608
_TELL = f"""
UPDATE tickets SET lease = :token, leased_until = :until, delivery_attempts = delivery_attempts + 1
WHERE ticket_id = (
  SELECT ticket_id FROM tickets
  WHERE consumer = :consumer AND delivery = 'due' AND delivery_due_at <= :now AND leased_until <= :now
  ORDER BY delivery_due_at LIMIT 1)
RETURNING {COLUMNS}
"""  # noqa: S608
_DUE = "SELECT 1 FROM tickets WHERE consumer = :consumer AND delivery = 'due' AND delivery_due_at <= :now LIMIT 1"


class TicketFile(SqlTickets):
    """See `stores.tickets.TicketStore`. One connection, for one thread at a time."""

    def __init__(self, file: Path) -> None:
        """Raises SettingsError where there can be no such file, or where another program's lies; TicketsUnavailable."""
        super().__init__(_WORDS, mark=None)
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
        changes = (one for several in _CHANGES[version - 1 :] for one in several) if version else ()
        for statement in (*changes, _TABLE, *_INDEXES):
            run(statement)
        run("COMMIT")

    @contextmanager
    def _writing(self) -> Iterator[Run]:
        with _typed():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database.execute
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:  # SQLite takes some back by itself
                    self._database.execute("ROLLBACK")
                raise

    def _read(self, statement: str, values: Mapping[str, Any]) -> list[Any]:
        with _typed():
            return self._database.execute(statement, values).fetchall()

    def claim(self, claim: Claim, now: datetime, *, after: str, only_expired: bool) -> list[Ticket]:
        """See TicketStore."""
        wanted = {"now": micros(now), "only_expired": only_expired, "after": after}
        with _typed():  # as a rule there is nothing, and nobody has to wait for anybody
            if self._database.execute(_NEXT, wanted).fetchone() is None:
                return []
        with self._writing() as run:
            found = run(_NEXT, wanted).fetchone()
            if found is None:
                return []
            named = wanted | {"token": claim.token, "until": micros(claim.until), "plan": found[0]}
            del named["after"]
            return [ticket_of(row) for row in run(_CLAIM, named).fetchall()]

    def claim_delivery(self, consumer: str, claim: Claim, now: datetime) -> Ticket | None:
        """See TicketStore."""
        values = {"token": claim.token, "until": micros(claim.until), "consumer": consumer, "now": micros(now)}
        if not self._read(_DUE, values):
            return None
        with self._writing() as run:
            found = run(_TELL, values).fetchone()
        return ticket_of(found) if found is not None else None

    def give_up(self, *, all_but: Collection[str]) -> int:
        """See TicketStore."""
        others = "delivery = 'due' AND consumer NOT IN (SELECT value FROM json_each(:names))"
        with self._writing() as run:
            return run(
                f"UPDATE tickets SET delivery = 'given_up', lease = NULL, leased_until = 0 WHERE {others}",  # noqa: S608
                {"names": json.dumps(list(all_but))},
            ).rowcount

    def prune(self, *, answers_before: datetime, tickets_before: datetime) -> None:
        """See TicketStore."""
        with self._writing() as run:
            ended = "state <> 'open' AND ended_at < :before"
            run(
                f"DELETE FROM tickets WHERE delivery <> 'due' AND {ended}",  # noqa: S608
                {"before": micros(tickets_before)},
            )
            run(
                f"UPDATE tickets SET answer = NULL WHERE answer IS NOT NULL AND {ended}",  # noqa: S608
                {"before": micros(answers_before)},
            )

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
