"""What several scenarios start and ask."""

from __future__ import annotations

from collections.abc import Mapping

from bench.errors import BenchError
from bench.load.generator import Tally
from bench.row import Ask
from bench.scenarios.scenario import Effort
from bench.stage import Server, Stage

__all__ = ["FIRM_REGISTRY", "closed", "fifty_ms", "firm_at"]

FIRM_REGISTRY = "registries.dkdn"


def fifty_ms(stage: Stage, *arguments: str) -> Server:
    """A registry that answers after 50 ms."""
    return stage.python("bench.registry", "--after-ms", "50", *arguments, load_side=True)


def firm_at(registry: Server) -> Mapping[str, str]:
    """The settings that send questions about firms there."""
    endpoint = f"http://127.0.0.1:{registry.port}/dkdn"
    return {f"{FIRM_REGISTRY}.endpoint": endpoint, f"{FIRM_REGISTRY}.credentials.token_url": f"{endpoint}/token"}


def closed(stage: Stage, effort: Effort, server: Server, ask: Ask, connections: int, seconds: float) -> Tally:
    """One run in closed loop. Raises BenchError when a single answer was not of status 200."""
    tally = effort.own.run(server.port, ask, connections=connections, seconds=seconds, core=stage.cores.load)
    if tally.failures or not tally.requests:
        raise BenchError(f"{ask.path}: {tally.requests} answers, failures: {dict(tally.failures)}")
    return tally
