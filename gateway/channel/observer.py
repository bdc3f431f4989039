"""How a channel tells what happens inside a question."""

from __future__ import annotations

from typing import Protocol

from gateway.channel.answer import Attempt
from gateway.telemetry import Metrics

__all__ = ["Counting", "Observer", "Silent"]


class Observer(Protocol):
    """Called from the event loop; must be quick and must not raise."""

    def entered(self, registry: str) -> None:
        """A question to this registry is now in flight."""

    def left(self, registry: str) -> None:
        """It no longer is."""

    def attempted(self, registry: str, dataset: str, attempt: Attempt) -> None:
        """One attempt has ended."""


class Silent:
    """Nobody listens."""

    def entered(self, registry: str) -> None: ...

    def left(self, registry: str) -> None: ...

    def attempted(self, registry: str, dataset: str, attempt: Attempt) -> None: ...


class Counting:
    """Tells the metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def entered(self, registry: str) -> None:
        self._metrics.in_flight.labels(registry).inc()

    def left(self, registry: str) -> None:
        self._metrics.in_flight.labels(registry).dec()

    def attempted(self, registry: str, dataset: str, attempt: Attempt) -> None:
        self._metrics.attempts.labels(registry, dataset, attempt.result).inc()
