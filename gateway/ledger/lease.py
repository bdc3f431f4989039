"""Who may write a log: one process at a time, as long as it lives."""

from __future__ import annotations

import fcntl
import os
import threading
from pathlib import Path

from gateway.errors import LedgerInUse, SetupError
from gateway.ledger.ended import current_slot, is_ended

__all__ = ["Lease", "take_slot"]

_MOST_SLOTS = 256


class Lease:
    """
    The right to write one log. The kernel takes it back when the process ends, however it ends; take it after a fork,
    since a child would share it.
    """

    def __init__(self, folder: Path, origin: str) -> None:
        """Raises LedgerInUse where somebody else has it, SetupError where the folder cannot be used."""
        self.folder = folder
        self.origin = origin
        if is_ended(folder):
            raise LedgerInUse(f"ledger {folder}: this log was restored from copies and ended; another slot follows it")
        self._releasing = threading.Lock()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._fd = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as exc:
            raise SetupError(f"ledger {folder}: {exc.strerror}") from None
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._fd)
            raise LedgerInUse(f"ledger {folder}: another process writes it") from None

    def release(self) -> None:
        """Let another process write."""
        with self._releasing:
            fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


def take_slot(ledger_folder: Path, origin: str) -> Lease:
    """
    The lease of the first slot (`0`, `1`, ...; `0r1` where `0` was ended) that no process writes; its log's origin is
    `<origin>/<slot>`. Raises SetupError where the folder cannot be used.
    """
    for number in range(_MOST_SLOTS):
        slot = current_slot(ledger_folder, str(number))
        try:
            return Lease(ledger_folder / slot, f"{origin}/{slot}")
        except LedgerInUse:
            continue
    raise LedgerInUse(f"ledger {ledger_folder}: all {_MOST_SLOTS} slots are in use")
