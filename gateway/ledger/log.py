"""
One append-only log, written by one process.

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
from pathlib import Path

from gateway.clock import Clock
from gateway.crypto import Signer
from gateway.errors import LedgerDamaged, SetupError
from gateway.ledger import merkle, records, recovery
from gateway.ledger.appended import Appended
from gateway.ledger.commits import Commits, State
from gateway.ledger.disk import Disk, SystemDisk
from gateway.ledger.lease import Lease
from gateway.ledger.limits import Limits
from gateway.ledger.notes import Checkpoint, checkpoint_from, split
from gateway.ledger.records import Record
from gateway.ledger.segments import FlushFailed, SegmentWriter, WriteFailed
from gateway.ledger.upkeep import Upkeep
from gateway.ledger.watch import ClockWatch
from gateway.telemetry import Metrics, log

__all__ = ["Appended", "Limits", "Log", "State"]

_MOST_FRESH_LEAVES = 4096


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
        self._tiles = found.tiles
        self._watch = ClockWatch(clock, found.newest)
        self._segment = SegmentWriter(lease.folder, disk)
        self._upkeep = Upkeep(lease.folder, tiles=found.tiles, signer=signer, disk=disk, failed=self._upkeep_failed)
        self._commits = Commits(
            lease.origin,
            segment=self._segment,
            tiles=found.tiles,
            unanswered=found.unanswered,
            watch=self._watch,
            clock=clock,
            limits=limits,
            metrics=metrics,
            sealed=self._upkeep.seal,
            moved=self._moved,
        )
        self._ticker: asyncio.Task[None] | None = None
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
        disk = disk or SystemDisk()
        try:
            found = _found(lease, disk, witnessed)
        except BaseException as exc:
            lease.release()
            if isinstance(exc, OSError):
                raise SetupError(f"ledger {folder}: {exc.strerror}") from exc
            raise
        opened = cls(
            lease,
            signer=signer,
            clock=clock,
            limits=limits or Limits(),
            disk=disk,
            metrics=metrics or Metrics(),
            found=found,
        )
        try:
            opened._resume(found)
        except BaseException as exc:
            opened._end()
            lease.release()  # nothing is on its way to the disk yet
            if isinstance(exc, (OSError, WriteFailed, FlushFailed)):
                raise SetupError(f"ledger {folder}: {getattr(exc, 'strerror', None) or exc}") from exc
            raise
        return opened

    def _resume(self, found: recovery.Found) -> None:
        wall, _ = self._watch.now()
        if found.segment is None:
            self._segment.begin(found.first, self._commits.header(found.first))
        else:
            self._segment.resume(found.segment, found.first, found.end, found.last_commit)
            age_s = (wall - found.begun).total_seconds() if found.begun else 0.0
            self._commits.begun -= min(max(0.0, age_s), self._limits.segment_age_s)
        if found.torn:
            log().warning("ledger.tail_cut", origin=self.origin, size=self.size, bytes=found.torn)
        cut_off = sorted(found.unanswered.items(), key=lambda one: one[1].index)
        self._commits.append_at_once([records.interrupted(*one) for one in cut_off])
        self._upkeep.begin(self._checkpoint_now())
        self._signed()
        self._ticker = asyncio.get_running_loop().create_task(self._tick())
        self._commits.show()
        log().info("ledger.opened", origin=self.origin, size=self.size, interrupted=len(cut_off))

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
        return self._commits.state

    @property
    def checkpoint(self) -> str:
        """The latest signed checkpoint, as a note."""
        return self._upkeep.checkpoint

    def append(self, record: Record) -> Appended:
        """
        Take a record; the log adds `index`, `at` where there is none, and `clock_suspect` where the clock is. Raises
        LedgerUnavailable at once where it cannot be taken.
        """
        return self._commits.append(record)

    def awaits(self, lookup_id: str) -> bool:
        """Whether a durable record says that this was asked, and none how it ended."""
        return self._commits.awaits(lookup_id)

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

    # --- what goes on meanwhile ------------------------------------------------------------------

    def _moved(self) -> None:
        if self._tiles.fresh >= _MOST_FRESH_LEAVES:
            self._upkeep.store_tiles()
        for follower in self.on_durable:
            follower(self.size)

    def _upkeep_failed(self, what: str, detail: str) -> None:
        self._commits.failed(what)
        log().error("ledger.upkeep_failed", origin=self.origin, what=what, detail=detail)

    def _checkpoint_now(self) -> Checkpoint:
        at, suspect = self._watch.now()
        return Checkpoint(self.origin, self.size, self._tiles.frontier.root(), at, suspect)

    async def sign_checkpoint(self) -> bool:
        """Sign what is durable now, besides every few seconds; False where it could not be written."""
        if self.state in {"dead", "closed"}:
            return False
        done = await self._upkeep.sign(self._checkpoint_now())
        if done:
            self._signed()
        return done

    @property
    def clock_is_suspect(self) -> bool:
        """Whether the machine's clock could not be believed just now."""
        return self._watch.now()[1]

    async def leave_segment(self) -> None:
        """Seal what is durable now where its segment is old enough, so that it can be shipped at once."""
        self._commits.hand_over()
        await self._commits.idle.wait()
        await self._upkeep.rest()

    def _signed(self) -> None:
        self._metrics.child(self._metrics.ledger_checkpoint_seconds, self.origin).set(self._clock.now().timestamp())

    async def _tick(self) -> None:
        while self.state not in {"dead", "closed"}:
            await asyncio.sleep(self._limits.checkpoint_s)
            if self.state == "open":
                self._commits.hand_over()  # an old segment is left even when nothing comes
                self._upkeep.seal()
            await self.sign_checkpoint()

    # --- the end -------------------------------------------------------------------------------

    async def close(self, within_s: float = 10.0) -> None:
        """
        Write what is waiting, sign a last checkpoint, let the lease go. A disk that hangs is not waited for longer than
        that; what could not be written fails.
        """
        if self.state == "closed":
            return
        if self._ticker is not None:
            self._ticker.cancel()
        try:
            async with asyncio.timeout(within_s):
                if self.state == "open":
                    await self._commits.idle.wait()
                if self.state != "dead":
                    await self._upkeep.rest()
                    await self.sign_checkpoint()
        except TimeoutError:
            log().error("ledger.close_timeout", origin=self.origin, size=self.size)
        self._end()
        with suppress(TimeoutError):
            async with asyncio.timeout(max(0.1, within_s / 10)):
                await self._upkeep.closed()
        log().info("ledger.closed", origin=self.origin, size=self.size)

    def _end(self) -> None:
        """Both threads end after what they are at; only then may another process write."""
        written = threading.Event()
        self._commits.close(written.set)

        def release() -> None:
            written.wait()
            self._lease.release()

        self._upkeep.close(release)


def _found(lease: Lease, disk: Disk, witnessed: Checkpoint | None) -> recovery.Found:
    """What the folder holds, if it is what was signed and seen. Raises LedgerDamaged, OSError."""
    folder = lease.folder
    for name in ("segments", "tiles"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    disk.flush_folder(folder)
    disk.flush_folder(folder.parent)
    found = recovery.find(folder, lease.origin, disk)
    try:
        _compare(found, lease, witnessed)
    except LedgerDamaged:
        # It may only be the hash rows, which are derived: made anew from the records they prove nothing but those.
        found.tiles.close()
        found = recovery.find(folder, lease.origin, disk, anew=True)
        _compare(found, lease, witnessed)
    return found


def _compare(found: recovery.Found, lease: Lease, witnessed: Checkpoint | None) -> None:
    """Raise LedgerDamaged unless the tree is the one that was signed and seen."""
    folder = lease.folder
    note = recovery.last_note(folder)
    if note is not None:
        last = checkpoint_from(split(note)[0])
        if last.origin != lease.origin:
            raise LedgerDamaged(f"{folder / 'checkpoint'}: belongs to log {last.origin}")
        recovery.agrees(found.tiles, last, str(folder / "checkpoint"))
    if witnessed is not None:
        recovery.agrees(found.tiles, witnessed, f"{folder}, by its witness")
