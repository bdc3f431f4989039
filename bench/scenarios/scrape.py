"""How long Prometheus waits for the metrics where everything that can happen has happened."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from statistics import median

from bench.errors import BenchError
from bench.finding import Finding
from bench.scenarios.scenario import Effort, Scenario
from bench.stage import Stage

__all__ = ["SCRAPE"]

_PROMISE_MS = 50


def _run(_: Stage, effort: Effort) -> Sequence[Finding]:
    return [_read(workers, effort) for workers in (1, 4)]


def _read(workers: int, effort: Effort) -> Finding:
    effort.told(f"metrics of {workers} workers, 2,000 series each")
    done = subprocess.run(
        [sys.executable, "-m", "bench.scraping", str(workers)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchError(f"bench.scraping: {done.stderr[-300:]}")
    said = json.loads(done.stdout)
    wall, cpu = (median(said[what]) * 1000 for what in ("wall", "cpu"))
    return Finding(
        name=f"one scrape of 2,000 series, {workers} workers (p50)",
        measured=wall,
        unit="ms",
        note=f"CPU {cpu:.0f} ms with the reader's own; slowest {max(said['wall']) * 1000:.0f}; promised {_PROMISE_MS}",
    )


SCRAPE = Scenario(name="scrape", title="what a scrape takes", run=_run)
