"""
Where registries disagree: for some people one of them holds something else than the population database.

Who, where and what is computed from seed and index, so that it can be listed as well as met.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from mocks.chance import Dice

if TYPE_CHECKING:
    from mocks.province import Citizen

__all__ = ["KINDS", "REGISTRIES", "Held"]

_NAME, _ADDRESS, _DAY, _PRECISION = "misspelt_name", "old_address", "other_birth_day", "other_precision"
REGISTRIES: Mapping[str, tuple[str, ...]] = {
    "bhxh": (_NAME, _ADDRESS, _DAY, _PRECISION),
    "datdai": (_NAME, _ADDRESS, _DAY, _PRECISION),
    "dkdn": (_NAME,),
    "gplx": (_NAME, _DAY, _PRECISION),
    "hotich": (_NAME, _ADDRESS, _DAY, _PRECISION),
}
"""Which registries may hold something else, and what: nothing that they do not tell."""
_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
_SOUNDS = (("y", "i"), ("i", "y"), ("n", "ng"), ("o", "ô"), ("a", "ă"))


class Held:
    """
    Who is held otherwise, and how.

    Args:
        seed: the province's.
        percent: of how many citizens in a hundred one registry holds something else, if it knows them at all.
    """

    def __init__(self, seed: int, percent: int) -> None:
        if not 0 <= percent <= 100:
            raise ValueError("disagreements must be 0 to 100")
        self._seed = seed
        self.percent = percent

    def of(self, index: int) -> tuple[str, str] | None:
        """Registry and kind of the disagreement about that citizen. None for most."""
        if not self.percent:
            return None
        dice = Dice(self._seed, "disagreement", index)
        if not dice.chance(self.percent):
            return None
        registry = dice.pick(tuple(REGISTRIES))
        return registry, dice.pick(REGISTRIES[registry])

    def by(self, registry: str, citizen: Citizen) -> Citizen:
        """The citizen as that registry holds him."""
        if not self.percent:
            return citizen
        found = self.of(citizen.index)
        return KINDS[found[1]](citizen) if found is not None and found[0] == registry else citizen


def _misspelt(citizen: Citizen) -> Citizen:
    return replace(citizen, full_name=misspelt(citizen.full_name))


def _at_old_address(citizen: Citizen) -> Citizen:
    return replace(citizen, residence=citizen.residence.before_the_merger)


def _with_another_day(citizen: Citizen) -> Citizen:
    """Day and month changed places where that is a day; else the first of the month, or the second."""
    born = citizen.born
    other = born.replace(day=2 if born.day == 1 else 1)
    if born.day <= 12 and born.day != born.month:
        other = date(born.year, born.day, born.month)
    return replace(citizen, born=other, year_only=False)


def _with_year_alone(citizen: Citizen) -> Citizen:
    """Who has a whole date elsewhere has none here, and the other way round."""
    return replace(citizen, year_only=not citizen.year_only)


KINDS: Mapping[str, Callable[[Citizen], Citizen]] = {
    _NAME: _misspelt,
    _ADDRESS: _at_old_address,
    _DAY: _with_another_day,
    _PRECISION: _with_year_alone,
}
"""What is held otherwise, and how the citizen looks then."""


def misspelt(name: str) -> str:
    """The name as a tired clerk wrote it: the last tone mark is missing; without any, one sound is another."""
    letters = unicodedata.normalize("NFD", name)
    for place in range(len(letters) - 1, -1, -1):
        if letters[place] in _TONES:
            return unicodedata.normalize("NFC", letters[:place] + letters[place + 1 :])
    head, _, last = name.rpartition(" ")
    changed = next((last.replace(old, new, 1) for old, new in _SOUNDS if old in last), f"{last}h")
    return f"{head} {changed}".strip()
