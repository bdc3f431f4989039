"""A record between being taken and being durable."""

from __future__ import annotations

import asyncio

from gateway.errors import LedgerUnavailable
from gateway.ledger.records import Record

__all__ = ["Appended"]


class Appended:
    """A record that was taken. It counts only once it is durable."""

    __slots__ = ("_error", "_loop", "_settled", "_waiters", "index", "leaf", "line", "record")

    def __init__(self, index: int, record: Record, line: bytes, leaf: bytes, loop: asyncio.AbstractEventLoop) -> None:
        self.index = index
        self.record = record
        self.line = line
        self.leaf = leaf
        self._loop = loop
        self._settled = False
        self._error: str | None = None
        self._waiters: list[asyncio.Future[None]] = []

    async def durable(self, within_s: float) -> None:
        """
        Return when the record is on the disk. Raises LedgerUnavailable when it will not be, or is not within that
        time: it may still become durable then, so whoever gives up appends an `undelivered` record when he can.
        """
        if not self._settled:
            waiter = self._loop.create_future()
            self._waiters.append(waiter)
            timer = self._loop.call_later(within_s, _give_up, waiter)
            try:
                await waiter
            finally:
                timer.cancel()
        if self._error is not None:
            raise LedgerUnavailable(f"ledger: {self._error}")

    def settle(self, error: str | None = None) -> None:
        """The log's own: the record is durable, or will not be."""
        self._settled, self._error = True, error
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)


def _give_up(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_exception(LedgerUnavailable("ledger: the record was not durable in time"))
