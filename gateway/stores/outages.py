"""Which databases a process cannot reach now: on its page of readiness, in its metrics, and in the log once each."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gateway.clock import Clock
from gateway.telemetry import Metrics, log

__all__ = ["Outages"]


class Outages:
    """Whoever uses a database says how it went, under a name of his own, from any thread."""

    def __init__(self, metrics: Metrics, clock: Clock) -> None:
        self._metrics = metrics
        self._clock = clock
        self._since: dict[str, float | None] = {}

    def note(self, part: str, *, answers: bool) -> None:
        """It answered, or it did not."""
        known, since = part in self._since, self._since.get(part)
        if known and (since is None) == answers:
            return
        self._since[part] = None if answers else self._clock.monotonic()
        self._metrics.store_up.labels(part).set(int(answers))
        if not answers:
            log().error("store.lost", part=part)
        elif since is not None:
            log().info("store.back", part=part, elapsed_s=round(self._clock.monotonic() - since, 3))

    @contextmanager
    def noted(self, part: str, *failures: type[Exception]) -> Iterator[None]:
        """Note how the work inside went: `failures` are those of the database; any other says nothing of it."""
        try:
            yield
        except failures:
            self.note(part, answers=False)
            raise
        self.note(part, answers=True)

    @property
    def parts(self) -> tuple[str, ...]:
        """Those that do not answer now, by name."""
        return tuple(sorted(part for part, since in self._since.items() if since is not None))
