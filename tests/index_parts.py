"""Real parts for tests of the index: both databases, and a log in segment files with a small reader of its own."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from gateway.ledger import frames
from gateway.ledger.records import encoded
from gateway.stores.migration import migrate
from gateway.stores.sql import Store

POSTGRESQL = os.environ.get("GATEWAY_TEST_POSTGRESQL", "postgresql://postgres@127.0.0.1:5432/test")
KINDS = ("sqlite", "postgresql")
START = datetime(2026, 3, 1, 1, 0, tzinfo=UTC)


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of a schema of its own in a real PostgreSQL; skips the test where none is reachable."""
    try:
        admin = psycopg.connect(POSTGRESQL, connect_timeout=2, autocommit=True)
    except psycopg.OperationalError as exc:
        pytest.skip(f"no PostgreSQL is reachable: {type(exc).__name__}")
    schema = f"test_{uuid.uuid4().hex}"
    with admin:
        admin.execute(f'CREATE SCHEMA "{schema}"')
        try:
            base = POSTGRESQL.replace("postgresql://", "postgresql+psycopg://")
            yield f"{base}?options=-csearch_path%3D{schema}"
        finally:
            admin.execute(f'DROP SCHEMA "{schema}" CASCADE')


@contextmanager
def address(kind: str, folder: Path) -> Iterator[str]:
    """The address of an empty database."""
    if kind == "sqlite":
        yield f"sqlite:{folder / 'index.db'}"
        return
    with postgresql() as url:
        yield url


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[Store]:
    """An empty database with its tables."""
    with address(kind, folder) as url:
        store = Store.open(url)
        try:
            migrate(store)
            yield store
        finally:
            store.close()


@dataclass(frozen=True, slots=True)
class Entry:
    index: int
    leaf: bytes
    record: bytes | None


class SegmentLog:
    """A log in segment files of a few records each, written and read here without any of the gateway's own log."""

    def __init__(self, folder: Path, origin: str = "gateway.test/0", *, per_segment: int = 50) -> None:
        self.origin = origin
        self.size = 0
        self._folder = folder / origin.replace("/", "-")
        self._folder.mkdir(parents=True, exist_ok=True)
        self._per_segment = per_segment
        self._destroyed: set[int] = set()

    def append(self, *records: dict[str, Any]) -> list[int]:
        """Write records; their indexes."""
        indexes = []
        for record in records:
            data = encoded(record | {"index": self.size})
            self.append_raw(data)
            indexes.append(self.size - 1)
        return indexes

    def append_raw(self, data: bytes) -> None:
        first = self.size - self.size % self._per_segment
        file = self._folder / f"{first:020d}.log"
        with file.open("ab") as segment:
            if not segment.tell():
                segment.write(frames.header(self.origin, first))
            segment.write(frames.frame(data, frames.leaf_hash(data), self.size))
        self.size += 1

    def destroy(self, index: int) -> None:
        """From now on the record reads as destroyed."""
        self._destroyed.add(index)

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[Entry]:
        stop = self.size if stop is None else stop
        for file in sorted(self._folder.glob("*.log")):
            first = int(file.stem)
            if first + self._per_segment <= start or first >= stop:
                continue
            content = file.read_bytes()
            _, begin = frames.read_header(content)
            for index, one in enumerate(frames.frames(content, begin), first):
                if start <= index < stop:
                    yield Entry(index, one.leaf, None if index in self._destroyed else one.data)


def asked(nth: int, **changes: Any) -> dict[str, Any]:
    """An `asked` record, `nth` minutes after the start."""
    return {
        "type": "asked",
        "at": START + timedelta(minutes=nth),
        "lookup_id": lookup_id(nth),
        "consumer": "one-stop",
        "by": "api_key",
        "agency": "H08.12",
        "account": "canbo.mau",
        "officer": "0f" * 16,
        "case_id": f"H08.12-260301-{nth:04d}",
        "procedure": "1.001193",
        "purpose": "verify_identity",
        "dataset": "dancu.citizen",
        "subject": "5a" * 16,
        "fields": ["full_name", "birth_date"],
        "rules": ["birth"],
        "policy": "2026-03-01",
        "findings": [],
    } | changes


def answered(nth: int, at_index: int, outcome: str = "found", **changes: Any) -> dict[str, Any]:
    """What became of it."""
    return {
        "type": "answered",
        "at": START + timedelta(minutes=nth, seconds=1),
        "lookup_id": lookup_id(nth),
        "asked": at_index,
        "dataset": "dancu.citizen",
        "outcome": outcome,
        "reason": None,
        "via": "live",
        "route": "xroad",
        "request_id": "01a206aa-6c65-77f9-8a6a-15626b2e2650",
        "attempts": [],
        "elapsed_ms": 12,
        "digest": "d1" * 32,
        "kid": "key-1",
    } | changes


def refused(nth: int, refusal: str = "forbidden", **changes: Any) -> dict[str, Any]:
    """A question that never left."""
    return {
        "type": "refused",
        "at": START + timedelta(minutes=nth),
        "lookup_id": lookup_id(nth),
        "consumer": "one-stop",
        "by": "api_key",
        "refusal": refusal,
        "problems": [],
        "dataset": "dancu.citizen",
    } | changes


def lookup_id(nth: int) -> str:
    return f"01a206aa-0000-7000-8000-{nth:012d}"


def lookups(log: SegmentLog, numbers: range, outcome: str = "found", **changes: Any) -> None:
    """Whole lookups, one after another."""
    for nth in numbers:
        (index,) = log.append(asked(nth, **changes))
        log.append(answered(nth, index, outcome))
