"""
What is decided of every paper of a case: each registry asked once for each subject, all that wait for nothing at the
same time.

What one registry does changes nothing for papers that another one replaces. A question that could not be answered is
not asked again here: `retry_at` says when whoever asked may do so, and `gateway.tickets` does it by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date

from gateway.clock import VIETNAM, Clock
from gateway.domain.outcome import Unknown
from gateway.errors import QuestionRefused, Reason, Refusal
from gateway.lookup.access import Consumer
from gateway.lookup.agreeing import Agreement, agreements
from gateway.lookup.asked import Asked
from gateway.lookup.fetching import with_fetches
from gateway.lookup.kept import Kept
from gateway.lookup.paper_plan import PaperPlanRequest, chosen
from gateway.lookup.pipeline import Lookup
from gateway.lookup.plan_desk import Decided, Desk
from gateway.lookup.remembering import Remembering
from gateway.lookup.request import LookupRequest
from gateway.lookup.seams import Caller
from gateway.lookup.turns import Turns
from gateway.procedures.catalogue import Catalogue
from gateway.procedures.words import Decision
from gateway.telemetry import Metrics, log, where

__all__ = ["Place", "Plan", "Planner"]

_PASSES = frozenset({Refusal.TOO_MANY, Refusal.CHECK_UNAVAILABLE, Refusal.CASE_UNAVAILABLE})
"""
Refusals of ours that time alone helps: no paper is asked for because of them. One with problems is about how the
officer asks, and stands.
"""

_SHARE = 1 / 3
"""Of a deadline earlier results have this much, so that whoever is asked after them has most of it."""

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

    @property
    def counted(self) -> tuple[str, ...]:
        """The words of the questions that counted for the officer's limits."""
        return tuple(one.word for one in self.asked if one.is_counted and one.word)


@dataclass(slots=True)
class _Asking:
    """Who asks the questions of a plan, and how; `is_free` says that nobody has the plan's own place."""

    consumer: Consumer
    request: PaperPlanRequest
    caller: Caller
    place: Place
    counted: Collection[str] | None = None
    is_free: bool = True


class Planner:
    """Makes plans, over the pipeline that answers lookups."""

    def __init__(
        self,
        lookup: Lookup,
        procedures: Kept[Catalogue],
        clock: Clock,
        metrics: Metrics,
        remembering: Remembering | None = None,
        *,
        first_s: float = 1.0,
    ) -> None:
        """`first_s` is how long earlier results may take before the other ways of a paper are asked as well."""
        self._procedures = procedures
        self._first_s = first_s
        self._remembering = remembering
        self._lookup = lookup
        self._clock = clock
        self._metrics = metrics

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue in force now."""
        return self._procedures.current

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
        counted: Collection[str] | None = None,
    ) -> Plan:
        """
        The whole plan, or the papers of these ids alone. Whatever goes wrong with one question is told of the papers
        that need it, and of no other. With `is_later` nobody is asked now: what would be is `booked`. Where the gateway
        asks by itself `counted` has the words of the questions that counted for the officer's limits before.
        """
        day, catalogue = self.today(), self.catalogue
        procedure = chosen(request, catalogue)
        papers = [
            paper for paper in catalogue.papers(procedure, request.case, day) or () if only is None or paper.id in only
        ]
        desk = Desk(self._lookup, catalogue, consumer, request, day)
        for paper in papers:
            desk.gather(paper)
        desk.settle()
        if is_later:
            desk.postpone()
        noted = tuple(one for one in desk.asked.values() if not one.is_later)
        asking = _Asking(consumer, request, caller, place, counted)
        await self._in_turn(desk, noted, asking)
        questions = tuple(one for one in noted if one.was_asked)
        now = self._clock.now()
        decided = tuple(desk.decided(paper, now) for paper in papers)
        asked = questions
        if request.fetch:
            access, new_id = self._lookup.access, self._lookup.new_id
            decided = with_fetches(decided, request, consumer, access, new_id)
            fetched = tuple({id(one): one for told in decided for one in told.fetched}.values())
            async with asyncio.TaskGroup() as together:  # whoever hangs up ends them all
                for one in fetched:
                    together.create_task(self._ask(one, asking))
            asked += fetched
        for told in decided:
            self._metrics.papers.labels(told.paper.clause.value, told.ruling.decision.value).inc()
        return Plan(
            plan_id=plan_id,
            procedure=request.inquiry.procedure.value,
            case=request.case,
            papers=decided,
            asked=asked,
            agreements=agreements((one for one in questions if not one.feeds), catalogue.facts),
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

    async def _in_turn(self, desk: Desk, noted: Sequence[Asked], asking: _Asking) -> None:
        """Ask each question when its turn comes: all that wait for nothing at once."""
        now = self._clock.monotonic
        early = {one.lookup_id for one in noted if all(use.is_early for use in desk.uses(one))}
        patience_s = self._patience_s(desk, noted, asking)
        turns = Turns(desk, noted, asking.caller.arrived + patience_s - now())

        async def one_by_one(one: Asked) -> None:
            try:
                if not await turns.comes(one):
                    return
                if turns.waits(one) and self._end(one, asking) <= now():
                    one.outcome = Unknown(Reason.TIMEOUT)  # what it waited for took all the time
                    return
                await self._ask(one, asking, patience_s if one.lookup_id in early else None)
            finally:
                turns.over(one)

        async with asyncio.TaskGroup() as together:  # whoever hangs up ends them all
            for one in noted:
                together.create_task(one_by_one(one))

    def _patience_s(self, desk: Desk, noted: Sequence[Asked], asking: _Asking) -> float:
        """How long earlier results may take: a part of what the shortest question behind them has."""
        behind = [one for one in noted if any(use.behind for use in desk.uses(one))]
        left_s = (self._end(one, asking) - asking.caller.arrived for one in behind)
        return min([self._first_s, *(_SHARE * one for one in left_s)])

    def _end(self, one: Asked, asking: _Asking) -> float:
        """When a question must have been answered (monotonic)."""
        return self._lookup.end(_question(one, asking.request, None), asking.caller)

    async def _ask(self, one: Asked, asking: _Asking, deadline_s: float | None = None) -> None:
        """One question, in the place that the plan itself came in with where that is free, else in one of its own."""
        if asking.is_free:
            asking.is_free = False
            try:
                return await self._answered(one, asking, deadline_s)
            finally:
                asking.is_free = True
        with asking.place() as full:
            if full is not None:
                one.outcome = full
                return None
            return await self._answered(one, asking, deadline_s)

    async def _answered(self, one: Asked, asking: _Asking, deadline_s: float | None) -> None:
        question = _question(one, asking.request, deadline_s)
        consumer = asking.consumer
        if asking.counted is not None:
            consumer = replace(consumer, again=one.word in asking.counted)
        sources = tuple(feed.source.lookup_id for feed in one.feeds)
        try:
            claims = one.claims if one.fields is None else None
            one.result = await self._lookup.ask(
                one.lookup_id, consumer, question, asking.caller, claims, one.conditions, taken_from=sources
            )
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


def _question(one: Asked, request: PaperPlanRequest, deadline_s: float | None) -> LookupRequest:
    """What goes into the pipeline; `deadline_s` shortens the plan's own."""
    return LookupRequest.model_construct(
        dataset=one.entry.id,
        query=dict(one.query),
        inquiry=request.inquiry,
        fields=None if one.fields is None else list(one.fields),
        max_age_s=0,
        deadline_s=min((each for each in (request.deadline_s, deadline_s) if each is not None), default=None),
        case_token=request.case_token,
    )
