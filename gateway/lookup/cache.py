"""
What stands between a granted question and its registry: kept answers, and fetches that are shared.

By the dataset's class. `public`: shared by all who have the same purpose and the same fields. `person`: only within
one inquiry, which is one officer, one case, one purpose. `sensitive`: neither kept nor shared, ever.

A kept answer is found by a keyed digest of everything that it depends on: registry instance and how it is configured,
dataset, query, purpose, the fields that were granted, the policy's version; for a person's data the whole inquiry and
the consumer. So nobody is ever given what was kept for somebody with other rights: it lies elsewhere.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import replace

from gateway.channel.answer import Answer, Provenance
from gateway.clock import Clock
from gateway.crypto import Secrets
from gateway.domain.dataset import Sensitivity
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.errors import Reason, RegistryTimeout, RegistryUnavailable
from gateway.ledger.canonical import Written
from gateway.lookup.catalogue import Catalogue
from gateway.lookup.fields import cut
from gateway.lookup.flights import Flights, OutOfTime
from gateway.lookup.freshness import Freshness
from gateway.lookup.kept_answers import KeptAnswer, KeptAnswers, trimmed
from gateway.lookup.kept_further import KeptFurther
from gateway.lookup.kept_place import kept_dataset, question
from gateway.lookup.seams import Asking, Wanted
from gateway.telemetry import Metrics

__all__ = ["AnswerCache"]

_SWEEP_S = 5.0
_PATIENCE = 0.5
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.01, 0.1
_SPARE_S = 0.5
"""How much longer than its deadline a fetch counts as under way, should its instance die."""
_ABSENT = Absent()


class AnswerCache:
    """The answers that one process keeps, what it may share with others, and the fetches under way in it."""

    def __init__(
        self,
        catalogue: Catalogue,
        *,
        secrets: Secrets,
        clock: Clock,
        metrics: Metrics,
        entries: int,
        size: int,
        finish: bool = False,
        sources: Mapping[str, str] | None = None,
        further: KeptFurther | None = None,
    ) -> None:
        """`sources` says by instance how each is configured: what was kept under another configuration is not found."""
        self._secrets = secrets
        self._clock = clock
        self._metrics = metrics
        self._kept = KeptAnswers(entries=entries, size=size)
        self._flights = Flights(clock, finish=finish)
        self._further = further
        self._sweeping: asyncio.TimerHandle | None = None
        self._following: asyncio.Task[None] | None = None
        self._datasets = {
            entry.id: kept_dataset(entry, (sources or {}).get(entry.instance.name, ""), metrics)
            for entry in catalogue
            if entry.dataset.sensitivity is not Sensitivity.SENSITIVE
        }
        if further is not None:
            with suppress(RuntimeError):  # made outside a loop, by a command: it lives no longer than that
                self._watch()

    def wanted(self, asking: Asking, max_age_s: int) -> Wanted | None:
        dataset = self._datasets.get(asking.entry.id)
        if asking.comparison is not None:
            return None  # claims are compared with the record itself; what is kept is only what was given of one
        if self.is_damaged:
            return None  # without its file nobody would tell this worker whom to forget
        if dataset is None or (max_age_s == 0 and not self._kept and self._further is None):
            return None  # an answer that nobody accepts again is kept only where it replaces an older one
        place = self._secrets.place(question(asking, dataset))
        return Wanted(asking, place, dataset.freshness, max_age_s)

    @property
    def is_damaged(self) -> bool:
        """Whether there should be a file and none can be used."""
        return self._further is not None and not self._further.is_usable

    def find(self, wanted: Wanted) -> Answer | None:
        if wanted.max_age_s == 0:
            return None
        kept = self._kept.get(wanted.key)
        if kept is None:
            return None
        age_s = self._clock.monotonic() - kept.at
        if age_s > min(_rule_s(wanted.freshness, kept), wanted.max_age_s):
            return None
        self._count(wanted, "hit")
        self._metrics.kept_age_seconds.observe(age_s)
        return _answer(kept, "cache", age_s)

    @property
    def reads_further(self) -> bool:
        return self._further is not None

    async def read(self, wanted: Wanted) -> Answer | None:
        if self._further is None or wanted.max_age_s == 0:
            return None
        found = await self._further.get(*self._where(wanted))
        if found is not None:
            present = self._kept.get(wanted.key)
            if present is None or present.at < found.at:
                self._kept.put(wanted.key, found)
                self._tell_size()
        self._watch()
        return self.find(wanted)

    def is_under_way(self, wanted: Wanted) -> bool:
        return wanted.max_age_s > 0 and self._flights.is_open(_flight(wanted))

    async def ask(self, wanted: Wanted, until: float, fetch: Callable[[], Awaitable[Answer]]) -> Answer:
        lookup_id = wanted.asking.lookup_id
        if wanted.max_age_s == 0:
            answer = await fetch()
            if wanted.key in self._kept or self._further is not None:
                self._keep(wanted, answer, lookup_id)
            return answer
        kept = self.find(wanted)  # an equal question may have been answered while this one was recorded
        if kept is not None:
            return kept
        self._count(wanted, "collapsed" if self.is_under_way(wanted) else "miss")
        try:
            answer = await self._flights.share(
                _flight(wanted),
                lookup_id,
                until,
                lambda: self._in_turn(wanted, until, fetch),
                lambda landed, owner: self._keep(wanted, landed, owner),
            )
        except OutOfTime:
            entry = wanted.asking.entry
            error = RegistryTimeout(f"{entry.instance.name}: no answer before the caller's own deadline")
            answer = entry.instance.channel.unasked(entry.dataset, error)
        return self.instead(wanted, answer)

    async def _in_turn(self, wanted: Wanted, until: float, fetch: Callable[[], Awaitable[Answer]]) -> Answer:
        """
        Fetch, or wait for another instance that is fetching the same of what is public, for half of the time at most:
        whoever waits in vain still has time to ask.
        """
        further, freshness = self._further, wanted.freshness
        if further is None or not freshness.found_s or not self._datasets[wanted.asking.entry.id].is_public:
            return await fetch()
        turn = self._secrets.place(b"turn\0" + repr(_flight(wanted)).encode())
        now = self._clock.monotonic()
        patience, pause_s = now + (until - now) * _PATIENCE, _FIRST_PAUSE_S
        while not await further.turn(turn, for_s=max(until - self._clock.monotonic(), 0.0) + _SPARE_S):
            if self._clock.monotonic() + pause_s >= patience:
                return await fetch()
            await self._clock.sleep(pause_s)
            pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
            kept = await self.read(wanted)
            if kept is not None:
                return kept
        wanted.turn, answer = turn, None
        try:
            answer = await fetch()
        finally:
            if answer is None or isinstance(answer.outcome, Unknown):
                further.leave(turn)  # what is kept leaves it when it is written
        return answer

    def _where(self, wanted: Wanted) -> tuple[list[bytes], list[str]]:
        """In which places an answer may lie, and under which pseudonyms its subject may have been forgotten."""
        asking = wanted.asking
        older = self._secrets.older_places(question(asking, self._datasets[asking.entry.id]))
        if not older:
            return [wanted.key], [] if asking.grant.subject is None else [asking.grant.subject]
        subject = asking.query.subject()
        subjects = () if subject is None else self._secrets.pseudonyms(subject.kind, subject.number)
        return [wanted.key, *older], [*subjects]

    def instead(self, wanted: Wanted, answer: Answer) -> Answer:
        outcome, stale_s = answer.outcome, wanted.freshness.stale_s
        if not isinstance(outcome, Unknown) or not stale_s or not issubclass(outcome.error, RegistryUnavailable):
            return answer
        kept = self._kept.get(wanted.key) if outcome.reason is not Reason.LEDGER_UNAVAILABLE else None
        if kept is None or kept.record is None:  # who was not registered yesterday may well be today
            return answer
        age_s = self._clock.monotonic() - kept.at
        if age_s > min(wanted.freshness.found_s + stale_s, wanted.max_age_s):
            return answer
        self._count(wanted, "stale")
        self._metrics.kept_age_seconds.observe(age_s)
        return replace(_answer(kept, "stale", age_s), attempts=answer.attempts, elapsed_s=answer.elapsed_s)

    async def forget(self, kind: str, number: str) -> int:
        """
        Drop every kept answer to a question about this person, firm or parcel, here and in what is shared; how many
        there were. Other workers follow within seconds. Raises StoreUnavailable where others may still get some.
        """
        subjects = self._secrets.pseudonyms(kind, number)
        dropped = self._kept.forget(subjects)
        self._tell_size()
        return max(dropped, await self._further.forget(subjects)) if self._further is not None else dropped

    async def close(self) -> None:
        """End what is under way."""
        if self._sweeping is not None:
            self._sweeping.cancel()
        if self._following is not None:
            self._following.cancel()
        await self._flights.close()
        if self._further is not None:
            await self._further.close()

    def _keep(self, wanted: Wanted, answer: Answer, fetched_by: str) -> None:
        """Keep what was granted of it, nothing else; an answer that the rule does not allow, and `unknown`, never."""
        asking, outcome = wanted.asking, answer.outcome
        if isinstance(outcome, Unknown) or answer.provenance.via != "live":
            return  # what another instance has fetched meanwhile is kept already
        record = trimmed(cut(outcome.record, asking.grant.fields).content) if isinstance(outcome, Found) else None
        freshness = wanted.freshness
        if freshness.found_s == 0:
            self._kept.drop(wanted.key)
            return
        at = self._clock.monotonic()
        kept = KeptAnswer(
            record=record,
            provenance=answer.provenance,
            fetched_by=fetched_by,
            subject=asking.grant.subject,
            at=at,
            # An absence stays as long as what was found before might come back, though it is given for less.
            ends=at + freshness.found_s + freshness.stale_s,
        )
        is_wanted = wanted.max_age_s > 0
        if is_wanted or wanted.key in self._kept:
            self._kept.put(wanted.key, kept)
            self._tell_size()
        if self._further is not None:
            self._further.put(wanted.key, kept, only_instead=not is_wanted, turn=wanted.turn)
        self._watch()

    def _watch(self) -> None:
        """Look soon for what has ended, as long as there is anything."""
        if self._sweeping is None:
            self._sweeping = asyncio.get_running_loop().call_later(_SWEEP_S, self._sweep)

    def _sweep(self) -> None:
        self._sweeping = None
        self._kept.sweep(self._clock.monotonic())
        self._tell_size()
        if self._further is not None:
            self._following = asyncio.create_task(self._follow(self._further))
        if self._kept or self._further is not None:
            self._watch()

    async def _follow(self, further: KeptFurther) -> None:
        """Forget here too whom another process has forgotten."""
        self._kept.forget(await further.news())
        self._tell_size()

    def _tell_size(self) -> None:
        self._metrics.cache_entries.set(len(self._kept))
        self._metrics.cache_bytes.set(self._kept.size)

    def _count(self, wanted: Wanted, result: str) -> None:
        self._datasets[wanted.asking.entry.id].count(result)


def _flight(wanted: Wanted) -> tuple[bytes, bool, str, str | None]:
    """
    What equal questions share a fetch by. Each agency's waits on its own account and asks as an officer of its own, so
    that nobody is refused for another's sake; a batch waits in a line of its own, in which no officer should stand.
    """
    asking = wanted.asking
    return wanted.key, asking.consumer.batch, asking.inquiry.agency, asking.grant.officer_code


def _rule_s(freshness: Freshness, kept: KeptAnswer) -> int:
    return freshness.absent_s if kept.record is None else freshness.found_s


def _answer(kept: KeptAnswer, via: str, age_s: float) -> Answer:
    told = kept.provenance
    return Answer(
        outcome=_ABSENT if kept.record is None else Found(Written(kept.record)),
        provenance=Provenance(
            registry=told.registry,
            operation=told.operation,
            route=told.route,
            via=via,
            request_id=told.request_id,
            asked_at=told.asked_at,
            answered_at=told.answered_at,
            contract=told.contract,
            basis=told.basis,
            reply_mac=told.reply_mac,
            age_s=int(age_s),
        ),
        fetched_by=kept.fetched_by,
    )
