"""How a channel tells what happens inside a question."""

from __future__ import annotations

from collections.abc import Collection
from typing import Protocol

from gateway.channel.answer import Attempt
from gateway.telemetry import Metrics, log

__all__ = ["Counting", "Observer", "Silent"]


class Observer(Protocol):
    """Called from the event loop; must be quick and must not raise."""

    def entered(self, registry: str) -> None:
        """A question to this registry is now in flight."""

    def left(self, registry: str) -> None:
        """It no longer is."""

    def attempted(self, registry: str, dataset: str, attempt: Attempt) -> None:
        """One attempt has ended."""

    def drifted(self, registry: str, dataset: str, names: Collection[str]) -> None:
        """An answer held fields or elements that the contract does not know. Names only, as the registry wrote them."""


class Silent:
    """Nobody listens."""

    def entered(self, registry: str) -> None: ...

    def left(self, registry: str) -> None: ...

    def attempted(self, registry: str, dataset: str, attempt: Attempt) -> None: ...

    def drifted(self, registry: str, dataset: str, names: Collection[str]) -> None: ...


class Counting:
    """Tells the metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._told: set[tuple[str, str]] = set()

    def entered(self, registry: str) -> None:
        self._metrics.in_flight.labels(registry).inc()

    def left(self, registry: str) -> None:
        self._metrics.in_flight.labels(registry).dec()

    def attempted(self, registry: str, dataset: str, attempt: Attempt) -> None:
        self._metrics.attempts.labels(registry, dataset, attempt.result).inc()
        self._metrics.requests.labels(registry, dataset).inc(attempt.requests)

    def drifted(self, registry: str, dataset: str, names: Collection[str]) -> None:
        self._metrics.drift.labels(registry, dataset).inc()
        if (registry, dataset) not in self._told:
            self._told.add((registry, dataset))
            # Not the names: whoever writes the answer writes them too, and could put a person there.
            log().warning("contract.drift", registry=registry, dataset=dataset, unlisted=len(names))
