"""
Kept answers that the workers of one machine share and a restart leaves: sealed, in a file.

Whatever is wrong with the file is a miss and an alarm, never an answer:

    altered       a row is not what was written, or stands where another one belongs
    rolled_back   a row is older than one that this process has seen in its place
    key_gone      it was sealed under a secret that is not there any more
    damaged       the file is no database any more; it is left alone until the next start
    unavailable   it could not be read or written just now; at a start: until the next one

How old a row is stands sealed in it, by the clock and, within one boot of the machine, by the time since then: neither
a clock that was set back nor an old copy of the file makes an answer younger than it is.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections import OrderedDict
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import orjson

from gateway.channel.answer import Provenance
from gateway.clock import Clock
from gateway.crypto_sealing import Altered, KeyGone, Sealer
from gateway.errors import StoreUnavailable
from gateway.ledger.canonical import canonical
from gateway.lookup.kept_answers import KeptAnswer, trimmed
from gateway.stores.sealed_file import Row, SealedFile

__all__ = ["ALARMS", "KeptFile", "forgotten"]

T = TypeVar("T")

ALARMS = ("altered", "rolled_back", "key_gone", "damaged", "unavailable")
_READ_S = 0.1
_MOST_WAITING = 1_000
_MOST_SEEN = 100_000
_FUTURE_S = 1.0
_OVERLAP = 5_000_000
"""Microseconds: who was forgotten just before the last look may have been written just after it."""
_PRUNE_S = 60.0
_FORGOTTEN_AT_LEAST = timedelta(minutes=1)
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BOOT = Path("/proc/sys/kernel/random/boot_id")


@dataclass(slots=True)
class _Seen:
    """The newest instant that was written or read in each place, as far as there is room."""

    at: OrderedDict[bytes, int]

    def is_older(self, place: bytes, at: int) -> bool:
        return at < self.at.get(place, at)

    def note(self, place: bytes, at: int) -> None:
        self.at[place] = max(at, self.at.get(place, at))
        self.at.move_to_end(place)
        if len(self.at) > _MOST_SEEN:
            self.at.popitem(last=False)


class KeptFile:
    """The file behind one process' kept answers. Nothing but `forget` raises; `alarm` is told what is wrong."""

    def __init__(
        self, file: Path, *, sealer: Sealer, clock: Clock, size: int, alarm: Callable[[str], None] = lambda _: None
    ) -> None:
        """Raises SettingsError where there can be no such file."""
        self._sealer = sealer
        self._clock = clock
        self._alarm = alarm
        self._boot = _BOOT.read_text().strip() if _BOOT.exists() else ""
        self._seen = _Seen(OrderedDict())
        self._waiting = 0
        self._pruned = clock.monotonic()
        self._polled = self._now()
        self._thread = ThreadPoolExecutor(1, "cache")  # SQLite waits for locks and disks; the event loop must not
        self._rows: SealedFile | None = None
        try:
            self._rows = SealedFile(file, size=size)
            self._rows.prune(self._now())
            if self._rows.drop_unless(sealer.begins):
                self._alarm("key_gone")
        except sqlite3.Error as exc:
            self._failed(exc)
            self._rows = None
        except BaseException:
            self._thread.shutdown()
            raise

    @property
    def is_usable(self) -> bool:
        """Whether it is read and written."""
        return self._rows is not None

    async def get(self, place: bytes) -> KeptAnswer | None:
        """What is kept there and can be believed."""
        return await self._run(lambda rows: self._read(rows, place), None)

    def put(self, place: bytes, kept: KeptAnswer, *, only_instead: bool = False) -> None:
        """
        Write it when there is time, where wanted only in the place of an older one. Nobody waits for it, and where too
        much is waiting it is not written.
        """
        if self._rows is None:
            return
        if self._waiting >= _MOST_WAITING:
            self._alarm("unavailable")
            return
        age_s = self._clock.monotonic() - kept.at
        at = self._now() - round(age_s * 1e6)
        row = self._row(place, kept, at)
        self._waiting += 1
        written = asyncio.get_running_loop().run_in_executor(self._thread, self._write, row, only_instead)
        written.add_done_callback(self._written)

    async def forget(self, subjects: Collection[str]) -> int:
        """Delete every row about these pseudonyms; how many there were. Raises StoreUnavailable."""
        if self._rows is None:
            raise StoreUnavailable("cache: the file is damaged")
        at, loop = self._clock.now(), asyncio.get_running_loop()
        return await loop.run_in_executor(self._thread, forgotten, self._rows, subjects, at)

    async def news(self) -> set[str]:
        """Who was forgotten, here or by another process, since this was last told; prunes the file as well."""
        nothing: tuple[int, set[str]] = (self._polled, set())
        # What came too late for whoever waited was told to nobody: the next look begins where this one did.
        self._polled, subjects = await self._run(self._poll, nothing)
        return subjects

    async def close(self) -> None:
        """Write what waits, and let go of the file."""
        loop, rows = asyncio.get_running_loop(), self._rows
        if rows is not None:
            await loop.run_in_executor(self._thread, lambda: None)
            self._rows = None
            await loop.run_in_executor(self._thread, rows.close)
        self._thread.shutdown()

    async def _run(self, work: Callable[[SealedFile], T], otherwise: T) -> T:
        rows = self._rows
        if rows is None:
            return otherwise
        try:
            async with asyncio.timeout(_READ_S):
                return await asyncio.get_running_loop().run_in_executor(self._thread, work, rows)
        except TimeoutError:
            self._alarm("unavailable")
        except sqlite3.Error as exc:
            self._failed(exc)
        return otherwise

    def _failed(self, exc: sqlite3.Error) -> None:
        if isinstance(exc, sqlite3.OperationalError | sqlite3.ProgrammingError):  # busy, full; closed
            self._alarm("unavailable")
        else:
            self._rows = None
            self._alarm("damaged")

    def _row(self, place: bytes, kept: KeptAnswer, at: int) -> Row:
        ends = at + round((kept.ends - kept.at) * 1e6)
        subject = kept.subject or ""
        plain = orjson.dumps(
            {
                "record": orjson.Fragment(kept.record) if kept.record is not None else None,
                "provenance": {name: getattr(kept.provenance, name) for name in Provenance.__slots__},
                "fetched_by": kept.fetched_by,
                "boot": self._boot,
                "since_boot": kept.at,
            }
        )
        return Row(place, subject, at, ends, self._sealer.seal(plain, _bound(place, subject, at, ends)))

    def _write(self, row: Row, only_instead: bool) -> None:
        if self._rows is None:
            return
        if only_instead:
            self._rows.replace(row)
        else:
            self._rows.put(row)
            self._seen.note(row.place, row.at)

    def _written(self, done: asyncio.Future[None]) -> None:
        self._waiting -= 1
        if not done.cancelled() and isinstance(failure := done.exception(), sqlite3.Error):
            self._failed(failure)

    def _read(self, rows: SealedFile, place: bytes) -> KeptAnswer | None:
        row = rows.get(place)
        if row is None:
            return None
        try:
            plain, wrong = self._opened(row)
        except (AttributeError, TypeError, ValueError):  # SQLite keeps whatever somebody puts into a column
            plain, wrong = None, "altered"
        if plain is None:
            self._alarm(wrong)
            rows.drop(place)
            return None
        self._seen.note(place, row.at)
        try:
            return self._kept(row, orjson.loads(plain))
        except (KeyError, TypeError, ValueError):  # ours, but written by another form of this program
            rows.drop(place)
            return None

    def _opened(self, row: Row) -> tuple[bytes | None, str]:
        """What a row says, or what is wrong with it."""
        if self._seen.is_older(row.place, row.at):
            return None, "rolled_back"
        try:
            return self._sealer.open(row.sealed, _bound(row.place, row.subject, row.at, row.ends)), ""
        except KeyGone:
            return None, "key_gone"
        except Altered:
            return None, "altered"

    def _kept(self, row: Row, told: dict[str, Any]) -> KeptAnswer | None:
        now, monotonic = self._now(), self._clock.monotonic()
        age_s = (now - row.at) / 1e6
        if age_s < -_FUTURE_S or now >= row.ends:
            return None
        if self._boot and told["boot"] == self._boot:
            age_s = max(age_s, monotonic - told["since_boot"])
        at = monotonic - max(age_s, 0.0)
        provenance = told["provenance"]
        for name in ("asked_at", "answered_at"):
            provenance[name] = datetime.fromisoformat(provenance[name])
        return KeptAnswer(
            record=trimmed(canonical(told["record"])) if told["record"] is not None else None,
            provenance=Provenance(**provenance),
            fetched_by=told["fetched_by"],
            subject=row.subject or None,
            at=at,
            ends=at + (row.ends - row.at) / 1e6,
        )

    def _poll(self, rows: SealedFile) -> tuple[int, set[str]]:
        now, monotonic = self._now(), self._clock.monotonic()
        if monotonic - self._pruned >= _PRUNE_S:
            self._pruned = monotonic
            rows.prune(now)
        found = rows.forgotten_since(self._polled - _OVERLAP)
        return now, {subject for subject, _ in found}

    def _now(self) -> int:
        return _micros(self._clock.now())


def forgotten(rows: SealedFile, subjects: Collection[str], at: datetime) -> int:
    """Delete every row about these pseudonyms, for good; how many there were. Raises StoreUnavailable."""
    try:
        return rows.forget(subjects, _micros(at), least_ends=_micros(at + _FORGOTTEN_AT_LEAST))
    except sqlite3.Error as exc:
        raise StoreUnavailable(f"cache: {type(exc).__name__} {exc.sqlite_errorname}") from None


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // _MICROSECOND


def _bound(place: bytes, subject: str, at: int, ends: int) -> bytes:
    """What a row is bound to: every other column."""
    return b"\0".join((b"kept answer 1", place.hex().encode(), subject.encode(), b"%d" % at, b"%d" % ends))
