"""A route's places: how many questions may be at the registry, and the line of those that wait for one."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta

from gateway.channel.limit import Limit
from gateway.channel.line import Line, Share
from gateway.clock import Clock
from gateway.errors import Overloaded

__all__ = ["Places"]

_LEAST_WAIT_S = 1.0
_FOLLOW = 0.05
_CAUTION = 2.0
"""Nobody is let in who would wait for more than half of his time: the pace may falter, and late words help nobody."""


@dataclass(eq=False, slots=True)
class _Waiting:
    """One question in the line. Whoever sets `turn` has given it a place or turned it away."""

    turn: asyncio.Future[None]
    timer: asyncio.TimerHandle | None = None

    def is_over(self) -> bool:
        return self.turn.done()


class Places:
    """
    `enter` before an attempt and `leave` after it. Nobody waits in vain: who cannot be answered in time as things
    stand is turned away on arrival, and so is whoever has waited until nothing could come of it any more.
    """

    def __init__(self, *, name: str, limit: Limit, waiting: int, clock: Clock) -> None:
        self.limit = limit
        self.in_flight = 0
        self._name = name
        self._most_waiting = waiting
        self._clock = clock
        self._line: Line[_Waiting] = Line()
        self._left_at: float | None = None
        self._interval_s = 0.0
        """Between two places that become free while somebody waits: the pace of the line."""

    @property
    def waiting(self) -> int:
        """How many wait for a place now."""
        return len(self._line)

    @property
    def is_free(self) -> bool:
        """Whether whoever came now would get a place at once."""
        return self.in_flight < self.limit.value and not self._line

    async def enter(self, share: Share, dataset: str, until: float) -> None:
        """
        Take a place, at once or when one is given; `until` is the question's deadline, monotonic.

        Raises Overloaded, with `retry_at`, for who is turned away.
        """
        if self.in_flight < self.limit.value and not self._line:
            self.in_flight += 1
            return
        left_s = until - self._clock.monotonic()
        self._check_hope(share, dataset, left_s)
        if len(self._line) >= self._most_waiting:
            self._make_room(share)
        await self._wait(share, left_s - self.limit.present_s(dataset))

    def check(self, share: Share, dataset: str, until: float) -> None:
        """Raise Overloaded where `enter` would at once. Nobody is disturbed by it."""
        if self.in_flight < self.limit.value and not self._line:
            return
        self._check_hope(share, dataset, until - self._clock.monotonic())
        if len(self._line) >= self._most_waiting and not (self._most_waiting and self._line.greediest(share)):
            raise self._full()

    def leave(self) -> None:
        """Give the place back."""
        self.in_flight -= 1
        if self._line:
            self._note_pace(self._clock.monotonic())
            self._hand_out()
        else:
            self._left_at = None

    def _note_pace(self, now: float) -> None:
        if self._left_at is not None:
            since_s = now - self._left_at
            self._interval_s += (since_s - self._interval_s) * (_FOLLOW if self._interval_s else 1.0)
        self._left_at = now

    async def _wait(self, share: Share, at_most_s: float) -> None:
        loop = asyncio.get_running_loop()
        one = _Waiting(loop.create_future())
        one.timer = loop.call_later(max(at_most_s, 0.0), self._give_up, one, share)
        self._line.push(one, share)
        self._hand_out()  # the limit may have grown since somebody left
        try:
            await one.turn
        except asyncio.CancelledError:
            if one.turn.done() and not one.turn.cancelled() and one.turn.exception() is None:
                self.leave()  # the place was given in the same moment
            self._line.discard(one, share)
            raise
        finally:
            one.timer.cancel()

    def _hand_out(self) -> None:
        while self.in_flight < self.limit.value:
            one = self._line.pop()
            if one is None:
                return
            if not one.is_over():
                self.in_flight += 1
                one.turn.set_result(None)

    def _check_hope(self, share: Share, dataset: str, left_s: float) -> None:
        present_s = self.limit.present_s(dataset)
        wait_s = self._line.ahead(share) * max(present_s / self.limit.value, self._interval_s)
        if wait_s * _CAUTION + present_s > left_s:
            raise self._overloaded("no place will be free in time", wait_s)

    def _make_room(self, share: Share) -> None:
        """The newcomer waits in place of the last of whoever has most waiting, or not at all."""
        found = self._line.greediest(share) if self._most_waiting else None
        full = self._full()
        if found is None:
            raise full
        last, of = found
        self._line.discard(last, of)
        if not last.is_over():
            last.turn.set_exception(full)

    def _give_up(self, one: _Waiting, share: Share) -> None:
        if not one.is_over():
            self._line.discard(one, share)
            one.turn.set_exception(self._overloaded("no place was free in time", 0.0))

    def _full(self) -> Overloaded:
        return self._overloaded(f"{len(self._line)} questions are waiting already", 0.0)

    def _overloaded(self, why: str, wait_s: float) -> Overloaded:
        again = self._clock.now() + timedelta(seconds=max(wait_s, _LEAST_WAIT_S))
        return Overloaded(f"{self._name}: {why}", retry_at=again)
