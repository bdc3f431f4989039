"""Under which conditions figures were measured: without them they mean nothing."""

from __future__ import annotations

import os
import platform
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from bench.disk import flushes_ms
from bench.figures import median, percentile
from bench.gateway_settings import IN_FLIGHT
from bench.load.generator import Generator
from bench.processes import Cores
from bench.rounds import CONNECTIONS, Plan

__all__ = ["conditions"]

_LIBRARIES = (
    "aiohttp",
    "uvloop",
    "orjson",
    "pydantic",
    "lxml",
    "zeep",
    "structlog",
    "prometheus-client",
    "fastapi",
    "uvicorn",
    "httpx",
)


def conditions(plan: Plan | None, generator: Generator, cores: Cores) -> Mapping[str, str]:
    """What a reader has to know, name by name, as known before measuring; without a plan no row is measured."""
    pinned = cores.server is not None
    flushes = flushes_ms()
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "CPU": f"{_cpu()}, {os.cpu_count()} cores",
        "system": f"{platform.system()} {platform.release()}, load average {os.getloadavg()[0]:.2f} before",
        "Python": platform.python_version(),
        "libraries": ", ".join(map(_version, _LIBRARIES)),
        "pinning": f"servers, one process each, on core {cores.server}; load generator and stub on core {cores.load}"
        if pinned
        else "none: less than two cores, or a system that cannot pin",
        **(_of_rows(plan, generator) if plan is not None else {}),
        "disk": "fdatasync of 4 KiB, where temporary files lie: "
        f"median {median(flushes):.2f} ms, p99 {percentile(flushes, 99):.2f} ms",
        "gateway": f"`gateway serve`, one process, log level info to a file, metrics on, in_flight {IN_FLIGHT}",
    }


def _of_rows(plan: Plan, generator: Generator) -> dict[str, str]:
    return {
        "load generator": f"{generator.name}, closed loop, {CONNECTIONS} connections, then 1; scenarios: our own",
        "rounds": f"{plan.rounds} in turns, each {plan.many_s:g} s of {CONNECTIONS} connections and"
        f" {plan.single_s:g} s of one; medians of rounds",
    }


def _version(name: str) -> str:
    try:
        return f"{name} {version(name)}"
    except PackageNotFoundError:
        return f"no {name}"


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()
