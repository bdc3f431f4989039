"""
How many requests a registry takes from us in a minute and a day: configured, or learned from its headers. Pure.

A part is kept for questions that somebody waits for at a counter: batches stop earlier. While requests are counted it
can be said when they will have run out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

__all__ = ["MINUTE_S", "Quota", "QuotaPolicy", "Window"]

MINUTE_S = 60.0
_LONGEST_S = 86_400.0
_ENOUGH_S = 1.0
"""A pace is told from no less time than this."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuotaPolicy:
    """Requests a minute and a day, None where not limited; `counter_share` of them is closed to batches."""

    per_minute: int | None = None
    per_day: int | None = None
    counter_share: float = 0.2


@dataclass(slots=True)
class Window:
    """A period with its limit: `began` and `ends` are monotonic."""

    limit: int
    began: float
    ends: float
    used: int = 0

    def left(self) -> int:
        """What is left of it."""
        return self.limit - self.used

    def is_closed(self, batch: bool, counter_share: float) -> bool:
        """Whether no more may be made; by a batch, not even what is kept for the counter."""
        return self.left() <= (self.limit * counter_share if batch else 0)

    def runs_out_at(self, now: float) -> float | None:
        """At the present pace; None where it lasts until its end."""
        if self.left() <= 0:
            return now
        if not self.used:
            return None
        at = now + self.left() * max(now - self.began, _ENOUGH_S) / self.used
        return at if at < self.ends else None


class Quota:
    """
    `take` before each request, `learn` from each answer that says what is left. All times are monotonic, so that a
    clock that is set changes nothing; a day's end is computed when the day begins.
    """

    def __init__(self, policy: QuotaPolicy, day_left_s: Callable[[], float]) -> None:
        """`day_left_s` says how long the registry's day still is."""
        self._policy = policy
        self._day_left_s = day_left_s
        self._minute: Window | None = None
        self._day: Window | None = None
        self._learned: Window | None = None

    def take(self, now: float, *, batch: bool) -> float | None:
        """None where a request may be made, which then counts; else the instant from which on there is room again."""
        windows = self._windows(now)
        closed = [window.ends for window in windows if window.is_closed(batch, self._policy.counter_share)]
        if closed:
            return max(closed)
        for window in windows:
            window.used += 1
        return None

    def count(self, requests: int) -> None:
        """So many more were made, without asking: of several exchanges, or after a renewed log-in."""
        for window in self._known():
            window.used += requests

    def learn(self, left: int, resets_in_s: float | None, now: float) -> None:
        """
        An answer has said what is left, and perhaps when it begins anew. Where it does not say when, only the number
        is kept: nobody is refused for it.
        """
        if resets_in_s is None:
            return
        ends = now + min(resets_in_s, _LONGEST_S)
        known = self._learned
        if known is None or now >= known.ends or left > known.left():
            self._learned = Window(limit=left, began=now, ends=ends)
        else:
            known.used, known.ends = known.limit - left, ends

    def left(self) -> int | None:
        """The least that is left in any period; None where nothing is limited."""
        return min((window.left() for window in self._known()), default=None)

    def runs_out_at(self, now: float) -> float | None:
        """The instant at which, at the present pace, the first limit is reached; None where it lasts."""
        times = [
            at for at in (window.runs_out_at(now) for window in self._known() if now < window.ends) if at is not None
        ]
        return min(times, default=None)

    def _windows(self, now: float) -> list[Window]:
        policy = self._policy
        if policy.per_minute is not None and (self._minute is None or now >= self._minute.ends):
            self._minute = Window(policy.per_minute, now, now + MINUTE_S)
        if policy.per_day is not None and (self._day is None or now >= self._day.ends):
            self._day = Window(policy.per_day, now, now + self._day_left_s())
        if self._learned is not None and now >= self._learned.ends:
            self._learned = None
        return self._known()

    def _known(self) -> list[Window]:
        return [window for window in (self._minute, self._day, self._learned) if window is not None]
