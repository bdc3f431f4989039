"""
Whether what was found is in force, by what the record says of its state: nothing of it is declared by anybody.

That a record exists and fits what was declared does not say that it holds: a firm may be dissolved, a permit run out, a
certificate withdrawn. What says so is data (`Condition`); a word that nobody has listed is `unclear`, never in force.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from gateway.domain.canonical import canonical
from gateway.domain.records.shared import Code

__all__ = ["Aspect", "Condition", "Ground", "Standing", "Stood", "stood", "worst"]


class Standing(StrEnum):
    """What a record says of its being in force, from the best to the worst."""

    IN_FORCE = "in_force"
    UNCLEAR = "unclear"
    """The registry says nothing of it, or a word that nobody has listed."""
    NOT_IN_FORCE = "not_in_force"


class Aspect(StrEnum):
    """How a field is looked at."""

    STATE = "state"
    """A word or code, of which lists say which hold and which do not."""
    LAST_DAY = "last_day"
    """The last day on which it holds."""
    NOTHING = "nothing"
    """A list in which nothing may stand, such as restrictions."""


class Ground(StrEnum):
    """Why a standing is what it is. Each belongs to one standing, and has one sentence in each language."""

    STATE_HOLDS = "state_holds"
    DAY_NOT_PASSED = "day_not_passed"
    NO_LAST_DAY = "no_last_day"
    UNRESTRICTED = "unrestricted"
    STATE_UNLISTED = "state_unlisted"
    NOT_TOLD = "not_told"
    STATE_ENDED = "state_ended"
    DAY_PASSED = "day_passed"
    RESTRICTED = "restricted"


@dataclass(frozen=True, slots=True)
class Condition:
    """
    What must hold of one field. `holds` and `ended` are codes or words of a state, in canonical form; `open_ended`
    says that without a last day it does not end.
    """

    field: str
    aspect: Aspect
    holds: frozenset[str] = frozenset()
    ended: frozenset[str] = frozenset()
    open_ended: bool = False

    @classmethod
    def state(cls, field: str, holds: Iterable[str], ended: Iterable[str] = ()) -> Condition:
        """A state, by the words or codes as a registry writes them."""
        return cls(field, Aspect.STATE, frozenset(map(canonical, holds)), frozenset(map(canonical, ended)))


@dataclass(frozen=True, slots=True)
class Stood:
    """What came of one condition, and why. No value stands in it."""

    standing: Standing
    ground: Ground


_UNTOLD = Stood(Standing.UNCLEAR, Ground.NOT_TOLD)
_ORDER = {standing: place for place, standing in enumerate(Standing)}


def worst(several: Iterable[Stood]) -> Stood:
    """The one that speaks most against it; untold where there is none."""
    return max(several, key=lambda one: _ORDER[one.standing], default=_UNTOLD)


def stood(condition: Condition, recorded: Any, today: date) -> Stood:
    """What a recorded value says on a day; None stands for nothing recorded."""
    match condition.aspect:
        case Aspect.STATE:
            return _state(condition, recorded)
        case Aspect.LAST_DAY:
            return _last_day(condition, recorded, today)
        case Aspect.NOTHING:
            if recorded is None:
                return _UNTOLD
            return Stood(Standing.NOT_IN_FORCE, Ground.RESTRICTED) if recorded else _holds(Ground.UNRESTRICTED)


def _state(condition: Condition, recorded: Any) -> Stood:
    words = _words(recorded)
    if not words:
        return _UNTOLD
    if words & condition.ended:
        return Stood(Standing.NOT_IN_FORCE, Ground.STATE_ENDED)
    if words & condition.holds:
        return _holds(Ground.STATE_HOLDS)
    return Stood(Standing.UNCLEAR, Ground.STATE_UNLISTED)


def _last_day(condition: Condition, recorded: Any, today: date) -> Stood:
    if recorded is None:
        return _holds(Ground.NO_LAST_DAY) if condition.open_ended else _UNTOLD
    if not isinstance(recorded, date):
        return _UNTOLD
    return _holds(Ground.DAY_NOT_PASSED) if today <= recorded else Stood(Standing.NOT_IN_FORCE, Ground.DAY_PASSED)


def _words(recorded: Any) -> frozenset[str]:
    """A state as it may be listed: of a code also the registry's own text beside it."""
    if isinstance(recorded, Code):
        return frozenset(canonical(text) for text in (recorded.code, recorded.name) if text)
    return frozenset({canonical(recorded)}) if isinstance(recorded, str) and recorded.strip() else frozenset()


def _holds(ground: Ground) -> Stood:
    return Stood(Standing.IN_FORCE, ground)
