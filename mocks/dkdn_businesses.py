"""Household businesses and cooperatives of the synthetic province: computed from their index, like everything in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from mocks.chance import Dice, Permutation
from mocks.province import Address, Citizen, Province
from mocks.tax_codes import check_digit

__all__ = ["COOPERATIVES", "HOUSEHOLD_BUSINESSES", "Businesses", "Cooperative", "HouseholdBusiness"]

HOUSEHOLD_BUSINESSES = 5_000
"""How many have a code of 10 digits. Of the grown people one in ten runs another under his personal number."""

COOPERATIVES = 500
_BLOCK = 1_000_000
_TRADES = (
    ("4711", "Bán lẻ tổng hợp trong cửa hàng"),
    ("5610", "Nhà hàng và các dịch vụ ăn uống"),
    ("9631", "Cắt tóc, làm đầu"),
)
_CROPS = (("0127", "Trồng cây chè"), ("0126", "Trồng cây cà phê"), ("0111", "Trồng lúa"))


@dataclass(frozen=True, slots=True)
class HouseholdBusiness:
    """An invented household business. `tax_code` has 10 digits, or 12 and is then the owner's number."""

    tax_code: str
    registration_number: str
    name: str
    founded_on: date
    first_registered_on: date
    owner: Citizen
    head_office: Address
    activity: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Cooperative:
    """An invented cooperative, represented by a citizen of the province."""

    tax_code: str
    name: str
    founded_on: date
    representative: Citizen
    head_office: Address
    activity: tuple[str, str]


class Businesses:
    """
    Those of one province. Codes of firms have 0 or 1 as the ninth digit, those of household businesses 2 or 3,
    those of cooperatives 4 or 5: no code is anybody else's.
    """

    def __init__(self, province: Province) -> None:
        self._province = province
        self._household_serials = Permutation(province.seed, "household business", _BLOCK)
        self._cooperative_serials = Permutation(province.seed, "cooperative", _BLOCK)

    def household_business(self, index: int) -> HouseholdBusiness:
        """The one of that index with a code of 10 digits, 0 to `HOUSEHOLD_BUSINESSES` - 1. IndexError beyond."""
        if not 0 <= index < HOUSEHOLD_BUSINESSES:
            raise IndexError(f"there is no household business {index}")
        dice = Dice(self._province.seed, "household business", index)
        owner = self._province.adult(dice.below(self._province.citizens))
        return self._household_business(dice, _code(self._household_serials.place(index), "23"), owner)

    def find_household_business(self, code: str) -> HouseholdBusiness | None:
        """The one with that code of 10 or 12 digits. None when there is none."""
        if len(code) == 12:
            return self._under_personal_number(code)
        index = _index(code, self._household_serials, HOUSEHOLD_BUSINESSES)
        found = self.household_business(index) if index is not None else None
        return found if found is not None and found.tax_code == code else None

    def cooperative(self, index: int) -> Cooperative:
        """The cooperative of that index, 0 to `COOPERATIVES` - 1. IndexError beyond."""
        if not 0 <= index < COOPERATIVES:
            raise IndexError(f"there is no cooperative {index}")
        dice = Dice(self._province.seed, "cooperative", index)
        person = self._province.held.by("dkdn", self._province.adult(dice.below(self._province.citizens)))
        return Cooperative(
            tax_code=_code(self._cooperative_serials.place(index), "45"),
            name=f"HỢP TÁC XÃ VÍ DỤ {index + 1}",
            founded_on=self._province.began_on - timedelta(days=365 + dice.below(20 * 365)),
            representative=person,
            head_office=self._province.at_first(person.index).residence,
            activity=dice.pick(_CROPS),
        )

    def find_cooperative(self, code: str) -> Cooperative | None:
        """The cooperative with that code. None when there is none."""
        index = _index(code, self._cooperative_serials, COOPERATIVES)
        found = self.cooperative(index) if index is not None else None
        return found if found is not None and found.tax_code == code else None

    def _under_personal_number(self, number: str) -> HouseholdBusiness | None:
        owner = self._province.find_citizen(number)
        if owner is None or owner.born.year + 20 > self._province.began_on.year:
            return None
        dice = Dice(self._province.seed, "trader", owner.index)
        return self._household_business(dice, number, owner) if dice.chance(10) else None

    def _household_business(self, dice: Dice, code: str, owner: Citizen) -> HouseholdBusiness:
        founded = self._province.began_on - timedelta(days=60 + dice.below(15 * 365))
        return HouseholdBusiness(
            tax_code=code,
            registration_number=f"99A8{dice.below(_BLOCK):06}",
            name=f"HỘ KINH DOANH {owner.registered_name}",
            founded_on=founded,
            first_registered_on=founded + timedelta(days=dice.below(30)),
            owner=self._province.held.by("dkdn", owner),
            head_office=self._province.at_first(owner.index).residence,
            activity=dice.pick(_TRADES),
        )


def _code(serial: int, last_digits: str) -> str:
    """Of two neighbours as the ninth digit at least one has a check digit."""
    eight = f"99{serial:06}"
    codes = [eight + last + digit for last in last_digits if (digit := check_digit(eight + last)) is not None]
    return codes[0]


def _index(code: str, serials: Permutation, count: int) -> int | None:
    if not (code.isascii() and code.isdigit() and len(code) == 10 and code.startswith("99")):
        return None
    index = serials.index(int(code[2:8]))
    return index if index < count else None
