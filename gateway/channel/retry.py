"""The one door to tenacity: which failures are worth another attempt, and when."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, wait_random_exponential

from gateway.clock import Clock
from gateway.errors import RegistryError

__all__ = ["Retry"]

T = TypeVar("T")
_jitter = wait_random_exponential(multiplier=0.1, max=2.0)


class Retry:
    """Full jitter between attempts, and none that could not end by the deadline."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def run(self, attempt: Callable[[], Awaitable[T]], *, again: Callable[[], bool], until: float) -> T:
        """
        Run until it succeeds, until another attempt cannot help, while `again` allows another, or until the
        monotonic instant `until`.

        Raises the last failure. tenacity costs more than a lookup's own work, so it is entered only after
        a first failure.
        """
        try:
            return await attempt()
        except RegistryError as exc:
            if not exc.retryable or not again():
                raise
            first = exc

        def wait(state: RetryCallState) -> float:
            return max(_jitter(state), self._asked_wait_s(state))

        def stop(state: RetryCallState) -> bool:
            return not again() or self._clock.monotonic() + state.upcoming_sleep >= until

        retrying = AsyncRetrying(
            retry=retry_if_exception(lambda exc: isinstance(exc, RegistryError) and exc.retryable),
            wait=wait,
            stop=stop,
            sleep=self._clock.sleep,
            reraise=True,
        )
        async for tried in retrying:
            with tried:
                if tried.retry_state.attempt_number == 1:
                    raise first
                return await attempt()
        raise AssertionError("tenacity ends with a value or an error")

    def _asked_wait_s(self, state: RetryCallState) -> float:
        failure = state.outcome.exception() if state.outcome is not None else None
        if not isinstance(failure, RegistryError) or failure.retry_at is None:
            return 0.0
        return (failure.retry_at - self._clock.now()).total_seconds()
