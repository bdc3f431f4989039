"""One question's way: read, granted, asked, cut down to what was granted, recorded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.channel.answer import Answer
from gateway.clock import VIETNAM, Clock
from gateway.domain.dataset import Query
from gateway.domain.outcome import Found, Unknown, unknown_from
from gateway.errors import InvalidQuestion, LedgerUnavailable, QuestionRefused
from gateway.lookup.access import Access, Consumer, Grant
from gateway.lookup.catalogue import Catalogue, Entry
from gateway.lookup.fields import cut
from gateway.lookup.limits import Finding
from gateway.lookup.request import LookupRequest, read
from gateway.lookup.seams import Cache, Ledger
from gateway.telemetry import Metrics, log

__all__ = ["Lookup", "LookupResult"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LookupResult:
    """
    What a caller is told. `record` holds the granted fields as JSON values, and is None unless found; `grant` has
    what was withheld, and by which rules all this was decided.
    """

    lookup_id: str
    dataset: str
    answer: Answer
    grant: Grant
    record: dict[str, Any] | None = field(default=None, repr=False)


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
    ) -> None:
        self.catalogue = catalogue
        self._access = access
        self._clock = clock
        self._metrics = metrics
        self._new_id = new_id
        self._cache = cache
        self._ledger = ledger

    @property
    def access(self) -> Access:
        """Who may ask what."""
        return self._access

    def new_id(self) -> str:
        """An id for one lookup; ids sort by time."""
        return self._new_id()

    async def ask(self, lookup_id: str, consumer: Consumer, request: LookupRequest) -> LookupResult:
        """
        The answer to one question.

        Raises QuestionRefused when the question must not leave; whatever goes wrong with the registry is an
        `unknown` outcome of the result.
        """
        arrived = self._clock.monotonic()
        try:
            entry = self.catalogue.find(request.dataset)
            query = self._query(entry, request)
            grant = await self._access.grant(consumer, entry, request, query)
        except QuestionRefused as refusal:
            await self.refuse(lookup_id, consumer, refusal)
            raise
        for finding in grant.findings:
            self._metrics.findings.labels(finding).inc()
            log().warning("lookup.finding", lookup_id=lookup_id, consumer=consumer.name, dataset=entry.id, kind=finding)
        answer = await self._answer(lookup_id, consumer, entry, query, request, grant)
        answer = await self._recorded(lookup_id, answer, grant.fields)
        self._tell(lookup_id, consumer, entry, answer, self._clock.monotonic() - arrived)
        return LookupResult(
            lookup_id=lookup_id, dataset=entry.id, answer=answer, grant=grant, record=_granted(answer, grant)
        )

    async def refuse(self, lookup_id: str, consumer: Consumer | None, refusal: QuestionRefused) -> None:
        """Record and count a question that never left."""
        if self._ledger is not None:
            await self._ledger.refused(lookup_id, consumer, refusal)
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

    def _query(self, entry: Entry, request: LookupRequest) -> Query:
        query: Query = read(entry.dataset.query, request.query, above="query.")
        problems = query.problems(self._clock.now().astimezone(VIETNAM).date())
        if problems:
            raise InvalidQuestion(problems=problems, status=422)
        return query

    async def _answer(
        self, lookup_id: str, consumer: Consumer, entry: Entry, query: Query, request: LookupRequest, grant: Grant
    ) -> Answer:
        if self._ledger is not None:
            await self._ledger.asked(lookup_id, consumer, entry, query, request.inquiry)
        if self._cache is not None and request.max_age_s > 0:
            kept = await self._cache.find(entry, query, request.inquiry, request.max_age_s)
            if kept is not None:
                return kept
        answer = await entry.instance.channel.ask(
            entry.dataset, query, request.inquiry, officer_code=grant.officer_code
        )
        entry.instance.health.note(answer)
        if self._cache is not None:
            await self._cache.keep(entry, query, request.inquiry, answer)
        return answer

    async def _recorded(self, lookup_id: str, answer: Answer, granted: frozenset[str]) -> Answer:
        if self._ledger is None:
            return answer
        try:
            await self._ledger.answered(lookup_id, answer, granted)
        except LedgerUnavailable as exc:
            return replace(answer, outcome=unknown_from(exc))
        return answer

    def _tell(self, lookup_id: str, consumer: Consumer, entry: Entry, answer: Answer, elapsed_s: float) -> None:
        outcome = answer.outcome
        reason = outcome.reason.value if isinstance(outcome, Unknown) else ""
        labels = (entry.instance.name, entry.dataset.noun)
        self._metrics.questions.labels(*labels, outcome.word, reason).inc()
        self._metrics.question_seconds.labels(*labels).observe(elapsed_s)
        log().info(
            "lookup.answered",
            lookup_id=lookup_id,
            consumer=consumer.name,
            dataset=entry.id,
            outcome=outcome.word,
            reason=reason or None,
            detail=outcome.detail or None if isinstance(outcome, Unknown) else None,
            route=answer.provenance.route,
            via=answer.provenance.via,
            request_id=answer.provenance.request_id,
            attempts=len(answer.attempts),
            elapsed_s=round(elapsed_s, 6),
        )


def _granted(answer: Answer, grant: Grant) -> dict[str, Any] | None:
    """The granted fields as JSON values; None unless something was found."""
    return cut(answer.outcome.record, grant.fields) if isinstance(answer.outcome, Found) else None
