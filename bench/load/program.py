"""A generator's process: bounded in time, on its core, ended with us."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Any

from bench.errors import BenchError
from bench.load.generator import Tally
from bench.processes import ROOT, on_core

__all__ = ["run", "said"]

_SPARE_S = 60.0


def run(arguments: Sequence[str], *, seconds: float, core: int | None, stdin: bytes = b"") -> Tally:
    """Run a generator whose last word on standard error is its tally as JSON."""
    return Tally(**said(arguments, seconds=seconds, core=core, stdin=stdin))


def said(arguments: Sequence[str], *, seconds: float, core: int | None, stdin: bytes = b"") -> Any:
    """Run a generator that takes so long; the JSON of the last line that it says on standard error."""
    try:
        with on_core(core):
            done = subprocess.run(
                arguments, cwd=ROOT, input=stdin, capture_output=True, timeout=seconds + _SPARE_S, check=False
            )
    except subprocess.TimeoutExpired:
        raise BenchError(f"{arguments[0]} did not end {_SPARE_S:g} s after its time") from None
    last = done.stderr.decode(errors="replace").strip()
    if done.returncode == 0 and last:
        return json.loads(last.splitlines()[-1])
    raise BenchError(f"{' '.join(arguments[:4])} ended with code {done.returncode}: {last[-2000:] or 'no tally'}")
