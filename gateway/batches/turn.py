"""
One worker's turn with one batch: items are asked, some at once, and what came of them is kept.

Each is a question like any other, with a lookup_id, rights, limits and records of its own. Where nobody can be asked
just now, or nobody may, the turn ends, and the batch waits as long as it was told: an outage costs no item its answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from gateway.batches.job import BatchItem, BatchJob, Line, question
from gateway.batches.pace import Pace
from gateway.batches.rows import Kept, ResultRow, Settled, State
from gateway.batches.shelf import Shelf
from gateway.clock import Clock
from gateway.domain.outcome import Unknown
from gateway.errors import (
    BatchesUnavailable,
    CaseUnavailable,
    CheckUnavailable,
    QuestionRefused,
    Reason,
    RegistryUnavailable,
    TooMany,
)
from gateway.lookup.access import Consumer
from gateway.lookup.pipeline import Lookup, LookupResult
from gateway.lookup.request import parse_as
from gateway.telemetry import Metrics, log, where

__all__ = ["Turn", "Waits", "Writing", "micros", "moment"]

_PAGE = 64
_LINGER_S = 0.05
"""Between two commits: what is answered meanwhile is kept together."""
_LOOK_S = 0.05
_FEWER = 2
"""So many items fewer at once for each question that somebody waits for."""
_NOT_KEPT_S = 1.0
_MOST_NOT_KEPT = 60
_NOT_ASKED = frozenset({Reason.CIRCUIT_OPEN, Reason.OVERLOADED, Reason.THROTTLED, Reason.LEDGER_UNAVAILABLE})
"""These speak of everybody's questions, not of this item's."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """A moment as it is kept."""
    return (at - _EPOCH) // _MICROSECOND


def moment(value: int) -> datetime:
    """The moment that was kept."""
    return _EPOCH + timedelta(microseconds=value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """What gives each end of an item as it would have left by itself, as JSON."""

    lookup: Callable[[LookupResult], bytes]
    verification: Callable[[LookupResult], bytes]
    unknown: Callable[[str, Unknown], bytes]
    refused: Callable[[str, QuestionRefused], bytes]
    bug: Callable[[str], bytes]


@dataclass(frozen=True, slots=True)
class Waits:
    """Until when a batch waits, where anybody said so, and for what: a reason or a refusal."""

    word: str
    until: datetime | None = None


@dataclass(slots=True)
class _Harvest:
    results: list[ResultRow] = field(default_factory=list)
    tried: list[int] = field(default_factory=list)


class Turn:
    """See the module. `beside` says how many questions this worker carries for people who wait."""

    def __init__(
        self,
        shelf: Shelf,
        batch: Kept,
        job: BatchJob,
        consumer: Consumer,
        *,
        lookup: Lookup,
        holder: str,
        pace: Pace,
        beside: Callable[[], int],
        at_once: int,
        tries: int,
        turn_s: float,
        lease_s: float,
        clock: Clock,
        metrics: Metrics,
        writing: Writing,
    ) -> None:
        self.answered = 0
        """How many items got their result in this turn."""
        self.waits: Waits | None = None
        self.state: State | None = batch.state
        """As it was last seen; None once the lease is another's."""
        self._shelf = shelf
        self._batch = batch
        self._job = job
        self._consumer = consumer
        self._lookup = lookup
        self._holder = holder
        self._pace = pace
        self._beside = beside
        self._at_once = at_once
        self._tries = tries
        self._turn_s = turn_s
        self._lease = timedelta(seconds=lease_s)
        self._clock = clock
        self._metrics = metrics
        self._writing = writing
        self._fields, self._seen = batch.fields, batch.seen
        self._page: list[Line] = []
        self._after = 0
        self._loading = asyncio.Lock()
        self._enough = asyncio.Event()
        self._ready = asyncio.Event()
        self._harvest = _Harvest()
        self._fails = 0

    def stop(self) -> None:
        """Ask nothing more; what is under way is waited for."""
        self._enough.set()

    async def run(self) -> None:
        """Until its time is over, nothing is left, or it has to wait. Raises Unreadable, BatchesUnavailable."""
        ending = asyncio.get_running_loop().call_later(self._turn_s, self.stop)
        asking = asyncio.gather(*(self._work(nth) for nth in range(self._at_once)), return_exceptions=True)
        keeping = asyncio.create_task(self._keep(asking))
        wrong: list[BaseException] = []
        try:
            with suppress(asyncio.CancelledError):  # the lease is lost, or this worker ends: what is answered is kept
                wrong = [one for one in await asking if one is not None]
            self._ready.set()
            await keeping
        finally:
            ending.cancel()
            asking.cancel()
            keeping.cancel()
            await asyncio.gather(asking, keeping, return_exceptions=True)
        if wrong:
            raise wrong[0]

    async def _work(self, nth: int) -> None:
        try:
            while (line := await self._next()) is not None:
                await self._room(nth)
                if self._enough.is_set():
                    return
                await self._ask(line)
        except Exception:
            self.stop()
            raise

    async def _next(self) -> Line | None:
        async with self._loading:
            if not self._page and not self._enough.is_set():
                self._page = (await self._shelf.items(self._batch.id, self._after, _PAGE))[::-1]
                self._after = self._page[0].number if self._page else self._after
            return self._page.pop() if self._page and not self._enough.is_set() else None

    async def _room(self, nth: int) -> None:
        """Wait for the consumer's pace; and while people ask, for all but one of those who ask at once."""
        await self._idle(self._pace.wait_s(self._consumer))
        while nth and nth >= self._at_once - _FEWER * self._beside() and not self._enough.is_set():
            await self._idle(_LOOK_S)

    async def _idle(self, seconds: float) -> None:
        if seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._enough.wait()

    async def _ask(self, line: Line) -> None:
        item = parse_as(BatchItem, line.item)
        lookup_id = self._lookup.new_id()
        claims = item.claims if self._job.asks == "verifications" else None
        try:
            result = await self._lookup.ask(lookup_id, self._consumer, question(self._job, item), None, claims)
        except (TooMany, CheckUnavailable, CaseUnavailable) as refusal:
            self._wait_for(Waits(refusal.refusal.value, refusal.retry_at))
        except QuestionRefused as refusal:
            problem = self._writing.refused(lookup_id, refusal)
            self._done(line, item, "refused", refusal.refusal.value, "problem", problem)
        except Exception as exc:  # an error of ours in one item takes no answer from its neighbours
            self._metrics.bugs.inc()
            log().error("batch.bug", batch_id=self._batch.id, lookup_id=lookup_id, **where(exc))
            self._done(line, item, "unknown", "bug", "problem", self._writing.bug(lookup_id))
        else:
            self._answered(line, item, result)

    def _answered(self, line: Line, item: BatchItem, result: LookupResult) -> None:
        outcome = result.answer.outcome
        if isinstance(outcome, Unknown):
            if issubclass(outcome.error, RegistryUnavailable) and self._is_asked_again(line, outcome):
                return
            problem = self._writing.unknown(result.lookup_id, outcome)
            self._done(line, item, outcome.word, outcome.reason.value, "problem", problem)
            return
        self._fails = 0
        self._fields |= result.grant.fields
        self._seen |= result.grant.seen
        write = self._writing.lookup if self._job.asks == "lookups" else self._writing.verification
        self._done(line, item, outcome.word, "", "answer", write(result))

    def _is_asked_again(self, line: Line, outcome: Unknown) -> bool:
        """It stays without a result, and is asked again in a later turn. Where all of them fail, that one waits."""
        self._fails += 1
        is_general = outcome.reason in _NOT_ASKED
        if is_general or self._fails >= self._at_once:
            self._wait_for(Waits(outcome.reason.value, outcome.retry_at))
        if is_general:
            return True
        self._harvest.tried.append(line.number)
        return line.tries + 1 < self._tries

    def _wait_for(self, waits: Waits) -> None:
        if self.waits is None or (waits.until is not None and (self.waits.until or waits.until) <= waits.until):
            self.waits = waits
        self.stop()

    def _done(self, line: Line, item: BatchItem, outcome: str, reason: str, member: str, body: bytes) -> None:
        said: dict[str, Any] = {"line": line.number, "ref": item.ref, "outcome": outcome, "reason": reason or None}
        said[member] = orjson.Fragment(body)
        self._harvest.results.append(ResultRow(line.number, orjson.dumps(said), outcome, reason))
        self._ready.set()

    async def _keep(self, asking: asyncio.Future[Any]) -> None:
        """Keep what is answered, a few times a second, until nothing more comes; prolong the lease meanwhile."""
        failures = 0
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._lease.total_seconds() / 3):
                    await self._ready.wait()
            if not asking.done():
                await self._clock.sleep(_LINGER_S)
            is_last = asking.done()
            self._ready.clear()
            harvest, self._harvest = self._harvest, _Harvest()
            try:
                await self._settle(harvest)
                failures = 0
            except BatchesUnavailable:
                self.stop()
                failures += 1
                if failures > _MOST_NOT_KEPT:
                    raise
                self._harvest.results[:0] = harvest.results
                self._harvest.tried[:0] = harvest.tried
                self._ready.set()
                await self._clock.sleep(_NOT_KEPT_S)
                continue
            if self.state is None:
                asking.cancel()
                return
            if self.state != "open":
                self.stop()
            if is_last:
                return

    async def _settle(self, harvest: _Harvest) -> None:
        now = self._clock.now()
        settled = Settled(results=harvest.results, tried=harvest.tried, fields=self._fields, seen=self._seen)
        self.state = await self._shelf.settle(
            self._batch.id, self._holder, settled, micros(now), micros(now + self._lease)
        )
        if self.state is None:
            return
        self.answered += len(harvest.results)
        registry = self._batch.dataset.partition(".")[0]
        for one in harvest.results:
            self._metrics.child(self._metrics.batch_items, registry, one.outcome).inc()
