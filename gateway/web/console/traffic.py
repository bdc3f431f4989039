"""
How registries answer real questions, from counts that were read now and again.

A beat is what has been counted of one registry up to a moment. Nobody is asked for it: where no question comes, the
console knows no more than it did.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from gateway.errors import Reason
from gateway.web.console.figures import Figures, gained

__all__ = ["OURS", "SICK", "Beat", "Course", "Standing", "Word", "beats", "word"]

Word = Literal["ok", "degraded", "waiting", "failing", "unasked", "not_connected"]

SICK = frozenset(
    {
        Reason.TIMEOUT,
        Reason.UNREACHABLE,
        Reason.CIRCUIT_OPEN,
        Reason.THROTTLED,
        Reason.OVERLOADED,
        Reason.REFUSED,
        Reason.MALFORMED,
        Reason.MISMATCHED,
    }
)
"""What speaks of a registry and not of a question: the same reasons that the alerts count."""
OURS = frozenset({Reason.LEDGER_UNAVAILABLE, Reason.NOT_CONNECTED})
"""What says nothing of a registry: it was not asked."""

_AT_ONCE_S = 5.0
_MINUTE_S = 60.0
_KEPT_S = 130.0
_STALLED_S = 2.5
_SHARE = 0.1
_LEAST = 3


@dataclass(frozen=True, slots=True)
class Beat:
    """Counted of one registry until `at` (monotonic): answers, failures by reason; and questions under way then."""

    at: float
    answered: float = 0
    reasons: Mapping[str, float] = field(default_factory=dict)
    in_flight: float = 0

    @property
    def failed(self) -> float:
        """All failures."""
        return sum(self.reasons.values())

    @property
    def foremost(self) -> str | None:
        """The reason of most failures; None where nothing failed."""
        return max(self.reasons, key=lambda reason: (self.reasons[reason], reason), default=None)

    def since(self, earlier: Beat) -> Beat:
        """What has been counted since then."""
        reasons = {
            reason: more
            for reason, count in self.reasons.items()
            if (more := gained(count, earlier.reasons.get(reason, 0.0))) > 0
        }
        return Beat(self.at, gained(self.answered, earlier.answered), reasons, self.in_flight)


def beats(figures: Figures, at: float) -> dict[str, Beat]:
    """A beat for each registry that has been asked."""
    answered: dict[str, float] = {}
    reasons: dict[str, dict[str, float]] = {}
    for labels, count in figures.each("gateway_questions_total"):
        registry, reason = labels["registry"], labels["reason"]
        if reason in SICK:
            of = reasons.setdefault(registry, {})
            of[reason] = of.get(reason, 0.0) + count
        elif reason not in OURS:
            answered[registry] = answered.get(registry, 0.0) + count
    in_flight = figures.by("gateway_questions_in_flight", "registry")
    return {
        name: Beat(at, answered.get(name, 0.0), reasons.get(name, {}), in_flight.get(name, 0.0))
        for name in {*answered, *reasons, *in_flight}
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How one registry stands at a moment. Times are of the readings that showed something; None before the first."""

    latest: Beat | None = None
    """What came with the last reading that brought anything."""
    at_once: Beat = Beat(0.0)
    """What came within the last five seconds."""
    minute: Beat = Beat(0.0)
    waits_s: float = 0.0
    """For how long questions have been under way without one of them ending; 0 while none is."""
    answered_at: datetime | None = None
    failed_at: datetime | None = None
    failing_since: datetime | None = None


class Course:
    """One registry's beats of two minutes; `first` is what had been counted when somebody began to look."""

    def __init__(self, first: Beat) -> None:
        self._beats = deque([first])
        self._ended_at = first.at
        self._latest: Beat | None = None
        self._answered_at: datetime | None = None
        self._failed_at: datetime | None = None
        self._failing_since: datetime | None = None

    def add(self, beat: Beat, now: datetime) -> None:
        """The next beat, read at `now`."""
        came = beat.since(self._beats[-1])
        if came.answered or came.failed:
            self._latest = came
        if came.answered or came.failed or not beat.in_flight:
            self._ended_at = beat.at
        if came.answered:
            self._answered_at, self._failing_since = now, None
        if came.failed:
            self._failed_at = now
            if not came.answered and self._failing_since is None:
                self._failing_since = now
        self._beats.append(beat)
        while len(self._beats) > 2 and self._beats[1].at <= beat.at - _KEPT_S:
            self._beats.popleft()

    def standing(self) -> Standing:
        """How it stands after the last beat."""
        end = self._beats[-1]
        return Standing(
            latest=self._latest,
            at_once=end.since(_before(self._beats, end.at - _AT_ONCE_S)),
            minute=end.since(_before(self._beats, end.at - _MINUTE_S)),
            waits_s=end.at - self._ended_at if end.in_flight else 0.0,
            answered_at=self._answered_at,
            failed_at=self._failed_at,
            failing_since=self._failing_since,
        )


def _before(beats: Iterable[Beat], at: float) -> Beat:
    """The last beat that is not later than `at`, or the first of all."""
    first, *more = beats
    for one in more:
        if one.at > at:
            break
        first = one
    return first


def word(standing: Standing, *, connected: bool = True, is_open: bool = False) -> Word:
    """
    How a registry is: `failing` where what came last were failures alone or a breaker is open; `degraded` where more
    than a tenth fails; `waiting` where questions are under way and none ends; `unasked` where none has been answered
    since the console began to look.
    """
    if not connected:
        return "not_connected"
    latest = standing.latest
    if is_open or (latest is not None and latest.failed and not latest.answered):
        return "failing"
    at_once, minute = standing.at_once, standing.minute
    if (at_once.failed >= _LEAST and _share(at_once) > _SHARE) or _share(minute) > _SHARE:
        return "degraded"
    if standing.waits_s >= _STALLED_S:
        return "waiting"
    return "ok" if latest is not None else "unasked"


def _share(came: Beat) -> float:
    return came.failed / (came.failed + came.answered) if came.failed else 0.0
