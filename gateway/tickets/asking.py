"""A plan's tickets are asked about once more: as a plan of those papers alone, with rights decided anew."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.clock import Clock
from gateway.domain.outcome import Unknown
from gateway.errors import InvalidQuestion, Refusal
from gateway.lookup.access import Consumer
from gateway.lookup.paper_plan import PaperPlanRequest, parse_plan
from gateway.lookup.plan_desk import Decided
from gateway.lookup.planning import Plan, Planner
from gateway.lookup.seams import Caller
from gateway.stores.tickets import Delivery, End, Ticket
from gateway.telemetry import Metrics, log
from gateway.tickets.ending import ended, expired, not_before, refused, told_retry_at
from gateway.tickets.noting import note_end
from gateway.tickets.schedule import Schedule
from gateway.tickets.seal import Seal
from gateway.tickets.store_thread import StoreThread

__all__ = ["Asker", "Told"]

_KEPT_WITHIN_S = 2.0
Told = Callable[[Plan, Decided], object]
"""What a plan says of one paper beside its decision, as JSON values: verdicts, and the questions with evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Read:
    """The plan of tickets, and in whose name it is asked for."""

    asked: PaperPlanRequest
    consumer: Consumer


class Asker:
    """Asks about tickets that somebody has claimed for it."""

    def __init__(
        self,
        planner: Planner,
        consumers: Mapping[str, Consumer],
        store: StoreThread,
        seal: Seal,
        schedule: Schedule,
        *,
        told: Told,
        callbacks: frozenset[str],
        new_id: Callable[[], str],
        deadline_s: float,
        clock: Clock,
        metrics: Metrics,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`callbacks` names the consumers that have an address to be told at."""
        self._planner = planner
        self._consumers = consumers
        self._store = store
        self._seal = seal
        self._schedule = schedule
        self._told = told
        self._callbacks = callbacks
        self._new_id = new_id
        self._deadline_s = deadline_s
        self._clock = clock
        self._metrics = metrics
        self._chance = chance

    async def ask(self, token: str, tickets: Sequence[Ticket]) -> None:
        """Ask about the tickets of one plan, all at once. Each ends, or is due again. Raises TicketsUnavailable."""
        now = self._clock.now()
        if not self._schedule.is_open(now) and all(ticket.expires_at <= now for ticket in tickets):
            await self._all_end(token, tickets, expired(now))
            return
        read = self._read(tickets[0])
        if isinstance(read, End):
            await self._all_end(token, tickets, read)
            return
        plan = await self._planner.plan(
            self._new_id(),
            read.consumer,
            read.asked,
            Caller(arrived=self._clock.monotonic(), deadline_s=self._deadline_s),
            _always,
            only=(papers := {ticket.paper for ticket in tickets}),
            counted=_counted(tickets),
        )
        await self._planner.remembered(plan, read.consumer, read.asked, within_s=_KEPT_WITHIN_S, only=papers)
        decided, chance = {one.paper.id: one for one in plan.papers}, self._chance()
        for ticket in tickets:
            await self._settle(token, ticket, plan, decided.get(ticket.paper), chance)

    async def later(self, token: str, tickets: Sequence[Ticket]) -> None:
        """They are due again after something that nobody foresaw, or over in their time. Raises TicketsUnavailable."""
        now, chance = self._clock.now(), self._chance()
        for ticket in tickets:
            if now >= ticket.expires_at:
                await self._end(token, ticket, expired(now, ticket.dataset))
                continue
            due = self._due(ticket, None, chance)
            await self._postpone(token, ticket, due, ticket.situation, None, ticket.not_before_at)

    def _read(self, ticket: Ticket) -> _Read | End:
        now, body = self._clock.now(), self._seal.asked(ticket.ticket_id, ticket.question)
        if body is None:
            log().error("ticket.unreadable", ticket_id=ticket.ticket_id)
            return expired(now)
        consumer = self._consumers.get(ticket.consumer)
        if consumer is None:
            return refused(Refusal.UNAUTHENTICATED.value, now)
        try:
            asked = parse_plan(body, self._planner.catalogue, self._planner.today())
        except InvalidQuestion as refusal:  # the catalogue is another one by now
            return refused(refusal.refusal.value, now)
        is_first = ticket.appointment_at is not None and ticket.attempts == 1
        by = "appointment" if is_first else "ticket"
        return _Read(
            asked=asked.model_copy(update={"deadline_s": None}),
            consumer=replace(consumer, by=by, batch=True, again=not is_first),
        )

    async def _settle(self, token: str, ticket: Ticket, plan: Plan, one: Decided | None, chance: float) -> None:
        now = self._clock.now()
        if one is None:
            await self._end(token, ticket, refused(Refusal.INVALID.value, now))
            return
        end = ended(one, now, None)
        if end is not None and end.refusal is None:
            end = replace(end, answer=self._seal.answer(ticket.ticket_id, self._told(plan, one)))
        if end is None and now >= ticket.expires_at:
            end = expired(now, one.dataset)
        if end is not None:
            await self._end(token, ticket, end)
            return
        due = self._due(ticket, told_retry_at(one), chance)
        counted = tuple(sorted({*(ticket.counted or ()), *plan.counted}))
        await self._postpone(token, ticket, due, one.ruling.situation.value, one.dataset, not_before(one), counted)

    def _due(self, ticket: Ticket, told: datetime | None, chance: float) -> datetime:
        """Once more at its end, if not before."""
        due = self._schedule.due(self._clock.now(), ticket.attempts, told, chance)
        return max(min(due, ticket.expires_at), self._clock.now())

    async def _postpone(
        self,
        token: str,
        ticket: Ticket,
        due: datetime,
        situation: str,
        dataset: str | None,
        not_before_at: datetime | None,
        counted: tuple[str, ...] | None = None,
    ) -> None:
        kept = await self._store.run(
            lambda store: store.postpone(
                ticket.ticket_id,
                token,
                due_at=due,
                not_before_at=not_before_at,
                situation=situation,
                dataset=dataset,
                counted=counted,
            )
        )
        self._metrics.tickets.askings.labels("pending" if kept else "overtaken").inc()

    async def _all_end(self, token: str, tickets: Sequence[Ticket], end: End) -> None:
        for ticket in tickets:
            await self._end(token, ticket, end)

    async def _end(self, token: str, ticket: Ticket, end: End) -> None:
        if ticket.consumer in self._callbacks:
            end = replace(end, delivery=Delivery.DUE)
        if not await self._store.run(lambda store: store.end(ticket.ticket_id, token, end)):
            self._metrics.tickets.askings.labels("overtaken").inc()
            return
        self._metrics.tickets.askings.labels("ended").inc()
        note_end(self._metrics, ticket, end)


def _counted(tickets: Sequence[Ticket]) -> frozenset[str] | None:
    """What counts no more for the officer's limits; None where that was not noted of one of the tickets."""
    if any(ticket.counted is None for ticket in tickets):
        return None
    return frozenset(word for ticket in tickets for word in ticket.counted or ())


@contextmanager
def _always() -> Iterator[Unknown | None]:
    """How many tickets are asked about at once is bounded where they are claimed."""
    yield None
