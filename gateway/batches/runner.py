"""What takes one batch after the other in a worker, and deletes what has had its time."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta

from gateway.batches.job import BatchJob
from gateway.batches.pace import Pace
from gateway.batches.rows import Ended, Kept
from gateway.batches.shelf import Shelf, Unreadable
from gateway.batches.turn import Turn, Waits, Writing, micros, moment
from gateway.clock import Clock
from gateway.errors import BatchesUnavailable, Reason, Refusal
from gateway.lookup.access import Consumer
from gateway.lookup.pipeline import Lookup
from gateway.lookup.policy import Right
from gateway.telemetry import Metrics, log, where

__all__ = ["Runner", "Terms"]

_POLL_S = 1.0
_TIDY_S = 5.0
_STOP_S = 5.0
_LONGEST_WAIT_S = 60.0
_COMING = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """How batches are worked on, as settings have it; times in seconds."""

    at_once: int
    rate_share: float
    tries: int
    turn_s: float
    lease_s: float
    give_up_s: float
    keep_s: float
    body_timeout_s: float


class Runner:
    """One worker's. Whatever goes wrong in it is logged and counted, and tried again later."""

    def __init__(
        self,
        shelf: Shelf,
        lookup: Lookup,
        consumers: Mapping[str, Consumer],
        terms: Terms,
        *,
        beside: Callable[[], int],
        clock: Clock,
        metrics: Metrics,
        writing: Writing,
    ) -> None:
        self._shelf = shelf
        self._lookup = lookup
        self._consumers = consumers
        self._terms = terms
        self._beside = beside
        self._clock = clock
        self._metrics = metrics
        self._writing = writing
        self._pace = Pace(terms.rate_share, clock)
        self._holder = f"{os.getpid()}-{secrets.token_hex(8)}"
        self._poked = asyncio.Event()
        self._stopping = False
        self._turn: Turn | None = None
        self._in_vain: dict[str, int] = {}
        self._tidied = -_TIDY_S
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin."""
        self._task = asyncio.create_task(self._loop())

    def poke(self) -> None:
        """There may be something to do now."""
        self._poked.set()

    async def stop(self) -> None:
        """Ask nothing more, wait a while for what is under way, and let go of the batch."""
        self._stopping = True
        self._poked.set()
        if self._turn is not None:
            self._turn.stop()
        if self._task is not None:
            done, _ = await asyncio.wait({self._task}, timeout=_STOP_S)
            if not done:
                self._task.cancel()
                await asyncio.gather(self._task, return_exceptions=True)

    async def _loop(self) -> None:
        is_out = False
        while not self._stopping:
            try:
                if self._clock.monotonic() - self._tidied >= _TIDY_S:
                    await self._tidy()
                now = self._clock.now()
                until = micros(now + timedelta(seconds=self._terms.lease_s))
                batch = await self._shelf.take(self._holder, micros(now), until)
                is_out = False
                if batch is not None:
                    await self._taken(batch)
                    continue
            except BatchesUnavailable as exc:
                self._metrics.batch_alarms.labels("unavailable").inc()
                if not is_out:
                    log().error("batch.store_failed", detail=str(exc))
                is_out = True
            except Exception as exc:
                self._metrics.bugs.inc()
                log().error("batch.bug", batch_id=None, lookup_id=None, **where(exc))
            self._poked.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(_POLL_S):
                    await self._poked.wait()

    async def _taken(self, batch: Kept) -> None:
        try:
            job = self._shelf.job(batch)
            await self._worked_on(batch, job)
        except Unreadable as exc:
            self._metrics.batch_alarms.labels(str(exc)).inc()
            log().error("batch.unreadable", batch_id=batch.id, what=str(exc))
            await self._ended(batch, "failed")

    async def _worked_on(self, batch: Kept, job: BatchJob) -> None:
        if self._clock.now() >= moment(batch.created_at) + timedelta(seconds=self._terms.give_up_s):
            await self._ended(batch, "expired")
            return
        consumer = self._consumers.get(batch.consumer)
        # Rights and settings may have changed since it came; it goes on where they are given back.
        if consumer is None or not self._lookup.access.policy.current.may(consumer.name, Right.BATCHES):
            await self._released(batch, Waits(Refusal.FORBIDDEN.value))
            return
        if job.dataset not in self._lookup.catalogue:
            await self._released(batch, Waits(Reason.NOT_CONNECTED.value))
            return
        turn = self._turn = Turn(
            self._shelf,
            batch,
            job,
            replace(consumer, by=batch.by, batch=True),
            lookup=self._lookup,
            holder=self._holder,
            pace=self._pace,
            beside=self._beside,
            at_once=self._terms.at_once,
            tries=self._terms.tries,
            turn_s=self._terms.turn_s,
            lease_s=self._terms.lease_s,
            clock=self._clock,
            metrics=self._metrics,
            writing=self._writing,
        )
        if self._stopping:
            turn.stop()
        try:
            await turn.run()
        finally:
            self._turn = None
        if turn.state is None:
            log().warning("batch.lease_lost", batch_id=batch.id)
        elif turn.state != "open":
            await self._shelf.release(batch.id, self._holder)
        elif turn.waits is None and not await self._shelf.items(batch.id, 0, 1):
            await self._ended(batch, "done")
        else:
            if turn.answered:
                self._in_vain.pop(batch.id, None)
            await self._released(batch, turn.waits)

    async def _released(self, batch: Kept, waits: Waits | None) -> None:
        if waits is None:
            await self._shelf.release(batch.id, self._holder)
            return
        times = self._in_vain[batch.id] = self._in_vain.get(batch.id, 0) + 1
        own = self._clock.now() + timedelta(seconds=min(2.0 ** min(times - 1, 10), _LONGEST_WAIT_S))
        until = waits.until or own
        self._metrics.batch_waits.labels(waits.word).inc()
        log().info("batch.waits", batch_id=batch.id, reason=waits.word, until=until.isoformat())
        await self._shelf.release(batch.id, self._holder, waits_until=micros(until), waits_for=waits.word)

    async def _ended(self, batch: Kept, state: Ended) -> None:
        now = self._clock.now()
        self._in_vain.pop(batch.id, None)
        delete_at = micros(now + timedelta(seconds=self._terms.keep_s))
        await self._shelf.end(batch.id, self._holder, state, micros(now), delete_at)
        elapsed = now - moment(batch.created_at)
        log().info(
            "batch.ended",
            batch_id=batch.id,
            consumer=batch.consumer,
            dataset=batch.dataset,
            state=state,
            items=batch.total,
            elapsed_s=round(elapsed.total_seconds(), 3),
        )

    async def _tidy(self) -> None:
        now = self._clock.now()
        self._tidied = self._clock.monotonic()
        came_before = now - _COMING - timedelta(seconds=self._terms.body_timeout_s)
        deleted = await self._shelf.prune(micros(now), came_before=micros(came_before))
        if deleted:
            log().info("batch.deleted", batches=deleted)
        figures = await self._shelf.figures(micros(now))
        for state, count in (("waiting", figures.waiting), ("running", figures.running), ("ended", figures.ended)):
            self._metrics.batches.labels(state).set(count)
        self._metrics.batch_items_left.set(figures.left)
        age = now - moment(figures.oldest) if figures.oldest is not None else timedelta()
        self._metrics.batch_oldest.set(age.total_seconds())
