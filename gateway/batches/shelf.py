"""
Where batches lie: their rows in a thread of their own, sealed on the way in and opened on the way out.

What tells of a person is AES-256-GCM, bound to its batch, its line and to what it is: a row that was altered, moved or
exchanged cannot be opened, and its batch is given up rather than believed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from gateway.batches.job import BatchJob, Line
from gateway.batches.rows import Ended, Figures, ItemRow, Kept, Named, ResultRow, Rows, Settled, State
from gateway.crypto_sealing import Altered, KeyGone, Sealer
from gateway.errors import BatchesUnavailable, StoreUnavailable
from gateway.lookup.request import parse_as
from gateway.stores.outages import Outages
from gateway.stores.threads import Threads

__all__ = ["Shelf", "Unreadable"]

T = TypeVar("T")
_WITHIN_S = 30.0
_DELETED_WITHIN_S = 300.0


class Unreadable(Exception):
    """A row is not what was written, or its key is not there any more; `str` says which."""


class Shelf:
    """The batches of one database, for the event loop. Every method may raise BatchesUnavailable."""

    def __init__(self, rows: Rows, sealer: Sealer, outages: Outages) -> None:
        self._rows = rows
        self._sealer = sealer
        self._outages = outages
        self._thread = Threads("batches")
        self._readers = Threads("batch-results")  # reading results keeps nobody from writing
        self._is_prepared = False

    async def add(self, batch: Kept, job: BatchJob) -> None:
        """A batch that is coming; its job is sealed."""
        row = replace(batch, job=self._seal(job.model_dump_json().encode(), batch.id, 0, b"job"))
        await self._run(lambda: self._rows.add(row))

    async def add_items(self, batch_id: str, lines: Sequence[Line]) -> None:
        """Items of it."""
        rows = [ItemRow(one.number, self._seal(one.item, batch_id, one.number, b"item")) for one in lines]
        await self._run(lambda: self._rows.add_items(batch_id, rows))

    async def complete(
        self, batch_id: str, *, total: int, claimed: Sequence[str], named: Named | None, most: int
    ) -> str | None:
        """See Rows. Raises IdempotencyConflict."""
        return await self._run(
            lambda: self._rows.complete(batch_id, total=total, claimed=claimed, named=named, most=most)
        )

    async def drop(self, batch_id: str) -> None:
        """See Rows."""
        await self._run(lambda: self._rows.drop(batch_id), within_s=_DELETED_WITHIN_S)

    async def find(self, batch_id: str) -> tuple[Kept, Mapping[tuple[str, str], int]] | None:
        """The batch, and how many of its items ended how."""

        def found() -> tuple[Kept, Mapping[tuple[str, str], int]] | None:
            batch = self._rows.find(batch_id)
            return None if batch is None else (batch, self._rows.counts(batch_id))

        return await self._run(found, reading=True)

    def job(self, batch: Kept) -> BatchJob:
        """What is asked in it. Raises Unreadable."""
        return parse_as(BatchJob, self._open(batch.job, batch.id, 0, b"job"))

    async def take(self, holder: str, now: int, until: int) -> Kept | None:
        """See Rows."""
        return await self._run(lambda: self._rows.take(holder, now, until))

    async def items(self, batch_id: str, after: int, most: int) -> list[Line]:
        """Items that have no result. Raises Unreadable."""
        rows = await self._run(lambda: self._rows.items(batch_id, after, most))
        return [Line(one.line, self._open(one.item, batch_id, one.line, b"item"), one.tries) for one in rows]

    async def settle(self, batch_id: str, holder: str, settled: Settled, now: int, until: int) -> State | None:
        """See Rows; results come open, and are sealed here."""
        results = [
            ResultRow(one.line, self._seal(one.result, batch_id, one.line, b"result"), one.outcome, one.reason)
            for one in settled.results
        ]
        sealed = Settled(results=results, tried=settled.tried, fields=settled.fields, seen=settled.seen)
        return await self._run(lambda: self._rows.settle(batch_id, holder, sealed, now, until))

    async def release(self, batch_id: str, holder: str, *, waits_until: int | None = None, waits_for: str = "") -> None:
        """See Rows."""
        await self._run(lambda: self._rows.release(batch_id, holder, waits_until=waits_until, waits_for=waits_for))

    async def end(self, batch_id: str, holder: str, state: Ended, now: int, delete_at: int) -> None:
        """See Rows."""
        await self._run(lambda: self._rows.end(batch_id, holder, state, now, delete_at), within_s=_DELETED_WITHIN_S)

    async def cancel(self, batch_id: str, now: int, delete_at: int) -> None:
        """See Rows."""
        await self._run(lambda: self._rows.cancel(batch_id, now, delete_at), within_s=_DELETED_WITHIN_S)

    async def results(self, batch_id: str, after: int, most: int) -> list[ResultRow]:
        """Results, open. Raises Unreadable."""
        rows = await self._run(lambda: self._rows.results(batch_id, after, most), reading=True)
        return [ResultRow(one.line, self._open(one.result, batch_id, one.line, b"result"), one.outcome) for one in rows]

    async def fetched(self, batch_id: str, delete_at: int) -> None:
        """See Rows."""
        await self._run(lambda: self._rows.fetched(batch_id, delete_at))

    async def prune(self, now: int, *, came_before: int) -> int:
        """See Rows."""
        return await self._run(lambda: self._rows.prune(now, came_before=came_before), within_s=_DELETED_WITHIN_S)

    async def figures(self, now: int) -> Figures:
        """See Rows."""
        return await self._run(lambda: self._rows.figures(now), reading=True)

    async def close(self) -> None:
        """Wait a while for what is under way, and let go."""
        await self._readers.close()
        await self._thread.close(self._rows.close)

    async def _run(self, what: Callable[[], T], *, reading: bool = False, within_s: float = _WITHIN_S) -> T:
        threads = self._readers if reading else self._thread
        try:
            with self._outages.noted("batches", StoreUnavailable, TimeoutError):
                return await threads.run(lambda: self._prepared(what), within_s=within_s)
        except (StoreUnavailable, TimeoutError) as exc:
            raise BatchesUnavailable(f"batches: {str(exc) or 'no answer in time'}") from None

    def _prepared(self, what: Callable[[], T]) -> T:
        if not self._is_prepared:
            self._rows.prepare()
            self._is_prepared = True
        return what()

    def _seal(self, plain: bytes, batch_id: str, line: int, what: bytes) -> bytes:
        return self._sealer.seal(plain, _bound(batch_id, line, what))

    def _open(self, sealed: bytes, batch_id: str, line: int, what: bytes) -> bytes:
        try:
            return self._sealer.open(sealed, _bound(batch_id, line, what))
        except Altered:
            raise Unreadable("altered") from None
        except KeyGone:
            raise Unreadable("key_gone") from None


def _bound(batch_id: str, line: int, what: bytes) -> bytes:
    return b"batch\0%s\0%d\0%s" % (batch_id.encode(), line, what)
