"""One worker's part of the work at tickets: it claims what is due, tells what has ended, and looks after the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.clock import Clock
from gateway.errors import TicketsUnavailable
from gateway.lookup.catalogue import Instance
from gateway.stores.tickets import Claim, Ticket
from gateway.telemetry import Metrics, log, where
from gateway.tickets.asking import Asker
from gateway.tickets.delivering import Deliverer
from gateway.tickets.schedule import Schedule
from gateway.tickets.store_thread import StoreThread

__all__ = ["Keeping", "Rounds"]

_LOOK_S = 0.5
_UNAVAILABLE_S = 1.0
_COUNT_S = 15.0
_FAREWELL_S = 2.0
_GRACE_S = 5.0
"""How much longer than an asking may take a ticket is its worker's: for the ledger, and for what ends it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Keeping:
    """How long answers that nobody was told are kept, and how long it is known how a ticket ended."""

    answers_s: float
    tickets_s: float


class Rounds:
    """Runs between `start` and `stop`."""

    def __init__(
        self,
        store: StoreThread,
        asker: Asker,
        deliverers: Sequence[Deliverer],
        instances: Mapping[str, Instance],
        schedule: Schedule,
        *,
        in_flight: int,
        deadline_s: float,
        keeping: Keeping,
        new_id: Callable[[], str],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._asker = asker
        self._deliverers = deliverers
        self._instances = instances
        self._schedule = schedule
        self._in_flight = in_flight
        self._lease_s = deadline_s + _GRACE_S
        self._keeping = keeping
        self._new_id = new_id
        self._clock = clock
        self._metrics = metrics
        self._wake = asyncio.Event()
        self._ended = {one.consumer: asyncio.Event() for one in deliverers}
        self._answered_at: dict[str, datetime] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._asking: dict[asyncio.Task[None], str] = {}
        self._last = ""
        self._is_stopping = False
        self._has_given_up = False

    async def start(self) -> None:
        """Open the store and begin. Raises SettingsError, TicketsUnavailable; a database is waited for by nobody."""
        await self._store.start()
        loops = [self._repeat(self._ask_due, self._wake, _LOOK_S), self._repeat(self._look_after, None, _COUNT_S)]
        loops += [
            self._repeat(lambda one=one: self._deliver(one), self._ended[one.consumer], _LOOK_S)  # type: ignore[misc]
            for one in self._deliverers
        ]
        self._tasks = [asyncio.create_task(loop) for loop in loops]

    async def stop(self) -> None:
        """End soon: what is being asked may end, and what is cut off is due at once for whoever comes next."""
        self._is_stopping = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        asking = dict(self._asking)
        if asking:
            await asyncio.wait(asking, timeout=_FAREWELL_S)
        for task, token in asking.items():
            if not task.done():
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                with suppress(TicketsUnavailable):
                    await self._store.run(lambda store, token=token: store.release(token))  # type: ignore[misc]
        for one in self._deliverers:
            await one.close()
        await self._store.close()

    async def _repeat(
        self, work: Callable[[], Awaitable[float | None]], told: asyncio.Event | None, every_s: float
    ) -> None:
        """Work again and again, as soon as `told` is set or the time is over. `work` may ask for a longer wait."""
        is_out = False
        while True:
            try:
                wait_s = await work()
                is_out = False
            except TicketsUnavailable as exc:
                if not is_out:
                    log().error("tickets.unavailable", detail=str(exc))
                is_out, wait_s = True, _UNAVAILABLE_S
            except Exception as exc:
                self._metrics.bugs.inc()
                log().error("ticket.bug", **where(exc))
                wait_s = None
            if wait_s:
                await asyncio.sleep(wait_s)
            elif told is None:
                await asyncio.sleep(every_s)
            else:
                with suppress(TimeoutError):
                    async with asyncio.timeout(every_s):
                        await told.wait()
                told.clear()

    # --- asking --------------------------------------------------------------------------------

    async def _ask_due(self) -> None:
        await self._notice_recoveries()
        while len(self._asking) < self._in_flight and not self._is_stopping:
            now = self._clock.now()
            claim = Claim(self._new_id(), now + timedelta(seconds=self._lease_s))
            only_expired, after = not self._schedule.is_open(now), self._last
            tickets = await self._store.run(
                lambda store, claim=claim, now=now, after=after, only=only_expired: store.claim(  # type: ignore[misc]
                    claim, now, after=after, only_expired=only
                )
            )
            if not tickets:
                return
            self._last = tickets[0].consumer
            task = asyncio.create_task(self._ask(claim.token, tickets))
            self._asking[task] = claim.token
            task.add_done_callback(self._asked)

    def _asked(self, task: asyncio.Task[None]) -> None:
        self._asking.pop(task, None)
        self._wake.set()

    async def _ask(self, token: str, tickets: Sequence[Ticket]) -> None:
        try:
            await self._asker.ask(token, tickets)
        except TicketsUnavailable as exc:  # nobody knows that it was asked: it is asked again once the lease is over
            log().error("tickets.unavailable", detail=str(exc))
        except Exception as exc:
            self._metrics.bugs.inc()
            log().error("ticket.bug", **where(exc))
            with suppress(TicketsUnavailable):
                await self._asker.later(token, tickets)
        told = self._ended.get(tickets[0].consumer)
        if told is not None:
            told.set()

    async def _notice_recoveries(self) -> None:
        """A registry that has answered since it was looked at last is asked what waits for it."""
        for name, instance in self._instances.items():
            answered_at = instance.health.last_answer_at
            if answered_at is None or instance.health.state != "ok" or answered_at == self._answered_at.get(name):
                continue
            self._answered_at[name] = answered_at
            now = self._clock.now()
            for registry in {name, instance.adapter.registry}:  # papers name either
                await self._store.run(
                    lambda store, registry=registry, since=answered_at, now=now: store.recovered(  # type: ignore[misc]
                        registry, since=since, now=now, gap_s=self._schedule.first_s
                    )
                )

    # --- telling -------------------------------------------------------------------------------

    @staticmethod
    async def _deliver(one: Deliverer) -> float:
        while await one.deliver():
            if one.pause_s:
                return one.pause_s
        return 0.0

    # --- looking after -------------------------------------------------------------------------

    async def _look_after(self) -> None:
        if not self._has_given_up:
            await self._give_up()
            self._has_given_up = True
        await self._count()
        now, keeping = self._clock.now(), self._keeping
        answers, tickets = (now - timedelta(seconds=one) for one in (keeping.answers_s, keeping.tickets_s))
        await self._store.run(lambda store: store.prune(answers_before=answers, tickets_before=tickets))

    async def _give_up(self) -> None:
        """Whoever has no address any more is told no more: else nobody would ever note that, and it would be kept."""
        told = {one.consumer for one in self._deliverers}
        if given_up := await self._store.run(lambda store: store.give_up(all_but=told)):
            self._metrics.tickets.deliveries.labels("given_up").inc(given_up)
            log().warning("tickets.given_up", count=given_up)

    async def _count(self) -> None:
        waiting = await self._store.run(lambda store: store.waiting())
        undelivered = await self._store.run(lambda store: store.undelivered_count())
        now = self._clock.now()
        for registry in {*self._instances, *(one.adapter.registry for one in self._instances.values()), ""}:
            mine = [one for one in waiting if one.dataset.partition(".")[0] == registry]
            oldest = min((one.oldest for one in mine), default=now)
            self._metrics.tickets.open.labels(registry).set(sum(one.count for one in mine))
            self._metrics.tickets.oldest.labels(registry).set(max((now - oldest).total_seconds(), 0.0))
        self._metrics.tickets.undelivered.set(undelivered)
