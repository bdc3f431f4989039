"""Construction permits of the synthetic province: for every second parcel to live on, given to whoever held it then."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from mocks.chance import Dice
from mocks.datdai_land import Land, Lot
from mocks.province import Province

__all__ = ["ISSUER", "Permit", "Permits"]

ISSUER = "H99.14"
"""The office that gave them all: no agency has the code H99."""

_NUMBER = re.compile(r"99([0-9]{7})/GPXD")
_FLOOR_M2 = 80


@dataclass(frozen=True, slots=True)
class Permit:
    """An invented permit for a house on one parcel. `is_in_force` is false for one in ten."""

    number: str
    lot: Lot
    issued_on: date
    floors: int
    is_in_force: bool

    @property
    def expires_on(self) -> date:
        """A year after it was given."""
        return self.issued_on + timedelta(days=365)

    @property
    def floor_area_m2(self) -> int:
        """Of all floors together."""
        return self.floors * _FLOOR_M2


class Permits:
    """The permits of one province."""

    def __init__(self, province: Province) -> None:
        self._province = province
        self._land = Land(province)

    def permits(self) -> Iterator[Permit]:
        """Every permit, parcel by parcel."""
        for lot in self._land.lots_at_first():
            permit = self.of(lot)
            if permit is not None:
                yield permit

    def find(self, number: str) -> Permit | None:
        """The permit with that number. None when there is none."""
        found = _NUMBER.fullmatch(number)
        lot = self._land.lot_at_first(int(found[1])) if found is not None else None
        return self.of(lot) if lot is not None else None

    def of(self, lot: Lot) -> Permit | None:
        """The permit for a parcel as it was at first. None where there is none."""
        dice = Dice(self._province.seed, "permit", lot.index)
        if lot.purposes[0][0] != "ONT" or not dice.chance(50):
            return None
        return Permit(
            number=f"99{lot.index:07}/GPXD",
            lot=lot,
            issued_on=self._province.began_on - timedelta(days=1 + dice.below(200)),
            floors=1 + dice.below(3),
            is_in_force=dice.below(10) > 0,
        )
