"""Logs that no process writes any more: what they left open is closed, and their end is signed."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

from gateway.clock import Clock
from gateway.crypto import Signer
from gateway.errors import LedgerInUse, SetupError
from gateway.ledger.lease import Lease
from gateway.ledger.log import Log
from gateway.ledger.notes import Checkpoint
from gateway.ledger.reading import slots
from gateway.telemetry import Metrics, log

__all__ = ["close_abandoned"]

_PROCESS = re.compile(r"([0-9]+)(?:r[0-9]+)?")
"""A process' slot, with the number of the log that follows one that was ended: `0`, `0r1`."""


async def close_abandoned(
    ledger_folder: Path,
    origin: str,
    *,
    signer: Signer,
    clock: Clock,
    metrics: Metrics,
    witnessed: Callable[[Path, str], Awaitable[Checkpoint | None]],
    least: int = 0,
) -> list[str]:
    """
    Open and close each process' log that nobody writes, from slot `least` on: for a start with fewer processes than
    before, whose number is `least`. `witnessed` gives what was witnessed of a log, by folder and origin.

    Gives the slots. A log that does not open is told to the operator and left as it is: nobody's questions wait for it.
    """
    closed = []
    for slot, reader in slots(ledger_folder).items():
        number = _PROCESS.fullmatch(slot)
        if number is None or int(number[1]) < least:
            continue
        try:
            lease = Lease(reader.folder, f"{origin}/{slot}")
        except LedgerInUse:
            continue
        try:
            try:
                seen = await witnessed(reader.folder, lease.origin)
            except BaseException:
                lease.release()
                raise
            opened = Log.open(
                reader.folder,
                origin=lease.origin,
                lease=lease,
                signer=signer,
                clock=clock,
                metrics=metrics,
                witnessed=seen,
            )
        except SetupError as exc:
            log().error("ledger.abandoned_unusable", origin=lease.origin, detail=str(exc))
            continue
        await opened.close()
        closed.append(slot)
    return closed
