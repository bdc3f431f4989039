"""
Births, deaths and marriages of the synthetic province, and the dossiers about them: computed from their index, like all
in it, and in step with the population: nobody here is dead or married who is not there.

* A birth is of a citizen himself, mostly registered anew; his parents are those that the population database names.
* A death is that of a grown citizen's father. He has no number: nobody in the province does who is dead.
* A marriage is of a man and a woman of one household who are both married, registered anew.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from mocks.chance import Dice, Permutation
from mocks.names import MAN, WOMAN
from mocks.province import Address, Citizen, Province

__all__ = ["EVENTS", "CivilDossier", "CivilEvents", "Father"]

EVENTS = ("birth", "death", "marriage")
_BLOCK = 1_000_000
_SUBJECTS = 300_000  # so many citizens have dossiers: three serials each fit into a block
_HOUSEHOLD = 4
_OFFICE = "H99.01"
_NUMBER = re.compile(r"H99\.01-([0-9]{6})-([0-9]{6})")
_INTERLINKED = re.compile(r"G99-([0-9]{6})-([0-9]{6})")
_STATES = ("1", "2", "3", "3", "4", "4", "4", "4", "4", "6")
_MARRIED = "2"
_GROWN = 40


@dataclass(frozen=True, slots=True)
class Father:
    """A citizen's father, dead: a name, a year of birth, and the day he died."""

    full_name: str
    birth_year: int
    died_on: date
    residence: Address


@dataclass(frozen=True, slots=True)
class CivilDossier:
    """
    An invented dossier. `state` is the newer generation's; `citizen` is the child of a birth, the husband of a
    marriage, the declarant of a death. `registered_on` is None unless the state is 4. `anew`: not for the first time.
    """

    index: int
    event: str
    number: str
    interlink_number: str
    state: str
    lodged_on: date
    registered_on: date | None
    registration_number: str
    citizen: Citizen
    commune_code: str
    anew: bool
    father: Father | None = None
    wife: Citizen | None = None


class CivilEvents:
    """Those of one province. A number leads back to its index: the counter is a shuffled one."""

    def __init__(self, province: Province) -> None:
        self._province = province
        self._serials = Permutation(province.seed, "civil dossier", _BLOCK)

    def dossier(self, event: str, index: int) -> CivilDossier | None:
        """The dossier about the citizen of that index. None where nothing of the kind is registered of him."""
        if not 0 <= index < min(self._province.citizens, _SUBJECTS):
            return None
        citizen = self._province.citizen(index)
        father = self._dead_father(citizen) if event == "death" else None
        wife = self.wife(citizen) if event == "marriage" else None
        if (event == "death" and father is None) or (event == "marriage" and wife is None):
            return None
        serial = self._serials.place(index * len(EVENTS) + EVENTS.index(event))
        dice = Dice(self._province.seed, f"{event} dossier", index)
        lodged_on = self._lodged_on(citizen, father, dice)
        state = dice.pick(_STATES)
        day = f"{lodged_on:%y%m%d}"
        return CivilDossier(
            index=index,
            event=event,
            number=f"{_OFFICE}-{day}-{serial:06}",
            interlink_number=f"G99-{day}-{serial:06}",
            state=state,
            lodged_on=lodged_on,
            registered_on=min(lodged_on + timedelta(days=1), self._province.today) if state == "4" else None,
            registration_number=f"99{serial:06}/{lodged_on.year}",
            citizen=citizen,
            commune_code=citizen.residence.commune_code,
            anew=event == "marriage" or (event == "birth" and (lodged_on - citizen.born).days > 60),
            father=father,
            wife=wife,
        )

    def find(self, number: str) -> CivilDossier | None:
        """The dossier of that number, the one-stop system's or the interlinked one. None when there is none."""
        found = _NUMBER.fullmatch(number) or _INTERLINKED.fullmatch(number)
        if found is None:
            return None
        index, event = divmod(self._serials.index(int(found[2])), len(EVENTS))
        dossier = self.dossier(EVENTS[event], index)
        return dossier if dossier is not None and number in {dossier.number, dossier.interlink_number} else None

    def wife(self, citizen: Citizen) -> Citizen | None:
        """The wife of a man who is married within his household. A household has one such couple at most."""
        married = [one for one in self._province.household(citizen.index) if one.marital_code == _MARRIED]
        men = [one for one in married if one.sex == MAN]
        women = [one for one in married if one.sex == WOMAN]
        return women[0] if women and men and men[0] == citizen else None

    def _dead_father(self, citizen: Citizen) -> Father | None:
        if citizen.father_name is None or self._province.today.year - citizen.born.year < _GROWN:
            return None
        dice = Dice(self._province.seed, "dead father", citizen.index)
        if not dice.chance(50):
            return None
        return Father(
            full_name=citizen.father_name,
            birth_year=citizen.born.year - 20 - dice.below(15),
            died_on=self._province.today - timedelta(days=10 + dice.below(40)),
            residence=citizen.residence,
        )

    def _lodged_on(self, citizen: Citizen, father: Father | None, dice: Dice) -> date:
        """Within the last weeks, and never before what it is about."""
        after = father.died_on if father is not None else citizen.born
        lodged_on = self._province.today - timedelta(days=dice.below(60))
        return max(lodged_on, min(after + timedelta(days=1), self._province.today))
