"""Taxpayers of the synthetic province: its firms, household businesses and cooperatives, with states and dues."""

from __future__ import annotations

from dataclasses import dataclass

from mocks.chance import Dice
from mocks.dkdn_businesses import Businesses
from mocks.province import Address, Province

__all__ = ["STATES", "Due", "Taxpayer", "Taxpayers"]

STATES = ("00", "01", "02", "03", "04", "05", "06", "07")
_MOSTLY = 80
_SUB_ITEMS = ("1001", "1701", "2802", "2862")


@dataclass(frozen=True, slots=True)
class Due:
    """One line of an account, in VND."""

    sub_item: str
    amount: int
    period: str


@dataclass(frozen=True, slots=True)
class Taxpayer:
    """An invented taxpayer."""

    tax_code: str
    name: str
    state: str
    kind: str
    head_office: Address
    dues: tuple[Due, ...]


class Taxpayers:
    """Those of one province. The same code is the same taxpayer as in business registration."""

    def __init__(self, province: Province) -> None:
        self._province = province
        self._businesses = Businesses(province)

    def find(self, code: str) -> Taxpayer | None:
        """The one with that code of 10 or 12 digits. None when there is none."""
        firm = self._province.find_enterprise(code)
        if firm is not None:
            return self._taxpayer(code, firm.name, "01", firm.head_office)
        business = self._businesses.find_household_business(code)
        if business is not None:
            return self._taxpayer(code, business.name, "03", business.head_office)
        cooperative = self._businesses.find_cooperative(code)
        if cooperative is not None:
            return self._taxpayer(code, cooperative.name, "02", cooperative.head_office)
        return None

    def another(self, code: str) -> Taxpayer:
        """Somebody else than that."""
        codes = [self._businesses.cooperative(index).tax_code for index in (0, 1)]
        found = self.find(next(one for one in codes if one != code))
        assert found is not None  # noqa: S101  it was made a line above
        return found

    def _taxpayer(self, code: str, name: str, kind: str, place: Address) -> Taxpayer:
        dice = Dice(self._province.seed, "taxpayer", int(code))
        usual = "04" if kind == "03" and dice.chance(30) else "00"
        state = usual if dice.chance(_MOSTLY) else dice.pick(STATES[1:])
        dues = tuple(
            Due(dice.pick(_SUB_ITEMS), 1000 * (1 + dice.below(50_000)), f"{1 + dice.below(12):02}/2025")
            for _ in range(dice.below(4))
        )
        return Taxpayer(code, name, state, kind, place, dues)
