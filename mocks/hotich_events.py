"""
Births, deaths and marriages of the synthetic province, and the dossiers about them: computed from their index, like all
in it, and in step with the population: nobody here is dead or married who is not there.

* A birth is of a citizen himself, mostly registered anew; his parents are those that the population database names.
* A death is that of a grown citizen's father. He has no number: nobody in the province does who is dead.
* A marriage is of a man and a woman of one household who are both married, registered anew.

What happens later (`life`) is registered on the day it happens, each in a dossier of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from mocks.chance import Dice, Permutation
from mocks.names import MAN
from mocks.province import Address, Citizen, Province

__all__ = ["EVENTS", "CivilDossier", "CivilEvents", "Deceased"]

EVENTS = ("birth", "death", "marriage")
_BLOCK = 1_000_000
_SUBJECTS = 300_000  # so many citizens have dossiers: three serials each fit into a block
_LATER = _SUBJECTS * len(EVENTS)  # the serials left are for what happens later
_HOUSEHOLD = 4
_OFFICE = "H99.01"
_NUMBER = re.compile(r"H99\.01-([0-9]{6})-([0-9]{6})")
_INTERLINKED = re.compile(r"G99-([0-9]{6})-([0-9]{6})")
_STATES = ("1", "2", "3", "3", "4", "4", "4", "4", "4", "6")
_GROWN = 40


@dataclass(frozen=True, slots=True)
class Deceased:
    """A citizen's father, or whoever died since: a name, a year of birth, the day of death; a number where known."""

    full_name: str
    sex: str
    birth_year: int
    died_on: date
    residence: Address
    citizen_id: str | None = None


@dataclass(frozen=True, slots=True)
class CivilDossier:
    """
    An invented dossier. `state` is the newer generation's; `citizen` is the child of a birth, the husband of a
    marriage, the declarant of a death, who is the deceased himself where the office registers it of its own accord.
    `registered_on` is None unless the state is 4. `anew`: not for the first time.
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
    deceased: Deceased | None = None
    wife: Citizen | None = None


class CivilEvents:
    """Those of one province. A number leads back to its index: the counter is a shuffled one."""

    def __init__(self, province: Province) -> None:
        self._province = province
        self._serials = Permutation(province.seed, "civil dossier", _BLOCK)

    def dossier(self, event: str, index: int) -> CivilDossier | None:
        """The newest dossier about the citizen of that index. None where nothing of the kind is registered of him."""
        later = self._province.life.civil_of(event, index)
        return self._first(event, index) if later is None else self.later(later)

    def _first(self, event: str, index: int) -> CivilDossier | None:
        """The one of before anything happened."""
        if not 0 <= index < min(self._province.citizens, _SUBJECTS):
            return None
        citizen = self._held(self._province.at_first(index))
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
            registered_on=min(lodged_on + timedelta(days=1), self._province.began_on) if state == "4" else None,
            registration_number=f"99{serial:06}/{lodged_on.year}",
            citizen=citizen,
            commune_code=citizen.residence.commune_code,
            anew=event == "marriage" or (event == "birth" and (lodged_on - citizen.born).days > 60),
            deceased=father,
            wife=wife,
        )

    def later(self, nth: int) -> CivilDossier:
        """The dossier of the nth civil event that happened since. IndexError where there were fewer."""
        happened = self._province.life.civil[nth]
        serial = self._serials.place(_LATER + nth)
        day = f"{happened.on:%y%m%d}"
        subject = self._held(happened.subject)
        deceased = None
        if happened.event == "death":
            deceased = Deceased(
                subject.full_name, subject.sex, subject.born.year, happened.on, subject.residence, subject.citizen_id
            )
        other = None if happened.other is None else self._held(happened.other)
        return CivilDossier(
            index=subject.index,
            event=happened.event,
            number=f"{_OFFICE}-{day}-{serial:06}",
            interlink_number=f"G99-{day}-{serial:06}",
            state="4",
            lodged_on=happened.on,
            registered_on=happened.on,
            registration_number=f"99{serial:06}/{happened.on.year}",
            citizen=other if happened.event == "death" and other is not None else subject,
            commune_code=subject.residence.commune_code,
            anew=False,
            deceased=deceased,
            wife=other if happened.event == "marriage" else None,
        )

    def find(self, number: str) -> CivilDossier | None:
        """The dossier of that number, the one-stop system's or the interlinked one. None when there is none."""
        found = _NUMBER.fullmatch(number) or _INTERLINKED.fullmatch(number)
        if found is None:
            return None
        place = self._serials.index(int(found[2]))
        if place < _LATER:
            index, event = divmod(place, len(EVENTS))
            dossier = self._first(EVENTS[event], index)
        else:
            happened = place - _LATER < len(self._province.life.civil)
            dossier = self.later(place - _LATER) if happened else None
        return dossier if dossier is not None and number in {dossier.number, dossier.interlink_number} else None

    def wife(self, citizen: Citizen) -> Citizen | None:
        """Whom a man was married to within his household before anything happened. None for all others."""
        couple = self._province.couple_at_first(citizen.index // _HOUSEHOLD)
        return self._held(couple[1]) if couple is not None and couple[0].index == citizen.index else None

    def _held(self, citizen: Citizen) -> Citizen:
        return self._province.held.by("hotich", citizen)

    def _dead_father(self, citizen: Citizen) -> Deceased | None:
        if citizen.father_name is None or self._province.began_on.year - citizen.born.year < _GROWN:
            return None
        dice = Dice(self._province.seed, "dead father", citizen.index)
        if not dice.chance(50):
            return None
        return Deceased(
            full_name=citizen.father_name,
            sex=MAN,
            birth_year=citizen.born.year - 20 - dice.below(15),
            died_on=self._province.began_on - timedelta(days=10 + dice.below(40)),
            residence=citizen.residence,
        )

    def _lodged_on(self, citizen: Citizen, father: Deceased | None, dice: Dice) -> date:
        """Within the last weeks, and never before what it is about."""
        after = father.died_on if father is not None else citizen.born
        lodged_on = self._province.began_on - timedelta(days=dice.below(60))
        return max(lodged_on, min(after + timedelta(days=1), self._province.began_on))
