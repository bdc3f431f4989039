"""Driving licences of the synthetic province and the dossiers of a day: computed, like everything in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from mocks.chance import Dice, Permutation
from mocks.province import CAST, Citizen, Province

__all__ = ["CAST", "OFFICES", "Dossier", "Licence", "LicenceClass", "Licences"]

OFFICES = {"99001": "Phòng Giao thông Ví Dụ", "99002": "Phòng Giao thông Mẫu"}
_SERIALS = 1_000_000
_NUMBER = re.compile(r"99([01])([0-9]{2})([1-3])([0-9]{6})")
_DOSSIER = re.compile(r"G01\.99-([0-9]{2})([0-9]{2})([0-9]{2})-([0-9]{6})")
_NEW_CLASSES = 2025  # the letters changed on 1 January 2025
_MOST = 5


@dataclass(frozen=True, slots=True)
class LicenceClass:
    """What somebody may drive, since when and until when. Motor-cycle classes do not end."""

    name: str
    issued_on: date
    expires_on: date | None
    passed_on: date


@dataclass(frozen=True, slots=True)
class Licence:
    """An invented licence. `status` is 1 in force, 2 withdrawn for a time."""

    holder: Citizen
    number: str
    serial: str
    classes: tuple[LicenceClass, ...]
    status: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """Somebody's request to have his licence exchanged. `state` counts as the national portal does: 2, 4, 9, 10."""

    number: str
    office: str
    received_on: date
    due_on: date
    applicant: Citizen
    licence: Licence | None
    state: str
    by_post: bool

    @property
    def file(self) -> str:
        """Where its health certificate lies."""
        return f"/files/{self.number}/gksk.pdf"


class Licences:
    """
    Those of one province: six grown people in ten have one. A number leads back to its holder.

    Numbers begin with 99, which is no province, and their serial with 1, 2 or 3; serials of cards with XX.
    """

    def __init__(self, province: Province) -> None:
        self._province = province
        self._serials = Permutation(province.seed, "licence", _SERIALS)

    def of(self, citizen: Citizen) -> Licence | None:
        """The citizen's licence; None where there is none."""
        given_on = self._province.life.licences.get(citizen.index)
        if given_on is not None:
            return self._given(citizen, given_on)
        age = self._province.began_on.year - citizen.born.year
        dice = Dice(self._province.seed, "licence", citizen.index)
        if age < 20 or not dice.chance(60):
            return None
        passed = self._province.began_on - timedelta(days=30 + dice.below(min(age - 19, 12) * 365))
        issued = passed + timedelta(days=14)
        new = issued.year >= _NEW_CLASSES
        classes = [LicenceClass("A" if new else "A1", issued, None, passed)]
        if dice.chance(50):
            until = date(issued.year + 10, issued.month, min(issued.day, 28))
            classes.append(LicenceClass("B" if new else "B2", issued, until, passed))
        return self._licence(citizen, issued, classes, "2" if dice.chance(3) else "1")

    def _given(self, citizen: Citizen, on: date) -> Licence:
        """What was given on a day of the province's life: a car and a motor-cycle, both at once."""
        until = date(on.year + 10, on.month, min(on.day, 28))
        return self._licence(citizen, on, [LicenceClass("A", on, None, on), LicenceClass("B", on, until, on)], "1")

    def _licence(self, citizen: Citizen, issued: date, classes: list[LicenceClass], status: str) -> Licence:
        block, place = divmod(citizen.index, _SERIALS)
        number = f"99{int(citizen.sex) - 1}{issued.year % 100:02}{1 + block}{self._serials.place(place):06}"
        holder = self._province.held.by("gplx", citizen)
        return Licence(holder, number, f"XX{number[-6:]}", tuple(classes), status)

    def find(self, number: str) -> Licence | None:
        """Whose licence it is, by its own number or its holder's. None when there is none."""
        found = _NUMBER.fullmatch(number)
        if found is None:
            citizen = self._province.find_citizen(number)
            return self.of(citizen) if citizen is not None else None
        index = (int(found[3]) - 1) * _SERIALS + self._serials.index(int(found[4]))
        if index >= self._province.population:
            return None
        licence = self.of(self._province.citizen(index))
        return licence if licence is not None and licence.number == number else None

    def received(self, office: str, day: date) -> tuple[Dossier, ...]:
        """What an office received on a day: none on Sundays and after the province's own day."""
        if office not in OFFICES or day > self._province.today or day.weekday() == 6:
            return ()
        count = 1 + Dice(self._province.seed, f"dossiers {office}", day.toordinal()).below(_MOST)
        return tuple(self._dossier(office, day, nth) for nth in range(count))

    def find_dossier(self, number: str) -> Dossier | None:
        """The dossier of that number. None when there is none."""
        found = _DOSSIER.fullmatch(number)
        if found is None:
            return None
        year, month, of_month, counted = (int(part) for part in found.groups())
        try:
            day = date(2000 + year, month, of_month)
        except ValueError:
            return None
        which, nth = divmod(counted, 100)
        offices = tuple(OFFICES)
        listed = self.received(offices[which], day) if which < len(offices) else ()
        return listed[nth - 1] if 1 <= nth <= len(listed) else None

    def _dossier(self, office: str, day: date, nth: int) -> Dossier:
        dice = Dice(self._province.seed, f"dossier {office} {nth}", day.toordinal())
        applicant = self._province.adult(dice.below(min(CAST, self._province.citizens)))
        due = day + timedelta(days=7)
        waited = (self._province.today - day).days
        state = "2" if waited < 1 else "4" if waited < 5 else "9" if waited < 7 else "10"
        which = tuple(OFFICES).index(office)
        return Dossier(
            number=f"G01.99-{day:%y%m%d}-{which * 100 + nth + 1:06}",
            office=office,
            received_on=day,
            due_on=due,
            applicant=applicant,
            licence=self.of(applicant),
            state=state,
            by_post=dice.chance(30),
        )
