"""
What may happen in the synthetic province, and what it changes: one event, and every registry knows of it.

An event is on the day that the province's clock shows. People are named by their numbers, parcels by their
certificate's. `happen` says what came of it, so that it can be asked for: a dossier, a number, a commune.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from mocks.chance import Dice
from mocks.datdai_land import Land
from mocks.gplx_people import Licences
from mocks.hotich_events import CivilEvents
from mocks.life import MARRIED, MOST, Birth, Civil, Transfer
from mocks.names import MAN, WOMAN, family_of, full_name
from mocks.province import COMMUNES, MOST_CITIZENS, Address, Citizen, Province, address_in

__all__ = ["EVENTS", "Impossible", "Unreadable", "happen", "set_clock"]

_OF_AGE = {MAN: 20, WOMAN: 18}  # to marry: Luật Hôn nhân và gia đình 2014, Điều 8
_MAY_DRIVE = 18
_MOTHERS = range(15, 56)
_FATHERS_FROM = 15


class Impossible(ValueError):
    """It cannot happen. The text says why, and names nobody."""


class Unreadable(Impossible):
    """What was told is no event: its word is unknown, or a member is missing, too many, or of another form."""


def set_clock(province: Province, today: date) -> None:
    """
    Let it be that day, forth or back.

    Raises:
        Impossible: something has happened later, or the province had not begun yet.
    """
    life = province.life
    if today < life.newest:
        raise Impossible(f"the clock cannot go back before {life.newest.isoformat()}: something has happened then")
    life.today = today


def happen(province: Province, event: str, members: Mapping[str, Any]) -> dict[str, Any]:
    """
    Let something happen today.

    Args:
        event: a word of `EVENTS`.
        members: who and what, as the event wants them: see its docstring. All are texts; `household` is true or false.

    Raises:
        Unreadable: the event is unknown, or a member is missing, unknown or of another form.
        Impossible: somebody is not there, or it cannot be.
    """
    happening = EVENTS.get(event)
    if happening is None:
        raise Unreadable(f"event must be one of {', '.join(EVENTS)}")
    if province.life.count >= MOST:
        raise Impossible(f"{MOST} events have happened, and no more do before a reset")
    asked = _Asked(province, members)
    came = happening(province, asked)
    province.life.count += 1
    province.life.newest = province.today
    return {"event": event, "on": province.today.isoformat(), **came}


class _Asked:
    """The members of an event, read one by one. Nothing is changed before all of them are."""

    def __init__(self, province: Province, members: Mapping[str, Any]) -> None:
        self._province = province
        self._members = dict(members)

    def text(self, name: str) -> str | None:
        value = self._members.pop(name, None)
        if value is not None and not (isinstance(value, str) and 0 < len(value) <= 200):
            raise Unreadable(f"{name} must be a text")
        return value

    def yes(self, name: str) -> bool:
        value = self._members.pop(name, False)
        if not isinstance(value, bool):
            raise Unreadable(f"{name} must be true or false")
        return value

    def person(self, name: str) -> Citizen:
        found = self.somebody(name)
        if found is None:
            raise Unreadable(f"{name} is missing: a personal number")
        return found

    def somebody(self, name: str) -> Citizen | None:
        number = self.text(name)
        if number is None:
            return None
        found = self._province.find_citizen(number)
        if found is None:
            raise Impossible(f"{name}: nobody in the province has this number")
        if found.died_on is not None:
            raise Impossible(f"{name} has died")
        return found

    def done(self) -> None:
        if self._members:
            raise Unreadable(f"{len(self._members)} members too many for this event")


def _birth(province: Province, asked: _Asked) -> dict[str, Any]:
    """`mother`; `father`, `full_name` and `sex` (1 or 2) where they are wanted. The child lives with the mother."""
    mother, father = asked.person("mother"), asked.somebody("father")
    name, sex = asked.text("full_name"), asked.text("sex")
    asked.done()
    if sex not in {None, MAN, WOMAN}:
        raise Unreadable("sex must be 1 or 2")
    life, born = province.life, province.today
    if mother.sex != WOMAN or _age(mother, born) not in _MOTHERS:
        raise Impossible("mother cannot give birth: not a woman of that age")
    if father is not None and (father.sex != MAN or _age(father, born) < _FATHERS_FROM):
        raise Impossible("father is not a man of that age")
    if province.population >= MOST_CITIZENS:
        raise Impossible(f"{MOST_CITIZENS} people have all the numbers that there are")
    index = province.population
    dice = Dice(province.seed, "birth", index)
    sex = sex or dice.pick((MAN, WOMAN))
    ethnic = (father or mother).ethnic_code
    family = (father or mother).full_name.split()[0] if ethnic == "01" else family_of(dice, ethnic)
    home = province.home(mother.index)
    child = Citizen(
        index=index,
        citizen_id=province.number(index, sex, born),
        old_number=None,
        full_name=name or full_name(dice, family, sex, ethnic),
        sex=sex,
        born=born,
        year_only=False,
        ethnic_code=ethnic,
        religion_code="00",
        marital_code="1",
        blood_code="00",
        birth_place=mother.residence,
        residence=mother.residence,
        father_name=None if father is None else father.full_name,
        mother_name=mother.full_name,
    )
    life.births.append(Birth(child, home))
    life.settle(index, home, mother.residence)
    dossier = _registered(province, "birth", index, None)
    return {"citizen_id": child.citizen_id, "full_name": child.full_name, **dossier}


def _marriage(province: Province, asked: _Asked) -> dict[str, Any]:
    """`husband` and `wife`, neither married now. Nobody moves by it."""
    husband, wife = asked.person("husband"), asked.person("wife")
    asked.done()
    life, today = province.life, province.today
    for name, one, sex in (("husband", husband, MAN), ("wife", wife, WOMAN)):
        if one.sex != sex or _age(one, today) < _OF_AGE[sex]:
            raise Impossible(f"{name} may not marry: of the other sex, or too young")
        if one.marital_code == MARRIED:
            raise Impossible(f"{name} is married")
    for one, other in ((husband, wife), (wife, husband)):
        life.marital[one.index] = MARRIED
        life.spouses[one.index] = other.index
    return _registered(province, "marriage", husband.index, wife.index)


def _divorce(province: Province, asked: _Asked) -> dict[str, Any]:
    """`citizen`, who is married. The other one is divorced with him where it is known who that is."""
    one = asked.person("citizen")
    asked.done()
    if one.marital_code != MARRIED:
        raise Impossible("citizen is not married")
    _part(province, one)
    return {}


def _death(province: Province, asked: _Asked) -> dict[str, Any]:
    """`citizen`; `declarant` where somebody else than the oldest of the household declares it."""
    one, declarant = asked.person("citizen"), asked.somebody("declarant")
    asked.done()
    others = [other for other in province.household(one.index) if other.index != one.index]
    declarant = declarant or next((other for other in others if _age(other, province.today) >= _MAY_DRIVE), None)
    if one.marital_code == MARRIED:
        other = province.spouse(one.index)
        _part(province, one)
        # Nobody is widowed by his own death: it was the other one who was left.
        province.life.marital[one.index] = MARRIED
        province.life.spouses[one.index] = None if other is None else other.index
    province.life.deaths[one.index] = province.today
    return _registered(province, "death", one.index, None if declarant is None else declarant.index)


def _move(province: Province, asked: _Asked) -> dict[str, Any]:
    """`citizen`, and where to: `commune` (from 99000 on) and `detail`, or whom to `join`. One, or the `household`."""
    one, join = asked.person("citizen"), asked.somebody("join")
    commune, detail, whole = asked.text("commune"), asked.text("detail"), asked.yes("household")
    asked.done()
    if (join is None) == (commune is None):
        raise Unreadable("needs either commune, or whom to join")
    who = province.household(one.index) if whole else (one,)
    if join is not None:
        residence, home = join.residence, province.home(join.index)
        if join.index in {other.index for other in who}:
            raise Impossible("join: nobody joins himself")
    else:
        residence = _place(commune or "", detail or one.residence.detail)
        home = province.home(one.index) if whole else province.new_home()
    for each in who:
        province.life.settle(each.index, home, residence)
    return {"commune": residence.commune_code, "moved": len(who)}


def _licence(province: Province, asked: _Asked) -> dict[str, Any]:
    """`citizen`, who has no driving licence yet."""
    one = asked.person("citizen")
    asked.done()
    licences = Licences(province)
    if _age(one, province.today) < _MAY_DRIVE:
        raise Impossible("citizen is too young to drive")
    if licences.of(one) is not None:
        raise Impossible("citizen has a licence")
    province.life.licences[one.index] = province.today
    given = licences.of(one)
    assert given is not None  # noqa: S101  it was given a line above
    return {"licence_number": given.number}


def _transfer(province: Province, asked: _Asked) -> dict[str, Any]:
    """`certificate`, and who gets the land: `to`, and `to_wife` where a couple does."""
    certificate, to, wife = asked.text("certificate"), asked.person("to"), asked.somebody("to_wife")
    asked.done()
    lot = Land(province).find_certificate(certificate or "")
    if lot is None:
        raise Impossible("certificate: no parcel of the province has this number")
    if wife is not None and (to.sex, wife.sex) != (MAN, WOMAN):
        raise Impossible("a couple is a man, and a woman in to_wife")
    if lot.is_mortgaged:
        raise Impossible("the parcel is mortgaged")
    holders = (to.index,) if wife is None else (to.index, wife.index)
    province.life.transfers[lot.index] = Transfer(holders, province.today)
    return {
        "certificate": lot.certificate_number,
        "commune": lot.place.commune_code,
        "map_sheet": str(lot.map_sheet),
        "parcel_number": str(lot.parcel_number),
    }


EVENTS: Mapping[str, Callable[[Province, _Asked], dict[str, Any]]] = {
    "birth": _birth,
    "marriage": _marriage,
    "divorce": _divorce,
    "move": _move,
    "licence": _licence,
    "land_transfer": _transfer,
    "death": _death,
}
"""How each event goes."""


def _registered(province: Province, event: str, index: int, other: int | None) -> dict[str, Any]:
    beside = None if other is None else province.citizen(other)
    province.life.civil.append(Civil(event, province.citizen(index), beside, province.today))
    dossier = CivilEvents(province).later(len(province.life.civil) - 1)
    return {
        "dossier": dossier.number,
        "interlinked_dossier": dossier.interlink_number,
        "registration_number": dossier.registration_number,
        "commune": dossier.commune_code,
    }


def _part(province: Province, one: Citizen) -> None:
    other = province.spouse(one.index)
    province.life.spouses[one.index] = None if other is None else other.index
    province.life.part(one.index)


def _place(commune: str, detail: str) -> Address:
    known = commune.isascii() and commune.isdigit() and len(commune) == 5 and commune.startswith("99")
    if not known or int(commune[2:]) >= COMMUNES:
        raise Unreadable(f"commune must be 99000 to 99{COMMUNES - 1}")
    return address_in(int(commune[2:]), detail)


def _age(one: Citizen, today: date) -> int:
    return today.year - one.born.year - ((today.month, today.day) < (one.born.month, one.born.day))
