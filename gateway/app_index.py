"""The ledger's index and the views over it, from settings: a part that joins the front door."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from aiohttp import web

from gateway.clock import Clock
from gateway.crypto import Secrets
from gateway.errors import InvalidQuestion, LedgerUnavailable, SettingsError
from gateway.ledger.follower import Follower
from gateway.ledger.index import Index, Source
from gateway.ledger.log import Log
from gateway.ledger.questions import Questions
from gateway.ledger.reading import slots
from gateway.ledger.records import Record
from gateway.lookup.access import Consumer
from gateway.lookup.pipeline import Lookup
from gateway.lookup.titles import Pair, Titles
from gateway.settings import NamesSettings, Settings, secret
from gateway.stores.outages import Outages
from gateway.stores.sql import Store
from gateway.telemetry import Metrics
from gateway.web.views import Views

__all__ = ["IndexPart", "index_part", "store_of"]

INDEX_FILE = "index.db"
_RECORD_S = 5.0


class IndexPart:
    """The views' routes, and the thread that keeps the index behind them: both live as long as the front door."""

    def __init__(self, views: Views, follower: Follower | None, store: Store) -> None:
        self.paths = views.paths
        self.inputs = views.inputs
        self.outputs = views.outputs
        self._views = views
        self._follower = follower
        self._store = store

    def add_routes(self, app: web.Application) -> None:
        """Put the routes in; the thread begins and ends with the application."""
        self._views.add_routes(app)
        app.on_startup.append(self._start)
        app.on_cleanup.append(self._stop)

    async def _start(self, _: web.Application) -> None:
        if self._follower is not None:
            self._follower.start()

    async def _stop(self, _: web.Application) -> None:
        if self._follower is not None:
            await asyncio.to_thread(self._follower.stop)
        self._store.close()


def store_of(settings: Settings) -> Store:
    """The database of the index. Contacts nobody. Raises SettingsError."""
    url, file = settings.store.url, settings.store.password_file
    if url is None:
        if settings.ledger is None:
            raise SettingsError("store.url is not set, and there is no ledger in whose folder the index could lie")
        settings.ledger.folder.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:{settings.ledger.folder / INDEX_FILE}"
    return Store.open(url, (lambda: secret(file)) if file is not None else None)


def index_part(
    settings: Settings,
    *,
    lookup: Lookup,
    secrets: Secrets,
    ledger: Log | None,
    authenticate: Callable[[web.Request], Awaitable[Consumer]],
    metrics: Metrics,
    clock: Clock,
    outages: Outages,
) -> IndexPart | None:
    """
    Views and follower over every log of the ledger's folder; None where settings have no ledger.

    While `ledger` is not open, the views refuse whatever must be recorded.
    """
    if settings.ledger is None:
        return None
    folder, store = settings.ledger.folder, store_of(settings)

    async def record(one: Record) -> None:
        if ledger is None:
            raise LedgerUnavailable("ledger: it is not open")
        await ledger.append(one).durable(_RECORD_S)

    views = Views(
        questions=Questions(store),
        secrets=secrets,
        titles=_titles(settings.names, lookup),
        clock=clock,
        authenticate=authenticate,
        require=lookup.access.require,
        record=record,
        refuse=lookup.refuse,
    )
    follower = _follower(folder, store, metrics, clock, outages) if settings.store.feed else None
    return IndexPart(views, follower, store)


@contextmanager
def feeding(settings: Settings, metrics: Metrics, clock: Clock) -> Iterator[None]:
    """Feed the index in a process that answers nobody; do nothing without a ledger, or where another one does it."""
    if settings.ledger is None or not settings.store.feed:
        yield
        return
    store = store_of(settings)
    follower = _follower(settings.ledger.folder, store, metrics, clock)
    follower.start()
    try:
        yield
    finally:
        follower.stop()
        store.close()


def _follower(folder: Path, store: Store, metrics: Metrics, clock: Clock, outages: Outages | None = None) -> Follower:
    return Follower(Index(store), lambda: _logs(folder), metrics=metrics, clock=clock, outages=outages)


def _titles(names: NamesSettings, lookup: Lookup) -> Titles:
    def purpose(word: str) -> Pair | None:
        known = lookup.access.policy.current.purposes.get(word)
        return (known.title, known.title_en) if known is not None else None

    def dataset(name: str) -> Pair | None:
        try:
            found = lookup.catalogue.find(name).dataset
        except InvalidQuestion:
            return None
        return found.title, found.title_en

    return Titles(
        agencies=names.agencies, systems=names.systems, procedures=names.procedures, purpose=purpose, dataset=dataset
    )


def _logs(folder: Path) -> Iterable[Source]:
    return slots(folder).values()
