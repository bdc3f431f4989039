"""How fast a consumer's batches may ask: a part of what it may ask in a minute, so that its officers keep the rest."""

from __future__ import annotations

from gateway.clock import Clock
from gateway.lookup.access import Consumer

__all__ = ["Pace"]

_MINUTE_S = 60.0


class Pace:
    """Spreads items evenly over the minute, for each consumer by itself."""

    def __init__(self, share: float, clock: Clock) -> None:
        self._share = share
        self._clock = clock
        self._next: dict[str, float] = {}

    def wait_s(self, consumer: Consumer) -> float:
        """Take the next moment that is free; how long it is until then."""
        now = self._clock.monotonic()
        at = max(now, self._next.get(consumer.name, now))
        self._next[consumer.name] = at + _MINUTE_S / (consumer.questions_per_minute * self._share)
        return at - now
