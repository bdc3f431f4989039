"""How long an answer may be kept, and for whom: by the dataset's class, its own rule, and what settings shorten."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.domain.dataset import Dataset, Sensitivity
from gateway.errors import SettingsError

__all__ = ["NEVER", "Freshness", "freshness_of"]

_LONGEST_PERSON_S = 600
_ABSENT_SHARE, _LONGEST_ABSENT_S = 0.1, 600
"""That there is no record is the sooner wrong: somebody may be registering at this very moment."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """
    How old a kept answer may be, in seconds: one that was `found`, one that was `absent`, and how much older where the
    registry gives no answer now. Zero means not at all.
    """

    found_s: int = 0
    absent_s: int = 0
    stale_s: int = 0


NEVER = Freshness()


def freshness_of(
    dataset: Dataset[Any, Any, Any], shorter: Mapping[str, int], less_stale: Mapping[str, int], *, place: str
) -> Freshness:
    """
    The rule of one dataset. Settings may shorten it; `place` is theirs. A person's data are kept for ten minutes at
    most, sensitive ones never.

    Raises SettingsError naming the setting that would lengthen it.
    """
    most = _longest(dataset)
    found_s = _shortened(dataset.noun, shorter, most, f"{place}.freshness_s")
    stale_s = _shortened(dataset.noun, less_stale, dataset.stale_s if most else 0, f"{place}.stale_s")
    absent_s = min(int(found_s * _ABSENT_SHARE), _LONGEST_ABSENT_S)
    return Freshness(found_s, absent_s, stale_s if found_s else 0)


def _longest(dataset: Dataset[Any, Any, Any]) -> int:
    match dataset.sensitivity:
        case Sensitivity.PUBLIC:
            return dataset.freshness_s
        case Sensitivity.PERSON:
            return min(dataset.freshness_s, _LONGEST_PERSON_S)
        case Sensitivity.SENSITIVE:
            return 0


def _shortened(noun: str, shorter: Mapping[str, int], most: int, place: str) -> int:
    seconds = shorter.get(noun, most)
    if seconds > most:
        raise SettingsError(f"{place}.{noun}: at most {most}, the dataset's own rule; settings can only shorten it")
    return seconds
