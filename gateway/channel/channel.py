"""
One registry instance, asked with care.

Every question has one deadline over everything: the wait for a place, log-in, each attempt, the body. Errors
end here: above the channel there are only outcomes. An answer is believed only when it is about what was
asked; one that names nobody, only from a connection that carried no other question.

Each attempt takes a place and a breaker's leave of its own, on the route that is best just then; a question that
waits before its second attempt keeps no place from others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast

from gateway.channel.answer import CALLER_GONE, OVERTAKEN, Answer, Attempt, Layer, Provenance
from gateway.channel.breaker import BreakerPolicy
from gateway.channel.budget import Budget
from gateway.channel.hedge import Late, race
from gateway.channel.limit import Limit
from gateway.channel.line import Share
from gateway.channel.observer import Observer, Silent
from gateway.channel.quota import Quota, QuotaPolicy
from gateway.channel.quota_shares import Shares
from gateway.channel.retry import Retry
from gateway.channel.route import Circuit, Route
from gateway.clock import VIETNAM, Clock
from gateway.domain.dataset import Dataset, Exchanges, Options, Query, Question, Sensitivity
from gateway.domain.exchange import LARGE_BODY, Request, Response
from gateway.domain.inquiry import Inquiry
from gateway.domain.outcome import Absent, Found, Outcome, Unknown, unknown_from
from gateway.errors import (
    ContractError,
    MalformedAnswer,
    MismatchedAnswer,
    Overloaded,
    Reason,
    RegistryError,
    RegistryRejected,
    RegistryThrottled,
    RegistryTimeout,
    RegistryUnreachable,
)
from gateway.stores.state import State
from gateway.transport.base import Probe, Transport
from gateway.wire.headers import clock_skew_s, quota_left, quota_resets_in_s

__all__ = ["Channel", "Policy"]

_NOBODYS = Share()
_MOSTLY, _LEARNING = 0.5, 1 / 16
_OUR_OWN_LAG_S = 0.05
_OVERLOADED_FOR = timedelta(seconds=1)
_MOST_EXCHANGES = 4
_REGISTRY: Layer = "registry"
_NOBODY: Layer = "network"
# Where no answer came up to the channel, its kind of error says who spoke last.
_WITHOUT_ANSWER: dict[Reason, Layer] = {
    Reason.TIMEOUT: "network",
    Reason.UNREACHABLE: "network",
    Reason.MALFORMED: "registry",
    Reason.MISMATCHED: "registry",
    Reason.NOT_CONNECTED: "ours",
    Reason.OVERLOADED: "ours",
    Reason.CIRCUIT_OPEN: "ours",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """
    How one instance is asked. `deadline_s` replaces the dataset's own where it is given. Beyond `attempts` there is
    at most one more: the last of them may have to be repeated on a fresh connection to be believed.
    """

    deadline_s: float | None = None
    attempts: int = 2
    in_flight: int = 32
    in_flight_floor: int = 2
    waiting: int = 128
    retry_share: float = 0.1
    retry_burst: float = 10.0
    hedge: bool = False
    breaker: BreakerPolicy = field(default_factory=BreakerPolicy)
    quota: QuotaPolicy = field(default_factory=QuotaPolicy)


class Channel:
    """Asks one instance of a registry in one contract version."""

    def __init__(
        self,
        *,
        registry: str,
        adapter: str,
        contract: str,
        basis: Callable[[str], str],
        route: str,
        options: Options,
        transport: Transport,
        policy: Policy,
        clock: Clock,
        new_id: Callable[[], str],
        observer: Observer | None = None,
        mac: Callable[[bytes], str] | None = None,
        more_routes: Sequence[tuple[str, Transport]] = (),
        counts: State | None = None,
        sharers: int = 1,
    ) -> None:
        """With `counts` the configured quota is used up together with the other processes, `sharers` in all."""
        self.registry = registry
        self.contract = contract
        self._adapter = adapter
        self._basis = basis
        self._options = options
        self._policy = policy
        self._clock = clock
        self._new_id = new_id
        self._observer = observer or Silent()
        self._mac = mac
        self._budget = Budget(share=policy.retry_share, burst=policy.retry_burst)
        self._late = Late() if policy.hedge else None
        self._shares: Shares | None = None
        if counts is None or (policy.quota.per_minute is None and policy.quota.per_day is None):
            self._quota = Quota(policy.quota, self._day_left_s)
        else:
            self._quota = Quota(QuotaPolicy(), self._day_left_s)
            self._shares = Shares(
                policy.quota, counts, clock, registry=registry, day_left_s=self._day_left_s, sharers=sharers
            )
        self._quota_told_at = 0.0
        self._nameless: dict[str, float] = {}
        self._retry = Retry(
            budget=self._budget,
            clock=clock,
            tell=lambda decision: self._observer.retried(registry, decision),
        )
        self._routes = tuple(
            Route(
                registry=registry,
                name=name,
                transport=way,
                clock=clock,
                breaker=policy.breaker,
                limit=Limit(floor=policy.in_flight_floor, ceiling=policy.in_flight),
                waiting=policy.waiting,
                observer=self._observer,
            )
            for name, way in ((route, transport), *more_routes)
        )

    async def ask(
        self,
        dataset: Dataset[Any, Any, Any],
        query: Query,
        inquiry: Inquiry,
        *,
        deadline_s: float | None = None,
        share: Share = _NOBODYS,
        officer_code: str | None = None,
    ) -> Answer:
        """
        The answer, always: whatever goes wrong with the registry is an `Unknown` outcome. `share` says on whose
        account the question waits where there is no place for it at once.
        """
        own = self.deadline_s(dataset)
        asked = _Asked(
            dataset=dataset,
            query=query,
            inquiry=inquiry,
            officer_code=officer_code,
            deadline_s=min(own, deadline_s) if deadline_s is not None else own,
            request_id=self._new_id(),
            attempts=[],
            route=self._routes[0],
            share=share,
        )
        started, asked_at = self._clock.monotonic(), self._clock.now()
        self._observer.entered(self.registry)
        try:
            outcome = await self._outcome(asked, started)
        finally:
            self._observer.left(self.registry)
        return Answer(
            outcome=outcome,
            provenance=self._provenance(dataset, asked_at, asked),
            attempts=tuple(asked.attempts),
            elapsed_s=self._clock.monotonic() - started,
            clock_skew_s=clock_skew_s(asked.last) if asked.last is not None else None,
            quota_left=self._note_quota(asked.last) if asked.last is not None else None,
        )

    def refusal(self, dataset: Dataset[Any, Any, Any], share: Share, *, deadline_s: float) -> RegistryError | None:
        """Why a question that came now would end at once, unasked; None where it would be asked, or may wait."""
        try:
            route = self._best(dataset.noun, None)
            route.places.check(share, dataset.noun, self._clock.monotonic() + deadline_s)
        except RegistryError as exc:
            return exc
        return None

    def unasked(self, dataset: Dataset[Any, Any, Any], error: RegistryError) -> Answer:
        """The answer to a question that something of ours kept from being asked."""
        return Answer(outcome=unknown_from(error), provenance=self._provenance(dataset, self._clock.now(), None))

    def _provenance(self, dataset: Dataset[Any, Any, Any], asked_at: datetime, asked: _Asked | None) -> Provenance:
        mac = self._mac(asked.replies) if self._mac and asked and asked.replies else None
        return Provenance(
            registry=self.registry,
            operation=dataset.operation_in(self.contract),
            route=(asked.route if asked else self._routes[0]).name,
            via="live",
            request_id=asked.request_id if asked else "",
            asked_at=asked_at,
            answered_at=self._clock.now(),
            contract=f"{self._adapter}@{self.contract}",
            basis=self._basis(dataset.noun),
            reply_mac=mac,
        )

    def deadline_s(self, dataset: Dataset[Any, Any, Any]) -> float:
        """How long a question may take where its caller says nothing."""
        return self._policy.deadline_s or dataset.deadline_s

    async def probe(self) -> list[Probe]:
        """Try the way to the registry without asking about anybody."""
        return [step for route in self._routes for step in await route.transport.probe()]

    async def close(self) -> None:
        """Let go of every connection."""
        for route in self._routes:
            await route.transport.close()

    def circuits(self) -> list[Circuit]:
        """How the breakers stand, for each dataset that was asked, on each route."""
        return [circuit for route in self._routes for circuit in route.circuits()]

    async def _outcome(self, asked: _Asked, started: float) -> Outcome[Any]:
        until = asked.until = started + asked.deadline_s
        noun = asked.dataset.noun
        try:
            async with asyncio.timeout(asked.deadline_s) as asked.timeout:
                return await self._retry.run(
                    lambda: self._tried(asked, until),
                    again=lambda: len(asked.attempts) < self._policy.attempts,
                    until=until,
                    takes_s=lambda: asked.route.places.limit.quiet_s(noun),
                )
        except RegistryError as exc:
            return unknown_from(exc)
        except TimeoutError:
            message = f"{self.registry}: no answer within {asked.deadline_s:g} s"
            if asked.attempts:
                return unknown_from(RegistryTimeout(message))
            return unknown_from(Overloaded(message, retry_at=self._clock.now() + _OVERLOADED_FOR))

    async def _tried(self, asked: _Asked, until: float) -> Outcome[Any]:
        """An attempt, and perhaps one beside it; never two about what is sensitive, and only beside a first one."""
        noun = asked.dataset.noun
        after_s = self._late.after_s(noun) if self._late is not None and not asked.attempts else None
        if after_s is None or asked.dataset.sensitivity is Sensitivity.SENSITIVE:
            return await self._placed(asked, until)
        rival = replace(asked, request_id=self._new_id())

        def may() -> bool:
            route, now = asked.route, self._clock.monotonic()
            in_time = now + route.places.limit.quiet_s(noun) < until
            if not (in_time and route.admits(noun) and route.places.is_free and self._budget.take()):
                return False
            self._observer.retried(self.registry, "hedged")
            return True

        def won(rivals: bool) -> None:
            (asked if rivals else rival).overtaken = True

        outcome = await race(
            lambda: self._placed(asked, until), lambda: self._placed(rival, until), after_s=after_s, may=may, won=won
        )
        if asked.overtaken:
            asked.follow(rival)
        return outcome

    async def _placed(self, asked: _Asked, until: float) -> Outcome[Any]:
        """An attempt in a place of the best route."""
        route = asked.route = self._best(asked.dataset.noun, asked.route if asked.attempts else None)
        await route.places.enter(asked.share, asked.dataset.noun, until)
        try:
            return await self._believed(asked)
        finally:
            route.places.leave()

    def _best(self, noun: str, failed: Route | None) -> Route:
        """The first route in order of preference that is not closed; the one that has just failed comes last."""
        order = self._routes
        if failed is not None and len(order) > 1:
            order = (*(route for route in order if route is not failed), failed)
        for route in order:
            if route.admits(noun):
                return route
        raise min(order, key=lambda route: route.again_at(noun)).turn_away(noun)

    async def _believed(self, asked: _Asked) -> Outcome[Any]:
        """
        The first answer that is certainly ours. Whatever a used connection says of nobody or of somebody
        else may belong to another question, so it is asked once more on a fresh connection.
        """
        noun = asked.dataset.noun
        alone = self._nameless.get(noun, 0.0) >= _MOSTLY
        try:
            outcome, about, fresh = await self._attempt(asked, fresh=alone)
        except MismatchedAnswer:  # it echoes another message id than ours
            outcome, about, fresh = Unknown(Reason.MISMATCHED), False, alone
        self._learn(noun, nameless=about is None and (alone or not fresh))
        if about is None and not fresh:
            outcome, about, fresh = await self._attempt(asked, fresh=True)
        elif about is False and not fresh:
            await asked.route.transport.distrust()
            if self._budget.take():  # unlike "nobody", which must be heard twice, it would do no harm as it is
                outcome, about, fresh = await self._attempt(asked, fresh=True)
        if about is False:
            raise MismatchedAnswer(f"{self.registry}: the answer is about somebody else")
        if about is None and not fresh:
            raise RegistryUnreachable(f"{self.registry}: no connection of its own could be had for the question")
        return outcome

    async def _attempt(self, asked: _Asked, *, fresh: bool) -> tuple[Outcome[Any], bool | None, bool]:
        """Outcome, whether it is about what was asked (None: it names nobody), and whether the way was fresh."""
        route, noun = asked.route, asked.dataset.noun
        await self._take_quota(asked)
        ticket = route.begin(noun)
        started = self._clock.monotonic()
        if asked.attempts:
            asked.request_id = self._new_id()
        asked.status, asked.requests = None, 0
        result, was_fresh = CALLER_GONE, fresh
        layer: Layer = "ours"
        reason: Reason | None = Reason.OVERLOADED  # whatever ends it otherwise than below is ours
        retry_at = None
        try:
            outcome, was_fresh = await self._exchanges(asked, fresh=fresh)
            about = _about(asked, outcome)
            result, layer = _result(outcome, about), _REGISTRY
            reason = outcome.reason if isinstance(outcome, Unknown) else None
            return outcome, about, was_fresh
        except RegistryError as exc:
            result, reason, retry_at, layer = exc.reason.value, exc.reason, exc.retry_at, _layer(exc, asked.status)
            if asked.last is not None and asked.status is not None:
                was_fresh = asked.last.fresh
            raise
        except asyncio.CancelledError:
            if asked.timeout.expired():
                result, layer = Reason.TIMEOUT.value, _NOBODY
                # A timer that rings late says that we had no time to listen, not that nothing was said.
                in_time = self._clock.monotonic() - asked.until < _OUR_OWN_LAG_S
                reason = Reason.TIMEOUT if in_time else Reason.OVERLOADED
            elif asked.overtaken:
                result, layer = OVERTAKEN, _NOBODY
            raise
        finally:
            elapsed_s = self._clock.monotonic() - started
            own_s, sent = self.deadline_s(asked.dataset), asked.requests > 0
            route.end(noun, ticket, reason, elapsed_s, own_s, retry_at, sent=sent)
            attempt = Attempt(result, elapsed_s, was_fresh, layer, asked.status, asked.request_id, asked.requests)
            asked.attempts.append(attempt)
            self._observer.attempted(self.registry, noun, attempt)
            if self._late is not None and (reason is None or result == OVERTAKEN):
                self._late.note(noun, elapsed_s)
            if asked.requests > 1:
                self._quota.count(asked.requests - 1)
                if self._shares is not None:
                    self._shares.count(asked.requests - 1)

    async def _take_quota(self, asked: _Asked) -> None:
        again = None if self._shares is None else await self._shares.take(batch=asked.share.batch)
        now = self._clock.monotonic()
        if again is None:
            again = self._quota.take(now, batch=asked.share.batch)
        if again is not None:
            when = self._clock.now() + timedelta(seconds=again - now)
            raise RegistryThrottled(f"{self.registry}: our own quota is used up", retry_at=when)

    def _note_quota(self, last: Response) -> int | None:
        """What an answer says is left; what is known of it is told once a second."""
        left, now = quota_left(last), self._clock.monotonic()
        if left is not None:
            self._quota.learn(left, quota_resets_in_s(last), now)
        if now >= self._quota_told_at:
            self._quota_told_at = now + 1
            self._tell_quota(now)
        return left

    def _tell_quota(self, now: float) -> None:
        quotas = (self._quota,) if self._shares is None else (self._quota, self._shares)
        known = min((left for one in quotas if (left := one.left()) is not None), default=None)
        if known is not None:
            runs_out = min((at for one in quotas if (at := one.runs_out_at(now)) is not None), default=None)
            moment = self._clock.now() + timedelta(seconds=runs_out - now) if runs_out is not None else None
            self._observer.rationed(self.registry, known, moment)

    def tell(self) -> None:
        """Tell the observer what stands now, whether or not anybody asks: who waits, and what is left of the quota."""
        self._observer.queued(self.registry, sum(route.places.waiting for route in self._routes))
        self._tell_quota(self._clock.monotonic())

    def _day_left_s(self) -> float:
        """Until midnight in Vietnam: where the registries' day is taken to end."""
        now = self._clock.now().astimezone(VIETNAM)
        midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
        return (midnight - now).total_seconds()

    def _learn(self, noun: str, *, nameless: bool) -> None:
        """Where most answers would have to be heard twice, a new connection at once costs the registry less."""
        share = self._nameless.get(noun, 0.0)
        self._nameless[noun] = share + (nameless - share) * _LEARNING

    async def _exchanges(self, asked: _Asked, *, fresh: bool) -> tuple[Outcome[Any], bool]:
        question = Question(
            asked.query, asked.inquiry, asked.request_id, self._clock.now(), self._options, asked.officer_code
        )
        exchanges = asked.dataset.ask[self.contract](question)
        all_fresh, asked.replies = True, b""
        try:
            request = _first(exchanges)
            for nth in range(_MOST_EXCHANGES):
                # An id of its own for each message: the echo must not fit another exchange of this question.
                message_id = self._new_id() if nth else asked.request_id
                numbered = request.numbered(message_id, asked.count_request)
                response = await asked.route.transport.send(numbered, fresh=fresh)
                asked.last, asked.status = response, response.status
                all_fresh = all_fresh and response.fresh
                asked.replies += response.raw
                step = await _step(exchanges, response)
                if response.unlisted:
                    self._observer.drifted(self.registry, asked.dataset.noun, response.unlisted)
                if isinstance(step, _Ended):
                    if isinstance(step.outcome, Absent) and any(response.unlisted.values()):
                        raise MalformedAnswer(f"{self.registry}: nobody, but something unknown stands in the answer")
                    return step.outcome, all_fresh
                request = step
        finally:
            # Past the deadline a thread may still be reading a large answer; what it finds goes nowhere.
            with suppress(ValueError):
                exchanges.close()
        raise RegistryUnreachable(f"{self.registry}: more than {_MOST_EXCHANGES} exchanges for one question")


@dataclass(slots=True, kw_only=True)
class _Asked:
    """One question while it is being asked."""

    dataset: Dataset[Any, Any, Any]
    query: Query
    inquiry: Inquiry
    officer_code: str | None = field(repr=False)
    deadline_s: float
    request_id: str
    attempts: list[Attempt]
    route: Route
    share: Share
    until: float = 0.0
    timeout: asyncio.Timeout = field(default_factory=lambda: asyncio.timeout(None))
    replies: bytes = field(default=b"", repr=False)
    """The raw replies of the last attempt, one after another."""
    last: Response | None = None
    status: int | None = None
    requests: int = 0
    overtaken: bool = False

    def follow(self, rival: _Asked) -> None:
        """The answer is the rival's, who asked beside this."""
        self.route, self.request_id, self.status = rival.route, rival.request_id, rival.status
        self.replies, self.last = rival.replies, rival.last

    def count_request(self) -> None:
        """One more has left in the present attempt."""
        self.requests += 1


@dataclass(frozen=True, slots=True)
class _Ended:
    outcome: Outcome[Any]


def _about(asked: _Asked, outcome: Outcome[Any]) -> bool | None:
    match outcome:
        case Found(record):
            return asked.dataset.about(asked.query, record)
        case Absent():
            return None
        case Unknown():
            return True


def _layer(error: RegistryError, status: int | None) -> Layer:
    if error.layer is not None:
        return cast(Layer, error.layer)
    if status is not None:
        return _REGISTRY
    return _WITHOUT_ANSWER.get(error.reason, "platform")  # such as a log-in that was refused


def _result(outcome: Outcome[Any], about: bool | None) -> str:
    if about is False:
        return Reason.MISMATCHED.value
    return outcome.reason.value if isinstance(outcome, Unknown) else outcome.word


def _first(exchanges: Exchanges[Any]) -> Request:
    """
    The first request. A query that cannot be written is the query's fault: nothing has been answered yet. An
    adapter that ends before it has asked is a bug, and whatever it says was said by no registry.
    """
    try:
        return next(exchanges)
    except (ValueError, ArithmeticError):
        raise RegistryRejected("a value of the query cannot be written; nothing was sent") from None
    except StopIteration:
        raise ContractError("an adapter ends without a question to its registry") from None


async def _step(exchanges: Exchanges[Any], response: Response) -> Any:
    if len(response.body) > LARGE_BODY:
        return await asyncio.to_thread(_advance, exchanges, response)
    return _advance(exchanges, response)


def _advance(exchanges: Exchanges[Any], response: Response) -> Any:
    """
    The next request, or the outcome. StopIteration may not cross a thread or a coroutine; a value that our
    words cannot hold (a year 1799, a number without digits) breaks the contract, and is quoted nowhere.
    """
    try:
        return exchanges.send(response)
    except StopIteration as end:
        return _Ended(end.value)
    except (ValueError, ArithmeticError):
        raise MalformedAnswer("a value in the answer is impossible") from None
