"""Logs that no process writes any more: what they left open is closed, and their end is signed."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from pathlib import Path

import orjson

from gateway.clock import Clock
from gateway.crypto import Signer
from gateway.errors import LedgerDamaged, LedgerInUse, SetupError
from gateway.ledger.lease import Lease
from gateway.ledger.log import Log
from gateway.ledger.notes import Checkpoint
from gateway.ledger.reading import LogReader, slots
from gateway.ledger.records import note
from gateway.ledger.segments import read_manifest, segment_paths
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

    Gives the slots. A log at rest is left as it is, and its witnesses are not asked. One that does not open is told to
    the operator and left as it is: nobody's questions wait for it.
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
        if _is_at_rest(reader):
            lease.release()
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


def _is_at_rest(log: LogReader) -> bool:
    """Whether every question in the log has its end, and its checkpoint covers every record."""
    manifests = (read_manifest(path) for _, path in reversed(segment_paths(log.folder)[:-1]))
    sealed = next((one for one in manifests if one is not None), None)
    unanswered, size = (dict(sealed.unanswered), sealed.end) if sealed is not None else ({}, 0)
    try:
        for entry in log.entries(size, flushed_only=False):
            if entry.record is not None:
                note(unanswered, orjson.loads(entry.record))
            size = entry.index + 1
        checkpoint = log.checkpoint
    except (LedgerDamaged, OSError, ValueError, KeyError, TypeError):
        return False
    return not unanswered and checkpoint is not None and checkpoint.size == size
