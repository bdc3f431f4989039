"""One way to a registry: its transport, its places, and a breaker for each dataset that is asked on it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.channel.breaker import Breaker, BreakerPolicy, Change, State, Verdict
from gateway.channel.limit import Limit
from gateway.channel.observer import Observer
from gateway.channel.places import Places
from gateway.clock import Clock
from gateway.errors import CircuitOpen, Reason, RegistryError, RegistryThrottled
from gateway.transport.base import Transport

__all__ = ["Circuit", "Route"]

_VERDICTS = {
    Reason.TIMEOUT: Verdict.FAILED,
    Reason.UNREACHABLE: Verdict.FAILED,
    Reason.THROTTLED: Verdict.THROTTLED,
    Reason.OVERLOADED: Verdict.UNTOLD,
    Reason.LEDGER_UNAVAILABLE: Verdict.UNTOLD,
    Reason.CIRCUIT_OPEN: Verdict.UNTOLD,
}
"""What a reason says of the registry; one that does not stand here came from an answer."""

_TOO_MUCH = frozenset({Reason.TIMEOUT, Reason.THROTTLED})
_CLOSED = State.CLOSED
_ANSWERED = Verdict.ANSWERED

_FAIR_SHARE = 0.5
"""A timeout is held against the registry only where it had this much of the time that it may usually take."""
_SLOW_SHARE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """How one dataset's breaker stands on one route; `why` and `retry_at` only while it is not closed."""

    dataset: str
    route: str
    state: str
    why: str | None = None
    retry_at: datetime | None = None


class Route:
    """A way by its name, such as `direct` or `lgsp`."""

    def __init__(
        self,
        *,
        registry: str,
        name: str,
        transport: Transport,
        clock: Clock,
        breaker: BreakerPolicy,
        limit: Limit,
        waiting: int,
        observer: Observer,
    ) -> None:
        self.name = name
        self.transport = transport
        self.places = Places(name=registry, limit=limit, waiting=waiting, clock=clock)
        self._registry = registry
        self._clock = clock
        self._policy = breaker
        self._observer = observer
        self._breakers: dict[str, Breaker] = {}
        self._told_limit = 0

    def admits(self, dataset: str) -> bool:
        """Whether a question could be asked this way now."""
        breaker = self._breakers.get(dataset)
        return breaker is None or breaker.state is _CLOSED or breaker.admits(self._clock.monotonic())

    def again_at(self, dataset: str) -> float:
        """The monotonic instant from which on it may be asked this way."""
        now = self._clock.monotonic()
        breaker = self._breakers.get(dataset)
        return breaker.again_at(now) if breaker else now

    def turn_away(self, dataset: str) -> RegistryError:
        """The error for a question that is refused since this way is closed."""
        now = self._clock.monotonic()
        breaker = self._breaker(dataset)
        wait_s = breaker.turn_away(now) - now
        error = RegistryThrottled if breaker.why == "throttled" else CircuitOpen
        return error(
            f"{self._registry}: left in peace, {breaker.why} ({self.name})",
            retry_at=self._clock.now() + timedelta(seconds=wait_s),
        )

    def begin(self, dataset: str) -> int:
        """A ticket for an attempt that begins now. Raises CircuitOpen, or RegistryThrottled, where none may."""
        breaker = self._breakers.get(dataset) or self._breaker(dataset)
        if breaker.state is _CLOSED:
            return breaker.ticket
        ticket = breaker.admit(self._clock.monotonic())
        if ticket is None:
            raise self.turn_away(dataset)
        return ticket

    def end(
        self,
        dataset: str,
        ticket: int,
        reason: Reason | None,
        elapsed_s: float,
        deadline_s: float,
        retry_at: datetime | None,
        *,
        sent: bool = True,
    ) -> None:
        """
        The attempt has ended, with an answer that is none of the reasons, with a reason, or cut off by something of
        ours (`overloaded`). `deadline_s` is how long a whole question may usually take. Where nothing was `sent`, such
        as a query that cannot be written or a log-in that is refused, it took no time that could be measured.
        """
        now = self._clock.monotonic()
        limit = self.places.limit
        verdict = _ANSWERED
        leave_until = None
        if reason is None:
            limit.answered(dataset, elapsed_s, self.places.in_flight, now)
        else:
            verdict = self._verdict(reason, elapsed_s, deadline_s, sent)
            if verdict is Verdict.ANSWERED and sent:
                limit.answered(dataset, elapsed_s, self.places.in_flight, now)
            elif reason in _TOO_MUCH and verdict is not Verdict.UNTOLD:
                limit.dropped(dataset, now)
            if retry_at is not None:
                leave_until = now + (retry_at - self._clock.now()).total_seconds()
        if limit.value != self._told_limit:
            self._told_limit = limit.value
            self._observer.limited(self._registry, self.name, limit.value)
        slow = elapsed_s > deadline_s * _SLOW_SHARE
        self._breakers[dataset].done(ticket, verdict, now, slow=slow, leave_until=leave_until)

    @staticmethod
    def _verdict(reason: Reason, elapsed_s: float, deadline_s: float, sent: bool) -> Verdict:
        if reason is Reason.REJECTED and not sent:
            return Verdict.UNTOLD
        if reason is Reason.TIMEOUT and elapsed_s < deadline_s * _FAIR_SHARE:
            return Verdict.UNTOLD
        return _VERDICTS.get(reason, Verdict.ANSWERED)

    def circuits(self) -> list[Circuit]:
        """Every breaker of this way."""
        return [self._circuit(dataset, breaker) for dataset, breaker in self._breakers.items()]

    def _circuit(self, dataset: str, breaker: Breaker) -> Circuit:
        state = breaker.state.value
        if not breaker.why:
            return Circuit(dataset=dataset, route=self.name, state=state)
        now = self._clock.monotonic()
        again = self._clock.now() + timedelta(seconds=breaker.again_at(now) - now)
        return Circuit(dataset=dataset, route=self.name, state=state, why=breaker.why, retry_at=again)

    def _breaker(self, dataset: str) -> Breaker:
        breaker = self._breakers.get(dataset)
        if breaker is None:

            def tell(change: Change) -> None:
                self._observer.switched(self._registry, dataset, self.name, change)

            breaker = self._breakers[dataset] = Breaker(self._policy, tell)
        return breaker
