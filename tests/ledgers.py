"""For tests of the ledger: a disk that fails, hangs and loses power on demand, and logs to try it on."""

from __future__ import annotations

import asyncio
import errno
import random
import threading
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from gateway.clock import SystemClock
from gateway.crypto import FileSigner
from gateway.ledger.disk import File, SystemDisk
from gateway.ledger.log import Limits, Log
from gateway.telemetry import Metrics

SIGNER = FileSigner(ec.derive_private_key(4711, ec.SECP256R1()))
ORIGIN = "gateway.test/ledger/0"
SECTOR = 512
QUICK = Limits(retry_s=0.001, checkpoint_s=3600)


def asked(lookup_id: str, **more: Any) -> dict[str, Any]:
    """A record such as the gateway writes before the first attempt."""
    return {
        "type": "asked",
        "lookup_id": lookup_id,
        "consumer": "one-stop",
        "dataset": "dancu.citizen",
        "subject": "0" * 32,
        "fields": ["full_name", "birth_date"],
    } | more


def answered(lookup_id: str, index: int, **more: Any) -> dict[str, Any]:
    """A record such as the gateway writes before the answer leaves."""
    return {"type": "answered", "lookup_id": lookup_id, "asked": index, "outcome": "found"} | more


def open_log(folder: Path, **more: Any) -> Log:
    """A log in that folder; `more` replaces what `Log.open` is given."""
    options: dict[str, Any] = {"origin": ORIGIN, "signer": SIGNER, "clock": SystemClock(), "limits": QUICK}
    return Log.open(folder, **(options | more))


@asynccontextmanager
async def opened(folder: Path, **more: Any) -> AsyncIterator[Log]:
    """A log that is closed at the end."""
    log = open_log(folder, **more)
    try:
        yield log
    finally:
        await log.close()


def refused(lookup_id: str, **more: Any) -> dict[str, Any]:
    """A record that stands alone: nothing is open after it."""
    return asked(lookup_id, **more) | {"type": "refused", "refusal": "forbidden"}


async def fill(log: Log, count: int, *, start: int = 0, make: Callable[[str], dict[str, Any]] = refused) -> None:
    """Durable records, a commit for every ten."""
    for first in range(start, start + count, 10):
        last = [log.append(make(str(number))) for number in range(first, min(first + 10, start + count))]
        await last[-1].durable(5)


def segment(folder: Path, number: int = -1) -> Path:
    """One of a log's segment files; the last where not said."""
    return sorted((folder / "segments").glob("*.log"))[number]


@dataclass(frozen=True)
class Op:
    """One thing that was done to a disk."""

    kind: str
    path: Path
    data: bytes = b""
    offset: int = 0


class FaultyFile:
    def __init__(self, file: File, path: Path, disk: FaultyDisk) -> None:
        self._file = file
        self._path = path
        self._disk = disk

    def read(self, length: int, offset: int) -> bytes:
        return self._file.read(length, offset)

    def write(self, data: bytes, offset: int) -> None:
        kept = self._disk.before("write", self._path, data, offset)
        if kept is not None:
            self._file.write(data[:kept], offset)
            raise self._disk.error
        self._file.write(data, offset)
        self._disk.done(Op("write", self._path, data, offset))

    def flush(self) -> None:
        if self._disk.before("flush", self._path) is not None:
            raise self._disk.error
        self._file.flush()
        self._disk.done(Op("flush", self._path))

    def cut(self, size: int) -> None:
        if self._disk.before("cut", self._path) is not None:
            raise self._disk.error
        self._file.cut(size)
        self._disk.done(Op("cut", self._path, offset=size))

    def close(self) -> None:
        self._file.close()


@dataclass
class FaultyDisk:
    """
    The machine's disk, with a diary of all that was done to it. `fails` says which operations on segments fail, `error`
    how; while `hangs` is set, flushes of segments wait. A failed write leaves a part of its bytes behind.
    """

    fails: Callable[[str, Path], bool] = lambda kind, path: False
    error: OSError = field(default_factory=lambda: OSError(errno.ENOSPC, "No space left on device"))
    chance: random.Random = field(default_factory=lambda: random.Random(1))
    ops: list[Op] = field(default_factory=list)
    goes_on: threading.Event = field(default_factory=threading.Event)
    hanging: threading.Event = field(default_factory=threading.Event)
    _system: SystemDisk = field(default_factory=SystemDisk)

    def __post_init__(self) -> None:
        self.goes_on.set()

    def before(self, kind: str, path: Path, data: bytes = b"", offset: int = 0) -> int | None:
        """How many bytes are written before the failure; None where there is none."""
        if kind == "flush" and path.suffix == ".log" and not self.goes_on.is_set():
            self.hanging.set()
            self.goes_on.wait()
        return self.chance.randint(0, len(data)) if self.fails(kind, path) else None

    def done(self, op: Op) -> None:
        self.ops.append(op)

    def create(self, path: Path) -> File:
        if self.before("create", path) is not None:
            raise self.error
        file = FaultyFile(self._system.create(path), path, self)
        self.done(Op("create", path))
        return file

    def open(self, path: Path) -> File:
        if not path.exists():
            return self.create(path)
        return FaultyFile(self._system.open(path), path, self)

    def flush_folder(self, path: Path) -> None:
        if self.before("flush_folder", path) is not None:
            raise self.error
        self._system.flush_folder(path)
        self.done(Op("flush_folder", path))

    def replace(self, path: Path, data: bytes) -> None:
        if self.before("replace", path) is not None:
            raise self.error
        self._system.replace(path, data)
        self.done(Op("replace", path, data))

    def remove(self, path: Path) -> None:
        self._system.remove(path)
        self.done(Op("remove", path))


def after_power_cut(ops: list[Op], folder: Path, into: Path, chance: random.Random) -> None:
    """
    What a disk may hold when the power goes after these operations: all that was flushed, and of the rest any sectors,
    in any order; files whose folder was not flushed may be missing.
    """
    files: dict[Path, bytearray] = {}
    loose: dict[Path, list[Op]] = {}
    unlisted: set[Path] = set()
    for op in ops:
        match op.kind:
            case "create":
                files[op.path], loose[op.path] = bytearray(), []
                unlisted.add(op.path)
            case "write" | "cut":
                loose.setdefault(op.path, []).append(op)
            case "flush":
                for one in loose.get(op.path, ()):
                    _apply(files[op.path], one)
                loose[op.path] = []
            case "flush_folder":
                unlisted -= {path for path in unlisted if path.parent == op.path}
            case "replace":
                files[op.path], loose[op.path] = bytearray(op.data), []
            case "remove":
                files.pop(op.path, None)
                loose.pop(op.path, None)
    for path, content in files.items():
        if path in unlisted and chance.random() < 0.5:
            continue
        for op in loose.get(path, ()):
            _tear(content, op, chance)
        target = into / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def _apply(content: bytearray, op: Op) -> None:
    if op.kind == "cut":
        del content[op.offset :]
        return
    content.extend(bytes(max(0, op.offset + len(op.data) - len(content))))
    content[op.offset : op.offset + len(op.data)] = op.data


def _tear(content: bytearray, op: Op, chance: random.Random) -> None:
    kept = chance.choice(["none", "all", "first", "some"])
    if kept == "none":
        return
    if kept == "all" or op.kind == "cut":
        _apply(content, op)
        return
    if kept == "first":
        _apply(content, Op("write", op.path, op.data[: chance.randint(0, len(op.data))], op.offset))
        return
    for at, end in _sectors(op):
        if chance.random() < 0.5:
            _apply(content, Op("write", op.path, op.data[at - op.offset : end - op.offset], at))


def _sectors(op: Op) -> Iterator[tuple[int, int]]:
    at, last = op.offset, op.offset + len(op.data)
    while at < last:
        end = min(last, (at // SECTOR + 1) * SECTOR)
        yield at, end
        at = end


async def eventually(true: Callable[[], bool]) -> None:
    """Let the loop go on until something is so, of which no event tells."""
    while not true():  # noqa: ASYNC110
        await asyncio.sleep(0.001)


def metric(metrics: Metrics, name: str, **labels: str) -> float:
    """A metric's value."""
    return metrics.registry.get_sample_value(name, labels) or 0.0


class TurnedClock:
    """The machine's steady clock, and a wall clock that somebody turns."""

    def __init__(self) -> None:
        self._clock = SystemClock()
        self.turned_s = 0.0
        self.passed_s = 0.0
        self.frozen: datetime | None = None

    def now(self) -> datetime:
        return self.frozen or self._clock.now() + timedelta(seconds=self.turned_s + self.passed_s)

    def monotonic(self) -> float:
        return self._clock.monotonic() + self.passed_s

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
