"""
Tickets in PostgreSQL, which several machines share.

A plan is taken by whoever has its turn, rows that somebody is at are passed over, and leases are by the database's
clock. An instance takes only what it can read: one that lacks a secret leaves tickets to those that have it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from sqlalchemy import TextClause, text

from gateway.errors import StoreUnavailable, TicketsUnavailable
from gateway.stores.instants import DATABASE_CLOCK, micros
from gateway.stores.migration import TICKETS, migrate
from gateway.stores.sql import Store
from gateway.stores.ticket_sql import COLUMNS, Dialect, Run, SqlTickets, ticket_of, written
from gateway.stores.tickets import Claim, Ticket

__all__ = ["TicketDatabase"]

_WITHIN_S = 5.0
_MICROSECOND = timedelta(microseconds=1)
_PRUNED_AT_ONCE = 5_000
_PLANS_AHEAD = 8
_IN_ORDER = "ORDER BY ticket_id FOR UPDATE"
_WORDS = Dialect(locks=_IN_ORDER, free=f"{_IN_ORDER} SKIP LOCKED", by_turn="", least="least", greatest="greatest")
_DUE = """
  state = 'open' AND due_at <= {clock} AND leased_until <= {clock} AND (NOT :only_expired OR expires_at <= {clock})
  AND (sealed_under = ANY(:readable) OR expires_at <= {clock})
"""
# A few plans of each consumer: somebody else may be at the first.
_NEXT = """
WITH RECURSIVE who(consumer) AS (
  (SELECT min(consumer) FROM tickets WHERE state = 'open')
  UNION ALL
  SELECT (SELECT min(tickets.consumer) FROM tickets WHERE state = 'open' AND tickets.consumer > who.consumer)
  FROM who WHERE who.consumer IS NOT NULL
)
SELECT turn.plan_id FROM who CROSS JOIN LATERAL (
  SELECT plan_id, due_at FROM tickets WHERE tickets.consumer = who.consumer AND {due}
  ORDER BY due_at LIMIT :ahead) AS turn
WHERE who.consumer IS NOT NULL
ORDER BY who.consumer <= :after, who.consumer, turn.due_at
"""
_CLAIM = f"""
UPDATE tickets SET lease = :token, leased_until = {{clock}} + :lasts, asked_at = :now, attempts = attempts + 1
WHERE ticket_id IN (
  SELECT ticket_id FROM tickets WHERE plan_id = :plan AND {{due}} ORDER BY ticket_id FOR UPDATE SKIP LOCKED)
RETURNING {COLUMNS}
"""  # noqa: S608
_TELL = f"""
UPDATE tickets SET lease = :token, leased_until = {{clock}} + :lasts, delivery_attempts = delivery_attempts + 1
WHERE ticket_id = (
  SELECT ticket_id FROM tickets
  WHERE consumer = :consumer AND delivery = 'due' AND delivery_due_at <= {{clock}} AND leased_until <= {{clock}}
    AND (answer IS NULL OR sealed_under = ANY(:readable))
  ORDER BY delivery_due_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING {COLUMNS}
"""  # noqa: S608
_GIVE_UP = """
UPDATE tickets SET delivery = 'given_up', lease = NULL, leased_until = 0
WHERE ticket_id IN (
  SELECT ticket_id FROM tickets WHERE delivery = 'due' AND consumer <> ALL(:names) ORDER BY ticket_id FOR UPDATE)
"""
_OVER = """
  (SELECT ticket_id FROM tickets WHERE {which} AND state <> 'open' AND ended_at < :before
   ORDER BY ended_at LIMIT :at_once FOR UPDATE SKIP LOCKED)
"""
_PRUNE = f"DELETE FROM tickets WHERE ticket_id IN {_OVER}".format(which="delivery <> 'due'")  # noqa: S608
_FORGET = f"UPDATE tickets SET answer = NULL WHERE ticket_id IN {_OVER}".format(which="answer IS NOT NULL")  # noqa: S608


class TicketDatabase(SqlTickets):
    """
    See `stores.tickets.TicketStore`. Contacts nobody before its first call, which makes the tables. Of a consumer that
    has all but no room, instances that open tickets at the same moment may open one more each.
    """

    def __init__(self, store: Store, marks: Sequence[bytes], *, clock: str = DATABASE_CLOCK) -> None:
        """`marks` tells secrets apart, that in use first; `clock` is what leases go by, as SQL."""
        super().__init__(_WORDS, mark=marks[0])
        self._store = store
        self._readable = list(marks)
        due = _DUE.format(clock=clock)
        self._next, self._claim, self._tell = (one.format(clock=clock, due=due) for one in (_NEXT, _CLAIM, _TELL))
        self._is_prepared = False

    @contextmanager
    def _writing(self) -> Iterator[Run]:
        with _typed():
            self._prepare()
            with self._store.writing(within_s=_WITHIN_S) as connection:
                yield lambda statement, values: connection.execute(_parsed(statement), values)

    def _read(self, statement: str, values: Mapping[str, Any]) -> Sequence[Any]:
        with _typed():
            self._prepare()
            with self._store.reading(within_s=_WITHIN_S) as connection:
                return connection.execute(_parsed(statement), values).fetchall()

    def _prepare(self) -> None:
        if not self._is_prepared:
            migrate(self._store, TICKETS)
            self._is_prepared = True

    def claim(self, claim: Claim, now: datetime, *, after: str, only_expired: bool) -> list[Ticket]:
        """See TicketStore."""
        wanted = {"now": micros(now), "only_expired": only_expired, "readable": self._readable}
        lease = {"token": claim.token, "lasts": (claim.until - now) // _MICROSECOND}
        with _typed():
            self._prepare()
            with self._store.writing(within_s=_WITHIN_S) as connection:
                due = connection.execute(_parsed(self._next), wanted | {"after": after, "ahead": _PLANS_AHEAD})
                for plan in dict.fromkeys(due.scalars()):
                    if not self._store.takes_free_turn(connection, f"tickets of plan {plan}"):
                        continue
                    mine = connection.execute(_parsed(self._claim), wanted | lease | {"plan": plan}).fetchall()
                    if mine:
                        return [ticket_of(row) for row in mine]
        return []

    def claim_delivery(self, consumer: str, claim: Claim, now: datetime) -> Ticket | None:
        """See TicketStore."""
        values = {"consumer": consumer, "now": micros(now), "readable": self._readable}
        lease = {"token": claim.token, "lasts": (claim.until - now) // _MICROSECOND}
        with self._writing() as run:
            found = run(self._tell, values | lease).fetchone()
        return ticket_of(found) if found is not None else None

    def give_up(self, *, all_but: Collection[str]) -> int:
        """See TicketStore."""
        with self._writing() as run:
            return run(_GIVE_UP, {"names": list(all_but)}).rowcount

    def prune(self, *, answers_before: datetime, tickets_before: datetime) -> None:
        """See TicketStore; some thousands in one call."""
        with self._writing() as run:
            run(_PRUNE, {"before": written(tickets_before), "at_once": _PRUNED_AT_ONCE})
            run(_FORGET, {"before": written(answers_before), "at_once": _PRUNED_AT_ONCE})

    def close(self) -> None:
        """Let go of every connection."""
        self._store.close()


@lru_cache(maxsize=64)
def _parsed(statement: str) -> TextClause:
    """There are some twenty of them, and each is parsed once."""
    return text(statement)


@contextmanager
def _typed() -> Iterator[None]:
    try:
        yield
    except StoreUnavailable as exc:
        raise TicketsUnavailable(f"tickets: {str(exc).removeprefix('store: ')}") from None
