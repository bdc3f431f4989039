"""The memory of plans and receipts, from settings; None where they have no such section."""

from __future__ import annotations

from gateway.crypto import Secrets
from gateway.errors import SettingsError
from gateway.impact.memory import Memory
from gateway.lookup.remembering import Remembering
from gateway.settings import Settings, secret
from gateway.stores.sql import Store
from gateway.telemetry import Metrics

__all__ = ["IMPACT_FILE", "memory_of", "remembering"]

IMPACT_FILE = "impact.db"
_PURPOSE = b"measure of papers"


def memory_of(settings: Settings) -> Memory:
    """The database of plans and receipts. Contacts nobody. Raises SettingsError."""
    section = settings.impact
    if section is None:
        raise SettingsError("impact: the settings have no section [impact], so nothing was remembered")
    url, file = section.url, section.password_file
    if url is None:
        if settings.ledger is None:
            raise SettingsError("impact.url is not set, and there is no ledger in whose folder the file could lie")
        settings.ledger.folder.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:{settings.ledger.folder / IMPACT_FILE}"
    return Memory(Store.open(url, (lambda: secret(file)) if file is not None else None, erases=True, place="impact"))


def remembering(settings: Settings, secrets: Secrets | None, metrics: Metrics) -> Remembering | None:
    """
    The memory as plans use it. Raises SettingsError without keys: digests of one process alone would count one dossier
    several times.
    """
    if settings.impact is None:
        return None
    if secrets is None:
        raise SettingsError("impact: wants the section [keys]; `gateway keys new` makes what belongs in it")
    return Remembering(memory_of(settings), secrets.box(_PURPOSE), metrics, months=settings.impact.months)
