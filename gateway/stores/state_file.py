"""Short-lived state in an SQLite file: the workers of one machine share it, and a restart leaves it there."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from gateway.clock import Clock
from gateway.errors import CheckUnavailable, SettingsError

__all__ = ["FileState"]

T = TypeVar("T")

_BUSY_S = 2.0
_PRUNE_EVERY_S = 60.0
_TABLE = (
    "CREATE TABLE IF NOT EXISTS state (key TEXT PRIMARY KEY, value BLOB NOT NULL, ends REAL NOT NULL) WITHOUT ROWID"
)
_INDEX = "CREATE INDEX IF NOT EXISTS state_ends ON state (ends)"
_GET = "SELECT value FROM state WHERE key = ? AND ends > ?"
# One statement each, so that two workers never both see that a key is free.
_PUT = """
INSERT INTO state (key, value, ends) VALUES (:key, :value, :ends)
ON CONFLICT (key) DO UPDATE SET value = excluded.value, ends = excluded.ends WHERE state.ends <= :now
"""
_REPLACE = "INSERT OR REPLACE INTO state (key, value, ends) VALUES (:key, :value, :ends)"
_FORGET = "DELETE FROM state WHERE key = :key"
_ADD = """
INSERT INTO state (key, value, ends) VALUES (:key, :number, :ends)
ON CONFLICT (key) DO UPDATE SET
  value = CASE WHEN state.ends <= :now THEN :number ELSE CAST(state.value AS INTEGER) + :number END,
  ends = CASE WHEN state.ends <= :now THEN excluded.ends ELSE state.ends END
RETURNING CAST(value AS INTEGER), ends
"""
_PRUNE = "DELETE FROM state WHERE ends <= ?"


class FileState:
    """
    One SQLite file, written ahead and flushed with each change, so that not even a power cut forgets what was kept.

    Ends are moments of the machine's clock: they mean the same to every worker and after a restart.
    """

    is_shared = True

    def __init__(self, file: Path, clock: Clock) -> None:
        self._clock = clock
        self._file = file
        self._thread = ThreadPoolExecutor(1, "state")  # SQLite waits for locks and disks; the event loop must not
        self._next_prune = 0.0
        try:
            self._database = self._thread.submit(_opened, file).result()
        except sqlite3.Error as exc:
            self._thread.shutdown()
            raise SettingsError(f"state.url: {file}: {exc}") from exc

    async def get(self, key: str) -> bytes | None:
        now = self._now()
        row = await self._run(lambda: self._database.execute(_GET, (key, now)).fetchone())
        return None if row is None else _bytes(row[0])

    async def put_if_absent(self, key: str, value: bytes, *, ttl_s: float) -> bool:
        now = self._now()
        values = {"key": key, "value": value, "ends": now + ttl_s, "now": now}
        return await self._run(lambda: self._changed(_PUT, values, now).rowcount == 1)

    async def put(self, key: str, value: bytes, *, ttl_s: float) -> None:
        now = self._now()
        values = {"key": key, "value": value, "ends": now + ttl_s}
        await self._run(lambda: self._changed(_REPLACE, values, now))

    async def forget(self, key: str) -> None:
        now = self._now()
        await self._run(lambda: self._changed(_FORGET, {"key": key}, now))

    async def incr(self, key: str, *, ttl_s: float) -> int:
        return (await self.add(key, 1, ttl_s=ttl_s))[0]

    async def add(self, key: str, number: int, *, ttl_s: float) -> tuple[int, float]:
        now = self._now()
        values = {"key": key, "number": number, "ends": now + ttl_s, "now": now}
        ((count, ends),) = await self._run(lambda: self._changed(_ADD, values, now).fetchall())
        return int(count), ends - now

    async def probe(self) -> str:
        await self._run(lambda: self._database.execute("SELECT 1 FROM state LIMIT 1").fetchone())
        return f"SQLite file {self._file.name}"

    async def close(self) -> None:
        await asyncio.get_running_loop().run_in_executor(self._thread, self._database.close)
        self._thread.shutdown()

    def _changed(self, statement: str, values: dict[str, object], now: float) -> sqlite3.Cursor:
        if now >= self._next_prune:
            self._database.execute(_PRUNE, (now,))
            self._next_prune = now + _PRUNE_EVERY_S
        return self._database.execute(statement, values)

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except (sqlite3.Error, RuntimeError) as exc:  # RuntimeError: it has been closed
            raise CheckUnavailable(f"state: SQLite: {exc}") from exc

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _opened(file: Path) -> sqlite3.Connection:
    database = sqlite3.connect(file, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
    try:
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute(_TABLE)
        database.execute(_INDEX)
    except sqlite3.Error:
        database.close()
        raise
    return database


def _bytes(value: object) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode()
