"""What a load generator is asked to do and what it tells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from bench.row import Ask

__all__ = ["Generator", "Tally"]


@dataclass(frozen=True, slots=True)
class Tally:
    """
    What came of one run: answers read, the time that took, latencies, and failures by kind.

    An answer of a wrong status counts both as an answer and as a failure.
    """

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    failures: Mapping[str, int]

    @property
    def requests_per_s(self) -> float:
        return self.requests / self.seconds if self.seconds else 0.0


class Generator(Protocol):
    """Sends one request over and over, each connection its next as soon as the last is answered."""

    name: str

    def run(self, port: int, ask: Ask, *, connections: int, seconds: float, core: int | None) -> Tally:
        """One run against 127.0.0.1. Raises BenchError when the generator itself fails."""
