"""The one door to tenacity: which failures are worth another attempt, and when."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from gateway.channel.budget import Budget
from gateway.clock import Clock
from gateway.errors import Overloaded, RegistryError

__all__ = ["Retry"]

T = TypeVar("T")
_jitter = wait_random_exponential(multiplier=0.1, max=2.0)


class Retry:
    """
    Full jitter between attempts, within the instance's budget, and none that could not end by the deadline. `tell` is
    told what became of each failure that another attempt might help.
    """

    def __init__(self, *, budget: Budget, clock: Clock, tell: Callable[[str], None] = lambda _: None) -> None:
        self._budget = budget
        self._clock = clock
        self._tell = tell

    async def run(
        self,
        attempt: Callable[[], Awaitable[T]],
        *,
        again: Callable[[], bool],
        until: float,
        takes_s: Callable[[], float] = lambda: 0.0,
    ) -> T:
        """
        Run until it succeeds, until another attempt cannot help, while `again` allows another, or until the
        monotonic instant `until`; an attempt is expected to take `takes_s`.

        Raises the last failure of the registry. tenacity costs more than a lookup's own work, so it is entered only
        after a first failure.
        """
        self._budget.earn()
        try:
            return await attempt()
        except RegistryError as exc:
            if not exc.retryable or not again():
                raise
            first = exc

        def wait(state: RetryCallState) -> float:
            return max(_jitter(state), self._asked_wait_s(state))

        def stop(state: RetryCallState) -> bool:
            if not again():
                return True
            if self._clock.monotonic() + state.upcoming_sleep + takes_s() >= until:
                self._tell("no_time")
                return True
            granted = self._budget.take()
            self._tell("made" if granted else "no_budget")
            return not granted

        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda exc: isinstance(exc, RegistryError) and exc.retryable),
            wait=wait,
            stop=stop,
            sleep=self._clock.sleep,
            reraise=True,
        )
        last: RegistryError = first
        async for tried in retrying:
            with tried:
                if tried.retry_state.attempt_number == 1:
                    raise first
                try:
                    return await attempt()
                except Overloaded:
                    break  # ours: what the registry said before is what the caller needs to hear
                except RegistryError as exc:
                    last = exc
                    raise
        raise last

    def _asked_wait_s(self, state: RetryCallState) -> float:
        """What the registry asked for. One that is no time at all, or beyond an hour, never came so far."""
        failure = state.outcome.exception() if state.outcome is not None else None
        if not isinstance(failure, RegistryError) or failure.retry_at is None:
            return 0.0
        return (failure.retry_at - self._clock.now()).total_seconds()
