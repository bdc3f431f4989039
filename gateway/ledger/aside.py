"""Blocking work beside the event loop that may hang for ever without holding up anything, the process's end neither."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar, cast

from gateway.ledger.worker import Worker

__all__ = ["Aside"]

Result = TypeVar("Result")
_MOST_JOBS = 2


class Aside:
    """
    One job at a time on a daemon thread, and one that waits. A job that hangs, on a share that is gone, say, hangs
    alone: whoever asked for it gets TimeoutError, and so does everybody after it until it ends. A job whose caller has
    given up may still be done.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._worker: Worker | None = None
        self._jobs = 0

    async def do(self, job: Callable[[], Result], within_s: float | None = None) -> Result:
        """What comes of the job. Raises TimeoutError, and whatever the job raises."""
        if self._jobs >= _MOST_JOBS:
            raise TimeoutError
        loop = asyncio.get_running_loop()
        if self._worker is None:
            self._worker = Worker(loop, self._name)
        self._jobs += 1
        future: asyncio.Future[Result] = loop.create_future()

        def done(result: Result | None, error: BaseException | None) -> None:
            self._jobs -= 1
            if future.done():
                return
            if error is not None:
                future.set_exception(error)
            else:
                future.set_result(cast(Result, result))

        self._worker.do(job, done)
        async with asyncio.timeout(within_s):
            return await future

    def close(self) -> None:
        """Let the thread end after what it is doing."""
        if self._worker is not None:
            self._worker.stop()
            self._worker = None
