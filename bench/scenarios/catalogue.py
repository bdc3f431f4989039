"""The scenarios. A new one is one more entry here."""

from __future__ import annotations

from collections.abc import Sequence

from bench.errors import BenchError
from bench.finding import Finding
from bench.processes import Cores
from bench.scenarios.batch import BATCH
from bench.scenarios.fan_out import FAN_OUT
from bench.scenarios.hung import HUNG
from bench.scenarios.latency import LATENCY
from bench.scenarios.memory import MEMORY
from bench.scenarios.outage import OUTAGE
from bench.scenarios.overload import OVERLOAD
from bench.scenarios.plan import PLAN
from bench.scenarios.scenario import Effort, Scenario
from bench.scenarios.scrape import SCRAPE
from bench.scenarios.workers import WORKERS
from bench.stage import Stage

__all__ = ["SCENARIOS", "named", "played"]

SCENARIOS = (LATENCY, FAN_OUT, PLAN, HUNG, OVERLOAD, OUTAGE, MEMORY, SCRAPE, BATCH, WORKERS)


def named(names: Sequence[str]) -> tuple[Scenario, ...]:
    """The scenarios of these names, all for no names."""
    by_name = {one.name: one for one in SCENARIOS}
    unknown = [name for name in names if name not in by_name]
    if unknown:
        raise BenchError(f"no such scenario: {', '.join(unknown)}; there are {', '.join(by_name)}")
    return tuple(one for one in SCENARIOS if one.name in names or not names)


def played(scenarios: Sequence[Scenario], cores: Cores, effort: Effort) -> tuple[list[Finding], list[str]]:
    """
    What all of them find, one after another, each on a stage of its own; and what was wrong with those that found
    nothing, so that one of them does not cost the figures of the others.
    """
    findings: list[Finding] = []
    wrong: list[str] = []
    for one in scenarios:
        effort.told(f"scenario: {one.title}")
        try:
            with Stage.open(cores) as stage:
                findings += one.run(stage, effort)
        except BenchError as exc:
            wrong.append(f"scenario {one.name}: {exc}")
    return findings, wrong
