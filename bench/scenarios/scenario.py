"""A scenario: servers of its own, load of its own, and a few findings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from bench.finding import Finding
from bench.load.own import Own
from bench.stage import Stage

__all__ = ["Effort", "Scenario"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long and how often. `share` of the times that the targets name: a test takes a small one."""

    share: float = 1.0
    rounds: int = 5
    memory_questions: int = 20_000
    own: Own = field(default_factory=Own)

    def seconds(self, whole: float) -> float:
        """The part of a time that is taken."""
        return whole * self.share


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`run` starts what it needs on the stage, and gives what it found. Raises BenchError for a wrong answer."""

    name: str
    title: str
    run: Callable[[Stage, Effort], Sequence[Finding]]
