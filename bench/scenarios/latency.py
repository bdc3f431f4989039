"""What a lookup adds to a registry that takes 50 ms, and how much of its throughput is left."""

from __future__ import annotations

from collections.abc import Sequence

from bench.asking import FIRM_FOUND, FIRM_HANDED_ON, GET_FIRM, LOOKUP_FIRM
from bench.check import check
from bench.disk import flushes_ms
from bench.figures import median, percentile
from bench.finding import Finding, Target
from bench.scenarios.scenario import Effort, Scenario
from bench.scenarios.staging import closed, fifty_ms, firm_at
from bench.stage import Stage

__all__ = ["LATENCY"]

_FEW, _MANY = 8, 64
_SECONDS = 4.0


def _run(stage: Stage, effort: Effort) -> Sequence[Finding]:
    registry = fifty_ms(stage)
    gateway = stage.gateway(settings=firm_at(registry))
    check("the registry", registry, GET_FIRM, FIRM_HANDED_ON)
    check("the gateway", gateway, LOOKUP_FIRM, FIRM_FOUND)
    seconds = effort.seconds(_SECONDS)
    closed(stage, effort, gateway, LOOKUP_FIRM, _MANY, seconds)
    p50, p99, flush, share = [], [], [], []
    for _ in effort.numbers("a registry of 50 ms, directly and through the gateway"):
        flushes = flushes_ms(100, stage.folder)
        direct = closed(stage, effort, registry, GET_FIRM, _FEW, seconds)
        ours = closed(stage, effort, gateway, LOOKUP_FIRM, _FEW, seconds)
        direct_many = closed(stage, effort, registry, GET_FIRM, _MANY, seconds)
        ours_many = closed(stage, effort, gateway, LOOKUP_FIRM, _MANY, seconds)
        p50.append(ours.p50_ms - direct.p50_ms)
        p99.append(ours.p99_ms - direct.p99_ms)
        flush.append(percentile(flushes, 99))
        share.append(ours_many.requests_per_s / direct_many.requests_per_s)
    check("the gateway", gateway, LOOKUP_FIRM, FIRM_FOUND)
    of_rounds = f"median of {effort.rounds} rounds"
    return (
        Finding(
            name=f"added to a registry of 50 ms, {_FEW} at once: p50",
            measured=median(p50),
            unit="ms",
            target=Target(number=4, must=4),
            note=f"{of_rounds}, {min(p50):.1f}–{max(p50):.1f}",
        ),
        Finding(
            name=f"added to a registry of 50 ms, {_FEW} at once: p99",
            measured=median(p99),
            unit="ms",
            target=Target(number=4, must=8),
            note=f"{of_rounds}, {min(p99):.1f}–{max(p99):.1f}",
        ),
        Finding(name="one flush of the same disk: p99", measured=median(flush), unit="ms", note=of_rounds),
        Finding(
            name=f"requests/s, {_MANY} at once / asking directly",
            measured=median(share),
            target=Target(number=4, must=0.85, at_least=True),
            note=f"{of_rounds}, {min(share):.2f}–{max(share):.2f}",
        ),
    )


LATENCY = Scenario(name="latency", title="what a lookup adds to a registry of 50 ms", run=_run)
