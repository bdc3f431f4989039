"""
Reading the metrics now and again: at once when somebody looks, else each quarter of a minute.

It reads in a thread, at most once a second however many look, and never on the way of a question.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from gateway.clock import Clock
from gateway.web.console.figures import Figures
from gateway.web.console.moment import Known, Moment
from gateway.web.console.traffic import Beat, Course, beats

__all__ = ["Watch"]

_LEAST_S = 1.0
_UNSEEN_S = 15.0
_EARLIER_S = 600.0
_KEEP_EACH_S = 60.0
_COUNTED = (
    "gateway_question_seconds_bucket",
    "gateway_ledger_failures_total",
    "gateway_ledger_witness_answers_total",
    "gateway_drift_total",
    "gateway_ticket_deliveries_total",
    "gateway_cache_alarms_total",
    "gateway_batch_alarms_total",
    "gateway_bugs_total",
)
"""What is compared with how it was up to ten minutes before."""


class Watch:
    """One instance's figures over time, of all its workers."""

    def __init__(
        self, samples: Callable[[], Iterable[tuple[str, Mapping[str, str], float]]], known: Known, clock: Clock
    ) -> None:
        self._samples = samples
        self._known = known
        self._clock = clock
        self._courses: dict[str, Course] = {}
        self._read_at: float | None = None
        self._figures = Figures(())
        self._kept: deque[tuple[float, Figures]] = deque()
        self._one_at_once = asyncio.Lock()

    async def moment(self, impact: Mapping[str, Any] | None = None) -> Moment:
        """What is known now, at most a second old."""
        await self.read()
        return Moment(
            now=self._clock.now(),
            known=self._known,
            figures=self._figures,
            earlier=self._kept[0][1],
            standings={name: course.standing() for name, course in self._courses.items()},
            impact=impact,
        )

    async def read(self) -> None:
        """Read the metrics, unless that was done within the second."""
        async with self._one_at_once:
            if self._read_at is not None and self._clock.monotonic() - self._read_at < _LEAST_S:
                return
            figures = await asyncio.to_thread(lambda: Figures(self._samples()))
            self._note(figures, self._clock.monotonic())

    async def keep_reading(self) -> None:
        """Until cancelled: so that whoever comes finds the last minutes."""
        while True:
            await self.read()
            await self._clock.sleep(_UNSEEN_S)

    def _note(self, figures: Figures, at: float) -> None:
        is_first = self._read_at is None
        counted, now = beats(figures, at), self._clock.now()
        for name in {*counted, *self._courses}:
            beat = counted.get(name, Beat(at))
            if is_first:  # what was counted before is nobody's news
                self._courses[name] = Course(beat)
            else:
                course = self._courses.setdefault(name, Course(Beat(self._read_at or at)))
                course.add(beat, now)
        self._read_at, self._figures = at, figures
        if not self._kept or at - self._kept[-1][0] >= _KEEP_EACH_S:
            self._kept.append((at, figures.only(_COUNTED)))
            while len(self._kept) > 2 and self._kept[1][0] <= at - _EARLIER_S:
                self._kept.popleft()
