"""
One append-only log, written by one process.

The event loop builds, hashes and numbers records; one thread writes and flushes them, one commit at a time; what comes
meanwhile is the next commit. Another thread does what no answer waits for: checkpoints, tiles, manifests.

    open      records are taken
    failing   a write failed, so nothing is taken; tried again every second, and open again when a write succeeds
    dead      a flush failed, so nobody knows what is on the disk; nothing is taken until a person has looked
    closed    nothing is taken
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Literal

from gateway.clock import Clock
from gateway.crypto import Signer
from gateway.errors import LedgerDamaged, LedgerUnavailable, SetupError
from gateway.ledger import merkle, records, recovery
from gateway.ledger.disk import Disk, SystemDisk
from gateway.ledger.frames import LARGEST, frame, header, leaf_hash
from gateway.ledger.lease import Lease
from gateway.ledger.notes import Checkpoint, checkpoint_from, split
from gateway.ledger.records import Record, encoded
from gateway.ledger.segments import FlushFailed, Manifest, SegmentWriter, WriteFailed
from gateway.ledger.upkeep import Upkeep
from gateway.ledger.watch import ClockWatch
from gateway.ledger.worker import Worker
from gateway.telemetry import Metrics, log

__all__ = ["Appended", "Limits", "Log", "State"]

State = Literal["open", "failing", "dead", "closed"]
_MOST_FRESH_LEAVES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a log holds in memory, in one file, and how often it signs."""

    waiting_records: int = 10_000
    waiting_bytes: int = 32 << 20
    segment_bytes: int = 64 << 20
    segment_age_s: float = 24 * 3600.0
    checkpoint_s: float = 5.0
    retry_s: float = 1.0


class Appended:
    """A record that was taken. It counts only once it is durable."""

    __slots__ = ("_bytes", "_error", "_leaf", "_line", "_loop", "_record", "_settled", "_waiters", "index")

    def __init__(self, index: int, record: Record, line: bytes, leaf: bytes, loop: asyncio.AbstractEventLoop) -> None:
        self.index = index
        self._record = record
        self._line = line
        self._leaf = leaf
        self._loop = loop
        self._settled = False
        self._error: str | None = None
        self._waiters: list[asyncio.Future[None]] = []

    async def durable(self, within_s: float) -> None:
        """
        Return when the record is on the disk. Raises LedgerUnavailable when it will not be, or is not within that
        time: it may still become durable then, so whoever gives up appends an `undelivered` record when it can.
        """
        if not self._settled:
            waiter = self._loop.create_future()
            self._waiters.append(waiter)
            timer = self._loop.call_later(within_s, _give_up, waiter)
            try:
                await waiter
            finally:
                timer.cancel()
        if self._error is not None:
            raise LedgerUnavailable(f"ledger: {self._error}")

    def _settle(self, error: str | None = None) -> None:
        self._settled, self._error = True, error
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)


def _give_up(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(LedgerUnavailable("ledger: the record was not durable in time"))


class Log:
    """See the module. Everything is called on the event loop's thread; `open` needs a running loop."""

    def __init__(
        self,
        lease: Lease,
        *,
        signer: Signer,
        clock: Clock,
        limits: Limits,
        disk: Disk,
        metrics: Metrics,
        found: recovery.Found,
    ) -> None:
        self._lease = lease
        self._clock = clock
        self._limits = limits
        self._metrics = metrics
        self._loop = asyncio.get_running_loop()
        self._state: State = "open"
        self._tiles = found.tiles
        self._unanswered = found.unanswered
        self._watch = ClockWatch(clock, found.newest)
        self._segment = SegmentWriter(lease.folder, disk)
        self._begun = clock.monotonic()
        self._next = found.tiles.size
        self._pending: list[Appended] = []
        self._in_flight: list[Appended] = []
        self._scheduled = False
        self._committing = False
        self._waiting_bytes = 0
        self._started = 0.0
        self._idle = asyncio.Event()
        self._idle.set()
        self._ticker: asyncio.Task[None] | None = None
        self._recovering: asyncio.Task[None] | None = None
        self._writer = Worker(self._loop, "ledger-writer")
        self._upkeep = Upkeep(lease.folder, tiles=found.tiles, signer=signer, disk=disk, failed=self._upkeep_failed)
        self.on_durable: list[Callable[[int], None]] = []

    # --- opening -------------------------------------------------------------------------------

    @classmethod
    def open(
        cls,
        folder: Path,
        *,
        origin: str,
        signer: Signer,
        clock: Clock,
        limits: Limits | None = None,
        metrics: Metrics | None = None,
        disk: Disk | None = None,
        lease: Lease | None = None,
        witnessed: Checkpoint | None = None,
    ) -> Log:
        """
        Take the lease (unless it comes along), check the log, cut off a torn end, close what a crash had left open.

        Raises LedgerInUse, LedgerDamaged, or SetupError where the folder cannot be used. `witnessed` is the latest
        checkpoint that somebody else has seen: an older or another log refuses to start.
        """
        lease = lease or Lease(folder, origin)
        try:
            return cls._opened(
                lease,
                signer=signer,
                clock=clock,
                limits=limits or Limits(),
                metrics=metrics or Metrics(),
                disk=disk or SystemDisk(),
                witnessed=witnessed,
            )
        except (OSError, WriteFailed, FlushFailed) as exc:
            lease.release()
            raise SetupError(f"ledger {folder}: {getattr(exc, 'strerror', None) or exc}") from exc
        except BaseException:
            lease.release()
            raise

    @classmethod
    def _opened(
        cls,
        lease: Lease,
        *,
        signer: Signer,
        clock: Clock,
        limits: Limits,
        metrics: Metrics,
        disk: Disk,
        witnessed: Checkpoint | None,
    ) -> Log:
        folder = lease.folder
        for name in ("segments", "tiles"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        disk.flush_folder(folder)
        disk.flush_folder(folder.parent)
        found = recovery.find(folder, lease.origin, disk)
        note = recovery.last_note(folder)
        if note is not None:
            last = checkpoint_from(split(note)[0])
            if last.origin != lease.origin:
                raise LedgerDamaged(f"{folder / 'checkpoint'}: belongs to log {last.origin}")
            recovery.agrees(found.tiles, last, str(folder / "checkpoint"))
        if witnessed is not None:
            recovery.agrees(found.tiles, witnessed, f"{folder}, by its witness")
        opened = cls(lease, signer=signer, clock=clock, limits=limits, disk=disk, metrics=metrics, found=found)
        try:
            opened._resume(found)
        except BaseException:
            opened._end()
            raise
        return opened

    def _resume(self, found: recovery.Found) -> None:
        wall, _ = self._watch.now()
        if found.segment is None:
            self._segment.begin(found.first, self._header(found.first))
        else:
            self._segment.resume(found.segment, found.first, found.end)
            age = (wall - found.begun).total_seconds() if found.begun else 0.0
            self._begun -= min(max(0.0, age), self._limits.segment_age_s)
        if found.torn:
            log().warning("ledger.tail_cut", origin=self.origin, size=self.size, bytes=found.torn)
        interrupted_count = self._close_interrupted()
        self._upkeep.begin(self._checkpoint_now())
        self._signed()
        self._ticker = self._loop.create_task(self._tick())
        self._show()
        log().info("ledger.opened", origin=self.origin, size=self.size, interrupted=interrupted_count)

    def _close_interrupted(self) -> int:
        asked = sorted(self._unanswered.items(), key=lambda one: one[1].index)
        taken = [self._taken(records.interrupted(*one)) for one in asked]
        if taken:
            self._segment.commit(self._frames(taken, self._segment.offset))
            self._durable(taken)
        return len(taken)

    # --- what others see -----------------------------------------------------------------------

    @property
    def origin(self) -> str:
        """The log's name."""
        return self._lease.origin

    @property
    def folder(self) -> Path:
        """Where the log lies."""
        return self._lease.folder

    @property
    def size(self) -> int:
        """How many records are durable."""
        return self._tiles.size

    @property
    def state(self) -> State:
        """See the module."""
        return self._state

    @property
    def checkpoint(self) -> str:
        """The latest signed checkpoint, as a note."""
        return self._upkeep.checkpoint

    def root_at(self, size: int) -> bytes:
        """The root of the first `size` records. Raises ValueError beyond what is durable."""
        self._within(size)
        return merkle.root_at(self._tiles, size)

    def inclusion_proof(self, index: int, size: int) -> list[bytes]:
        """That the record of that index is among the first `size`. Raises ValueError where it cannot be."""
        self._within(size)
        return merkle.inclusion_proof(self._tiles, index, size)

    def consistency_proof(self, old: int, new: int) -> list[bytes]:
        """That the first `new` records begin with the first `old`. Raises ValueError where that cannot be."""
        self._within(new)
        return merkle.consistency_proof(self._tiles, old, new)

    def leaf(self, index: int) -> bytes:
        """The leaf hash of a durable record. Raises ValueError."""
        self._within(index + 1)
        return self._tiles.node(0, index)

    def tile(self, level: int, place: int, width: int = 256) -> bytes:
        """A tile as c2sp.org/tlog-tiles has it. Raises ValueError where the tree is not that large."""
        return self._tiles.tile(level, place, width)

    def _within(self, size: int) -> None:
        if not 0 <= size <= self.size:
            raise ValueError(f"the log holds {self.size} records, not {size}")

    # --- appending -----------------------------------------------------------------------------

    def append(self, record: Record) -> Appended:
        """
        Take a record; the log adds `index`, `at` where there is none, and `clock_suspect` where the clock is. Raises
        LedgerUnavailable at once where it cannot be taken.
        """
        if self._state != "open":
            raise LedgerUnavailable(f"ledger: {self._state}")
        if (
            len(self._pending) + len(self._in_flight) >= self._limits.waiting_records
            or self._waiting_bytes >= self._limits.waiting_bytes
        ):
            self._failed("full")
            raise LedgerUnavailable("ledger: too much is waiting to be written")
        appended = self._taken(record)
        self._pending.append(appended)
        self._waiting_bytes += len(appended._line)
        if not self._committing and not self._scheduled:
            # After whatever else is ready now, which may append too: no time is waited, but one flush serves all.
            self._scheduled = True
            self._idle.clear()
            self._loop.call_soon(self._hand_over)
        return appended

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

    @staticmethod
    def _frames(batch: list[Appended], start: int) -> bytes:
        return b"".join([frame(one._line, one._leaf, start) for one in batch])

    def _hand_over(self) -> None:
        """Give the writer all that is waiting as one commit."""
        self._scheduled = False
        begin = self._header(self.size) if self._is_full() else b""
        if self._committing or self._state != "open" or not (self._pending or begin):
            return
        batch, self._pending = self._pending, []
        self._in_flight, self._committing = batch, True
        self._idle.clear()
        self._started = self._clock.monotonic()
        if begin:
            data = self._frames(batch, len(begin))
            sealed = self._sealed_now()
            first = self.size

            def commit() -> None:
                self._segment.begin(first, begin)
                self._segment.commit(data)

            self._writer.do(commit, lambda _, error: self._committed_new(sealed, first, error))
            return
        data = self._frames(batch, self._segment.offset)
        self._writer.do(lambda: self._segment.commit(data), self._committed)

    def _committed_new(self, sealed: Manifest, first: int, error: BaseException | None) -> None:
        """A commit into a new segment; it may have failed after the segment was begun."""
        if self._segment.first == first and not isinstance(error, FlushFailed):
            self._begun = self._clock.monotonic()
            self._upkeep.seal(sealed)
        self._committed(None, error)

    def _committed(self, _: None, error: BaseException | None) -> None:
        batch, self._in_flight, self._committing = self._in_flight, [], False
        if error is not None:
            self._fail(batch, error)
            return
        self._metrics.ledger_commit_seconds.observe(self._clock.monotonic() - self._started)
        self._waiting_bytes -= sum([len(one._line) for one in batch])
        self._durable(batch)
        for one in batch:
            one._settle()
        self._metrics.ledger_queue.set(len(self._pending))
        if self._pending:
            self._hand_over()
        else:
            self._idle.set()
        for follower in self.on_durable:
            follower(self.size)
        if self._tiles.fresh >= _MOST_FRESH_LEAVES:
            self._upkeep.store_tiles()

    def _durable(self, batch: list[Appended]) -> None:
        """What is on the disk now belongs to the tree."""
        self._tiles.extend([one._leaf for one in batch])
        counts: dict[str, int] = {}
        for one in batch:
            record = one._record
            kind = record.get("type", "")
            counts[kind] = counts.get(kind, 0) + 1
            records.note(self._unanswered, record)
        for kind, count in counts.items():
            self._metrics.ledger_records.labels(kind).inc(count)
        self._metrics.ledger_size.set(self.size)

    # --- failing -------------------------------------------------------------------------------

    def _fail(self, batch: list[Appended], error: BaseException) -> None:
        """Back to what is durable; every waiting record fails."""
        waiting, self._pending = [*batch, *self._pending], []
        self._waiting_bytes = 0
        self._next = self.size
        self._become("failing" if isinstance(error, WriteFailed) else "dead")
        self._failed("write" if isinstance(error, WriteFailed) else "flush")
        self._metrics.ledger_queue.set(0)
        log().error("ledger.failed", origin=self.origin, state=self._state, size=self.size, detail=str(error))
        for one in waiting:
            one._settle(str(error))
        if self._state == "failing":
            self._recovering = self._loop.create_task(self._try_again())
        else:
            self._idle.set()

    async def _try_again(self) -> None:
        while self._state == "failing":
            await asyncio.sleep(self._limits.retry_s)
            try:
                await self._writer.result(self._segment.try_again)
            except WriteFailed:
                continue
            except BaseException as exc:
                self._failed("flush")
                self._become("dead")
                log().error("ledger.failed", origin=self.origin, state=self._state, size=self.size, detail=str(exc))
            else:
                if self._state == "failing":
                    self._become("open")
                    log().info("ledger.recovered", origin=self.origin, size=self.size)
        self._idle.set()

    def _become(self, state: State) -> None:
        self._state = state
        self._show()

    def _failed(self, what: str) -> None:
        self._metrics.ledger_failures.labels(what).inc()

    def _show(self) -> None:
        for state in ("open", "failing", "dead", "closed"):
            self._metrics.ledger_state.labels(state).set(state == self._state)
        self._metrics.ledger_size.set(self.size)

    def _upkeep_failed(self, what: str, detail: str) -> None:
        self._failed(what)
        log().error("ledger.upkeep_failed", origin=self.origin, what=what, detail=detail)

    # --- segments ------------------------------------------------------------------------------

    def _header(self, first: int) -> bytes:
        return header(self.origin, first, self._clock.now().astimezone(UTC).isoformat())

    def _is_full(self) -> bool:
        if self.size == self._segment.first:
            return False
        aged = self._clock.monotonic() - self._begun >= self._limits.segment_age_s
        return aged or self._segment.offset >= self._limits.segment_bytes

    def _sealed_now(self) -> Manifest:
        """The manifest of the segment that ends here."""
        return Manifest(
            origin=self.origin,
            first=self._segment.first,
            count=self.size - self._segment.first,
            size_bytes=self._segment.offset,
            sha256="",  # follows when the file is read for it
            peaks=self._tiles.frontier.peaks,
            unanswered=dict(self._unanswered),
            newest=self._watch.newest.isoformat(),
        )

    # --- checkpoints and the end -----------------------------------------------------------------

    def _checkpoint_now(self) -> Checkpoint:
        at, suspect = self._watch.now()
        return Checkpoint(self.origin, self.size, self._tiles.frontier.root(), at, suspect)

    async def sign_checkpoint(self) -> bool:
        """Sign what is durable now, besides every few seconds; False where it could not be written."""
        done = await self._upkeep.sign(self._checkpoint_now())
        if done:
            self._signed()
        return done

    def _signed(self) -> None:
        self._metrics.ledger_checkpoint_seconds.set(self._clock.now().timestamp())

    async def _tick(self) -> None:
        while self._state != "dead":
            await asyncio.sleep(self._limits.checkpoint_s)
            if self._state == "open":
                self._hand_over()  # an old segment is sealed even when nothing comes
                self._upkeep.seal()
                self._upkeep.store_tiles()
            await self.sign_checkpoint()

    async def close(self, within_s: float = 10.0) -> None:
        """
        Write what is waiting, sign a last checkpoint, let the lease go. A disk that hangs is not waited for longer than
        that; what could not be written fails.
        """
        if self._state == "closed":
            return
        if self._ticker is not None:
            self._ticker.cancel()
        last = self._state
        try:
            async with asyncio.timeout(within_s):
                if last == "open":
                    await self._idle.wait()
                if self._state in {"open", "failing"}:
                    await self._upkeep.rest()
                    await self.sign_checkpoint()
        except TimeoutError:
            log().error("ledger.close_timeout", origin=self.origin, size=self.size)
        waiting, self._pending = [*self._in_flight, *self._pending], []
        self._become("closed")
        for one in waiting:
            one._settle("closed")
        self._end()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.5, within_s / 10)):
                await self._upkeep.closed()
        log().info("ledger.closed", origin=self.origin, size=self.size)

    def _end(self) -> None:
        """Both threads end after what they are at; only then may another process write."""
        if self._recovering is not None:
            self._recovering.cancel()
        written = threading.Event()

        def release() -> None:
            written.wait()
            self._lease.release()

        def close() -> None:
            self._segment.close()
            written.set()

        self._writer.do(close, lambda _, error: None)
        self._writer.stop()
        self._upkeep.close(release)
