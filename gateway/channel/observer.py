"""How a channel tells what happens inside a question."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Protocol

from gateway.channel.answer import Attempt
from gateway.channel.breaker import Change, State
from gateway.telemetry import Metrics, log

__all__ = ["Counting", "Observer", "Silent", "Tracing"]


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

    def retried(self, registry: str, decision: str) -> None:
        """
        A failure that another attempt might help: `made`, `no_time` or `no_budget`; or an answer that was late:
        `hedged`.
        """

    def switched(self, registry: str, dataset: str, route: str, change: Change) -> None:
        """A breaker has opened or closed."""

    def rationed(self, registry: str, left: int, runs_out_at: datetime | None) -> None:
        """So many requests are left of its quota; at the present pace until then, or for as long as it must."""

    def limited(self, registry: str, route: str, limit: int) -> None:
        """So many questions may now be at the registry at once on this route."""

    def queued(self, registry: str, waiting: int) -> None:
        """So many questions wait for a place now, on all routes."""


class Silent:
    """Nobody listens."""

    def entered(self, registry: str) -> None: ...

    def left(self, registry: str) -> None: ...

    def attempted(self, registry: str, dataset: str, attempt: Attempt) -> None: ...

    def drifted(self, registry: str, dataset: str, names: Collection[str]) -> None: ...

    def retried(self, registry: str, decision: str) -> None: ...

    def switched(self, registry: str, dataset: str, route: str, change: Change) -> None: ...

    def rationed(self, registry: str, left: int, runs_out_at: datetime | None) -> None: ...

    def limited(self, registry: str, route: str, limit: int) -> None: ...

    def queued(self, registry: str, waiting: int) -> None: ...


class Counting:
    """Tells the metrics."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._told: set[tuple[str, str]] = set()

    def entered(self, registry: str) -> None:
        self._metrics.child(self._metrics.in_flight, registry).inc()

    def left(self, registry: str) -> None:
        self._metrics.child(self._metrics.in_flight, registry).dec()

    def attempted(self, registry: str, dataset: str, attempt: Attempt) -> None:
        metrics = self._metrics
        metrics.child(metrics.attempts, registry, attempt.result).inc()
        metrics.child(metrics.requests, registry, dataset).inc(attempt.requests)

    def drifted(self, registry: str, dataset: str, names: Collection[str]) -> None:
        self._metrics.drift.labels(registry, dataset).inc()
        if (registry, dataset) not in self._told:
            self._told.add((registry, dataset))
            # Not the names: whoever writes the answer writes them too, and could put a person there.
            log().warning("contract.drift", registry=registry, dataset=dataset, unlisted=len(names))

    def retried(self, registry: str, decision: str) -> None:
        self._metrics.retries.labels(registry, decision).inc()

    def switched(self, registry: str, dataset: str, route: str, change: Change) -> None:
        opened = change.state is State.OPEN
        self._metrics.circuit_open.labels(registry, dataset, route).set(opened)
        if opened:
            self._metrics.circuit_openings.labels(registry, route, change.why).inc()
            log().warning("circuit.opened", registry=registry, dataset=dataset, route=route, why=change.why)
        else:
            log().warning(
                "circuit.closed",
                registry=registry,
                dataset=dataset,
                route=route,
                why=change.why,
                open_s=round(change.after_s, 3),
                refused=change.refused,
            )

    def limited(self, registry: str, route: str, limit: int) -> None:
        self._metrics.limit.labels(registry, route).set(limit)

    def queued(self, registry: str, waiting: int) -> None:
        self._metrics.child(self._metrics.waiting, registry).set(waiting)

    def rationed(self, registry: str, left: int, runs_out_at: datetime | None) -> None:
        self._metrics.quota_left.labels(registry).set(left)
        self._metrics.quota_runs_out.labels(registry).set(runs_out_at.timestamp() if runs_out_at else 0)


class Tracing(Counting):
    """Tells the trace of each attempt too: registry, dataset, result, seconds, and the HTTP status of the answer."""

    def __init__(self, metrics: Metrics, told: Callable[[str, str, str, float, int | None], None]) -> None:
        super().__init__(metrics)
        self._tell = told

    def attempted(self, registry: str, dataset: str, attempt: Attempt) -> None:
        super().attempted(registry, dataset, attempt)
        self._tell(registry, dataset, attempt.result, attempt.elapsed_s, attempt.status)
