"""
What is decided of every paper of a case: each registry asked once for each subject, all at the same time.

What one registry does changes nothing for papers that another one replaces. A question that could not be answered is
not asked again here: `retry_at` says when whoever asked may do so, and `gateway.tickets` does it by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date

from gateway.clock import VIETNAM, Clock
from gateway.domain.outcome import Unknown
from gateway.errors import QuestionRefused, Reason, Refusal
from gateway.lookup.access import Consumer
from gateway.lookup.agreeing import Agreement, agreements
from gateway.lookup.fetching import with_fetches
from gateway.lookup.paper_plan import PaperPlanRequest, chosen
from gateway.lookup.pipeline import Lookup
from gateway.lookup.plan_desk import Asked, Decided, Desk
from gateway.lookup.remembering import Remembering
from gateway.lookup.request import LookupRequest
from gateway.lookup.seams import Caller
from gateway.procedures.catalogue import Catalogue
from gateway.procedures.words import Decision
from gateway.telemetry import Metrics, log, where

__all__ = ["Place", "Plan", "Planner"]

_PASSES = frozenset({Refusal.TOO_MANY, Refusal.CHECK_UNAVAILABLE, Refusal.CASE_UNAVAILABLE})
"""
Refusals of ours that time alone helps: no paper is asked for because of them. One with problems is about how the
officer asks, and stands.
"""

Place = Callable[[], AbstractContextManager[Unknown | None]]
"""Holds the place of one more question; what it gives is why there is none, or None."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    Every paper with its decision, and every question that was asked for them, once.
    """

    plan_id: str
    procedure: str
    case: str
    papers: tuple[Decided, ...]
    asked: tuple[Asked, ...]
    agreements: tuple[Agreement, ...] = ()


class Planner:
    """Makes plans, over the pipeline that answers lookups."""

    def __init__(
        self,
        lookup: Lookup,
        catalogue: Catalogue,
        clock: Clock,
        metrics: Metrics,
        remembering: Remembering | None = None,
    ) -> None:
        self.catalogue = catalogue
        self._remembering = remembering
        self._lookup = lookup
        self._clock = clock
        self._metrics = metrics

    def today(self) -> date:
        """The day by which validity and publication are judged."""
        return self._clock.now().astimezone(VIETNAM).date()

    async def plan(
        self,
        plan_id: str,
        consumer: Consumer,
        request: PaperPlanRequest,
        caller: Caller,
        place: Place,
        *,
        only: Collection[str] | None = None,
        is_later: bool = False,
    ) -> Plan:
        """
        The whole plan, or the papers of these ids alone. Whatever goes wrong with one question is told of the papers
        that need it, and of no other. With `is_later` nobody is asked now: what would be is `booked`.
        """
        day = self.today()
        procedure = chosen(request, self.catalogue)
        papers = [
            paper
            for paper in self.catalogue.papers(procedure, request.case, day) or ()
            if only is None or paper.id in only
        ]
        desk = Desk(self._lookup, self.catalogue, consumer, request, day)
        for paper in papers:
            desk.gather(paper)
        desk.settle()
        if is_later:
            desk.postpone()
        questions = tuple(one for one in desk.asked.values() if not one.is_later)
        await self._together(questions, consumer, request, caller, place)
        now = self._clock.now()
        decided = tuple(desk.decided(paper, now) for paper in papers)
        asked = questions
        if request.fetch:
            access, new_id = self._lookup.access, self._lookup.new_id
            decided = with_fetches(decided, request, consumer, access, new_id)
            fetched = tuple({id(one): one for told in decided for one in told.fetched}.values())
            await self._together(fetched, consumer, request, caller, place)
            asked += fetched
        for told in decided:
            self._metrics.papers.labels(told.paper.clause.value, told.ruling.decision.value).inc()
        return Plan(
            plan_id=plan_id,
            procedure=request.inquiry.procedure.value,
            case=request.case,
            papers=decided,
            asked=asked,
            agreements=agreements(questions, self.catalogue.facts),
        )

    async def remembered(
        self,
        plan: Plan,
        consumer: Consumer,
        request: PaperPlanRequest,
        *,
        within_s: float,
        only: Collection[str] | None = None,
    ) -> bool:
        """Whether a plan is remembered, so that a receipt can follow. Takes no longer than `within_s`; never raises."""
        # What is asked again counts for the measure once it has ended, with the dossier's last word on each paper.
        is_over = only is None or any(one.ruling.decision is not Decision.PENDING for one in plan.papers)
        if self._remembering is None or not is_over:
            return False
        code = self.catalogue.code(request.inquiry.procedure.value) or ""
        fetched = {id(one) for paper in plan.papers for one in paper.fetched}
        asked = tuple(one for one in plan.asked if id(one) not in fetched)
        now = self._clock.now()
        return await self._remembering.remember(
            plan.plan_id, code, consumer, request, now, plan.papers, asked, within_s=within_s
        )

    async def _together(
        self, asked: Iterable[Asked], consumer: Consumer, request: PaperPlanRequest, caller: Caller, place: Place
    ) -> None:
        async with asyncio.TaskGroup() as together:  # whoever hangs up ends them all
            for nth, one in enumerate(asked):
                together.create_task(self._ask(one, consumer, request, caller, place if nth else None))

    async def _ask(
        self, one: Asked, consumer: Consumer, request: PaperPlanRequest, caller: Caller, place: Place | None
    ) -> None:
        """One question; the first of a plan has the place that the plan itself came in with."""
        if place is None:
            return await self._answered(one, consumer, request, caller)
        with place() as full:
            if full is not None:
                one.outcome = full
                return None
            return await self._answered(one, consumer, request, caller)

    async def _answered(self, one: Asked, consumer: Consumer, request: PaperPlanRequest, caller: Caller) -> None:
        question = LookupRequest.model_construct(
            dataset=one.entry.id,
            query=dict(one.query),
            inquiry=request.inquiry,
            fields=None if one.fields is None else list(one.fields),
            max_age_s=0,
            deadline_s=request.deadline_s,
            case_token=request.case_token,
        )
        try:
            claims = one.claims if one.fields is None else None
            one.result = await self._lookup.ask(one.lookup_id, consumer, question, caller, claims, one.conditions)
        except QuestionRefused as refusal:
            one.refusal, one.problems = refusal.refusal.value, refusal.problems
            if refusal.refusal in _PASSES and not refusal.problems:
                one.outcome = Unknown(Reason.OVERLOADED, retry_at=refusal.retry_at)
        except Exception as exc:  # an error of ours in one question takes no decision from other papers
            one.refusal = "bug"
            one.outcome = Unknown(Reason.OVERLOADED)
            self._metrics.bugs.inc()
            log().error("web.bug", lookup_id=one.lookup_id, **where(exc))
        else:
            one.outcome = one.result.answer.outcome
