"""Logs that were ended: restored from copies, they are read for ever and never written again."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["ENDED", "current_slot", "is_ended", "slot_after"]

ENDED = "ended"
"""A file in a log's folder: nothing is ever written to this log again. It names the slot that follows."""

_NUMBERED = re.compile(r"(.+)r([0-9]+)")


def is_ended(folder: Path) -> bool:
    """Whether nothing may be written to the log in that folder any more."""
    return (folder / ENDED).exists()


def current_slot(ledger_folder: Path, slot: str) -> str:
    """The slot to write to where `slot` is meant: itself, or what follows it where its log was ended: `0r1`, `0r2`."""
    while is_ended(ledger_folder / slot):
        slot = slot_after(slot)
    return slot


def slot_after(slot: str) -> str:
    """The slot that follows one whose log was ended."""
    numbered = _NUMBERED.fullmatch(slot)
    return f"{numbered[1]}r{int(numbered[2]) + 1}" if numbered else f"{slot}r1"
