"""How many questions one worker carries at once, over all registries: more are shed before they are read."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from aiohttp import web

from gateway.clock import Clock
from gateway.domain.outcome import Unknown
from gateway.errors import Reason
from gateway.lookup.access import Consumer
from gateway.telemetry import Metrics

__all__ = ["INBOUND", "Inbound"]

_AGAIN_AFTER = timedelta(seconds=1)


class Inbound:
    """
    `enter` for each question as its head arrives, `leave` when it is answered. From half of the bound on no consumer
    has more than its share by weight of those that ask just then, so that one that floods leaves room for the others.
    """

    def __init__(self, most: int, metrics: Metrics, clock: Clock) -> None:
        self._most = most
        self._metrics = metrics
        self._clock = clock
        self._inside = 0
        self._asking: Counter[str] = Counter()
        self._weights: dict[str, float] = {}

    def enter(self) -> bool:
        """Take a place. False where there is none: nothing is to be left then."""
        if self._inside >= self._most:
            self._metrics.shed.labels("full").inc()
            return False
        self._inside += 1
        return True

    @property
    def inside(self) -> int:
        """How many questions it carries now."""
        return self._inside

    def leave(self) -> None:
        """Give the place back."""
        self._inside -= 1

    def begin(self, consumer: Consumer) -> bool:
        """It is known whose question this is. False where that consumer has its share: nothing is to be ended then."""
        name = consumer.name
        if self._inside > self._most / 2:
            self._weights[name] = consumer.weight
            whole = sum(self._weights[one] for one in self._asking) + (0 if name in self._asking else consumer.weight)
            if self._asking[name] >= self._most * consumer.weight / whole:
                self._metrics.shed.labels("share").inc()
                return False
        self._weights[name] = consumer.weight
        self._asking[name] += 1
        return True

    def end(self, consumer: Consumer) -> None:
        """That question is answered."""
        self._asking[consumer.name] -= 1
        if not self._asking[consumer.name]:
            del self._asking[consumer.name]

    def overloaded(self) -> Unknown:
        """What a question that was shed ends as."""
        return Unknown(Reason.OVERLOADED, self._clock.now() + _AGAIN_AFTER)


INBOUND: web.AppKey[Inbound] = web.AppKey("inbound", Inbound)
