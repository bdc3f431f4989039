"""
A plan as it is remembered for the measure: what follows of it without anybody's data, and how it gets there.

A plan never fails because it could not be remembered, and waits for it no longer than a moment.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime
from typing import Any, TypeVar

from gateway.crypto import Box
from gateway.domain.compare.verdict import Verdict
from gateway.domain.outcome import Found, Unknown
from gateway.errors import MeasureUnavailable, StoreUnavailable
from gateway.impact.memory import Memory, month_before, month_of
from gateway.impact.rows import PaperRow, PlanRow, QuestionRow, Remembered
from gateway.lookup.access import Consumer
from gateway.lookup.asked import Asked
from gateway.lookup.paper_plan import PaperPlanRequest
from gateway.lookup.plan_desk import Decided
from gateway.telemetry import Metrics, log

__all__ = ["Remembering", "remembered"]

T = TypeVar("T")
_THREADS = 2
_MEASURED_WITHIN_S = 60.0
_APPLICANTS = ("applicant", "founder", "firm")
_NUMBERS = ("citizen_id", "old_number", "enterprise_code")
_VIAS = ("stale", "cache", "live")
"""Of several answers that a paper rests on, the one that is farthest from the registry names the way."""


class Remembering:
    """The memory of plans, from the event loop; threads of its own, so that a database that hangs takes no others."""

    def __init__(self, memory: Memory, box: Box, metrics: Metrics, *, months: int) -> None:
        self._memory = memory
        self._box = box
        self._metrics = metrics
        self._months = months
        self._pruned = ""
        self._forgetting: asyncio.Task[None] | None = None
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="impact")
        self._measuring = ThreadPoolExecutor(1, thread_name_prefix="measure")

    def oldest(self, at: datetime) -> str:
        """The first month that is kept."""
        return month_before(month_of(at), self._months - 1)

    async def remember(
        self,
        plan_id: str,
        procedure: str,
        consumer: Consumer,
        request: PaperPlanRequest,
        at: datetime,
        papers: Sequence[Decided],
        asked: Sequence[Asked],
        *,
        within_s: float,
    ) -> bool:
        """Whether the plan is remembered, so that a receipt can follow. Never raises."""
        one = remembered(self._box, plan_id, procedure, consumer.name, request, at, papers, asked)
        oldest = self.oldest(at)
        try:
            await self.run(lambda memory: memory.remember(one), within_s=within_s)
        except MeasureUnavailable:
            return False
        if self._pruned != oldest:  # once a month and worker
            self._pruned = oldest
            self._forgetting = asyncio.create_task(self._forget(oldest))
        return True

    async def _forget(self, oldest: str) -> None:
        """Beside plans: it may take long."""
        with suppress(MeasureUnavailable):
            await self.measure(lambda memory: memory.forget_before(oldest))

    async def run(self, work: Callable[[Memory], T], *, within_s: float = _MEASURED_WITHIN_S) -> T:
        """What the memory says, from a thread. Raises MeasureUnavailable, which is counted, and what `work` raises."""
        return await self._from(self._threads, work, within_s)

    async def measure(self, work: Callable[[Memory], T]) -> T:
        """As `run`, from a thread that no plan waits for: a month may take long."""
        return await self._from(self._measuring, work, _MEASURED_WITHIN_S)

    async def _from(self, threads: ThreadPoolExecutor, work: Callable[[Memory], T], within_s: float) -> T:
        try:
            async with asyncio.timeout(within_s):
                return await asyncio.get_running_loop().run_in_executor(threads, work, self._memory)
        except (StoreUnavailable, TimeoutError) as exc:
            self._metrics.impact_failures.inc()
            log().error("impact.failed", what=str(exc) or "no answer in time")
            raise MeasureUnavailable from None

    async def close(self) -> None:
        """Let go of the database and the threads."""
        if self._forgetting is not None:
            self._forgetting.cancel()
        for threads in (self._threads, self._measuring):
            threads.shutdown(wait=False, cancel_futures=True)
        self._memory.close()


def remembered(
    box: Box,
    plan_id: str,
    procedure: str,
    consumer: str,
    request: PaperPlanRequest,
    at: datetime,
    papers: Sequence[Decided],
    asked: Sequence[Asked],
) -> Remembered:
    """What is remembered of a plan: no number, no name, no claim."""
    dossier = _digest(box, "dossier", request.inquiry.case_id)
    number = _applicant(request)
    return Remembered(
        plan=PlanRow(
            plan_id=plan_id,
            at=at,
            consumer=consumer,
            agency=request.inquiry.agency,
            procedure=procedure,
            case=request.case,
            dossier=dossier,
            applicant=_digest(box, "applicant", number) if number else dossier,
        ),
        papers=tuple(_paper(one) for one in papers),
        questions=tuple(_question(one) for one in asked),
    )


def _digest(box: Box, what: str, value: str) -> str:
    return box.digest(f"{what}\0{value}".encode()).hex()[:32]


def _applicant(request: PaperPlanRequest) -> str | None:
    """The number of whoever applies, as declared: the first subject in the foremost of these roles that has one."""
    ranked = {role: nth for nth, role in enumerate(_APPLICANTS)}
    for subject in sorted(request.subjects, key=lambda one: ranked.get(one.role, len(ranked))):
        for name in _NUMBERS:
            value = subject.claims.get(name)
            if isinstance(value, str) and value.strip():
                return value.strip()
    return None


def _paper(one: Decided) -> PaperRow:
    found = [asked.result.answer.provenance.via for asked in one.asked if _is_found(asked) and asked.result]
    missed = [verdict.field for _, verdict in one.verdicts if verdict.verdict is Verdict.MISMATCH]
    dataset = one.dataset or ""
    return PaperRow(
        paper=one.paper.id,
        clause=one.paper.clause,
        decision=one.ruling.decision,
        situation=one.ruling.situation,
        registry=dataset.partition(".")[0],
        dataset=dataset,
        via=min(found, key=_rank) if found and len(found) == len(one.asked) else "",
        fields=tuple(dict.fromkeys(missed)),
        result=one.kind.result,
        component=one.paper.component,
    )


def _rank(via: str) -> int:
    return _VIAS.index(via) if via in _VIAS else -1


def _is_found(one: Asked) -> bool:
    return isinstance(one.outcome, Found)


def _question(one: Asked) -> QuestionRow:
    registry = one.dataset.partition(".")[0]
    reason = one.outcome.reason.value if isinstance(one.outcome, Unknown) else one.refusal or ""
    outcome = "refused" if one.outcome is None else one.outcome.word
    if one.result is None:
        return QuestionRow(registry=registry, dataset=one.dataset, outcome=outcome, reason=reason)
    answer: Any = one.result.answer
    return QuestionRow(
        registry=registry,
        dataset=one.dataset,
        outcome=outcome,
        reason=reason,
        via=answer.provenance.via,
        elapsed_ms=round(answer.elapsed_s * 1000),
        age_s=answer.provenance.age_s,
        checked=one.result.grant.case_checks != "off",
        answered_at=answer.provenance.answered_at,
    )
