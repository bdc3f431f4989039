"""A scenario: servers of its own, load of its own, and a few findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from bench.finding import Finding
from bench.load.own import Own
from bench.stage import Stage

__all__ = ["Effort", "Scenario"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Effort:
    """How long and how often. `share` of the times that the targets name: a test takes a small one. `told` hears what
    goes on."""

    share: float = 1.0
    rounds: int = 5
    memory_questions: int = 20_000
    own: Own = field(default_factory=Own)
    told: Callable[[str], None] = lambda _: None

    @classmethod
    def quick(cls, told: Callable[[str], None]) -> Effort:
        """Three rounds of half the time."""
        return cls(share=0.5, rounds=3, told=told)

    def numbers(self, what: str) -> Iterator[int]:
        """The rounds of `what`, each told as it begins."""
        for number in range(1, self.rounds + 1):
            self.told(f"round {number} of {self.rounds}: {what}")
            yield number

    def seconds(self, whole: float) -> float:
        """The part of a time that is taken."""
        return whole * self.share


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`run` starts what it needs on the stage, and gives what it found. Raises BenchError for a wrong answer."""

    name: str
    title: str
    run: Callable[[Stage, Effort], Sequence[Finding]]
