"""
When a registry is left in peace: a circuit breaker for one dataset at one endpoint. Pure; the clock is passed in.

It asks one thing only: does the registry answer at all? Whatever came back whole is an answer (found, absent,
rejected, refused, even malformed: docs/decisions/0027). Silence, a broken connection and a registry that says that it
is out of order are failures. Being throttled is neither, and is counted apart.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

__all__ = ["Breaker", "BreakerPolicy", "Change", "State", "Verdict"]

_BUCKETS = 10
_NEXT_TRIAL_S = 1.0


class Verdict(Enum):
    """What an attempt says of the registry. `UNTOLD`: nothing, since something of ours ended it."""

    ANSWERED = "answered"
    FAILED = "failed"
    THROTTLED = "throttled"
    UNTOLD = "untold"


class State(Enum):
    """`closed` lets every question through, `open` none, `half_open` one at a time."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


_CLOSED = State.CLOSED
_ANSWERED, _FAILED, _THROTTLED = Verdict.ANSWERED, Verdict.FAILED, Verdict.THROTTLED
# Names of their own: each look into an enumeration costs as much as the rest of a step on the hot path.


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerPolicy:
    """
    It opens when `in_a_row` attempts have failed one after another; when of at least `minimum` attempts in the last
    `window_s` seconds `failure_ratio` failed or `slow_ratio` were slow; and when `throttles` in a row were throttled.

    Open, it lets one attempt through after `probe_s`, another no sooner than `probe_s` after one that failed. After
    `successes` good ones in a row, one at a time, it closes.
    """

    in_a_row: int = 10
    failure_ratio: float = 0.5
    slow_ratio: float = 0.9
    minimum: int = 30
    window_s: float = 30.0
    throttles: int = 5
    probe_s: float = 5.0
    successes: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """
    It has opened or closed. `why` is `failing`, `slow` or `throttled`; `after_s` how long it had been open, and
    `refused` how many questions that cost, both 0 for an opening.
    """

    state: State
    why: str
    after_s: float = 0.0
    refused: int = 0


class Breaker:
    """
    `admit` before each attempt, `done` after it, with the ticket that `admit` gave: what an attempt that began
    before the last change has to say is too old to count.
    """

    __slots__ = (
        "_in_a_row",
        "_opened",
        "_policy",
        "_probing",
        "_refused",
        "_tell",
        "_throttles",
        "_trials",
        "_until",
        "_window",
        "state",
        "ticket",
        "why",
    )

    def __init__(self, policy: BreakerPolicy, tell: Callable[[Change], None] = lambda _: None) -> None:
        self.state = State.CLOSED
        self.why = ""
        self._policy = policy
        self._tell = tell
        self._window = _Window(policy.window_s)
        self.ticket = 0
        self._in_a_row = 0
        self._throttles = 0
        self._opened = 0.0
        self._until = 0.0
        self._refused = 0
        self._probing = False
        self._trials = 0

    def admits(self, now: float) -> bool:
        """Whether an attempt could begin now."""
        return self.state is _CLOSED or (not self._probing and now >= self._until)

    def admit(self, now: float) -> int | None:
        """A ticket for an attempt that begins now, or None where none may. `done` must be told of its end."""
        if self.state is _CLOSED:
            return self.ticket
        if not self.admits(now):
            return None
        self.state, self._probing = State.HALF_OPEN, True
        return self.ticket

    def turn_away(self, now: float) -> float:
        """A question is refused: the monotonic instant at which another may be let through."""
        self._refused += 1
        return self.again_at(now)

    def again_at(self, now: float) -> float:
        """The earliest monotonic instant at which an attempt may be let through, as far as that is known."""
        return max(self._until, now + _NEXT_TRIAL_S if self._probing else now)

    def done(
        self, ticket: int, verdict: Verdict, now: float, *, slow: bool = False, leave_until: float | None = None
    ) -> None:
        """An attempt has ended. `leave_until` is the instant until which the registry asked to be left alone."""
        if ticket != self.ticket:
            return
        if self.state is _CLOSED:
            self._count(verdict, now, slow, leave_until)
        else:
            self._probed(verdict, now, slow, leave_until)

    def _count(self, verdict: Verdict, now: float, slow: bool, leave_until: float | None) -> None:
        policy = self._policy
        if verdict is _ANSWERED:
            self._in_a_row = self._throttles = 0
            self._window.add(now, failed=False, slow=slow)
            if slow and self._window.calls >= policy.minimum and self._window.slow_ratio >= policy.slow_ratio:
                self._open("slow", now, None)
        elif verdict is _FAILED:
            self._in_a_row += 1
            self._window.add(now, failed=True, slow=False)
            many = self._window.calls >= policy.minimum and self._window.failure_ratio >= policy.failure_ratio
            if many or self._in_a_row >= policy.in_a_row:
                self._open("failing", now, None)
        elif verdict is _THROTTLED:
            self._throttles += 1
            if self._throttles >= policy.throttles:
                self._open("throttled", now, leave_until)

    def _open(self, why: str, now: float, leave_until: float | None) -> None:
        self.state, self.why = State.OPEN, why
        self.ticket += 1
        self._opened, self._refused, self._trials, self._probing = now, 0, 0, False
        self._until = max(now + self._policy.probe_s, leave_until or 0.0)
        self._tell(Change(state=State.OPEN, why=why))

    def _probed(self, verdict: Verdict, now: float, slow: bool, leave_until: float | None) -> None:
        self._probing = False
        if verdict is Verdict.UNTOLD:
            return
        if verdict is _ANSWERED and not slow:
            self._trials += 1
            if self._trials >= self._policy.successes:
                self._close(now)
            return
        self.state, self._trials = State.OPEN, 0
        self.why = {Verdict.FAILED: "failing", Verdict.THROTTLED: "throttled"}.get(verdict, "slow")
        self._until = max(now + self._policy.probe_s, leave_until or 0.0)

    def _close(self, now: float) -> None:
        self.state = State.CLOSED
        self.ticket += 1
        self._in_a_row = self._throttles = 0
        self._window = _Window(self._policy.window_s)
        self._tell(Change(state=State.CLOSED, why=self.why, after_s=now - self._opened, refused=self._refused))
        self.why = ""


class _Window:
    """Attempts of the last seconds, in a few buckets."""

    __slots__ = ("_buckets", "_failed", "_newest", "_newest_until", "_slow", "_width_s", "calls")

    def __init__(self, window_s: float) -> None:
        self._width_s = window_s / _BUCKETS
        self._buckets: deque[list[int]] = deque()  # [number, calls, failed, slow]
        self._newest: list[int] = []
        self._newest_until = float("-inf")
        self.calls = 0
        self._failed = 0
        self._slow = 0

    @property
    def failure_ratio(self) -> float:
        return self._failed / self.calls if self.calls else 0.0

    @property
    def slow_ratio(self) -> float:
        return self._slow / self.calls if self.calls else 0.0

    def add(self, now: float, *, failed: bool, slow: bool) -> None:
        bucket = self._newest
        if now >= self._newest_until:
            bucket = self._turn_over(int(now / self._width_s))
        bucket[1] += 1
        self.calls += 1
        if failed:
            bucket[2] += 1
            self._failed += 1
        if slow:
            bucket[3] += 1
            self._slow += 1

    def _turn_over(self, number: int) -> list[int]:
        self._newest = [number, 0, 0, 0]
        self._newest_until = (number + 1) * self._width_s
        self._buckets.append(self._newest)
        while self._buckets[0][0] <= number - _BUCKETS:
            _, calls, failures, slows = self._buckets.popleft()
            self.calls -= calls
            self._failed -= failures
            self._slow -= slows
        return self._newest
