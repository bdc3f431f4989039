"""The store of tickets, off the event loop: one thread, one call at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gateway.errors import TicketsUnavailable
from gateway.stores.outages import Outages
from gateway.stores.threads import Threads
from gateway.stores.ticket_sql import SqlTickets
from gateway.stores.tickets import TicketStore

__all__ = ["StoreThread"]

T = TypeVar("T")
_WITHIN_S = 15.0


class StoreThread:
    """`run` gives work to the store. Between `start` and `close` only."""

    def __init__(self, open_store: Callable[[], SqlTickets], outages: Outages) -> None:
        self._open = open_store
        self._outages = outages
        self._store: SqlTickets | None = None
        self._thread = Threads("tickets")

    async def start(self) -> None:
        """Open the store. Raises SettingsError, TicketsUnavailable."""
        self._store = await self._thread.run(self._open)

    async def run(self, work: Callable[[TicketStore], T], *, within_s: float = _WITHIN_S) -> T:
        """What the work gives. Raises TicketsUnavailable, also where it takes too long: it may yet be done."""
        store = self._store
        if store is None:
            raise TicketsUnavailable("tickets: not open")
        try:
            with self._outages.noted("tickets", TicketsUnavailable, TimeoutError):
                return await self._thread.run(lambda: work(store), within_s=within_s)
        except TimeoutError:
            raise TicketsUnavailable("tickets: no answer in time") from None

    async def close(self) -> None:
        """Let go of it, once what is under way is done."""
        store, self._store = self._store, None
        await self._thread.close(store.close if store is not None else lambda: None)
