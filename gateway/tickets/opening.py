"""Tickets for the papers of a plan that are pending: they are on the disk before the plan leaves."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from gateway.clock import Clock
from gateway.errors import TicketsUnavailable
from gateway.lookup.access import Consumer
from gateway.lookup.paper_plan import PaperPlanRequest
from gateway.lookup.plan_desk import Decided
from gateway.lookup.planning import Plan
from gateway.procedures.words import Decision
from gateway.stores.tickets import Delivery, End, Ticket
from gateway.telemetry import Metrics, log
from gateway.tickets.asking import Told
from gateway.tickets.ending import ended, not_before, told_retry_at
from gateway.tickets.noting import note_end
from gateway.tickets.schedule import Schedule
from gateway.tickets.seal import Seal
from gateway.tickets.store_thread import StoreThread

__all__ = ["NO_TICKETS", "Opening", "TicketProblem", "Tickets"]

TicketProblem = Literal["off", "too_many", "unavailable"]
"""Why a pending paper has no ticket: none are kept here, the consumer has too many, the store cannot be written now."""


@dataclass(frozen=True, slots=True)
class Tickets:
    """The tickets of a plan by paper, and why a pending paper that is not there has none."""

    by_paper: Mapping[str, Ticket] = field(default_factory=dict)
    otherwise: TicketProblem = "off"


NO_TICKETS = Tickets()


class Opening:
    """Opens tickets."""

    def __init__(
        self,
        store: StoreThread,
        seal: Seal,
        schedule: Schedule,
        *,
        most: int,
        new_id: Callable[[], str],
        clock: Clock,
        told: Told,
        callbacks: frozenset[str],
        metrics: Metrics,
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`callbacks` names the consumers that have an address to be told at."""
        self._told = told
        self._callbacks = callbacks
        self._store = store
        self._seal = seal
        self._schedule = schedule
        self._most = most
        self._new_id = new_id
        self._clock = clock
        self._metrics = metrics
        self._chance = chance

    def later(self, asked: PaperPlanRequest) -> datetime | None:
        """When a plan for a booked visit is asked about; None for one that is asked about at once."""
        return self._schedule.before(asked.appointment, self._clock.now())

    async def opened(
        self,
        consumer: Consumer,
        asked: PaperPlanRequest,
        body: bytes,
        plan: Plan,
        later: datetime | None,
        *,
        within_s: float,
    ) -> Tickets:
        """
        A ticket for each paper that is pending; `body` is the plan as it was sent. The same plan sent again finds the
        tickets that it has: those of papers that it decides now end so, the others go on with the case token that came
        last. Takes no longer than `within_s` and never raises: a plan leaves without them too, and says so; what is
        written later is found by the dossier's number.
        """
        pending = [one for one in plan.papers if one.ruling.decision is Decision.PENDING]
        fingerprint = self._seal.fingerprint(consumer.name, asked)
        now, chance = self._clock.now(), self._chance()  # one for all: what failed together is asked again together
        wanted = [
            self._ticket(consumer, asked, body, plan, one, fingerprint, later, now=now, chance=chance)
            for one in pending
        ]
        try:
            over, opened = await self._store.run(
                lambda store: (
                    store.again(consumer.name, fingerprint, lambda ticket: self._again(ticket, asked, body, plan, now)),
                    store.open(wanted, most=self._most) if wanted else {},
                ),
                within_s=within_s,
            )
        except TicketsUnavailable as exc:
            self._metrics.tickets.opened.labels("unavailable").inc(len(wanted))
            log().error("tickets.unavailable", detail=str(exc))
            return Tickets(otherwise="unavailable")
        for ticket, end in over:
            note_end(self._metrics, ticket, end)
        for one in opened.values():
            self._metrics.tickets.opened.labels("opened" if one.is_new else "again").inc()
        self._metrics.tickets.opened.labels("too_many").inc(len(wanted) - len(opened))
        return Tickets({paper: one.ticket for paper, one in opened.items()}, otherwise="too_many")

    def _again(
        self, ticket: Ticket, asked: PaperPlanRequest, body: bytes, plan: Plan, now: datetime
    ) -> End | bytes | None:
        """What an open ticket becomes when its plan comes again: its end, its question from now on, or what it is."""
        one = next((one for one in plan.papers if one.paper.id == ticket.paper), None)
        if one is None:
            return None
        if one.ruling.decision is Decision.PENDING:
            return None if asked.case_token is None else self._seal.question(ticket.ticket_id, body)
        end = ended(one, now, self._seal.answer(ticket.ticket_id, self._told(plan, one)))
        if end is None or end.refusal is not None:  # whether it may be asked again is decided when it is
            return None
        return replace(end, delivery=Delivery.DUE) if ticket.consumer in self._callbacks else end

    def _ticket(
        self,
        consumer: Consumer,
        asked: PaperPlanRequest,
        body: bytes,
        plan: Plan,
        one: Decided,
        fingerprint: bytes,
        later: datetime | None,
        *,
        now: datetime,
        chance: float,
    ) -> Ticket:
        ticket_id = self._new_id()
        again = self._schedule.due(now, 1, told_retry_at(one), chance)
        due = again if later is None else self._schedule.opens(later)
        return Ticket(
            ticket_id=ticket_id,
            plan_id=plan.plan_id,
            consumer=consumer.name,
            case_id=asked.inquiry.case_id,
            procedure=plan.procedure,
            case=plan.case,
            paper=one.paper.id,
            fingerprint=fingerprint,
            question=self._seal.question(ticket_id, body),
            opened_at=now,
            due_at=due,
            not_before_at=not_before(one),
            expires_at=self._schedule.expires(due if later is not None else now),
            appointment_at=asked.appointment if later is not None else None,
            situation=one.ruling.situation.value,
            dataset=one.dataset,
            counted=plan.counted,
            asked_at=None if later is not None else now,
            attempts=0 if later is not None else 1,
        )
