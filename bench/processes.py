"""Child processes: started on one core, asked for their CPU time, ended whatever happens."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Cores", "child", "cpu_s", "machine_s", "memory_mb", "on_core", "tree"]

ROOT = Path(__file__).resolve().parents[1]
_TICKS = os.sysconf("SC_CLK_TCK")
_END_S = 5.0


@dataclass(frozen=True, slots=True)
class Cores:
    """The core of the servers and the core of load generator and stub; None where nothing can be pinned."""

    server: int | None
    load: int | None

    @classmethod
    def available(cls) -> Cores:
        """The first two cores that this process may use; no pinning with fewer, or without affinity."""
        allowed = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        return cls(allowed[0], allowed[1]) if len(allowed) > 1 else cls(None, None)


@contextmanager
def on_core(core: int | None) -> Iterator[None]:
    """What is started inside stays on this core: a child inherits the affinity of its parent."""
    if core is None:
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def child(
    arguments: Sequence[str], *, core: int | None, log: Path, environment: Mapping[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    """A child in a session of its own, so that Ctrl-C reaches us alone and we end it."""
    with log.open("wb") as file, on_core(core):
        process = subprocess.Popen(
            arguments,
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end(process)


def cpu_s(pid: int) -> float:
    """User and system time of a process and its descendants so far, in seconds."""
    # The command may hold blanks and brackets; what follows its last bracket are plain fields.
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    own = sum(map(int, fields[11:15])) / _TICKS  # utime, stime, and those of children that have ended
    return own + sum(cpu_s(descendant) for descendant in _children(pid))


def memory_mb(pid: int) -> tuple[float, float]:
    """
    What a process holds in memory, in megabytes of 10^6 bytes: RSS, which counts shared pages whole, and PSS, which
    counts its share of them.
    """
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    held = {name: int(rest.split()[0]) * 1024 / 1e6 for name, _, rest in (line.partition(":") for line in lines[1:])}
    return held["Rss"], held["Pss"]


def machine_s() -> tuple[float, float]:
    """Since start, over all cores: seconds worked, for us or others, and seconds that the hypervisor gave away."""
    fields = Path("/proc/stat").read_text().split(maxsplit=9)
    user, nice, system, _idle, _iowait, irq, softirq, stolen = map(int, fields[1:9])
    return (user + nice + system + irq + softirq) / _TICKS, stolen / _TICKS


def tree(pid: int) -> list[int]:
    """A process and its descendants."""
    return [pid, *(found for one in _children(pid) for found in tree(one))]


def _children(pid: int) -> list[int]:
    found: list[int] = []
    for file in Path(f"/proc/{pid}/task").glob("*/children"):
        found += map(int, file.read_text().split())
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGCONT)  # one that is paused hears nothing
    try:
        process.wait(_END_S)
    except BaseException as exc:  # a second Ctrl-C leaves nothing behind either
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        if not isinstance(exc, subprocess.TimeoutExpired):
            raise
