"""A registry is out of order for a minute: how much it is asked meanwhile, and how soon all is as before."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from itertools import pairwise

from bench.asking import FIRM_FOUND, LOOKUP_FIRM
from bench.check import answer, check
from bench.finding import Finding, Target
from bench.load import open as open_loop
from bench.load.open import Heard, Stream
from bench.row import Ask
from bench.scenarios.scenario import Effort, Scenario
from bench.scenarios.staging import firm_at
from bench.stage import Server, Stage

__all__ = ["OUTAGE", "before_the_pause"]

_PER_S, _SECONDS, _NORMAL_WITHIN_S = 50.0, 60.0, 10.0
_PAUSE_S = 1.0


def _run(stage: Stage, effort: Effort) -> Sequence[Finding]:
    registry = stage.python("bench.registry", load_side=True)
    gateway = stage.gateway(settings=firm_at(registry))
    check("the gateway", gateway, LOOKUP_FIRM, FIRM_FOUND)
    _asked(stage, gateway, effort.seconds(5.0))
    _switch(registry, "out")
    heard = _asked(stage, gateway, effort.seconds(_SECONDS))
    _switch(registry, "in")
    failed = [at for at, was_out in _seen(registry) if was_out]
    time.sleep(_NORMAL_WITHIN_S)
    after = _asked(stage, gateway, effort.seconds(10.0))
    check("the gateway", gateway, LOOKUP_FIRM, FIRM_FOUND)
    name = f"a registry is out of order for {effort.seconds(_SECONDS):g} s at {_PER_S:g} questions/s"
    return (
        Finding(
            name=f"{name}: requests that it saw / questions",
            measured=len(failed) / heard.meant,
            target=Target(number=8, must=1.10),
            note=f"{len(failed)} requests, {heard.meant} questions, of which {heard.right.count} were answered",
        ),
        Finding(
            name=f"{name}: requests before it was left in peace",
            measured=before_the_pause(failed),
            unit="",
            target=Target(number=8, must=10),
            note=f"until it was not asked for {_PAUSE_S:g} s",
        ),
        Finding(
            name=f"{name}: {_NORMAL_WITHIN_S:g} s after its end without an answer",
            measured=after.wrong,
            unit="",
            target=Target(number=8, must=0),
            note=f"of {after.meant}",
        ),
    )


def before_the_pause(times: Sequence[float], pause_s: float = _PAUSE_S) -> int:
    """How many of these times come before the first pause of that length."""
    for number, (one, following) in enumerate(pairwise(times), start=1):
        if following - one > pause_s:
            return number
    return len(times)


def _asked(stage: Stage, server: Server, seconds: float) -> Heard:
    return open_loop.run(
        server.port, [Stream(name="all", ask=LOOKUP_FIRM, per_s=_PER_S, seconds=seconds)], core=stage.cores.load
    )["all"]


def _switch(registry: Server, way: str) -> None:
    answer("the registry", registry, Ask(path=f"/-/{way}"))


def _seen(registry: Server) -> list[tuple[float, bool]]:
    _, body = answer("the registry", registry, Ask(method="GET", path="/-/seen"))
    return [(at, was_out) for at, was_out in json.loads(body)]


OUTAGE = Scenario(name="outage", title="a registry is out of order for a minute", run=_run)
