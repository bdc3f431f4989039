"""Two workers beside one, in turns: what a question costs, and how many are answered."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass

from bench.asking import FIRM_FOUND, LOOKUP_FIRM
from bench.check import check
from bench.errors import BenchError
from bench.figures import median, ratio
from bench.finding import Finding, Target
from bench.scenarios.scenario import Effort, Scenario
from bench.scenarios.staging import closed
from bench.stage import Server, Stage

__all__ = ["WORKERS", "findings"]

_SECONDS = 6.0
_AT_ONCE = 64
_NUMBER = 13
_MORE, _DEARER = 1.6, 1.10
_Turn = tuple[float, float]
"""Questions answered in a second, and the milliseconds of CPU for each."""


@dataclass(frozen=True, slots=True)
class _Gateway:
    """One that may use every core that we may: `workers` of them need more than the servers' one."""

    server: Server

    @classmethod
    def start(cls, stage: Stage, workers: int) -> _Gateway:
        if shutil.which("taskset") is None:
            raise BenchError("taskset (util-linux) is not installed, and the servers' one core would be all they had")
        cores = ",".join(map(str, sorted(os.sched_getaffinity(0))))
        return cls(stage.gateway("--workers", str(workers), under=("taskset", "-c", cores)))

    def turn(self, stage: Stage, effort: Effort) -> _Turn:
        before = self.server.cpu_s()
        tally = closed(stage, effort, self.server, LOOKUP_FIRM, _AT_ONCE, effort.seconds(_SECONDS))
        return tally.requests_per_s, (self.server.cpu_s() - before) * 1000 / tally.requests


def _run(stage: Stage, effort: Effort) -> Sequence[Finding]:
    both = tuple(_Gateway.start(stage, workers) for workers in (1, 2))
    for gateway in both:
        check("the gateway", gateway.server, LOOKUP_FIRM, FIRM_FOUND)
        gateway.turn(stage, effort)  # until both workers are there and warm
    turns = [[gateway.turn(stage, effort) for gateway in both] for _ in effort.numbers("one worker and two")]
    for gateway in both:
        check("the gateway", gateway.server, LOOKUP_FIRM, FIRM_FOUND)
    return findings([one for one, _ in turns], [two for _, two in turns])


def findings(one: Sequence[_Turn], two: Sequence[_Turn]) -> Sequence[Finding]:
    """Either is enough: so many more answers, or questions that cost hardly more; the other one has no target then."""
    more = ratio([turn[0] for turn in two], [turn[0] for turn in one])
    dearer = ratio([turn[1] for turn in two], [turn[1] for turn in one])
    is_faster = more.median >= _MORE
    return (
        Finding(
            name="two workers: requests/s, over one worker",
            measured=more.median,
            target=Target(number=_NUMBER, must=_MORE, at_least=True) if is_faster else None,
            note=f"{more.low:.2f}–{more.high:.2f}; {_rate(one):,.0f} and {_rate(two):,.0f}/s, all on {_cores()} cores",
        ),
        Finding(
            name="two workers: CPU of a question, over one worker",
            measured=dearer.median,
            target=None if is_faster else Target(number=_NUMBER, must=_DEARER),
            note=f"{dearer.low:.2f}–{dearer.high:.2f}; {_cost(one):.2f} and {_cost(two):.2f} ms",
        ),
    )


def _rate(turns: Sequence[_Turn]) -> float:
    return median(turn[0] for turn in turns)


def _cost(turns: Sequence[_Turn]) -> float:
    return median(turn[1] for turn in turns)


def _cores() -> int:
    return len(os.sched_getaffinity(0))


WORKERS = Scenario(name="workers", title="two workers beside one", run=_run)
