"""
What an operator should do next, as a pure function of what is known: an item is there while its cause is, and closes by
itself. Thresholds are those of the alerts in `deploy/prometheus/`; an item comes at once, an alert waits.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gateway.web.console.moment import Moment
from gateway.web.console.repairs.access import certificates, log_ins, quotas
from gateway.web.console.repairs.item import Item
from gateway.web.console.repairs.ledger import ledger, witnesses
from gateway.web.console.repairs.left_behind import left_behind, tickets
from gateway.web.console.repairs.registries import drift, registries

__all__ = ["Item", "repairs"]

_PARTS: tuple[Callable[[Moment], Iterator[Item]], ...] = (
    ledger,
    witnesses,
    registries,
    log_ins,
    quotas,
    certificates,
    drift,
    tickets,
    left_behind,
)


def repairs(moment: Moment) -> list[Item]:
    """All items, the urgent ones first; in one order whatever happens, so that a page stands still."""
    found = [item for part in _PARTS for item in part(moment)]
    return sorted(found, key=lambda item: item.urgency != "now")
