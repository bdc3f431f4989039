"""
What a stretch of a test does to this process: how long it holds the event loop, how much memory it takes.

The time for which this thread was ready and had no core is taken off: what else runs on the machine, such as the
suite's other workers, is nobody's fault here (Linux counts it; elsewhere nothing is taken off).
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

STALL_S = 0.1
"""Most that a test allows: twice the promise of 50 ms, since the machine that runs the tests is shared."""

_TICK_S = 0.002
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_STATM = Path("/proc/self/statm")
_SCHEDSTAT = Path("/proc/self/schedstat")


@dataclass
class Measured:
    """`stall_s` is the longest time that the loop ran nothing else; `grown_bytes` the peak of resident memory."""

    stall_s: float = 0.0
    grown_bytes: int = 0


@dataclass
class Taken:
    """How long a stretch took by the clock, and without the time for which this thread had no core."""

    s: float = 0.0
    own_s: float = 0.0


@contextmanager
def taking() -> Iterator[Taken]:
    """The time until the block ends."""
    taken = Taken()
    began, waited = time.perf_counter(), _waited_s()
    try:
        yield taken
    finally:
        taken.s = time.perf_counter() - began
        taken.own_s = taken.s - (_waited_s() - waited)


@asynccontextmanager
async def measured() -> AsyncIterator[Measured]:
    """Measure until the block ends. Whatever else runs in this loop, such as a stand-in, counts too."""
    figures = Measured()
    before = _resident_bytes()

    async def watch() -> None:
        while True:
            with taking() as taken:
                await asyncio.sleep(_TICK_S)
            figures.stall_s = max(figures.stall_s, taken.own_s - _TICK_S)
            figures.grown_bytes = max(figures.grown_bytes, _resident_bytes() - before)

    watching = asyncio.create_task(watch())
    await asyncio.sleep(2 * _TICK_S)
    try:
        yield figures
    finally:
        await asyncio.sleep(2 * _TICK_S)
        watching.cancel()
        with suppress(asyncio.CancelledError):
            await watching


def _resident_bytes() -> int:
    return int(_STATM.read_text().split()[1]) * _PAGE_BYTES


def _waited_s() -> float:
    """For how long the main thread, in which the loop runs, has been ready without a core since it began."""
    try:
        return int(_SCHEDSTAT.read_text().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0
