"""The databases that instances share besides that of the index, from settings."""

from __future__ import annotations

from gateway.app_batches import batch_database
from gateway.app_tickets import ticket_database
from gateway.settings import Settings
from gateway.stores.migration import BATCHES, TICKETS, Tables
from gateway.stores.sql import Store

__all__ = ["databases"]


def databases(settings: Settings) -> list[tuple[str, Store, Tables]]:
    """Each by the name of its section, with what lies in it. Contacts nobody; whoever asks closes them."""
    found = []
    if settings.tickets.url is not None:
        found.append(("tickets", ticket_database(settings.tickets), TICKETS))
    if settings.batches.url is not None:
        found.append(("batches", batch_database(settings.batches), BATCHES))
    return found
