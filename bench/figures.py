"""The arithmetic: medians over rounds, ratios inside rounds, percentiles inside a run."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

__all__ = ["Ratio", "median", "percentile", "ratio"]


@dataclass(frozen=True, slots=True)
class Ratio:
    """The median of the rounds' ratios, and the lowest and highest of them."""

    median: float
    low: float
    high: float


def ratio(figures: Sequence[float], baseline: Sequence[float]) -> Ratio:
    """
    Each round's figure over the same round's baseline.

    A machine that slows down for a while slows both down: a ratio of neighbours survives that, a ratio of
    two medians does not.
    """
    each = [figure / base if base else math.nan for figure, base in zip(figures, baseline, strict=True)]
    return Ratio(median(each), min(each), max(each))


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The least of the ordered values that at least `percent` of them do not exceed; 0 for none."""
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]
