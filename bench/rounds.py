"""
Measuring in turns: every row once, then every row again, so that a machine that drifts drifts for all.

A row's turn is one run over many connections (requests per second, CPU time, latency under load) and one over a
single connection (latency of a question that is alone).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from functools import partial
from time import perf_counter, sleep

from bench.check import check
from bench.errors import BenchError
from bench.load.generator import Generator, Tally
from bench.processes import machine_s
from bench.row import Row
from bench.stage import Server, Stage

__all__ = ["CONNECTIONS", "DISTURBED", "Plan", "Spare", "Turn", "measure"]

CONNECTIONS = 64
_WAKING_S = 0.2
DISTURBED = 0.15  # of a core, used by processes of others
_QUICK_S = 80  # what a quick run may measure, so that all of it, with starting and warming up, stays below 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """
    How long and how often. Seconds are whole where wrk is to keep them.

    `spare_s` is how long, over the whole run, turns that others disturbed may wait and be measured again.
    """

    rounds: int = 9
    many_s: float = 4
    single_s: float = 2
    warm_up_s: float = 2
    spare_s: float = 600

    @classmethod
    def quick(cls, rows: int) -> Plan:
        """As many rounds, three at most, as `rows` leave time for."""
        short = cls(rounds=1, many_s=2, single_s=1, warm_up_s=1, spare_s=0)
        fitting = int(_QUICK_S / rows / (short.many_s + short.single_s))
        return replace(short, rounds=max(1, min(3, fitting)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """
    What one row did in one round.

    `busy` is the share of a core that the server used under load: well below 1 means that the load side, or
    others on the server's core, were the limit, and requests/s are not the server's. `others` is what
    processes that are not ours used meanwhile, `stolen` what the hypervisor says it gave to other machines
    (some count a waking core's delay too), both as shares of one core. `load_busy` is what the load generator and the
    stub used of theirs under load. `again` counts the disturbed turns that were dropped for this one.
    """

    requests_per_s: float
    cpu_us: float
    p50_ms: float
    p99_ms: float
    single_p50_ms: float
    single_p99_ms: float
    busy: float
    others: float
    stolen: float
    load_busy: float = 0.0
    again: int = 0

    @property
    def core_per_s(self) -> float:
        """What one core can answer in a second, whatever else keeps it busy meanwhile."""
        return 1e6 / self.cpu_us

    @property
    def is_disturbed(self) -> bool:
        return self.others > DISTURBED


def measure(
    rows: Sequence[Row], plan: Plan, stage: Stage, generator: Generator, *, told: Callable[[str], None] = lambda _: None
) -> Mapping[str, Sequence[Turn]]:
    """
    The turns of each row by its name, one a round.

    Raises BenchError for a wrong answer before, during or after measuring. `told` hears what goes on.
    """
    running = {}
    for row in rows:
        told(f"starting: {row.title}")
        running[row.name] = row.start(stage)
        check(row.name, running[row.name], row.ask, row.right)
    for row in rows:
        told(f"warming up: {row.title}")
        _load(row, running[row.name], stage, generator, CONNECTIONS, plan.warm_up_s)
    # An idle gateway signs, looks at files and closes connections now and then: only one of them is awake.
    asleep = [server for server in running.values() if server is not stage.stub]
    for server in asleep:
        server.pause()
    turns: dict[str, list[Turn]] = {row.name: [] for row in rows}
    spare = Spare(plan.spare_s)
    for number in range(1, plan.rounds + 1):
        for row in rows:
            told(f"round {number} of {plan.rounds}: {row.title}")
            server = running[row.name]
            server.go_on()
            sleep(_WAKING_S)
            turns[row.name].append(spare.calm(partial(_turn, row, server, plan, stage, generator)))
            if server in asleep:
                server.pause()
    for server in asleep:
        server.go_on()
    for row in rows:
        check(row.name, running[row.name], row.ask, row.right)
    return turns


class Spare:
    """The time that is left for measuring disturbed turns again."""

    def __init__(self, seconds: float, *, pause_s: float = 5.0) -> None:
        self._left_s = seconds
        self._pause_s = pause_s

    def calm(self, once: Callable[[], Turn]) -> Turn:
        """The first turn that nobody disturbed, or the calmest one when the time is used up."""
        tried = [once()]
        while tried[-1].is_disturbed and self._left_s > 0:
            started = perf_counter()
            sleep(self._pause_s)
            tried.append(once())
            self._left_s -= perf_counter() - started
        calmest = min(tried, key=lambda turn: turn.others)
        return replace(calmest, again=len(tried) - 1)


def _turn(row: Row, server: Server, plan: Plan, stage: Stage, generator: Generator) -> Turn:
    before = _Clocks.read(server, stage)
    many = _load(row, server, stage, generator, CONNECTIONS, plan.many_s)
    cpu_s, load_s = server.cpu_s() - before.server_s, _load_s(stage) - before.load_s
    single = _load(row, server, stage, generator, 1, plan.single_s)
    used = _Clocks.read(server, stage).since(before)
    return Turn(
        requests_per_s=many.requests_per_s,
        cpu_us=cpu_s / many.requests * 1e6,
        p50_ms=many.p50_ms,
        p99_ms=many.p99_ms,
        single_p50_ms=single.p50_ms,
        single_p99_ms=single.p99_ms,
        busy=cpu_s / many.seconds,
        others=max(0.0, (used.machine_s - used.ours_s) / used.wall_s),
        stolen=used.stolen_s / used.wall_s,
        load_busy=load_s / many.seconds,
    )


def _load(row: Row, server: Server, stage: Stage, generator: Generator, connections: int, seconds: float) -> Tally:
    tally = generator.run(server.port, row.ask, connections=connections, seconds=seconds, core=stage.cores.load)
    failed = ", ".join(f"{kind} {count}" for kind, count in tally.failures.items() if count)
    if failed or not tally.requests:
        raise BenchError(f"{row.name}: {tally.requests} answers, failures: {failed or 'none'}; nothing is reported")
    return tally


def _load_s(stage: Stage) -> float:
    """CPU time of the stub and of all generators that have ended, in seconds."""
    return stage.stub.cpu_s() + sum(os.times()[2:4])


@dataclass(frozen=True, slots=True)
class _Clocks:
    """Where time has gone: the wall's, the server's, that of all who take part, the whole machine's."""

    wall_s: float
    server_s: float
    load_s: float
    ours_s: float
    machine_s: float
    stolen_s: float

    @classmethod
    def read(cls, server: Server, stage: Stage) -> _Clocks:
        asked = server.cpu_s()
        load = _load_s(stage)
        return cls(perf_counter(), asked, load, asked + load + sum(os.times()[:2]), *machine_s())

    def since(self, before: _Clocks) -> _Clocks:
        return _Clocks(*(now - then for now, then in zip(astuple(self), astuple(before), strict=True)))
