"""Under which conditions figures were measured: without them they mean nothing."""

from __future__ import annotations

import os
import platform
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from time import perf_counter

from bench.gateway_settings import IN_FLIGHT
from bench.load.generator import Generator
from bench.processes import Cores
from bench.rounds import CONNECTIONS, Plan

__all__ = ["conditions", "flush_ms"]

_LIBRARIES = ("aiohttp", "uvloop", "orjson", "pydantic", "lxml", "zeep", "structlog", "prometheus-client")


def conditions(plan: Plan, generator: Generator, cores: Cores) -> Mapping[str, str]:
    """What a reader has to know, name by name, as known before measuring."""
    pinned = cores.server is not None
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "CPU": f"{_cpu()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}, load average {os.getloadavg()[0]:.2f} before",
        "Python": platform.python_version(),
        "libraries": ", ".join(f"{name} {version(name)}" for name in _LIBRARIES),
        "load generator": f"{generator.name}, closed loop, {CONNECTIONS} connections, then 1",
        "pinning": f"servers, one process each, on core {cores.server}; load generator and stub on core {cores.load}"
        if pinned
        else "none: less than two cores, or a system that cannot pin",
        "rounds": f"{plan.rounds} in turns, each {plan.many_s:g} s of {CONNECTIONS} connections and"
        f" {plan.single_s:g} s of one; medians of rounds",
        "disk": f"fdatasync of 4 KiB: median {flush_ms():.2f} ms, where temporary files lie",
        "gateway": f"`gateway serve`, one process, log level info to a file, metrics on, in_flight {IN_FLIGHT}",
    }


def flush_ms(times: int = 200) -> float:
    """How long this disk takes to flush a small write: what each recorded question waits for twice."""
    taken = []
    with tempfile.TemporaryFile() as file:
        for _ in range(times):
            os.write(file.fileno(), b"x" * 4096)
            started = perf_counter()
            os.fdatasync(file.fileno())
            taken.append((perf_counter() - started) * 1000)
    return median(taken)


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
