"""How long the disk takes: every recorded question waits for it, twice."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from time import perf_counter

__all__ = ["flushes_ms"]


def flushes_ms(times: int = 200, folder: Path | None = None) -> list[float]:
    """How long so many flushes of a small write took, in order of length; where temporary files lie, or in `folder`."""
    taken = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(times):
            os.write(file.fileno(), b"x" * 4096)
            started = perf_counter()
            os.fdatasync(file.fileno())
            taken.append((perf_counter() - started) * 1000)
    return sorted(taken)
