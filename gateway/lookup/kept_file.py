"""
Kept answers that the workers of one machine share and a restart leaves: sealed, in a file.

Whatever is wrong with the file is a miss and an alarm, never an answer:

    altered       a row is not what was written, or stands where another one belongs
    rolled_back   a row is older than one that this process has seen in its place
    key_gone      it was sealed under a secret that is not there any more
    damaged       the file is no database any more; it is left alone until the next start
    unavailable   it could not be read or written just now; at a start: until the next one

What a row is, and what is believed of one, says `kept_row`.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar

from gateway.clock import Clock
from gateway.crypto_sealing import Sealer
from gateway.errors import StoreUnavailable
from gateway.lookup.kept_answers import KeptAnswer
from gateway.lookup.kept_row import RowForm, Unbelievable, micros
from gateway.stores.sealed_file import Row, SealedFile

__all__ = ["ALARMS", "KeptFile", "forgotten"]

T = TypeVar("T")

ALARMS = ("altered", "rolled_back", "key_gone", "damaged", "unavailable")
_READ_S = 0.1
_MOST_WAITING = 1_000
_OVERLAP = 5_000_000
"""Microseconds: who was forgotten just before the last look may have been written just after it."""
_PRUNE_S = 60.0
_FORGOTTEN_AT_LEAST = timedelta(minutes=1)


class KeptFile:
    """The file behind one process' kept answers. Nothing but `forget` raises; `alarm` is told what is wrong."""

    def __init__(
        self, file: Path, *, sealer: Sealer, clock: Clock, size: int, alarm: Callable[[str], None] = lambda _: None
    ) -> None:
        """Raises SettingsError where there can be no such file."""
        self._form = RowForm(sealer, clock)
        self._clock = clock
        self._alarm = alarm
        self._waiting = 0
        self._pruned = clock.monotonic()
        self._polled = self._form.now()
        self._thread = ThreadPoolExecutor(1, "cache")  # SQLite waits for locks and disks; the event loop must not
        self._rows: SealedFile | None = None
        try:
            self._rows = SealedFile(file, size=size)
            self._rows.prune(self._form.now())
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

    async def get(self, places: Sequence[bytes], subjects: Sequence[str]) -> KeptAnswer | None:
        """What is kept in the first of these places that has something which can be believed."""
        return await self._run(lambda rows: self._read(rows, places), None)

    async def turn(self, key: bytes, *, for_s: float) -> bool:
        """The workers of a machine wait for nobody."""
        return True

    def leave(self, key: bytes) -> None:
        """Nobody waits."""

    def put(self, place: bytes, kept: KeptAnswer, *, only_instead: bool = False, turn: bytes | None = None) -> None:
        """
        Write it when there is time, where wanted only in the place of an older one. Nobody waits for it, and where too
        much is waiting it is not written.
        """
        if self._rows is None:
            return
        if self._waiting >= _MOST_WAITING:
            self._alarm("unavailable")
            return
        row = self._form.row(place, kept)
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

    def _write(self, row: Row, only_instead: bool) -> None:
        if self._rows is None:
            return
        if only_instead:
            self._rows.replace(row)
        else:
            self._rows.put(row)
            self._form.written(row)

    def _written(self, done: asyncio.Future[None]) -> None:
        self._waiting -= 1
        if not done.cancelled() and isinstance(failure := done.exception(), sqlite3.Error):
            self._failed(failure)

    def _read(self, rows: SealedFile, places: Sequence[bytes]) -> KeptAnswer | None:
        for place in places:
            row = rows.get(place)
            if row is None:
                continue
            try:
                return self._form.read(row)
            except Unbelievable as exc:
                if exc.what:
                    self._alarm(exc.what)
                rows.drop(place)
        return None

    def _poll(self, rows: SealedFile) -> tuple[int, set[str]]:
        now, monotonic = self._form.now(), self._clock.monotonic()
        if monotonic - self._pruned >= _PRUNE_S:
            self._pruned = monotonic
            rows.prune(now)
        found = rows.forgotten_since(self._polled - _OVERLAP)
        return now, {subject for subject, _ in found}


def forgotten(rows: SealedFile, subjects: Collection[str], at: datetime) -> int:
    """Delete every row about these pseudonyms, for good; how many there were. Raises StoreUnavailable."""
    try:
        return rows.forget(subjects, micros(at), least_ends=micros(at + _FORGOTTEN_AT_LEAST))
    except sqlite3.Error as exc:
        raise StoreUnavailable(f"cache: {type(exc).__name__} {exc.sqlite_errorname}") from None
