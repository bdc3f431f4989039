"""Work that waits for a disk or a database, off the event loop, in threads of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

__all__ = ["Threads"]

T = TypeVar("T")
_FAREWELL_S = 5.0


class Threads:
    """The threads of one part of the gateway: a database that hangs takes none from anybody else."""

    def __init__(self, name: str, count: int = 1) -> None:
        self._pool = ThreadPoolExecutor(count, name)

    async def run(self, work: Callable[[], T], *, within_s: float | None = None) -> T:
        """
        What the work gives. Raises what it raises, and TimeoutError where it takes too long: what has begun by then may
        yet be done, what has not never is.
        """
        async with asyncio.timeout(within_s):
            return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    async def close(self, last: Callable[[], object] = lambda: None) -> None:
        """Let what is under way end, then do the last of it; what hangs is not waited for."""
        with suppress(TimeoutError):
            await self.run(last, within_s=_FAREWELL_S)
        self._pool.shutdown(wait=False, cancel_futures=True)
