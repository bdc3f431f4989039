"""One question's way: read, granted, asked, cut down to what was granted, recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from gateway.channel.answer import Answer
from gateway.channel.line import Share
from gateway.clock import VIETNAM, Clock
from gateway.domain.compare.standing import Condition, Standing
from gateway.domain.compare.verdict import Verdict
from gateway.domain.dataset import Query
from gateway.domain.outcome import Found, Unknown, unknown_from
from gateway.errors import InvalidQuestion, LedgerUnavailable, QuestionRefused, Refusal
from gateway.ledger.canonical import Written
from gateway.lookup.access import Access, Consumer, Grant
from gateway.lookup.catalogue import Catalogue, Entry
from gateway.lookup.comparison import Comparison, FieldStanding, FieldVerdict
from gateway.lookup.fields import cut
from gateway.lookup.limits import Finding
from gateway.lookup.request import LookupRequest, read
from gateway.lookup.seams import Asking, Cache, Caller, Ledger, Recorded, Trace, Wanted
from gateway.lookup.stopwatch import Stopwatch
from gateway.telemetry import CLASSES, STAGES, Metrics, log

__all__ = ["FLUSH_GRACE_S", "Lookup", "LookupResult"]


@dataclass(slots=True, kw_only=True)
class LookupResult:
    """
    What a caller is told. `record` holds the granted fields, and is None unless found; `grant` has
    what was withheld, and by which rules all this was decided. `recorded` is None where there is no ledger, or
    none that could take the record. Of a verification `verdicts` holds what was compared, unless nothing was found,
    `standings` what the record says of its being in force where that was looked at, and `record` what evidence says of
    it.
    """

    lookup_id: str
    dataset: str
    answer: Answer
    grant: Grant
    record: Written | None = field(default=None, repr=False)
    recorded: Recorded | None = None
    verdicts: tuple[FieldVerdict, ...] | None = None
    standings: tuple[FieldStanding, ...] = ()


FLUSH_GRACE_S = 0.2
"""An answer that came at the last moment still gets the flush that it needs."""
_RESERVE_S = 0.1
"""Kept back from a deadline, at most a tenth of it: an answer has to be recorded, signed and written as well."""
_FINDINGS = frozenset(Finding)


class Lookup:
    """The pipeline. Cache and ledger stand in it only where they are configured."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        access: Access,
        clock: Clock,
        metrics: Metrics,
        new_id: Callable[[], str],
        cache: Cache | None = None,
        ledger: Ledger | None = None,
        trace: Trace | None = None,
    ) -> None:
        self.catalogue = catalogue
        self._access = access
        self._clock = clock
        self._metrics = metrics
        self._new_id = new_id
        self._cache = cache
        self._ledger = ledger
        self._trace = trace
        observed = {stage: metrics.stage_seconds.labels(stage).observe for stage in STAGES}
        self._observed = (
            observed if trace is None else {key: trace.observing(key, one) for key, one in observed.items()}
        )

    @property
    def access(self) -> Access:
        """Who may ask what."""
        return self._access

    def new_id(self) -> str:
        """An id for one lookup; ids sort by time."""
        return self._new_id()

    async def ask(
        self,
        lookup_id: str,
        consumer: Consumer,
        request: LookupRequest,
        caller: Caller | None = None,
        claims: Mapping[str, Any] | None = None,
        conditions: Sequence[Condition] = (),
        *,
        taken_from: tuple[str, ...] = (),
    ) -> LookupResult:
        """
        The answer to one question; with `claims` not the record, but a verdict on each of them, and what comes of each
        of the `conditions`. `taken_from` names the lookups whose answers brought keys of its query.

        Raises QuestionRefused when the question must not leave; whatever goes wrong with the registry is an
        `unknown` outcome of the result.
        """
        caller = caller or Caller(arrived=self._clock.monotonic())
        watch = Stopwatch(self._clock.monotonic, self._observed, caller.arrived)
        watch.ended("read")
        asking = await self.granted(lookup_id, consumer, request, caller, claims, conditions)
        if taken_from:
            asking = replace(asking, taken_from=taken_from)
        watch.ended("access")
        try:
            result = await self._answered(asking, request, watch)
        except asyncio.CancelledError:
            if caller.has_gone():
                self._tell_gone(asking, self._clock.monotonic() - caller.arrived)
            raise
        self._tell(asking, result, self._clock.monotonic() - caller.arrived)
        for one in result.verdicts or ():
            self._metrics.child(self._metrics.verdicts, asking.entry.instance.name, one.verdict.value).inc()
        for looked in result.standings:
            self._metrics.child(self._metrics.standings, asking.entry.instance.name, looked.standing.value).inc()
        return result

    async def granted(
        self,
        lookup_id: str,
        consumer: Consumer,
        request: LookupRequest,
        caller: Caller,
        claims: Mapping[str, Any] | None = None,
        conditions: Sequence[Condition] = (),
    ) -> Asking:
        """The question as it may be asked. Raises QuestionRefused, recorded, where it may not."""
        try:
            entry = self.catalogue.find(request.dataset)
            query = self._query(entry, request)
            comparison = None if claims is None else Comparison.of(entry.dataset, claims, conditions)
            claimed = None if comparison is None else comparison.fields
            grant = await self._access.grant(consumer, entry, request, query, claimed)
        except QuestionRefused as refusal:
            await self.refuse(lookup_id, consumer, refusal, request)
            raise
        for finding in grant.findings:
            self._metrics.findings.labels(finding).inc()
            log().warning("lookup.finding", lookup_id=lookup_id, consumer=consumer.name, dataset=entry.id, kind=finding)
        return Asking(
            lookup_id=lookup_id,
            consumer=consumer,
            entry=entry,
            query=query,
            inquiry=request.inquiry,
            grant=grant,
            caller=caller,
            comparison=comparison,
        )

    def end(self, request: LookupRequest, caller: Caller) -> float:
        """By when (monotonic) the question must have its outcome. Raises InvalidQuestion for a dataset not there."""
        return _end(self.catalogue.find(request.dataset), request, caller)

    async def refuse(
        self,
        lookup_id: str,
        consumer: Consumer | None,
        refusal: QuestionRefused,
        request: LookupRequest | None = None,
    ) -> None:
        """Record and count a question that never left; `request` is what could be read of it."""
        if self._ledger is not None:
            dataset = request.dataset if request is not None and request.dataset in self.catalogue else None
            await self._ledger.refused(lookup_id, consumer, refusal, request, dataset)
        self._metrics.refusals.labels(refusal.refusal.value).inc()
        for problem in refusal.problems:
            if problem.code in _FINDINGS:
                self._metrics.findings.labels(problem.code).inc()
        log().info(
            "lookup.refused",
            lookup_id=lookup_id,
            consumer=consumer.name if consumer else None,
            refusal=refusal.refusal.value,
            problems=[problem.code for problem in refusal.problems],
            detail=str(refusal),
        )

    def _today(self) -> date:
        return self._clock.now().astimezone(VIETNAM).date()

    def _query(self, entry: Entry, request: LookupRequest) -> Query:
        query: Query = read(entry.dataset.query, request.query, above="query.")
        problems = query.problems(self._today())
        if problems:
            raise InvalidQuestion(problems=problems, status=422)
        return query

    async def _answered(self, asking: Asking, request: LookupRequest, watch: Stopwatch) -> LookupResult:
        """Asked, answered and recorded; every wait for registry and ledger lies inside one deadline."""
        entry, ledger, cache = asking.entry, self._ledger, self._cache
        until = _end(entry, request, asking.caller)
        wanted = cache.wanted(asking, request.max_age_s) if cache is not None else None
        at_once = await self._at_once(asking, wanted, until)
        if ledger is None:
            unrecorded = at_once or await self._answer(asking, wanted, until)
            watch.ended("registry")
            return self._result(asking, unrecorded)
        try:
            if at_once is None:
                asked = await ledger.asked(asking, within_s=until - self._clock.monotonic())
            else:
                asked = ledger.noted(asking)  # nothing leaves for the registry: one flush for both records is enough
        except LedgerUnavailable as exc:
            return self._result(asking, entry.instance.channel.unasked(entry.dataset, exc))
        watch.ended("asked")
        try:
            answer = at_once or await self._answer(asking, wanted, until)
            result = self._result(asking, answer)
        except BaseException:
            ledger.cut_off(asking, asked)
            raise
        watch.ended("registry")
        within_s = max(until - self._clock.monotonic(), 0.0) + FLUSH_GRACE_S
        try:
            recorded = await ledger.answered(asking, asked, answer, result.record, within_s=within_s)
        except LedgerUnavailable as exc:
            return self._result(asking, replace(answer, outcome=unknown_from(exc)))
        watch.ended("answered")
        result.recorded = recorded
        return result

    async def _at_once(self, asking: Asking, wanted: Wanted | None, until: float) -> Answer | None:
        """
        The answer to a question for which nothing has to leave: one that is kept, or the refusal where the registry has
        no room or is left in peace. None for others.
        """
        cache = self._cache
        if cache is None or wanted is None:
            return self._refused(asking, until)
        kept = cache.find(wanted)
        if kept is None and cache.reads_further:
            kept = await cache.read(wanted)
        if kept is not None or cache.is_under_way(wanted):
            return kept
        refused = self._refused(asking, until)
        return cache.instead(wanted, refused) if refused is not None else None

    def _refused(self, asking: Asking, until: float) -> Answer | None:
        entry = asking.entry
        deadline_s = until - self._clock.monotonic()
        error = entry.instance.channel.refusal(entry.dataset, _share(asking), deadline_s=deadline_s)
        if error is None:
            return None
        answer = entry.instance.channel.unasked(entry.dataset, error)
        entry.instance.health.note(answer)
        return answer

    async def _answer(self, asking: Asking, wanted: Wanted | None, until: float) -> Answer:
        if self._cache is None or wanted is None:
            return await self._fetched(asking, until)
        return await self._cache.ask(wanted, until, lambda: self._fetched(asking, until))

    async def _fetched(self, asking: Asking, until: float) -> Answer:
        entry = asking.entry
        answer = await entry.instance.channel.ask(
            entry.dataset,
            asking.query,
            asking.inquiry,
            officer_code=asking.grant.officer_code,
            deadline_s=until - self._clock.monotonic(),
            share=_share(asking),
        )
        entry.instance.health.note(answer)
        return answer

    def _result(self, asking: Asking, answer: Answer) -> LookupResult:
        comparison, outcome = asking.comparison, answer.outcome
        verdicts: tuple[FieldVerdict, ...] | None = None
        standings: tuple[FieldStanding, ...] = ()
        if comparison is None:
            record = _granted(answer, asking.grant)
        elif isinstance(outcome, Found):
            verdicts = comparison.verdicts(outcome.record, asking.grant.seen)
            if comparison.conditions:
                standings = comparison.standings(outcome.record, asking.grant.seen, self._today())
            record = Written.of(comparison.document(verdicts, standings))
        else:
            record = None
        return LookupResult(
            lookup_id=asking.lookup_id,
            dataset=asking.entry.id,
            answer=answer,
            grant=asking.grant,
            record=record,
            verdicts=verdicts,
            standings=standings,
        )

    def _tell_gone(self, asking: Asking, elapsed_s: float) -> None:
        self._metrics.refusals.labels(Refusal.CALLER_GONE.value).inc()
        log().info(
            "lookup.caller_gone",
            lookup_id=asking.lookup_id,
            consumer=asking.consumer.name,
            dataset=asking.entry.id,
            elapsed_s=round(elapsed_s, 6),
        )

    def _tell(self, asking: Asking, result: LookupResult, elapsed_s: float) -> None:
        entry, answer = asking.entry, result.answer
        outcome = answer.outcome
        reason = outcome.reason.value if isinstance(outcome, Unknown) else ""
        labels = (entry.instance.name, entry.dataset.noun)
        metrics = self._metrics
        metrics.child(metrics.questions, *labels, outcome.word, reason).inc()
        exemplar = None
        if self._trace is not None:
            self._trace.answered(entry.id, outcome.word, reason)
            exemplar = self._trace.exemplar()
        metrics.child(metrics.question_seconds, *labels).observe(elapsed_s, exemplar)
        metrics.child(metrics.class_questions, CLASSES[asking.consumer.batch], outcome.word).inc()
        log().info(
            "lookup.answered",
            lookup_id=asking.lookup_id,
            consumer=asking.consumer.name,
            dataset=entry.id,
            outcome=outcome.word,
            reason=reason or None,
            detail=outcome.detail or None if isinstance(outcome, Unknown) else None,
            route=answer.provenance.route,
            via=answer.provenance.via,
            request_id=answer.provenance.request_id,
            attempts=len(answer.attempts),
            requests=sum(attempt.requests for attempt in answer.attempts),
            mismatches=[one.field for one in result.verdicts or () if one.verdict is Verdict.MISMATCH],
            unclear=[one.field for one in result.standings if one.standing is Standing.UNCLEAR],
            elapsed_s=round(elapsed_s, 6),
        )


def _end(entry: Entry, request: LookupRequest, caller: Caller) -> float:
    own = entry.instance.channel.deadline_s(entry.dataset)
    whole = min(own, request.deadline_s or own, caller.deadline_s or own)
    return caller.arrived + whole - min(_RESERVE_S, whole / 10)


def _share(asking: Asking) -> Share:
    consumer = asking.consumer
    return Share(consumer.name, asking.inquiry.agency, consumer.weight, consumer.batch)


def _granted(answer: Answer, grant: Grant) -> Written | None:
    """The granted fields; None unless something was found."""
    if not isinstance(answer.outcome, Found):
        return None
    record = answer.outcome.record
    return record if isinstance(record, Written) else cut(record, grant.fields)  # what was kept was cut before
