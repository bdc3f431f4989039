"""A thread that does one thing after another for an event loop, and never keeps the process alive."""

from __future__ import annotations

import asyncio
import queue
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

__all__ = ["Worker"]

Result = TypeVar("Result")


class Worker:
    """
    Jobs run in the order they came; `done(result, error)` is called on the loop, where one of the two is None. A
    daemon: a disk or a key device that hangs for ever must not stop the process from ending.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str) -> None:
        self._loop = loop
        self._jobs: queue.SimpleQueue[tuple[Callable[[], Any], Callable[[Any, BaseException | None], None]] | None] = (
            queue.SimpleQueue()
        )
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def do(self, job: Callable[[], Result], done: Callable[[Result | None, BaseException | None], None]) -> None:
        """Have a job done."""
        self._jobs.put((job, done))

    async def result(self, job: Callable[[], Result]) -> Result:
        """Have a job done and wait for what comes of it."""
        future: asyncio.Future[Any] = self._loop.create_future()

        def done(result: Result | None, error: BaseException | None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        self.do(job, done)
        value: Result = await future
        return value

    def stop(self) -> None:
        """End after the jobs that are waiting."""
        self._jobs.put(None)

    def _run(self) -> None:
        while (item := self._jobs.get()) is not None:
            job, done = item
            result, error = None, None
            try:
                result = job()
            except BaseException as exc:
                error = exc
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self._loop.call_soon_threadsafe(done, result, error)
            del item, job, done, result, error
