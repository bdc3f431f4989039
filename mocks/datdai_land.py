"""Parcels and certificates of the synthetic province, computed from their index, like everything in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from mocks.chance import Dice, Permutation
from mocks.province import Address, Citizen, Province

__all__ = ["SERIES", "Land", "Lot"]

SERIES = "ZZ"
"""The letters of every serial number here: the series that are given out are far from them."""

_HOUSEHOLD = 4
_MOST = 3  # parcels of one household
_SERIALS = 3_000_000
_PER_SHEET = 1000
_PURPOSES = (
    (("ONT", "Đất ở tại nông thôn"),),
    (("ONT", "Đất ở tại nông thôn"), ("CLN", "Đất trồng cây lâu năm")),
    (("LUC", "Đất chuyên trồng lúa nước"),),
    (("CLN", "Đất trồng cây lâu năm"),),
)
_SERIAL = re.compile(rf"{SERIES} ?([0-9]{{8}})")


@dataclass(frozen=True, slots=True)
class Lot:
    """
    A parcel with its certificate. `kind` is that of its holders: 0 one person, 1 a couple (husband first), 2 a
    household by its head.

    Every second one has old numbers from before its maps were drawn anew: the number was higher by a thousand.
    """

    index: int
    certificate_number: str
    place: Address
    map_sheet: int
    parcel_number: int
    old_parcel_number: int | None
    areas_tenth_m2: tuple[int, ...]
    purposes: tuple[tuple[str, str], ...]
    kind: str
    holders: tuple[Citizen, ...]
    registered_on: date
    is_mortgaged: bool


class Land:
    """
    The land of one province. A household has up to three parcels, all in the commune where it lives at first, and its
    grown members hold them until they are transferred: everybody named is in the population database too.
    """

    def __init__(self, province: Province) -> None:
        self._province = province
        self._serials = Permutation(province.seed, "land certificate", _SERIALS)

    def lots(self) -> Iterator[Lot]:
        """Every parcel, household by household."""
        for first in range(0, self._province.citizens, _HOUSEHOLD):
            yield from self._of_household(first // _HOUSEHOLD)

    def lots_at_first(self) -> Iterator[Lot]:
        """Every parcel with who held it before anything happened."""
        for first in range(0, self._province.citizens, _HOUSEHOLD):
            yield from self._of_household_at_first(first // _HOUSEHOLD)

    def lot(self, index: int) -> Lot | None:
        """The parcel of that index. None when there is none: not every household has three."""
        lot = self.lot_at_first(index)
        return self._now(lot) if lot is not None else None

    def find_certificate(self, number: str) -> Lot | None:
        """The parcel with that certificate. None when there is none."""
        found = _SERIAL.fullmatch(number)
        return self._at(int(found[1])) if found is not None else None

    def find_parcel(self, commune_code: str, map_sheet: str, number: str, *, is_old: bool) -> Lot | None:
        """The parcel of that place, by present or by old numbers. None when there is none."""
        if not all(text.isascii() and text.isdigit() and len(text) <= 6 for text in (map_sheet, number)):
            return None
        within = int(number) - 1 - (_PER_SHEET if is_old else 0)
        if not (0 <= within < _PER_SHEET and int(map_sheet) >= 1):
            return None
        lot = self._at((int(map_sheet) - 1) * _PER_SHEET + within)
        if lot is None or lot.place.commune_code != commune_code or (is_old and lot.old_parcel_number is None):
            return None
        return lot

    def held_by(self, number: str) -> tuple[Lot, ...]:
        """Everything that somebody holds who has this number, of 12 digits or of the old 9."""
        person = self._province.find_citizen(number)
        if person is None:
            return ()
        transfers = self._province.life.transfers
        is_computed = person.index < self._province.citizens
        computed = self._of_household(person.index // _HOUSEHOLD) if is_computed else iter(())
        received = sorted(index for index, one in transfers.items() if person.index in one.holders)
        kept = [lot for lot in computed if lot.index not in transfers and _holds(person, lot)]
        return (*kept, *(lot for index in received if (lot := self.lot(index)) is not None))

    def granted_to(self, number: str) -> tuple[Lot, ...]:
        """What somebody held before anything happened, as it was then: what older papers say."""
        person = self._province.find_citizen(number)
        if person is None or person.index >= self._province.citizens:
            return ()
        home = person.index // _HOUSEHOLD
        return tuple(lot for lot in self._of_household_at_first(home) if _holds(person, lot))

    def lot_at_first(self, index: int) -> Lot | None:
        """The parcel of that index with who held it before anything happened. None when there is none."""
        home = index // _MOST
        if not 0 <= home * _HOUSEHOLD < self._province.citizens:
            return None
        return next((lot for lot in self._of_household_at_first(home) if lot.index == index), None)

    def _of_household(self, household: int) -> Iterator[Lot]:
        return map(self._now, self._of_household_at_first(household))

    def _of_household_at_first(self, household: int) -> Iterator[Lot]:
        dice = Dice(self._province.seed, "land", household)
        people = self._province.household_at_first(household)
        grown = [one for one in people if one.born.year + 20 <= self._province.began_on.year]
        for nth in range(dice.below(_MOST + 1) if grown else 0):
            yield self._lot(household * _MOST + nth, grown)

    def _now(self, lot: Lot) -> Lot:
        """The parcel with its holders of today, as the land database holds them."""
        province = self._province
        transfer = province.life.transfers.get(lot.index)
        if transfer is None and not province.life.count and not province.held.percent:
            return lot
        holders = tuple(one.index for one in lot.holders) if transfer is None else transfer.holders
        return replace(
            lot,
            holders=tuple(province.held.by("datdai", province.citizen(one)) for one in holders),
            kind=lot.kind if transfer is None else str(len(holders) - 1),
            registered_on=lot.registered_on if transfer is None else transfer.on,
        )

    def _at(self, serial: int) -> Lot | None:
        return self.lot(self._serials.index(serial)) if 0 <= serial < _SERIALS else None

    def _lot(self, index: int, grown: list[Citizen]) -> Lot:
        dice = Dice(self._province.seed, "lot", index)
        serial = self._serials.place(index)
        kind, holders = _holders(dice, grown)
        purposes = dice.pick(_PURPOSES)
        return Lot(
            index=index,
            certificate_number=f"{SERIES}{serial:08}",
            place=grown[0].residence,
            map_sheet=serial // _PER_SHEET + 1,
            parcel_number=serial % _PER_SHEET + 1,
            old_parcel_number=serial % _PER_SHEET + 1 + _PER_SHEET if serial % 2 else None,
            areas_tenth_m2=tuple(500 + dice.below(6_000) for _ in purposes),
            purposes=purposes,
            kind=kind,
            holders=holders,
            registered_on=self._province.began_on - timedelta(days=30 + dice.below(15 * 365)),
            is_mortgaged=dice.chance(10),
        )


def _holds(person: Citizen, lot: Lot) -> bool:
    return any(one.index == person.index for one in lot.holders)


def _holders(dice: Dice, grown: list[Citizen]) -> tuple[str, tuple[Citizen, ...]]:
    husband = next((one for one in grown if one.sex == "1"), None)
    wife = next((one for one in grown if one.sex == "2"), None)
    if husband is not None and wife is not None and dice.chance(60):
        return "1", (husband, wife)
    if dice.chance(25):
        return "2", (grown[0],)
    return "0", (dice.pick(grown),)
