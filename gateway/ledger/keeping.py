"""
What keeps a log safe while it is written: witnesses are asked, sealed segments shipped, checkpoints stamped.

Each in a task of its own, so that one that hangs delays no other, and none of them any question. What fails is tried
again at the next turn, counted, and logged when it begins to fail and when it works again. One finding is different:
a witness that holds another past than this log has (`conflict`) is told to whoever made the keeper.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from gateway.clock import Clock
from gateway.errors import (
    KeepingError,
    LedgerDamaged,
    PlaceError,
    SetupError,
    StampRefused,
    WitnessConflict,
    WitnessRefused,
)
from gateway.ledger import durable, notes
from gateway.ledger.aside import Aside
from gateway.ledger.notes import Checkpoint, LogKey
from gateway.ledger.shipping import Shipping
from gateway.ledger.timestamps import Stamps
from gateway.ledger.witnesses import Provable, WitnessPort, ask, last_witnessed
from gateway.telemetry import Metrics, log, where

__all__ = ["WITNESSED", "Every", "Keeper", "Kept", "witnessed_before"]

WITNESSED = "witnessed"
"""A file in a log's folder: the latest checkpoint with the lines of every witness that cosigned it."""

_DISK_S = 30.0
_SHIP_S = 600.0


class Kept(Provable, Protocol):
    """The log that is kept."""

    @property
    def folder(self) -> Path: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Every:
    """How often each is done, in seconds."""

    witness_s: float = 10.0
    ship_s: float = 60.0
    stamp_s: float = 3600.0


class Keeper:
    """
    Keeps one log. Made and used on the event loop's thread; `start` begins, `close` ends after a last turn.

    A second place that hangs, a share that is gone, say, counts as failing after `ship_within_s`.

    `on_conflict` is told, each time it is found, that a witness holds another past than this log has.
    """

    def __init__(
        self,
        kept: Kept,
        *,
        clock: Clock,
        metrics: Metrics,
        witnesses: Sequence[WitnessPort] = (),
        shipping: Shipping | None = None,
        stamps: Stamps | None = None,
        every: Every | None = None,
        ship_within_s: float = _SHIP_S,
        on_conflict: Callable[[], None] = lambda: None,
    ) -> None:
        self._log = kept
        self._clock = clock
        self._metrics = metrics
        self._witnesses = tuple(witnesses)
        self._shipping = shipping
        self._stamps = stamps
        self._every = every or Every()
        self._ship_within_s = ship_within_s
        self._on_conflict = on_conflict
        self._known = dict.fromkeys((one.name for one in witnesses), 0)
        self._cosigned: dict[str, str] = {}  # by witness, the last checkpoint that it took
        self._failing: set[str] = set()
        self._stamped = ""
        self._tasks: list[asyncio.Task[None]] = []
        self._writing, self._shipping_aside = Aside("ledger-witnessed"), Aside("ledger-shipping")
        self.has_conflict = False
        """Whether a witness holds another past than this log has."""

    def start(self) -> None:
        """Begin, each part at once and then in its own time."""
        turns: list[tuple[str, float, Callable[[], Awaitable[None]], bool]] = [
            ("witness", self._every.witness_s, self.witness, bool(self._witnesses)),
            ("ship", self._every.ship_s, self.ship, self._shipping is not None),
            ("stamp", self._every.stamp_s, self.stamp, self._stamps is not None),
        ]
        loop = asyncio.get_running_loop()
        self._tasks = [loop.create_task(self._turns(part, every, turn)) for part, every, turn, on in turns if on]

    async def close(self, within_s: float = 5.0) -> None:
        """Ask the witnesses once more, for at most that long, and let go of everything."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self.witness()
        for witness in self._witnesses:
            await witness.close()
        if self._stamps is not None:
            await self._stamps.close()
        if self._shipping is not None:
            self._shipping.place.close()
        self._writing.close()
        self._shipping_aside.close()

    async def witness(self) -> None:
        """One turn: the log's latest checkpoint to each witness that has not cosigned it; what they say is kept."""
        note = self._log.checkpoint
        if not note:
            return
        still = _Still(self._log, note)
        waiting = [one for one in self._witnesses if self._cosigned.get(one.name) != note]
        lines = [line for line in await asyncio.gather(*(self._ask(one, still) for one in waiting)) if line]
        if lines:
            content = (note + "".join(lines)).encode()
            try:
                await self._writing.do(lambda: durable.replace(self._log.folder / WITNESSED, content), _DISK_S)
            except OSError as exc:
                self._fails("witnessed", exc.strerror or type(exc).__name__)
            else:
                self._works("witnessed")

    async def ship(self) -> None:
        """One turn: whatever is sealed to the second place; and how far that is behind."""
        shipping = self._shipping
        if shipping is None:
            return
        folder, size, now = self._log.folder, self._log.size, self._clock.now()
        try:
            shipped = await self._shipping_aside.do(lambda: shipping.ship(folder), self._ship_within_s)
            lag = await self._shipping_aside.do(
                lambda: shipping.lag(folder, shipped.end, size, now), self._ship_within_s
            )
        except (PlaceError, LedgerDamaged, OSError) as exc:
            self._metrics.shipping_failures.inc()
            self._fails("ship", str(exc) or "the second place does not answer")
            return
        self._works("ship")
        self._metrics.unshipped_records.set(lag.records)
        self._metrics.unshipped_seconds.set(lag.seconds)
        if shipped.segments:
            log().info("ledger.shipped", origin=self._log.origin, segments=shipped.segments, end=shipped.end)

    async def stamp(self) -> None:
        """One turn: a time stamp on the latest checkpoint, where there is a new one."""
        note = self._log.checkpoint
        if self._stamps is None or not note or note == self._stamped:
            return
        try:
            await self._stamps.keep(self._log.folder, _checkpoint(note).size, note)
        except (StampRefused, OSError) as exc:
            self._metrics.stamps.labels("failed").inc()
            self._fails("stamp", str(exc) if isinstance(exc, StampRefused) else exc.strerror or "")
            return
        self._stamped = note
        self._metrics.stamps.labels("kept").inc()
        self._works("stamp")

    async def _ask(self, witness: WitnessPort, still: Provable) -> str:
        """The witness's lines for the checkpoint; empty where it gave none."""
        name, result = witness.name, "unreachable"
        try:
            asked = await ask(witness, still, known=self._known[name])
        except WitnessConflict as exc:
            self._known[name] = exc.size
            self._conflict(name, exc)
            result = "conflict"
        except KeepingError as exc:
            result = "refused" if isinstance(exc, WitnessRefused) else "unreachable"
            self._fails("witness", str(exc), witness=name)
        else:
            self._known[name], self._cosigned[name] = asked.size, still.checkpoint
            self._metrics.witness_answers.labels(name, "cosigned").inc()
            self._metrics.witnessed.labels(name).set(self._clock.now().timestamp())
            self._works("witness", witness=name)
            return asked.lines
        self._metrics.witness_answers.labels(name, result).inc()
        return ""

    def _conflict(self, witness: str, exc: WitnessConflict) -> None:
        self.has_conflict = True
        log().error(
            "ledger.conflict",
            origin=self._log.origin,
            size=self._log.size,
            witness=witness,
            witnessed=exc.size,
            detail=str(exc),
        )
        self._on_conflict()

    def _fails(self, part: str, detail: str, *, witness: str = "") -> None:
        if part + witness not in self._failing:
            self._failing.add(part + witness)
            log().warning("ledger.keeping_failed", origin=self._log.origin, part=part, witness=witness, detail=detail)

    def _works(self, part: str, *, witness: str = "") -> None:
        if part + witness in self._failing:
            self._failing.discard(part + witness)
            log().info("ledger.keeping_works", origin=self._log.origin, part=part, witness=witness)

    async def _turns(self, part: str, every_s: float, turn: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await turn()
            except Exception as exc:
                # One wrong turn must not be the last one: an unwitnessed log looks like any other from outside.
                log().error("ledger.keeping_bug", origin=self._log.origin, part=part, **where(exc))
            await self._clock.sleep(every_s)


async def witnessed_before(
    folder: Path,
    origin: str,
    keys: Iterable[LogKey],
    witnesses: Sequence[WitnessPort],
    *,
    silent: Literal["warn", "refuse"] = "warn",
) -> Checkpoint | None:
    """
    The largest checkpoint of the log that anybody has witnessed: what `Log.open` is to compare the store with.

    Asked are the witnesses, and the copy in the log's own folder. Raises SetupError where a witness is silent and
    settings say `refuse`.
    """
    known = tuple(keys)
    best, unheard = await last_witnessed(witnesses, origin, known)
    for name, error in unheard.items():
        if silent == "refuse":
            raise SetupError(
                f"ledger.witnesses.{name}: {error}; without it nobody can say whether {folder} is complete"
                ' (silent_witness = "warn" starts all the same)'
            )
        log().warning("ledger.witness_silent", origin=origin, witness=name, detail=str(error))
    own = _own(folder / WITNESSED, origin, known, witnesses)
    return max((one for one in (best, own) if one is not None), key=lambda one: one.size, default=None)


def _own(file: Path, origin: str, keys: Iterable[LogKey], witnesses: Sequence[WitnessPort]) -> Checkpoint | None:
    """What the log's folder itself says was witnessed; nothing where it does not verify: it proves nothing then."""
    try:
        note = file.read_text(encoding="utf-8")
        checkpoint = notes.opened(note, keys)
        cosigned = notes.witnessed_by(note, [one.key for one in witnesses])
    except (OSError, ValueError):
        return None
    return checkpoint if cosigned and checkpoint.origin == origin else None


class _Still:
    """A log with one of its checkpoints, whatever it signs meanwhile."""

    def __init__(self, kept: Provable, note: str) -> None:
        self._kept = kept
        self.checkpoint = note
        self.origin = kept.origin
        self.consistency_proof = kept.consistency_proof

    @property
    def size(self) -> int:
        return self._kept.size


def _checkpoint(note: str) -> Checkpoint:
    return notes.checkpoint_from(notes.split(note)[0])
