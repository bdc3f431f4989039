"""A store that waits for the disk, off the event loop: one thread, one call at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from gateway.errors import TicketsUnavailable
from gateway.stores.ticket_file import TicketFile
from gateway.stores.tickets import TicketStore

__all__ = ["StoreThread"]

T = TypeVar("T")
_WITHIN_S = 15.0


class StoreThread:
    """`run` gives work to the store. Between `start` and `close` only."""

    def __init__(self, open_store: Callable[[], TicketFile]) -> None:
        self._open = open_store
        self._store: TicketFile | None = None
        self._thread = ThreadPoolExecutor(1, "tickets")

    async def start(self) -> None:
        """Open the store. Raises SettingsError, TicketsUnavailable."""
        self._store = await asyncio.get_running_loop().run_in_executor(self._thread, self._open)

    async def run(self, work: Callable[[TicketStore], T], *, within_s: float = _WITHIN_S) -> T:
        """What the work gives. Raises TicketsUnavailable, also where it takes too long: it may yet be done."""
        store = self._store
        if store is None:
            raise TicketsUnavailable("tickets: not open")
        try:
            async with asyncio.timeout(within_s):
                return await asyncio.get_running_loop().run_in_executor(self._thread, work, store)
        except TimeoutError:
            raise TicketsUnavailable("tickets: no answer in time") from None

    async def close(self) -> None:
        """Let go of it, once what is under way is done."""
        store, self._store = self._store, None
        if store is not None:
            await asyncio.get_running_loop().run_in_executor(self._thread, store.close)
        self._thread.shutdown(wait=False)
