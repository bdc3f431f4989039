"""A real ledger in a folder for the tests of what keeps it safe: small segments, questions as they really are kept."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import orjson

from gateway.clock import Clock
from gateway.crypto import Signer
from gateway.ledger.log import Limits, Log
from gateway.ledger.merkle import Frontier
from gateway.ledger.notes import Checkpoint
from gateway.ledger.reading import LogReader
from gateway.ledger.records import Record
from tests.witnessing import SIGNER

__all__ = ["INSTALLATION", "Ledger", "canary", "root_of"]

INSTALLATION = "gateway.example.vn"
SMALL = Limits(segment_bytes=2500, checkpoint_s=3600.0)


def canary(number: int) -> str:
    """A text that stands in the records of one question and nowhere else."""
    return f"canary-{number:06}-end"


class Ledger:
    """A ledger folder and who writes it."""

    def __init__(self, folder: Path, clock: Clock, signer: Signer = SIGNER) -> None:
        self.folder = folder
        self.clock = clock
        self.signer = signer
        folder.mkdir(parents=True, exist_ok=True)

    @asynccontextmanager
    async def open(self, slot: str = "0", witnessed: Checkpoint | None = None) -> AsyncIterator[Log]:
        log = Log.open(
            self.folder / slot,
            origin=f"{INSTALLATION}/{slot}",
            signer=self.signer,
            clock=self.clock,
            limits=SMALL,
            witnessed=witnessed,
        )
        try:
            yield log
        finally:
            await log.close()

    async def filled(self, questions: int, *, slot: str = "0", registry: str = "dancu", start: int = 0) -> None:
        """A log with so many questions, asked and answered, a few to a segment."""
        async with self.open(slot) as log:
            for number in range(start, start + questions):
                await question(log, number, self.clock.now(), registry=registry)

    def reader(self, slot: str = "0") -> LogReader:
        return LogReader(self.folder / slot)

    def texts(self, slot: str = "0") -> str:
        """Every byte of the log's folder, derived files and half-written ones too."""
        files = [path for path in (self.folder / slot).rglob("*") if path.is_file()]
        return "".join(path.read_bytes().decode("latin-1") for path in files)


async def question(
    log: Log, number: int, at: datetime, *, registry: str = "dancu", case: str | None = None, answered: bool = True
) -> None:
    lookup, dataset = f"lookup-{number}", f"{registry}.citizen"
    asked = {"type": "asked", "at": at, "lookup_id": lookup, "dataset": dataset, "case_id": case or canary(number)}
    appended = log.append(asked | {"subject": f"subject-{number % 10}", "officer": "000080000009"})
    if answered:
        said = {"type": "answered", "at": at, "lookup_id": lookup, "asked": appended.index, "dataset": dataset}
        appended = log.append(said | {"outcome": "found", "request_id": canary(number)})
    await appended.durable(10)


async def keep(log: Log, record: Record) -> int:
    appended = log.append(record)
    await appended.durable(10)
    return appended.index


def root_of(leaves: Sequence[bytes]) -> bytes:
    tree = Frontier()
    tree.extend(leaves)
    return tree.root()


def records(reader: LogReader) -> list[Record]:
    return [orjson.loads(entry.record) for entry in reader.entries() if entry.record is not None]
