"""Requests for judicial record certificates in the synthetic province: computed from their index, like all in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from mocks.chance import Dice, Permutation
from mocks.province import Citizen, Province

__all__ = ["DONE", "DOSSIERS", "Conviction", "JudicialDossier", "JudicialDossiers"]

DOSSIERS = 20_000
DONE = frozenset({"9", "10"})
"""States that carry a certificate."""

_BLOCK = 1_000_000
_OFFICE = "H99.14"
_NUMBER = re.compile(r"H99\.14-([0-9]{6})-([0-9]{6})")
_STATES = ("1", "2", "3", "4", "4", "5", "6", "7", "8", "9", "9", "9", "10", "10", "10", "10")


@dataclass(frozen=True, slots=True)
class Conviction:
    """An invented judgment. `expunged` says whether it no longer counts."""

    judgment_number: str
    judged_on: date
    expunged: bool


@dataclass(frozen=True, slots=True)
class JudicialDossier:
    """
    An invented request by a citizen of the province. `state` is one of the ten of the newer system, `form` 1 or 2;
    `issued_on` is None unless the state carries a certificate.
    """

    number: str
    state: str
    form: str
    lodged_on: date
    issued_on: date | None
    certificate_number: str
    applicant: Citizen
    convictions: tuple[Conviction, ...]


class JudicialDossiers:
    """Those of one province. A number leads back to its index: the counter is a shuffled one."""

    def __init__(self, province: Province) -> None:
        self._province = province
        self._serials = Permutation(province.seed, "judicial dossier", _BLOCK)

    def dossier(self, index: int) -> JudicialDossier:
        """The one of that index, 0 to `DOSSIERS` - 1. IndexError beyond."""
        if not 0 <= index < DOSSIERS:
            raise IndexError(f"there is no judicial dossier {index}")
        dice = Dice(self._province.seed, "judicial dossier", index)
        serial = self._serials.place(index)
        lodged_on = self._province.began_on - timedelta(days=dice.below(60))
        state = dice.pick(_STATES)
        applicant = self._province.adult(dice.below(self._province.citizens))
        issued_on = min(lodged_on + timedelta(days=3 + dice.below(10)), self._province.began_on)
        return JudicialDossier(
            number=f"{_OFFICE}-{lodged_on:%y%m%d}-{serial:06}",
            state=state,
            form=dice.pick("12"),
            lodged_on=lodged_on,
            issued_on=issued_on if state in DONE else None,
            certificate_number=f"99{serial:06}/LLTP-MAU",
            applicant=applicant,
            convictions=self.convictions(applicant),
        )

    def find(self, number: str) -> JudicialDossier | None:
        """The dossier of that number. None when there is none."""
        found = _NUMBER.fullmatch(number)
        index = self._serials.index(int(found[2])) if found else DOSSIERS
        if index >= DOSSIERS:
            return None
        dossier = self.dossier(index)
        return dossier if dossier.number == number else None

    def convictions(self, citizen: Citizen) -> tuple[Conviction, ...]:
        """What a citizen was convicted of: the same in every dossier of his. Most were never."""
        dice = Dice(self._province.seed, "convictions", citizen.index)
        if not dice.chance(6):
            return ()
        judged_on = self._province.began_on - timedelta(days=400 + dice.below(3000))
        # Nobody was convicted as a child.
        if judged_on.year < citizen.born.year + 18:
            return ()
        return (Conviction(f"99{dice.below(1000):03}/HSST", judged_on, dice.chance(60)),)
