"""
How records get onto the disk: what waits, what is in flight, and what happens when a commit fails.

The event loop builds, hashes and numbers records; one thread writes and flushes them, one commit at a time; what comes
meanwhile is the next commit.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import UTC
from typing import Literal

from gateway.clock import Clock
from gateway.errors import LedgerUnavailable
from gateway.ledger import records
from gateway.ledger.appended import Appended
from gateway.ledger.frames import LARGEST, frame, header, leaf_hash
from gateway.ledger.limits import Limits
from gateway.ledger.records import Asked, Record, encoded
from gateway.ledger.segments import FlushFailed, Manifest, SegmentWriter, WriteFailed
from gateway.ledger.tiles import Tiles
from gateway.ledger.watch import ClockWatch
from gateway.ledger.worker import Worker
from gateway.telemetry import Metrics, log

__all__ = ["Commits", "State"]

State = Literal["open", "failing", "dead", "closed"]


class Commits:
    """
    The writing half of a log. `tiles` and `unanswered` hold what is durable and nothing else, so a commit that fails
    leaves nothing to take back. `sealed` is told when a segment is left, `moved` when more is durable.
    """

    def __init__(
        self,
        origin: str,
        *,
        segment: SegmentWriter,
        tiles: Tiles,
        unanswered: dict[str, Asked],
        watch: ClockWatch,
        clock: Clock,
        limits: Limits,
        metrics: Metrics,
        sealed: Callable[[Manifest], None],
        moved: Callable[[], None],
    ) -> None:
        self.state: State = "open"
        self.idle = asyncio.Event()
        self.idle.set()
        self.begun = clock.monotonic()
        self._origin = origin
        self._segment = segment
        self._tiles = tiles
        self._unanswered = unanswered
        self._watch = watch
        self._clock = clock
        self._limits = limits
        self._metrics = metrics
        self._sealed = sealed
        self._moved = moved
        self._loop = asyncio.get_running_loop()
        self._worker = Worker(self._loop, "ledger-writer")
        self._next = tiles.size
        self._pending: list[Appended] = []
        self._in_flight: list[Appended] = []
        self._waiting_bytes = 0
        self._scheduled = False
        self._committing = False
        self._started = 0.0
        self._recovering: asyncio.Task[None] | None = None

    # --- taking records ------------------------------------------------------------------------

    def append(self, record: Record) -> Appended:
        """See Log.append."""
        if self.state != "open":
            raise LedgerUnavailable(f"ledger: {self.state}")
        waiting = len(self._pending) + len(self._in_flight)
        if waiting >= self._limits.waiting_records or self._waiting_bytes >= self._limits.waiting_bytes:
            self.failed("full")
            raise LedgerUnavailable("ledger: too much is waiting to be written")
        appended = self._taken(record)
        self._pending.append(appended)
        self._waiting_bytes += len(appended.line)
        if not self._committing and not self._scheduled:
            # After whatever else is ready now, which may append too: no time is waited, but one flush serves all.
            self._scheduled = True
            self.idle.clear()
            self._loop.call_soon(self.hand_over)
        return appended

    def awaits(self, lookup_id: str) -> bool:
        """See Log.awaits."""
        return lookup_id in self._unanswered

    def append_at_once(self, batch: list[Record]) -> None:
        """Records that are durable when this returns, before anything else. Raises WriteFailed, FlushFailed."""
        if batch:
            taken = [self._taken(record) for record in batch]
            self._segment.commit(_frames(taken, self._segment.offset))
            self._durable(taken)

    def _taken(self, record: Record) -> Appended:
        at, suspect = self._watch.now()
        whole = {"at": at, **record, "index": self._next}
        if suspect:
            whole["clock_suspect"] = True
        line = encoded(whole)
        if len(line) > LARGEST:
            raise ValueError("a record is larger than a log takes")
        appended = Appended(self._next, whole, line, leaf_hash(line), self._loop)
        self._next += 1
        return appended

    # --- one commit after another --------------------------------------------------------------

    def hand_over(self) -> None:
        """Give the writer all that is waiting as one commit; or the order to leave a segment that is old enough."""
        self._scheduled = False
        if self._committing or self.state != "open":
            return
        full = self._segment_is_full()
        if not self._pending and not full:
            return
        batch, self._pending = self._pending, []
        self._in_flight, self._committing = batch, True
        self.idle.clear()
        self._started = self._clock.monotonic()
        if full:
            self._hand_over_to_new_segment(batch)
            return
        data = _frames(batch, self._segment.offset)
        self._worker.do(lambda: self._segment.commit(data), lambda _, error: self._committed(error))

    def _hand_over_to_new_segment(self, batch: list[Appended]) -> None:
        first, sealed = self._tiles.size, self._manifest()
        begin = self.header(first)
        data = _frames(batch, len(begin))

        def commit() -> None:
            self._segment.begin(first, begin)
            if data:
                self._segment.commit(data)

        def committed(_: None, error: BaseException | None) -> None:
            # It may have failed after the segment was begun: then the one before it is sealed all the same.
            if self._segment.first == first and not isinstance(error, FlushFailed):
                self.begun = self._clock.monotonic()
                self._sealed(sealed)
            self._committed(error)

        self._worker.do(commit, committed)

    def _committed(self, error: BaseException | None) -> None:
        batch, self._in_flight, self._committing = self._in_flight, [], False
        if error is not None:
            self._fail(batch, error)
            return
        self._metrics.ledger_commit_seconds.observe(self._clock.monotonic() - self._started)
        self._waiting_bytes -= sum([len(one.line) for one in batch])
        self._durable(batch)
        for one in batch:
            one.settle()
        self._metrics.ledger_queue.set(len(self._pending))
        if self._pending:
            self.hand_over()
        else:
            self.idle.set()
        if batch:
            self._moved()

    def _durable(self, batch: list[Appended]) -> None:
        """What is on the disk now belongs to the tree."""
        self._tiles.extend([one.leaf for one in batch])
        for one in batch:
            records.note(self._unanswered, one.record)
        for kind, count in Counter([one.record.get("type", "") for one in batch]).items():
            self._metrics.child(self._metrics.ledger_records, kind).inc(count)
        self._metrics.ledger_size.set(self._tiles.size)

    # --- segments ------------------------------------------------------------------------------

    def header(self, first: int) -> bytes:
        """The first line of a segment that is begun now."""
        return header(self._origin, first, self._clock.now().astimezone(UTC).isoformat())

    def _segment_is_full(self) -> bool:
        if self._tiles.size == self._segment.first:
            return False
        aged = self._clock.monotonic() - self.begun >= self._limits.segment_age_s
        return aged or self._segment.offset >= self._limits.segment_bytes

    def _manifest(self) -> Manifest:
        """That of the segment that ends here."""
        return Manifest(
            origin=self._origin,
            first=self._segment.first,
            count=self._tiles.size - self._segment.first,
            size_bytes=self._segment.offset,
            sha256="",  # follows when the file is read for it
            peaks=self._tiles.frontier.peaks,
            unanswered=dict(self._unanswered),
            newest=self._watch.newest.isoformat(),
        )

    # --- failing -------------------------------------------------------------------------------

    def _fail(self, batch: list[Appended], error: BaseException) -> None:
        """Back to what is durable; every waiting record fails."""
        waiting, self._pending = [*batch, *self._pending], []
        self._waiting_bytes = 0
        self._next = self._tiles.size
        self._metrics.ledger_queue.set(0)
        self._become("failing" if isinstance(error, WriteFailed) else "dead", error)
        for one in waiting:
            one.settle(str(error))
        if self.state == "failing":
            self._recovering = self._loop.create_task(self._try_again())
        else:
            self.idle.set()

    async def _try_again(self) -> None:
        while self.state == "failing":
            await asyncio.sleep(self._limits.retry_s)
            try:
                await self._worker.result(self._segment.try_again)
            except WriteFailed:
                continue
            except FlushFailed as exc:
                self._become("dead", exc)
            else:
                if self.state == "failing":
                    self._become("open")
                    log().info("ledger.recovered", origin=self._origin, size=self._tiles.size)
        self.idle.set()

    def _become(self, state: State, error: BaseException | None = None) -> None:
        if self.state == "closed":
            return
        self.state = state
        self.show()
        if error is not None:
            self.failed("write" if state == "failing" else "flush")
            log().error("ledger.failed", origin=self._origin, state=state, size=self._tiles.size, detail=str(error))

    def failed(self, what: str) -> None:
        """Count what could not be done."""
        self._metrics.ledger_failures.labels(what).inc()

    def show(self) -> None:
        """The state, for the metrics."""
        for state in ("open", "failing", "dead", "closed"):
            self._metrics.ledger_state.labels(state).set(state == self.state)
        self._metrics.ledger_size.set(self._tiles.size)

    # --- the end -------------------------------------------------------------------------------

    def close(self, then: Callable[[], None]) -> None:
        """Take nothing more; what still waits fails. `then` is called on the writer's thread when that has ended."""
        waiting, self._pending = [*self._in_flight, *self._pending], []
        self._become("closed")
        for one in waiting:
            one.settle("closed")
        if self._recovering is not None:
            self._recovering.cancel()

        def close() -> None:
            self._segment.close()
            then()

        self._worker.do(close, lambda _, error: None)
        self._worker.stop()


def _frames(batch: list[Appended], start: int) -> bytes:
    return b"".join([frame(one.line, one.leaf, start) for one in batch])
