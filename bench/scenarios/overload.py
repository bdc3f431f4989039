"""More questions than can be answered: by a registry that is slow, and by the gateway's own core."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.asking import FIRM_FOUND, FIRM_HANDED_ON, GET_FIRM, LOOKUP_FIRM
from bench.check import check
from bench.finding import Finding, Target
from bench.load import open as open_loop
from bench.load.open import Heard, Stream
from bench.scenarios.scenario import Effort, Scenario
from bench.scenarios.staging import FIRM_REGISTRY, closed, fifty_ms, firm_at
from bench.stage import Server, Stage

__all__ = ["OVERLOAD"]

_AT_ONCE = 5
_CAPACITY_PER_S = 100.0  # five at once, 50 ms each
_SECONDS, _CPU_SECONDS, _SETTLED_S = 60.0, 20.0, 5.0
_BUSY = {f"{FIRM_REGISTRY}.in_flight": "32", f"{FIRM_REGISTRY}.deadline_s": "2"}
_CONNECTIONS = "500"
_OVERLOADED = 503


def _run(stage: Stage, effort: Effort) -> Sequence[Finding]:
    return [*_registry_bound(stage, effort), *_cpu_bound(stage, effort)]


def _asked(stage: Stage, server: Server, per_s: float, seconds: float, settled_s: float = 0.0) -> Mapping[str, Heard]:
    """Questions in open loop; with `settled_s` also a few, so long after the last of them, for as long again."""
    streams = [Stream(name="all", ask=LOOKUP_FIRM, per_s=per_s, seconds=seconds, patience_s=5.0)]
    if settled_s:
        after_s = seconds + settled_s
        streams.append(
            Stream(name="after", ask=LOOKUP_FIRM, per_s=20, seconds=settled_s, after_s=after_s, patience_s=5.0)
        )
    return open_loop.run(server.port, streams, core=stage.cores.load)


def _registry_bound(stage: Stage, effort: Effort) -> Iterator[Finding]:
    registry = fifty_ms(stage, "--at-once", str(_AT_ONCE))
    gateway = stage.gateway(settings=_BUSY | dict(firm_at(registry)))
    check("the registry", registry, GET_FIRM, FIRM_HANDED_ON)
    check("the gateway", gateway, LOOKUP_FIRM, FIRM_FOUND)
    _asked(stage, gateway, 50, effort.seconds(3.0))
    seconds = effort.seconds(_SECONDS)
    for times in (2, 5, 10):
        heard = _asked(stage, gateway, times * _CAPACITY_PER_S, seconds)["all"]
        refused = heard.by_status.get(_OVERLOADED)
        name = f"{times} × a registry of {_CAPACITY_PER_S:g}/s"
        yield Finding(
            name=f"{name}: answered / capacity",
            measured=heard.right_meanwhile / (_CAPACITY_PER_S * heard.seconds),
            target=Target(number=7, must=0.9, at_least=True),
            note=_told(heard),
        )
        yield Finding(
            name=f"{name}: refusals, p99",
            measured=refused.p99_ms if refused else None,
            unit="ms",
            target=Target(number=7, must=50),
            note=f"p50 {refused.p50_ms:.1f} ms" if refused else "nobody was refused",
        )
        yield Finding(
            name=f"{name}: refusals without Retry-After",
            measured=refused.count - refused.with_retry_after if refused else None,
            unit="",
            target=Target(number=7, must=0),
            note=f"of {refused.count}" if refused else "nobody was refused",
        )
    check("the gateway", gateway, LOOKUP_FIRM, FIRM_FOUND)
    gateway.pause()


def _cpu_bound(stage: Stage, effort: Effort) -> Iterator[Finding]:
    gateway = stage.gateway(settings={"web.connections": _CONNECTIONS})
    check("the gateway", gateway, LOOKUP_FIRM, FIRM_FOUND)
    seconds = effort.seconds(_CPU_SECONDS)
    closed(stage, effort, gateway, LOOKUP_FIRM, 64, effort.seconds(2.0))
    before = closed(stage, effort, gateway, LOOKUP_FIRM, 64, effort.seconds(5.0))
    capacity = before.requests_per_s
    quiet = _asked(stage, gateway, 20, effort.seconds(_SETTLED_S))["all"]
    for times, must in ((2, 0.8), (10, None)):
        with _most_files(gateway) as files:
            heard = _asked(stage, gateway, times * capacity, seconds, effort.seconds(_SETTLED_S))
        name = f"{times} × what the core can do"
        yield Finding(
            name=f"{name}: answered / capacity",
            measured=heard["all"].right_meanwhile / (capacity * heard["all"].seconds),
            target=Target(number=7, must=must, at_least=True) if must is not None else None,
            note=f"capacity {capacity:,.0f}/s in closed loop; {_told(heard['all'])}",
        )
        yield Finding(
            name=f"{name}: {_SETTLED_S:g} s later without an answer",
            measured=heard["after"].wrong,
            unit="",
            target=Target(number=7, must=0),
            note=f"of {heard['after'].meant}; p99 {heard['after'].right.p99_ms:.1f} ms, before the load"
            f" {quiet.right.p99_ms:.1f}",
        )
        yield Finding(
            name=f"{name}: files and connections open at most",
            measured=max(files, default=0),
            unit="",
            note=f"connections are capped at {_CONNECTIONS}",
        )
    check("the gateway", gateway, LOOKUP_FIRM, FIRM_FOUND)
    gateway.pause()


def _told(heard: Heard) -> str:
    """What else came of it, and what the generator could not do."""
    told = [f"{one.count} × {status}" for status, one in sorted(heard.by_status.items())]
    told += [f"{count} {kind}" for kind, count in heard.failures.items()]
    told += [f"{heard.unsent} not sent for want of a connection"] if heard.unsent else []
    return f"{heard.meant / heard.seconds:,.0f}/s: {', '.join(told)}; sent {heard.late_ms:.1f} ms late at p99"


@contextmanager
def _most_files(server: Server) -> Iterator[list[int]]:
    """How many files and connections the server has open, four times a second."""
    ended, counts = threading.Event(), list[int]()

    def watch() -> None:
        while not ended.wait(0.25):
            counts.append(sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in server.pids))

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield counts
    finally:
        ended.set()
        thread.join()


OVERLOAD = Scenario(name="overload", title="more questions than can be answered", run=_run)
