"""Tickets, from settings: what opens them, the routes, and the work at them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import time

from gateway.app_credentials import tls_context
from gateway.app_shared import shared
from gateway.clock import Clock
from gateway.errors import SettingsError
from gateway.keyring import KeyRing
from gateway.lookup.access import Consumer
from gateway.lookup.pipeline import Lookup
from gateway.lookup.planning import Planner
from gateway.settings import CallbackSettings, Settings
from gateway.settings_tickets import TicketsSettings, hours
from gateway.stores.outages import Outages
from gateway.stores.sql import Store
from gateway.stores.ticket_database import TicketDatabase
from gateway.stores.ticket_file import TicketFile
from gateway.stores.ticket_sql import SqlTickets
from gateway.telemetry import Metrics
from gateway.tickets.asking import Asker
from gateway.tickets.delivering import Deliverer, Patience
from gateway.tickets.opening import Opening
from gateway.tickets.rounds import Keeping, Rounds
from gateway.tickets.schedule import Schedule
from gateway.tickets.seal import Seal
from gateway.tickets.store_thread import StoreThread
from gateway.transport.base import Transport
from gateway.transport.credentials.base import Anonymous
from gateway.transport.endpoint import literal
from gateway.transport.http import HttpTransport
from gateway.transport.resolver import Addresses, Resolver
from gateway.web.paper_plans import told_of
from gateway.web.records_door import RecordsDoor
from gateway.web.tickets import TicketsPart

__all__ = ["TicketsOffice", "callbacks", "schedule", "ticket_database", "ticket_store", "tickets"]


@dataclass(frozen=True, slots=True)
class TicketsOffice:
    """What opens tickets, and the part of the front door that shows them and works at them."""

    opening: Opening
    part: TicketsPart


def tickets(
    settings: Settings,
    *,
    planner: Planner,
    lookup: Lookup,
    door: RecordsDoor,
    consumers: Mapping[str, Consumer],
    ring: KeyRing | None,
    new_id: Callable[[], str],
    clock: Clock,
    metrics: Metrics,
    outages: Outages,
) -> TicketsOffice | None:
    """None where settings name no place. Raises SettingsError naming what is wrong; contacts nobody, opens nothing."""
    section = settings.tickets
    transports = callbacks(settings, clock)
    if section.file is None and section.url is None:
        if transports:
            nothing = "there is nothing to tell without tickets.file or tickets.url"
            raise SettingsError(f"consumers.{min(transports)}.callback: {nothing}")
        return None
    if ring is None:
        raise SettingsError("tickets: what is kept is sealed and callbacks are signed, which wants [keys]")
    seal, times = Seal.of(ring.secrets), schedule(section)
    store = StoreThread(_opener(section, seal), outages)

    def names(dataset: str) -> Mapping[str, str]:
        return planner.catalogue.names(dataset)

    patience = Patience(
        timeout_s=section.callback_timeout_s,
        longest_s=section.callback_longest_s,
        give_up_s=section.callback_give_up_s,
    )
    deliverers = [
        Deliverer(
            name,
            transport,
            store,
            seal,
            ring.signer,
            patience,
            names=names,
            new_id=new_id,
            clock=clock,
            metrics=metrics,
        )
        for name, transport in transports.items()
    ]
    asker = Asker(
        planner,
        consumers,
        store,
        seal,
        times,
        told=told_of,
        callbacks=frozenset(transports),
        new_id=new_id,
        deadline_s=section.deadline_s,
        clock=clock,
        metrics=metrics,
    )
    rounds = Rounds(
        store,
        asker,
        deliverers,
        lookup.catalogue.instances,
        times,
        in_flight=section.in_flight,
        deadline_s=section.deadline_s,
        keeping=Keeping(answers_s=section.answers_s, tickets_s=section.keep_s),
        new_id=new_id,
        clock=clock,
        metrics=metrics,
    )
    opening = Opening(
        store,
        seal,
        times,
        most=section.per_consumer,
        told=told_of,
        callbacks=frozenset(transports),
        new_id=new_id,
        clock=clock,
        metrics=metrics,
    )
    part = TicketsPart(
        store,
        seal,
        rounds,
        names=names,
        door=door,
        clock=clock,
        metrics=metrics,
    )
    return TicketsOffice(opening, part)


def callbacks(settings: Settings, clock: Clock) -> dict[str, Transport]:
    """The way to each consumer that is told what became of its tickets, by name. Raises SettingsError."""
    return {
        name: _transport(f"consumers.{name}.callback", one.callback, clock)
        for name, one in settings.consumers.items()
        if one.callback is not None
    }


def schedule(section: TicketsSettings) -> Schedule:
    """When tickets are asked about."""
    return Schedule(
        first_s=section.first_s,
        longest_s=section.longest_s,
        open_s=section.open_s,
        hours=tuple(map(hours, section.hours)),
        evening=time.fromisoformat(section.evening),
    )


def ticket_store(settings: Settings) -> SqlTickets:
    """The store of settings, for a command. Raises SettingsError where they name none, or the file is not there."""
    section = settings.tickets
    if section.url is not None:
        return TicketDatabase(ticket_database(section), [b""])  # no command reads or writes what is sealed
    if section.file is None:
        raise SettingsError("neither tickets.file nor tickets.url is set: no tickets are kept")
    if not section.file.exists():
        raise SettingsError(f"tickets.file: {section.file}: not there; the gateway makes it at its first start")
    return TicketFile(section.file)


def ticket_database(section: TicketsSettings) -> Store:
    """The database that the instances share. Contacts nobody. Raises SettingsError."""
    return shared(section.url or "", section.password_file, "tickets", connections=1)


def _opener(section: TicketsSettings, seal: Seal) -> Callable[[], SqlTickets]:
    file = section.file
    if file is not None:
        return lambda: TicketFile(file)
    database = ticket_database(section)
    return lambda: TicketDatabase(database, seal.marks)


def _transport(place: str, section: CallbackSettings, clock: Clock) -> Transport:
    addresses, address = Addresses(section.allowed_addresses), literal(section.url)
    if address is not None and section.allowed_addresses and not addresses.admit(address):
        raise SettingsError(f"{place}.url: {address} does not lie in {place}.allowed_addresses")
    return HttpTransport(
        endpoint=section.url,
        credentials=Anonymous(),
        clock=clock,
        tls=tls_context(place, section.tls) if section.url.startswith("https:") else None,
        resolver=Resolver(clock=clock, addresses=addresses),
        connections=1,
    )
