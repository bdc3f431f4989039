"""What a worker holds in memory, before and after many questions about ten thousand firms."""

from __future__ import annotations

from collections.abc import Sequence

from bench.asking import FIRM_FOUND, JSON, KEY, LOOKUP_FIRM
from bench.cases import FIRM, firm_codes, question
from bench.check import check
from bench.errors import BenchError
from bench.finding import Finding, Target
from bench.processes import memory_mb
from bench.row import Ask
from bench.scenarios.scenario import Effort, Scenario
from bench.scenarios.staging import firm_at
from bench.stage import Server, Stage

__all__ = ["MEMORY", "asks"]

_FIRMS = 10_000
_FIRST, _WHOLE = 100_000, 1_000_000
_DAY_S = 24 * 3600
_LEAST_PER_S = 50.0


def asks(firms: int) -> list[Ask]:
    """Each firm once from the registry and once from wherever a day's old answer may come from."""
    return [
        Ask(path="/v1/lookups", headers=JSON | KEY, body=question(FIRM, about={"enterprise_code": code}, max_age_s=age))
        for code in firm_codes(firms)
        for age in (0, _DAY_S)
    ]


def _run(stage: Stage, effort: Effort) -> Sequence[Finding]:
    whole = effort.memory_questions
    first = min(_FIRST, max(1, whole // 10))
    firms = min(_FIRMS, whole)
    registry = stage.python("bench.registry", "--firms", str(firms), load_side=True)
    gateway = stage.gateway(settings=firm_at(registry))
    check("the gateway", gateway, LOOKUP_FIRM, FIRM_FOUND)
    questions = asks(firms)
    before = _held(gateway)
    _ask(stage, effort, gateway, questions, first)
    after_first = _held(gateway)
    _ask(stage, effort, gateway, questions[first:] + questions[:first], whole - first)
    after = _held(gateway)
    check("the gateway", gateway, LOOKUP_FIRM, FIRM_FOUND)
    # A short run says nothing of what the targets speak of.
    counts = whole >= _WHOLE
    short = "" if counts else f"; no verdict: target 9 speaks of {_WHOLE:,} (`--memory {_WHOLE}`)"
    return (
        Finding(
            name=f"memory of a worker after {whole:,} questions (RSS)",
            measured=after[0],
            unit="MB",
            target=Target(number=9, must=130) if counts else None,
            note=f"before {before[0]:.0f}, after {first:,} {after_first[0]:.0f}; PSS {before[1]:.0f},"
            f" {after_first[1]:.0f}, {after[1]:.0f}; {firms:,} firms{short}",
        ),
        Finding(
            name=f"memory after {whole:,} questions / after {first:,}",
            measured=after[0] / after_first[0],
            target=Target(number=9, must=1.05) if counts else None,
            note=f"RSS{short}",
        ),
    )


def _held(server: Server) -> tuple[float, float]:
    """RSS and PSS over its processes."""
    each = [memory_mb(pid) for pid in server.pids]
    return sum(rss for rss, _ in each), sum(pss for _, pss in each)


def _ask(stage: Stage, effort: Effort, server: Server, questions: Sequence[Ask], most: int) -> None:
    """So many questions, however long they take."""
    seconds = most / _LEAST_PER_S
    tally = effort.own.run_all(
        server.port, questions, connections=64, seconds=seconds, core=stage.cores.load, most=most
    )
    if tally.failures or tally.requests != most:
        raise BenchError(f"memory: {tally.requests} of {most} answers, failures: {dict(tally.failures)}")


MEMORY = Scenario(name="memory", title="memory of a worker", run=_run)
