"""
The thread that keeps the index close behind the logs.

Lookups never wait for it. While the store is down it tries again and again; what was missed is taken in afterwards.
Each process follows every log of the folder, its own and those of workers that have ended: whoever comes first feeds.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from gateway.clock import Clock
from gateway.errors import GatewayError, StoreUnavailable
from gateway.ledger.index import AT_ONCE, Index, Source
from gateway.ledger.rows import Batch
from gateway.ledger.tables import moment
from gateway.stores.migration import migrate
from gateway.stores.outages import Outages
from gateway.telemetry import Metrics, log, where

__all__ = ["Follower"]

_EVERY_S = 1.0
_AFTER_FAILURE_S = 5.0
_STOP_S = 15.0


@dataclass(slots=True)
class _Lag:
    """How far a log is in the index, how many records are missing, and from when the first of them is, if known."""

    position: int
    records: int
    since: int | None = None


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
        outages: Outages | None = None,
        every_s: float = _EVERY_S,
    ) -> None:
        self._index = index
        self._sources = sources
        self._metrics = metrics
        self._clock = clock
        self._outages = outages
        self._every_s = every_s
        self._known: dict[str, Source] = {}
        self._lags: dict[str, _Lag] = {}
        self._guessed: dict[str, _Lag] = {}  # of logs whose place in the index nobody could say yet
        self._stopping = threading.Event()
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
        try:
            self._look_around()
            if not self._migrated:
                migrate(self._index.store)
                self._migrated = True
            for source in self._known.values():
                self._follow(source)
        except (GatewayError, OSError) as exc:
            if not self._failing:
                log().warning("index.failing", detail=str(exc))
            self._failing = True
            if isinstance(exc, StoreUnavailable):
                self._note(answers=False)
            self._fall_behind()
        else:
            self._note(answers=True)
            if self._failing:
                log().info("index.caught_up")
            self._failing = False
        self._tell()
        return not self._failing

    def _note(self, *, answers: bool) -> None:
        if self._outages is not None:
            self._outages.note("index", answers=answers)

    def _look_around(self) -> None:
        for source in self._sources():
            origin = source.origin
            if origin and origin not in self._known:  # the same reader as before knows where it stopped
                self._known[origin] = source

    def _follow(self, source: Source) -> None:
        origin = source.origin
        if origin not in self._lags:
            size, position = source.size, self._index.position(origin)
            self._lags[origin] = _Lag(position, max(0, size - position))
            if position > size:
                log().error("index.log_shorter", log=origin, log_records=size, index_records=position)
        lag = self._lags[origin]
        while not self._stopping.is_set() and (took := self._index.feed(source)):
            lag.position += took
            lag.records = max(0, lag.records - took)
            if took < AT_ONCE:
                break
            self._tell()
        lag.records, lag.since = 0, None

    def _fall_behind(self) -> None:
        """What is missing while nothing can be fed; a log that cannot be read either stays as it was."""
        for origin, source in self._known.items():
            lag = self._lags.get(origin) or self._guessed.setdefault(origin, _Lag(0, 0))
            with suppress(GatewayError, OSError):
                lag.records = max(0, source.size - lag.position)
                first = Batch.of(origin, islice(source.entries(lag.position, lag.position + 1), 1)).rows
                lag.since = next(iter(first.values()))["at"] if first else None

    def _tell(self) -> None:
        lags = (self._guessed | self._lags).values()
        oldest = min((lag.since for lag in lags if lag.since is not None), default=None)
        behind = self._clock.now() - moment(oldest) if oldest is not None else timedelta(0)
        self._metrics.index_lag.set(sum(lag.records for lag in lags))
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
