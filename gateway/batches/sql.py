"""Batches in an SQL database: everything that must be true at once is one transaction."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, cast

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    delete,
    exists,
    func,
    insert,
    literal,
    literal_column,
    or_,
    select,
    true,
    update,
)

from gateway.batches.rows import Ended, Figures, ItemRow, Kept, Named, ResultRow, Settled, State
from gateway.batches.tables import BATCHES, COUNTS, ITEMS, METADATA
from gateway.errors import IdempotencyConflict
from gateway.stores.instants import DATABASE_CLOCK
from gateway.stores.migration import BATCHES as TABLES
from gateway.stores.migration import migrate
from gateway.stores.sql import Store

__all__ = ["Shared", "SqlRows"]

_AT_ONCE = 2_000
"""Rows deleted in one transaction: others write in between."""
_AHEAD = 20
"""Batches that are looked at when one is taken: another instance may be taking one of the same consumer's."""
_UNFINISHED = ("coming", "open")
_WITHIN_S = 10.0
_ENDED_WITHIN_S = 120.0
"""Of a large batch that ends before its time every item is touched."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """
    How several instances take batches from one database. A job that begins otherwise than `readable` is sealed under a
    secret that this instance lacks: it is left to the others, until it is `given_up` (microseconds) old. `clock` is
    what leases go by, as SQL; None is the caller's.
    """

    readable: Sequence[bytes]
    given_up: int
    clock: str | None = DATABASE_CLOCK


class SqlRows:
    """See `rows.Rows`. `shared` where other instances have the same database."""

    def __init__(self, store: Store, shared: Shared | None = None) -> None:
        self._store = store
        self._shared = shared

    def prepare(self) -> None:
        if self._store.kind == "postgresql":
            migrate(self._store, TABLES)
            return
        with self._writing() as connection:
            METADATA.create_all(connection)

    def _writing(self) -> AbstractContextManager[Connection]:
        return self._store.writing(within_s=_WITHIN_S)

    def _instant(self, now: int) -> ColumnElement[int]:
        """Now, by the clock that leases go by."""
        if self._shared is None or self._shared.clock is None:
            return literal(now, BigInteger)
        return literal_column(self._shared.clock, BigInteger)

    def add(self, batch: Kept) -> None:
        with self._writing() as connection:
            connection.execute(
                insert(BATCHES).values(
                    id=batch.id,
                    consumer=batch.consumer,
                    by=batch.by,
                    asks=batch.asks,
                    dataset=batch.dataset,
                    job=batch.job,
                    state=batch.state,
                    created_at=batch.created_at,
                    total=batch.total,
                    turn_at=batch.created_at,
                    waits_for="",
                    claimed="",
                    fields="",
                    seen="",
                )
            )

    def add_items(self, batch_id: str, items: Sequence[ItemRow]) -> None:
        with self._writing() as connection:
            rows = [{"batch": batch_id, "line": one.line, "item": one.item, "tries": 0} for one in items]
            connection.execute(insert(ITEMS), rows)

    def complete(
        self, batch_id: str, *, total: int, claimed: Sequence[str], named: Named | None, most: int
    ) -> str | None:
        with self._writing() as connection:
            consumer = connection.scalar(select(BATCHES.c.consumer).where(BATCHES.c.id == batch_id))
            self._store.take_turn(connection, f"batches of {consumer}")
            theirs = BATCHES.c.consumer == consumer
            if named is not None:
                earlier = connection.execute(
                    select(BATCHES.c.id, BATCHES.c.body).where(theirs, BATCHES.c.key == named.key)
                ).one_or_none()
                if earlier is not None and earlier.body != named.body:
                    raise IdempotencyConflict
                if earlier is not None:
                    return str(earlier.id)
            unfinished = connection.scalar(
                select(func.count()).select_from(BATCHES).where(theirs, BATCHES.c.state == "open")
            )
            if (unfinished or 0) >= most:
                return None
            values = {"state": "open", "total": total, "claimed": ",".join(claimed)}
            if named is not None:
                values |= {"key": named.key, "body": named.body}
            connection.execute(update(BATCHES).where(BATCHES.c.id == batch_id).values(values))
            return batch_id

    def drop(self, batch_id: str) -> None:
        mine = BATCHES.c.id == batch_id
        with self._writing() as connection:  # nobody finds it any more; whoever comes upon it goes on from here
            hidden = {"state": "coming", "created_at": 0, "key": None, "holder": None}
            connection.execute(update(BATCHES).where(mine).values(hidden))
        while self._deleted(batch_id):
            pass
        left = exists().where(ITEMS.c.batch == batch_id)  # where another instance is at some of them it does the rest
        with self._writing() as connection:
            if connection.execute(delete(BATCHES).where(mine, ~left)).rowcount:
                connection.execute(delete(COUNTS).where(COUNTS.c.batch == batch_id))

    def _deleted(self, batch_id: str) -> int:
        some = select(ITEMS.c.line).where(ITEMS.c.batch == batch_id).order_by(ITEMS.c.line).limit(_AT_ONCE)
        some = some.with_for_update(skip_locked=True)
        with self._writing() as connection:
            return connection.execute(delete(ITEMS).where(ITEMS.c.batch == batch_id, ITEMS.c.line.in_(some))).rowcount

    def find(self, batch_id: str) -> Kept | None:
        with self._store.reading() as connection:
            return _found(connection, and_(BATCHES.c.id == batch_id, BATCHES.c.state != "coming"))

    def counts(self, batch_id: str) -> Mapping[tuple[str, str], int]:
        with self._store.reading() as connection:
            rows = connection.execute(
                select(COUNTS.c.outcome, COUNTS.c.reason, COUNTS.c["items"]).where(COUNTS.c.batch == batch_id)
            )
            return {(outcome, reason): items for outcome, reason, items in rows}

    def take(self, holder: str, now: int, until: int) -> Kept | None:
        free, instant = self._free(now), self._instant(now)
        with self._store.reading(within_s=_WITHIN_S) as connection:  # most often there is nothing
            if connection.scalar(select(BATCHES.c.id).where(free).limit(1)) is None:
                return None
        with self._writing() as connection:
            ahead = select(BATCHES.c.id, BATCHES.c.consumer).where(free)
            for one in connection.execute(ahead.order_by(BATCHES.c.turn_at, BATCHES.c.id).limit(_AHEAD)).all():
                if not self._store.takes_free_turn(connection, f"batches of {one.consumer}"):
                    continue
                mine = BATCHES.c.id == one.id
                lease = {"holder": holder, "leased_until": instant + (until - now), "turn_at": instant}
                values = lease | {"waits_until": None, "waits_for": ""}
                # Once more, now that nobody else can take one of this consumer's.
                if connection.execute(update(BATCHES).where(mine, free).values(values)).rowcount:
                    return _found(connection, mine)
        return None

    def _free(self, now: int) -> ColumnElement[bool]:
        other, instant = BATCHES.alias(), self._instant(now)
        leased = exists().where(other.c.consumer == BATCHES.c.consumer, other.c.leased_until > instant)
        waited = or_(BATCHES.c.waits_until.is_(None), BATCHES.c.waits_until <= instant)
        return and_(BATCHES.c.state == "open", ~leased, waited, self._readable(now))

    def _readable(self, now: int) -> ColumnElement[bool]:
        """What this instance can read, or nobody could until its time was over."""
        shared = self._shared
        if shared is None:
            return true()
        begins = (func.substr(BATCHES.c.job, 1, len(one)) == one for one in shared.readable)
        return or_(*begins, BATCHES.c.created_at <= now - shared.given_up)

    def items(self, batch_id: str, after: int, most: int) -> Sequence[ItemRow]:
        with self._store.reading() as connection:
            rows = connection.execute(
                select(ITEMS.c.line, ITEMS.c.item, ITEMS.c.tries)
                .where(ITEMS.c.batch == batch_id, ITEMS.c.line > after, ITEMS.c.outcome.is_(None))
                .order_by(ITEMS.c.line)
                .limit(most)
            )
            return [ItemRow(line, item, tries) for line, item, tries in rows]

    def settle(self, batch_id: str, holder: str, settled: Settled, now: int, until: int) -> State | None:
        mine = and_(BATCHES.c.id == batch_id, BATCHES.c.holder == holder)
        with self._writing() as connection:
            state = connection.scalar(select(BATCHES.c.state).where(mine).with_for_update())
            if state is None:
                return None
            values: dict[str, Any] = {"leased_until": self._instant(now) + (until - now)}
            if settled.fields or settled.seen:
                values |= {"fields": _names(settled.fields), "seen": _names(settled.seen)}
            connection.execute(update(BATCHES).where(mine).values(values))
            self._keep(connection, batch_id, settled)
            return cast(State, state)

    @staticmethod
    def _keep(connection: Connection, batch_id: str, settled: Settled) -> None:
        counts: Counter[tuple[str, str]] = Counter()
        for one in settled.results:
            kept = connection.execute(
                update(ITEMS)
                .where(ITEMS.c.batch == batch_id, ITEMS.c.line == one.line, ITEMS.c.outcome.is_(None))
                .values(item=None, result=one.result, outcome=one.outcome)
            )
            if kept.rowcount:
                counts[one.outcome, one.reason] += 1
        for line in settled.tried:
            here = and_(ITEMS.c.batch == batch_id, ITEMS.c.line == line)
            connection.execute(update(ITEMS).where(here).values(tries=ITEMS.c.tries + 1))
        for (outcome, reason), items in counts.items():
            here = and_(COUNTS.c.batch == batch_id, COUNTS.c.outcome == outcome, COUNTS.c.reason == reason)
            more = update(COUNTS).where(here).values({"items": COUNTS.c["items"] + items})
            if not connection.execute(more).rowcount:
                connection.execute(
                    insert(COUNTS).values({"batch": batch_id, "outcome": outcome, "reason": reason, "items": items})
                )

    def release(self, batch_id: str, holder: str, *, waits_until: int | None, waits_for: str) -> None:
        mine = and_(BATCHES.c.id == batch_id, BATCHES.c.holder == holder)
        values = {"holder": None, "leased_until": None, "waits_until": waits_until, "waits_for": waits_for}
        with self._writing() as connection:
            connection.execute(update(BATCHES).where(mine).values(values))

    def end(self, batch_id: str, holder: str, state: Ended, now: int, delete_at: int) -> None:
        self._end(batch_id, BATCHES.c.holder == holder, state, now, delete_at)

    def cancel(self, batch_id: str, now: int, delete_at: int) -> None:
        self._end(batch_id, None, "cancelled", now, delete_at)

    def _end(self, batch_id: str, by: ColumnElement[bool] | None, state: State, now: int, delete_at: int) -> None:
        open_one = and_(BATCHES.c.id == batch_id, BATCHES.c.state == "open", *(() if by is None else (by,)))
        values = {"state": state, "ended_at": now, "delete_at": delete_at, "waits_until": None, "waits_for": ""}
        if by is not None:  # a worker that still has answers under way keeps its lease until it has brought them
            values |= {"holder": None, "leased_until": None}
        with self._store.writing(within_s=_ENDED_WITHIN_S) as connection:
            if connection.execute(update(BATCHES).where(open_one).values(values)).rowcount:
                left = and_(ITEMS.c.batch == batch_id, ITEMS.c.outcome.is_(None))
                connection.execute(update(ITEMS).where(left).values(item=None))

    def results(self, batch_id: str, after: int, most: int) -> Sequence[ResultRow]:
        with self._store.reading() as connection:
            rows = connection.execute(
                select(ITEMS.c.line, ITEMS.c.result, ITEMS.c.outcome)
                .where(ITEMS.c.batch == batch_id, ITEMS.c.line > after, ITEMS.c.outcome.is_not(None))
                .order_by(ITEMS.c.line)
                .limit(most)
            )
            return [ResultRow(line, result, outcome) for line, result, outcome in rows]

    def fetched(self, batch_id: str, delete_at: int) -> None:
        sooner = and_(BATCHES.c.id == batch_id, BATCHES.c.delete_at > delete_at)
        with self._writing() as connection:
            connection.execute(update(BATCHES).where(sooner).values(delete_at=delete_at))

    def prune(self, now: int, *, came_before: int) -> int:
        over = or_(BATCHES.c.delete_at <= now, and_(BATCHES.c.state == "coming", BATCHES.c.created_at < came_before))
        with self._store.reading() as connection:
            found = list(connection.scalars(select(BATCHES.c.id).where(over)))
        for batch_id in found:
            self.drop(batch_id)
        return len(found)

    def figures(self, now: int) -> Figures:
        unfinished = BATCHES.c.state == "open"
        with self._store.reading() as connection:
            many = select(func.count()).select_from(BATCHES)
            running = connection.scalar(many.where(unfinished, BATCHES.c.leased_until > self._instant(now))) or 0
            every = connection.scalar(many.where(unfinished)) or 0
            ended = connection.scalar(many.where(BATCHES.c.state.not_in(_UNFINISHED))) or 0
            oldest = connection.scalar(select(func.min(BATCHES.c.created_at)).where(unfinished))
            meant = connection.scalar(select(func.sum(BATCHES.c.total)).where(unfinished)) or 0
            answered = connection.scalar(
                select(func.sum(COUNTS.c["items"])).where(COUNTS.c.batch.in_(select(BATCHES.c.id).where(unfinished)))
            )
        left = meant - (answered or 0)
        return Figures(waiting=every - running, running=running, ended=ended, left=left, oldest=oldest)

    def close(self) -> None:
        self._store.close()


def _found(connection: Connection, where: ColumnElement[bool]) -> Kept | None:
    row = connection.execute(select(BATCHES).where(where)).mappings().one_or_none()
    if row is None:
        return None
    return Kept(
        id=row["id"],
        consumer=row["consumer"],
        by=row["by"],
        asks=row["asks"],
        dataset=row["dataset"],
        job=row["job"],
        state=row["state"],
        created_at=row["created_at"],
        ended_at=row["ended_at"],
        delete_at=row["delete_at"],
        total=row["total"],
        leased_until=row["leased_until"],
        waits_until=row["waits_until"],
        waits_for=row["waits_for"],
        claimed=tuple(_split(row["claimed"])),
        fields=frozenset(_split(row["fields"])),
        seen=frozenset(_split(row["seen"])),
    )


def _names(names: Iterable[str]) -> str:
    return ",".join(sorted(names))


def _split(text: str) -> list[str]:
    return text.split(",") if text else []
