"""What a consumer may do with batches: bring one, see how it stands, cancel it, fetch its results, delete it."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from gateway.batches.job import BatchJob, Line
from gateway.batches.reading import Form, Reader
from gateway.batches.results import Table
from gateway.batches.rows import Kept, Named
from gateway.batches.shelf import Shelf, Unreadable
from gateway.batches.turn import micros, moment
from gateway.clock import VIETNAM, Clock
from gateway.crypto import Box
from gateway.errors import (
    BatchesUnavailable,
    BatchNotEnded,
    FieldProblem,
    Forbidden,
    NoSuchBatch,
    QuestionRefused,
    TooMany,
)
from gateway.lookup.access import Consumer
from gateway.lookup.catalogue import Entry
from gateway.lookup.pipeline import Lookup
from gateway.lookup.policy import Right
from gateway.lookup.request import LookupRequest
from gateway.telemetry import log

__all__ = ["Desk", "Keeping", "Standing", "view"]

_PIECE = 16 * 1024
"""So much of a body is read before others have their turn."""
_WRITTEN_AT_ONCE = 500
_GIVEN_AT_ONCE = 64
_AGAIN = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How much is taken and how long it stays, as settings have it."""

    items: int
    unfinished: int
    keep_s: float
    keep_fetched_s: float


@dataclass(frozen=True, slots=True)
class Standing:
    """A batch, and how many of its items ended with which outcome and reason."""

    batch: Kept
    counts: Mapping[tuple[str, str], int]


class Desk:
    """See the module. Whatever is another consumer's is not there."""

    def __init__(
        self,
        shelf: Shelf,
        lookup: Lookup,
        keeping: Keeping,
        *,
        box: Box,
        clock: Clock,
    ) -> None:
        self._shelf = shelf
        self._lookup = lookup
        self._keeping = keeping
        self._box = box
        self._clock = clock

    def require(self, consumer: Consumer) -> None:
        """Raises Forbidden unless the consumer may have batches at all."""
        self._lookup.access.require(consumer, Right.BATCHES)

    async def bring(
        self, consumer: Consumer, form: Form, body: AsyncIterator[bytes], key: str | None
    ) -> tuple[Standing, bool]:
        """
        Take a batch whole, or nothing of it; whether it is new. It is not where the same body came under the same key.

        Raises InvalidQuestion with the problems of all lines, Forbidden, PurposeUnknown, TooMany, IdempotencyConflict,
        BatchesUnavailable; whatever `body` raises.
        """
        coming = _Coming(self, consumer, form)
        try:
            async for piece in body:
                await coming.take(piece)
            kept, digest = await coming.whole()
            named = None
            if key is not None:
                named = Named(self._box.digest(f"{consumer.name}\0{key}".encode()), self._box.digest(digest))
            found = await self._shelf.complete(
                kept, total=coming.total, claimed=coming.claimed, named=named, most=self._keeping.unfinished
            )
            if found is None:
                raise self._too_many()
        except BaseException:
            await coming.drop()
            raise
        if found != kept:
            await coming.drop()
        else:
            log().info("batch.received", batch_id=kept, consumer=consumer.name, items=coming.total)
        return await self.standing(consumer, found), found == kept

    async def standing(self, consumer: Consumer, batch_id: str) -> Standing:
        """How it stands. Raises NoSuchBatch, BatchesUnavailable."""
        found = await self._shelf.find(batch_id)
        if found is None or found[0].consumer != consumer.name or self._is_over(found[0]):
            raise NoSuchBatch
        return Standing(*found)

    async def cancel(self, consumer: Consumer, batch_id: str) -> Standing:
        """Nothing more of it is asked; what was answered can be fetched. Without effect where it has ended."""
        await self.standing(consumer, batch_id)
        now = self._clock.now()
        delete_at = micros(now + timedelta(seconds=self._keeping.keep_s))
        await self._shelf.cancel(batch_id, micros(now), delete_at)
        log().info("batch.cancelled", batch_id=batch_id, consumer=consumer.name)
        return await self.standing(consumer, batch_id)

    async def delete(self, consumer: Consumer, batch_id: str) -> None:
        """Everything of it goes now; one that is being worked on ends."""
        await self.standing(consumer, batch_id)
        await self._shelf.drop(batch_id)
        log().info("batch.deleted", batches=1)

    async def results(self, consumer: Consumer, batch_id: str, form: Form) -> AsyncIterator[bytes]:
        """
        Its results in pieces, in the order of lines; once all of them were taken they stay only for a while.

        Raises NoSuchBatch, BatchNotEnded, BatchesUnavailable; Forbidden where rights have changed since, recorded.
        """
        standing = await self.standing(consumer, batch_id)
        batch, items = standing.batch, sum(standing.counts.values())
        if batch.state == "open":
            raise BatchNotEnded
        try:
            job = self._shelf.job(batch)
        except Unreadable as exc:
            raise BatchesUnavailable(f"batches: {exc}") from None
        entry = self._lookup.catalogue.find(job.dataset)
        await self._check_rights(consumer, entry, job, batch)
        return self._pieces(batch, items, _table(batch, entry) if form == "csv" else None)

    async def _pieces(self, batch: Kept, items: int, table: Table | None) -> AsyncIterator[bytes]:
        if table is not None:
            yield table.head().encode()
        after = 0
        while True:
            try:
                rows = await self._shelf.results(batch.id, after, _GIVEN_AT_ONCE)
            except Unreadable as exc:
                raise BatchesUnavailable(f"batches: {exc}") from None
            if not rows:
                break
            after = rows[-1].line
            items -= len(rows)
            if table is None:
                yield b"".join(one.result + b"\n" for one in rows)
            else:
                yield "".join(map(table.row, (one.result for one in rows))).encode()
        if items > 0:  # it was deleted meanwhile
            raise BatchesUnavailable("batches: results are gone")
        delete_at = self._clock.now() + timedelta(seconds=self._keeping.keep_fetched_s)
        await self._shelf.fetched(batch.id, micros(delete_at))

    async def _check_rights(self, consumer: Consumer, entry: Entry, job: BatchJob, batch: Kept) -> None:
        seen = batch.seen if job.asks == "verifications" else None
        if self._lookup.access.still_gives(consumer, entry, job.inquiry, batch.fields, seen=seen):
            return
        advice = (
            "quyền đã thay đổi từ khi lô được hỏi; hủy lô này và hỏi lại / "
            "rights have changed since these were asked; delete the batch and ask anew"
        )
        refusal = Forbidden("rights changed", problems=(FieldProblem("", "rights_changed", advice),))
        request = LookupRequest.model_construct(dataset=job.dataset, query={}, inquiry=job.inquiry)
        await self._lookup.refuse(self._lookup.new_id(), consumer, refusal, request)
        raise refusal

    def _is_over(self, batch: Kept) -> bool:
        """Whether its time is over, though nobody has deleted it yet."""
        return batch.delete_at is not None and batch.delete_at <= micros(self._clock.now())

    def _too_many(self) -> QuestionRefused:
        most = self._keeping.unfinished
        advice = f"nhiều nhất {most} lô chưa xong cùng lúc / at most {most} unfinished batches at once"
        problem = FieldProblem("", "too_many_batches", advice)
        return TooMany("batches", problems=(problem,), retry_at=self._clock.now() + _AGAIN)

    def _reader(self, consumer: Consumer, form: Form) -> Reader:
        def begins(job: BatchJob, entry: Entry) -> None:
            comparing = job.asks == "verifications"
            self._lookup.access.check(consumer, entry, job.inquiry, fields=job.fields, comparing=comparing)

        today = self._clock.now().astimezone(VIETNAM).date()
        return Reader(form, self._lookup.catalogue, today, most=self._keeping.items, begins=begins)


class _Coming:
    """A batch while its body comes."""

    def __init__(self, desk: Desk, consumer: Consumer, form: Form) -> None:
        self._desk = desk
        self._consumer = consumer
        self._reader = desk._reader(consumer, form)
        self._digest = hashlib.sha256(form.encode())
        self._lines: list[Line] = []
        self._id: str | None = None

    @property
    def total(self) -> int:
        return self._reader.items

    @property
    def claimed(self) -> list[str]:
        return list(self._reader.claimed)

    async def take(self, piece: bytes) -> None:
        for begin in range(0, len(piece), _PIECE):
            part = piece[begin : begin + _PIECE]
            self._digest.update(part)
            self._lines += self._reader.read(part)
            if len(self._lines) >= _WRITTEN_AT_ONCE:
                await self._write()
            else:
                await asyncio.sleep(0)

    async def whole(self) -> tuple[str, bytes]:
        """Its id, and a digest of its body."""
        self._lines += self._reader.end()
        await self._write()
        if self._id is None:
            raise AssertionError("a body without an item is refused")
        return self._id, self._digest.digest()

    async def drop(self) -> None:
        """Whoever is killed on the way leaves it to the next who tidies up."""
        if self._id is not None:
            with suppress(BatchesUnavailable):
                await self._desk._shelf.drop(self._id)

    async def _write(self) -> None:
        job = self._reader.job
        if job is None or not self._lines:
            return
        if self._id is None:
            batch = Kept(
                id=self._desk._lookup.new_id(),
                consumer=self._consumer.name,
                by=self._consumer.by,
                asks=job.asks,
                dataset=job.dataset,
                job=b"",
                state="coming",
                created_at=micros(self._desk._clock.now()),
            )
            self._id = batch.id
            await self._desk._shelf.add(batch, job)
        lines, self._lines = self._lines, []
        await self._desk._shelf.add_items(self._id, lines)


def _table(batch: Kept, entry: Entry) -> Table:
    names = batch.claimed if batch.asks == "verifications" else tuple(entry.dataset.record.model_fields)
    return Table(names, verdicts=batch.asks == "verifications")


def view(standing: Standing, clock: Clock) -> dict[str, Any]:
    """How a batch stands, as JSON values."""
    batch, now = standing.batch, micros(clock.now())
    outcomes = dict.fromkeys(("found", "absent", "unknown", "refused"), 0)
    reasons: dict[str, int] = {}
    for (outcome, reason), items in standing.counts.items():
        outcomes[outcome] += items
        if reason:
            reasons[reason] = reasons.get(reason, 0) + items
    answered = sum(outcomes.values())
    is_running = batch.state == "open" and (batch.leased_until or 0) > now
    waits = batch.waits_until is not None and batch.waits_until > now and batch.state == "open"
    return {
        "batch_id": batch.id,
        "state": ("running" if is_running else "waiting") if batch.state == "open" else batch.state,
        "asks": batch.asks,
        "dataset": batch.dataset,
        "items": {"total": batch.total, "answered": answered, "left": batch.total - answered},
        "outcomes": outcomes,
        "reasons": reasons,
        "waits_for": batch.waits_for if waits else None,
        "waits_until": moment(batch.waits_until) if waits and batch.waits_until is not None else None,
        "created_at": moment(batch.created_at),
        "ended_at": moment(batch.ended_at) if batch.ended_at is not None else None,
        "delete_at": moment(batch.delete_at) if batch.delete_at is not None else None,
    }
