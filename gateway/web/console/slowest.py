"""How slow datasets are, from the buckets of their histograms."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from gateway.web.console.figures import Figures, gained

__all__ = ["Slow", "quantile", "slowest"]

_BUCKETS = "gateway_question_seconds_bucket"


@dataclass(frozen=True, slots=True)
class Slow:
    """
    One dataset: how many questions ended, and within which time half of them and 95 of 100 did. A time is the upper end
    of its bucket; infinite above the last one.
    """

    registry: str
    dataset: str
    count: int
    p50_s: float
    p95_s: float


def slowest(figures: Figures, earlier: Figures) -> list[Slow]:
    """Every dataset that was asked since `earlier`, the slowest first."""
    before: dict[tuple[str, str, str], float] = {
        (has["registry"], has["dataset"], has["le"]): value for has, value in earlier.each(_BUCKETS)
    }
    came: dict[tuple[str, str], dict[float, float]] = {}
    for has, value in figures.each(_BUCKETS):
        was = before.get((has["registry"], has["dataset"], has["le"]), 0.0)
        buckets = came.setdefault((has["registry"], has["dataset"]), {})
        buckets[float(has["le"])] = gained(value, was)
    found = [
        Slow(registry, dataset, round(count), quantile(buckets, 0.5), quantile(buckets, 0.95))
        for (registry, dataset), buckets in came.items()
        if (count := buckets.get(math.inf, 0.0))
    ]
    return sorted(found, key=lambda one: (-one.p95_s, -one.p50_s, one.registry, one.dataset))


def quantile(buckets: Mapping[float, float], share: float) -> float:
    """The upper end of the bucket in which that share of all is reached; `buckets` are cumulative counts."""
    whole = buckets.get(math.inf, 0.0)
    return next((end for end in sorted(buckets) if buckets[end] >= share * whole), math.inf)
