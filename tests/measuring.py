"""What a stretch of a test does to this process: how long it holds the event loop, how much memory it takes."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

STALL_S = 0.25
"""Most that a test allows: five times the promise of 50 ms, since the machine that runs the tests is shared."""

_TICK_S = 0.002
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_STATM = Path("/proc/self/statm")


@dataclass
class Measured:
    """`stall_s` is the longest time that the loop ran nothing else; `grown_bytes` the peak of resident memory."""

    stall_s: float = 0.0
    grown_bytes: int = 0


@asynccontextmanager
async def measured() -> AsyncIterator[Measured]:
    """Measure until the block ends. Whatever else runs in this loop, such as a stand-in, counts too."""
    figures = Measured()
    before = _resident_bytes()

    async def watch() -> None:
        while True:
            slept = time.perf_counter()
            await asyncio.sleep(_TICK_S)
            figures.stall_s = max(figures.stall_s, time.perf_counter() - slept - _TICK_S)
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
