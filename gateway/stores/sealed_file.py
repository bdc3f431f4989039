"""
Sealed rows in an SQLite file that the workers of one machine share: where each is found, whom it is about (a
pseudonym), from when it is, when it ends. What it says, only its sealer can read.

Nothing here has to outlive anything: a row that is lost is asked for anew. So a commit is not flushed. What was deleted
is overwritten, in the log that SQLite writes ahead as well.
"""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from gateway.errors import SettingsError

__all__ = ["Row", "SealedFile"]

_BUSY_S = 0.1
_TRIES = 20
_PAGE_BYTES = 4096
_OURS = 0x6F734B41
_TABLES = (
    "CREATE TABLE IF NOT EXISTS kept (place BLOB PRIMARY KEY, subject TEXT NOT NULL, at INTEGER NOT NULL, "
    "ends INTEGER NOT NULL, sealed BLOB NOT NULL) WITHOUT ROWID",
    "CREATE INDEX IF NOT EXISTS kept_ends ON kept (ends)",
    "CREATE INDEX IF NOT EXISTS kept_subject ON kept (subject)",
    "CREATE TABLE IF NOT EXISTS forgotten (subject TEXT PRIMARY KEY, at INTEGER NOT NULL, ends INTEGER NOT NULL) "
    "WITHOUT ROWID",
)
_GET = """
SELECT place, subject, at, ends, sealed FROM kept WHERE place = ? AND NOT EXISTS
  (SELECT 1 FROM forgotten WHERE forgotten.subject = kept.subject AND forgotten.at >= kept.at)
"""
_PUT = """
INSERT INTO kept (place, subject, at, ends, sealed) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (place) DO UPDATE SET
  subject = excluded.subject, at = excluded.at, ends = excluded.ends, sealed = excluded.sealed
WHERE excluded.at >= kept.at
"""
_REPLACE = """
UPDATE kept SET subject = :subject, at = :at, ends = :ends, sealed = :sealed WHERE place = :place AND at <= :at
"""
_FORGET = """
INSERT INTO forgotten (subject, at, ends) VALUES (?, ?, ?)
ON CONFLICT (subject) DO UPDATE SET at = excluded.at, ends = max(forgotten.ends, excluded.ends)
"""


class Row(NamedTuple):
    """One row; instants in microseconds since 1970. `subject` is empty where it is about nobody."""

    place: bytes
    subject: str
    at: int
    ends: int
    sealed: bytes


class SealedFile:
    """
    The rows of one file. Synchronous, and for one thread at a time; sqlite3.Error says that it cannot be read or
    written.
    """

    def __init__(self, file: Path, *, size: int) -> None:
        """Raises SettingsError where there can be no file, or where another program's lies; sqlite3.Error."""
        self.file = file
        try:
            os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as exc:
            raise SettingsError(f"cache.file: {file}: {exc.strerror}") from None
        self._database = sqlite3.connect(file, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            self._prepared(size)
        except BaseException:
            self._database.close()
            raise

    def _prepared(self, size: int) -> None:
        """Workers that begin together get in each other's way; SQLite lets all but one fail instead of waiting."""
        for left in reversed(range(_TRIES)):
            try:
                self._prepare(size)
                return
            except sqlite3.OperationalError:
                if not left:
                    raise
                time.sleep(_BUSY_S)

    def _prepare(self, size: int) -> None:
        run = self._database.execute
        if self._database.in_transaction:
            run("ROLLBACK")
        run("BEGIN")  # both of one moment: another worker may be making the file just now
        (owner,) = run("PRAGMA application_id").fetchone()
        (tables,) = run("SELECT count(*) FROM sqlite_schema").fetchone()
        run("COMMIT")
        if owner != _OURS and (owner or tables):
            raise SettingsError(f"cache.file: {self.file}: another program's database")
        run(f"PRAGMA application_id = {_OURS}")
        run("PRAGMA journal_mode = WAL")
        run("PRAGMA synchronous = OFF")
        run("PRAGMA secure_delete = ON")
        run(f"PRAGMA max_page_count = {max(size // _PAGE_BYTES, 16)}")
        for statement in _TABLES:
            run(statement)

    def get(self, place: bytes) -> Row | None:
        """What stands there, unless it has been forgotten since."""
        found = self._database.execute(_GET, (place,)).fetchone()
        return Row(*found) if found is not None else None

    def replace(self, row: Row) -> None:
        """Write it in the place of an older one; not where there is none."""
        self._database.execute(_REPLACE, row._asdict())

    def put(self, row: Row) -> None:
        """Write it, unless a newer one stands there. Where the file is full, those that end first make room."""
        try:
            self._database.execute(_PUT, row)
        except sqlite3.OperationalError as exc:
            if exc.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            self._make_room()
            self._database.execute(_PUT, row)

    def drop(self, place: bytes) -> None:
        """Delete one row."""
        self._database.execute("DELETE FROM kept WHERE place = ?", (place,))

    def drop_unless(self, begins: Sequence[bytes]) -> int:
        """Delete every row that begins otherwise, and so cannot be opened; how many there were."""
        marks = ",".join("?" * len(begins))
        statement = f"DELETE FROM kept WHERE substr(sealed, 1, {len(begins[0])}) NOT IN ({marks})"  # noqa: S608  # marks
        return self._database.execute(statement, begins).rowcount

    def prune(self, now: int) -> None:
        """Delete what has ended."""
        self._database.execute("DELETE FROM kept WHERE ends <= ?", (now,))
        self._database.execute("DELETE FROM forgotten WHERE ends <= ?", (now,))

    def forget(self, subjects: Iterable[str], now: int, *, least_ends: int) -> int:
        """
        Delete every row about these, from the log written ahead too, and refuse older ones until the last of them would
        have ended; how many there were. sqlite3.Error where that is not certain: to be tried again.
        """
        dropped = 0
        for subject in subjects:
            try:
                dropped += self._forget(subject, now, least_ends)
            except sqlite3.OperationalError as exc:
                if exc.sqlite_errorcode != sqlite3.SQLITE_FULL:
                    raise
                self._make_room()
                dropped += self._forget(subject, now, least_ends)
        self._overwrite_log()
        return dropped

    def _forget(self, subject: str, now: int, least_ends: int) -> int:
        self._database.execute("BEGIN IMMEDIATE")
        try:
            count, ends = self._database.execute(
                "SELECT count(*), max(ends) FROM kept WHERE subject = ?", (subject,)
            ).fetchone()
            self._database.execute("DELETE FROM kept WHERE subject = ?", (subject,))
            self._database.execute(_FORGET, (subject, now, max(ends or 0, least_ends)))
            self._database.execute("COMMIT")
        except BaseException:
            if self._database.in_transaction:  # SQLite takes some back by itself
                self._database.execute("ROLLBACK")
            raise
        return int(count)

    def _make_room(self) -> None:
        """Delete those that end first."""
        self._database.execute(
            "DELETE FROM kept WHERE place IN (SELECT place FROM kept ORDER BY ends "
            "LIMIT (SELECT count(*) / 10 + 1 FROM kept))"
        )

    def _overwrite_log(self) -> None:
        """Nothing is left of what was deleted once the log has gone into the file; readers may keep it from that."""
        for _ in range(_TRIES):
            (busy, *_) = self._database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            if not busy:
                return
        busy_error = sqlite3.OperationalError("others keep the log from being overwritten")
        busy_error.sqlite_errorname = "SQLITE_BUSY"
        raise busy_error

    def forgotten_since(self, at: int) -> list[tuple[str, int]]:
        """Who was forgotten at or after this instant, and when."""
        return self._database.execute("SELECT subject, at FROM forgotten WHERE at >= ?", (at,)).fetchall()

    def close(self) -> None:
        """Let go of it."""
        self._database.close()
