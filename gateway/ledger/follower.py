"""
The thread that keeps the index close behind the logs.

Lookups never wait for it. While the store is down it tries again and again; what was missed is taken in afterwards.
Each process follows every log of the folder, its own and those of workers that have ended: whoever comes first feeds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from datetime import timedelta

from gateway.clock import Clock
from gateway.errors import SetupError, StoreUnavailable
from gateway.ledger.index import Index, Source
from gateway.ledger.rows import Batch
from gateway.ledger.tables import moment
from gateway.stores.migration import migrate
from gateway.telemetry import Metrics, log, where

__all__ = ["Follower"]

_EVERY_S = 1.0
_AFTER_FAILURE_S = 5.0
_STOP_S = 15.0


class Follower:
    """
    Feeds an index from logs; `sources` is asked anew in each round, so that logs may come and go.
    """

    def __init__(
        self,
        index: Index,
        sources: Callable[[], Iterable[Source]],
        *,
        metrics: Metrics,
        clock: Clock,
        every_s: float = _EVERY_S,
    ) -> None:
        self._index = index
        self._sources = sources
        self._metrics = metrics
        self._clock = clock
        self._every_s = every_s
        self._positions: dict[str, int] = {}
        self._stopping = threading.Event()
        self._told: set[str] = set()
        self._migrated = False
        self._failing = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to follow."""
        self._thread = threading.Thread(target=self._run, name="index-follower", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End after the batch at hand."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_STOP_S)

    def once(self) -> bool:
        """Read on in every log up to its end; False where the store or a log could not be read."""
        sources: list[Source] = []
        try:
            sources = list(self._sources())
            if not self._migrated:
                migrate(self._index.store)
                self._migrated = True
            for source in sources:
                self._follow(source)
        except (StoreUnavailable, SetupError, OSError) as exc:
            if not self._failing:
                log().warning("index.failing", detail=str(exc))
            self._failing = True
        else:
            if self._failing:
                log().info("index.caught_up")
            self._failing = False
        self._measure(sources)
        return not self._failing

    def _follow(self, source: Source) -> None:
        position = self._index.position(source.origin)
        self._positions[source.origin] = position
        if position > source.size:
            if source.origin not in self._told:
                self._told.add(source.origin)
                log().error("index.log_shorter", log=source.origin, log_records=source.size, index_records=position)
            return
        while self._positions[source.origin] < source.size and not self._stopping.is_set():
            self._index.feed(source)
            position = self._index.position(source.origin)
            if position == self._positions[source.origin]:
                return  # another process is at it
            self._positions[source.origin] = position

    def _measure(self, sources: list[Source]) -> None:
        lag, oldest = 0, None
        for source in sources:
            position = self._positions.get(source.origin, 0)
            lag += max(0, source.size - position)
            if position < source.size:
                row = next(iter(Batch.of(source.origin, source.entries(position, position + 1)).rows.values()), None)
                at = row["at"] if row else None
                oldest = at if oldest is None else min(oldest, at or oldest)
        behind = self._clock.now() - moment(oldest) if oldest is not None else timedelta(0)
        self._metrics.index_lag.set(lag)
        self._metrics.index_behind.set(max(0.0, behind.total_seconds()))

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                well = self.once()
            except Exception as exc:
                # Whatever it is, the thread that everybody's view depends on must not end of it.
                self._metrics.bugs.inc()
                log().error("index.bug", **where(exc))
                well = False
            self._stopping.wait(self._every_s if well else _AFTER_FAILURE_S)
