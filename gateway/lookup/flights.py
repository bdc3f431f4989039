"""
Single flight: equal questions that are under way at the same time share one fetch.

Whoever waits has a deadline of his own and may leave at any time; the fetch goes on for the others. When the last one
has left it is cancelled, or ends for whoever asks next, as settings say.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from gateway.channel.answer import Answer, Attempt
from gateway.clock import Clock
from gateway.domain.outcome import Unknown
from gateway.errors import Reason
from gateway.telemetry import log, where

__all__ = ["Flights", "OutOfTime"]

_WORTH_ANOTHER_S = 0.25
_NEARLY_S = 0.05
_DEADLINES = frozenset({Reason.TIMEOUT, Reason.OVERLOADED})

Fetch = Callable[[], Awaitable[Answer]]
Landed = Callable[[Answer, str], None]


class OutOfTime(Exception):
    """The fetch goes on, but this one's own time is over."""


@dataclass(slots=True, eq=False)
class _Flight:
    """One fetch: until when it may take, and who waits for it, first come first."""

    until: float
    starter: str
    waiting: dict[str, asyncio.Future[Answer]] = field(default_factory=dict)
    task: asyncio.Task[None] | None = None


class Flights:
    """The fetches under way, by what they are for."""

    def __init__(self, clock: Clock, *, finish: bool = False) -> None:
        self._clock = clock
        self._finish = finish
        self._open: dict[Hashable, _Flight] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def is_open(self, key: Hashable) -> bool:
        """Whether somebody is fetching this now."""
        return key in self._open

    async def share(self, key: Hashable, who: str, until: float, fetch: Fetch, landed: Landed) -> Answer:
        """
        The answer of the fetch that is under way for the key, or else of a new one, which is told to `landed` with who
        it counts for: the first that still waits. For him the answer has its attempts; the others' names him.

        A fetch that ended at somebody else's deadline is followed by another where `until` leaves time for it. Raises
        OutOfTime at `until` where the fetch has longer than that.
        """
        before: tuple[Attempt, ...] = ()
        while True:
            flight = self._open.get(key) or self._begin(key, who, until, fetch, landed)
            answer = await self._wait(key, flight, who, until)
            before += answer.attempts
            if before != answer.attempts:
                answer = replace(answer, attempts=before)
            if not self._is_worth_another(flight, answer, until):
                return answer

    async def close(self) -> None:
        """End what is still under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _begin(self, key: Hashable, who: str, until: float, fetch: Fetch, landed: Landed) -> _Flight:
        flight = self._open[key] = _Flight(until, who)
        flight.task = asyncio.create_task(self._fly(key, flight, fetch, landed))
        self._tasks.add(flight.task)
        flight.task.add_done_callback(self._tasks.discard)
        return flight

    async def _fly(self, key: Hashable, flight: _Flight, fetch: Fetch, landed: Landed) -> None:
        try:
            answer = await fetch()
            owner = next(iter(flight.waiting), flight.starter)
            landed(answer, owner)
            fetched_by = answer.fetched_by or owner
            theirs = replace(answer, attempts=(), fetched_by=fetched_by) if len(flight.waiting) > 1 else answer
            for name, future in flight.waiting.items():
                if not future.done():
                    future.set_result(answer if name == owner else theirs)
        except Exception as exc:
            if not flight.waiting:
                log().error("cache.fetch_failed", **where(exc))
            for future in flight.waiting.values():
                if not future.done():
                    future.set_exception(exc)
        finally:
            self._leave_open(key, flight)
            for future in flight.waiting.values():
                future.cancel()  # the gateway itself is stopping; whoever has been answered is done already

    async def _wait(self, key: Hashable, flight: _Flight, who: str, until: float) -> Answer:
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        flight.waiting[who] = future
        timer = None
        if until < flight.until:
            timer = loop.call_later(max(until - self._clock.monotonic(), 0.0), _expire, future)
        try:
            return await future
        finally:
            if timer is not None:
                timer.cancel()
            flight.waiting.pop(who, None)
            if not flight.waiting and not self._finish and flight.task is not None and not flight.task.done():
                self._leave_open(key, flight)
                flight.task.cancel()

    def _leave_open(self, key: Hashable, flight: _Flight) -> None:
        if self._open.get(key) is flight:
            del self._open[key]

    def _is_worth_another(self, flight: _Flight, answer: Answer, until: float) -> bool:
        outcome = answer.outcome
        if not isinstance(outcome, Unknown) or outcome.reason not in _DEADLINES:
            return False
        now = self._clock.monotonic()
        return now >= flight.until - _NEARLY_S and until - now > _WORTH_ANOTHER_S


def _expire(future: asyncio.Future[Answer]) -> None:
    with suppress(asyncio.InvalidStateError):
        future.set_exception(OutOfTime())
