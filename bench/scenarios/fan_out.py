"""Eight registries of 50 ms, asked with one call, beside asking one of them directly."""

from __future__ import annotations

import json
from collections.abc import Sequence

from bench.asking import FIRM_HANDED_ON, FIRM_NAME, GET_FIRM, JSON, KEY
from bench.cases import FIRM, inquiry, query
from bench.check import answer, check
from bench.errors import BenchError
from bench.figures import ratio
from bench.finding import Finding, Target
from bench.row import Ask
from bench.scenarios.scenario import Effort, Scenario
from bench.scenarios.staging import closed, fifty_ms
from bench.stage import Server, Stage

__all__ = ["FAN_OUT", "SET"]

_PATH = "/v1/lookup-sets"
_NAMES = tuple(f"dkdn-{number}" for number in range(1, 9))
_SECONDS = 4.0
_TARGETS = {1: Target(number=5, must=1.08, aim=1.05), 8: Target(number=5, must=1.18, aim=1.10)}

SET = Ask(
    path=_PATH,
    headers=JSON | KEY,
    body=json.dumps(
        {
            "inquiry": inquiry(FIRM),
            "lookups": [
                {"name": name, "dataset": f"{name}.enterprise", "query": query(FIRM), "max_age_s": 0} for name in _NAMES
            ],
        }
    ).encode(),
)


def _check(gateway: Server) -> None:
    """Raises BenchError unless every one of the eight was found, with the firm's name."""
    status, body = answer("eight at once", gateway, SET)
    found, named = body.count(b'"outcome":"found"'), body.count(FIRM_NAME.encode())
    if status != 200 or min(found, named) < len(_NAMES):
        raise BenchError(f"eight at once: status {status}, {found} found, {named} with the firm's name")


def _name(callers: int) -> str:
    return f"eight registries of 50 ms, {callers} caller{'s' if callers > 1 else ''}: p50 / one asked directly"


def _run(stage: Stage, effort: Effort) -> Sequence[Finding]:
    registry = fifty_ms(stage)
    endpoint = f"http://127.0.0.1:{registry.port}/dkdn"
    gateway = stage.gateway(firms=dict.fromkeys(_NAMES, endpoint))
    status, _ = answer("the gateway", gateway, SET)
    if status in {404, 405}:
        reason = f"POST {_PATH} answers {status}: this gateway has no such route"
        return [
            Finding(name=_name(callers), measured=None, target=target, note=reason)
            for callers, target in _TARGETS.items()
        ]
    check("the registry", registry, GET_FIRM, FIRM_HANDED_ON)
    _check(gateway)
    seconds = effort.seconds(_SECONDS)
    closed(stage, effort, gateway, SET, 8, seconds)
    findings = []
    for callers, target in _TARGETS.items():
        direct, ours = [], []
        for _ in effort.numbers(_name(callers)):
            direct.append(closed(stage, effort, registry, GET_FIRM, callers, seconds).p50_ms)
            ours.append(closed(stage, effort, gateway, SET, callers, seconds).p50_ms)
        found = ratio(ours, direct)
        note = f"median of {effort.rounds} rounds, {found.low:.2f}–{found.high:.2f}"
        findings.append(Finding(name=_name(callers), measured=found.median, target=target, note=note))
    _check(gateway)
    return findings


FAN_OUT = Scenario(name="fan-out", title="eight registries at 50 ms at once", run=_run)
