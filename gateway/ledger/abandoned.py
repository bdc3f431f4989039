"""Logs that no process writes any more: what they left open is closed, and their end is signed."""

from __future__ import annotations

from pathlib import Path

from gateway.clock import Clock
from gateway.crypto import Signer
from gateway.errors import LedgerInUse
from gateway.ledger.lease import Lease
from gateway.ledger.log import Log
from gateway.ledger.reading import slots
from gateway.telemetry import Metrics

__all__ = ["close_abandoned"]


async def close_abandoned(
    ledger_folder: Path, origin: str, *, signer: Signer, clock: Clock, metrics: Metrics, least: int = 0
) -> list[str]:
    """
    Open and close each numbered log that nobody writes, from slot `least` on: for a start with fewer processes than
    before, whose number is `least`. Gives the slots. Raises what `Log.open` raises, but for logs in use.
    """
    closed = []
    for slot, reader in slots(ledger_folder).items():
        if not slot.isdecimal() or int(slot) < least:
            continue
        try:
            lease = Lease(reader.folder, f"{origin}/{slot}")
        except LedgerInUse:
            continue
        log = Log.open(reader.folder, origin=lease.origin, lease=lease, signer=signer, clock=clock, metrics=metrics)
        await log.close()
        closed.append(slot)
    return closed
