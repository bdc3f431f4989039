"""Insurance of the synthetic province: computed from a citizen's index, like everything in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from mocks.cast import Cast
from mocks.chance import Dice, Permutation
from mocks.province import Citizen, Province

__all__ = ["FACILITIES", "PREFIXES", "REDUCED", "Insurance", "Insured", "Stay", "is_synthetic"]

FACILITIES = (("99001", "Bệnh viện Ví Dụ"), ("99002", "Trung tâm Y tế Mẫu"), ("99003", "Trạm Y tế Minh Họa"))
REDUCED = "120"
"""The portal's word on a card that was reported as no longer paid for. ASSUMED: what it says of the dead."""

_NUMBERS = 1_000_000
PREFIXES = ("991", "992", "993")  # of numbers, for each million of people; case files have 990
_SICKNESSES = ("Ví dụ: cảm mạo", "Ví dụ: khám định kỳ", "Ví dụ: đau lưng", "Ví dụ: tăng huyết áp")
_RESULTS = ("000",) * 90 + ("010",) * 4 + ("003", "004", "110", "120", "124", "124")


@dataclass(frozen=True, slots=True)
class Stay:
    """One treatment. Times are Vietnam's, codes the portal's own."""

    registry_id: int
    facility_code: str
    admitted_at: datetime
    discharged_at: datetime
    diagnosis: str
    discharge: str
    result: str
    admission: str


@dataclass(frozen=True, slots=True)
class Insured:
    """Who is insured: `number` has 10 digits; `card` ends with it; `result` is the portal's word on the card."""

    citizen: Citizen
    number: str
    card: str
    new_card: str | None
    result: str
    valid_from: date
    valid_until: date
    facility: tuple[str, str]
    five_years_on: date
    stays: tuple[Stay, ...]


class Insurance:
    """
    That of one province: nine people in ten have it. A number leads back to the citizen whose it is.

    Numbers begin with 991, 992 or 993 and cards name the province 99, which is none: no number is anybody's.
    """

    def __init__(self, province: Province) -> None:
        self._province = province
        self._serials = Permutation(province.seed, "insurance", _NUMBERS)
        self._cast = Cast(province, "bhxh")

    def of(self, citizen: Citizen) -> Insured | None:
        """The citizen's insurance; None where there is none."""
        dice = Dice(self._province.seed, "insurance", citizen.index)
        if not dice.chance(90):
            return None
        block, place = divmod(citizen.index, _NUMBERS)
        number = f"{PREFIXES[block]}{self._serials.place(place):06}"
        number = f"{number}{sum(map(int, number)) % 10}"
        today = self._province.today
        result = dice.pick(_RESULTS)
        since = date(today.year, 1, 1) if result != "010" else date(today.year - 2, 1, 1)
        card = f"{_group(dice, self._province.began_on.year - citizen.born.year)}99{number}"
        if citizen.died_on is not None:
            result = REDUCED
        stays = tuple(self._stay(citizen, nth) for nth in range(dice.below(4)))
        return Insured(
            citizen=self._province.held.by("bhxh", citizen),
            number=number,
            card=card,
            new_card=f"GD4{card[3:]}" if result in {"003", "004"} else None,
            result=result,
            valid_from=since,
            valid_until=date(since.year, 12, 31),
            facility=dice.pick(FACILITIES),
            five_years_on=date(self._province.began_on.year - 3 + dice.below(6), 1, 1),
            stays=stays,
        )

    def find(self, number: str) -> Insured | None:
        """Whose number it is: the 10 digits, the 15 of a card, or a personal number. None when nobody has it."""
        if len(number) == 12:
            citizen = self._province.find_citizen(number)
            return self.of(citizen) if citizen is not None else None
        ten = number[-10:]
        if not is_synthetic(ten):
            return None
        index = PREFIXES.index(ten[:3]) * _NUMBERS + self._serials.index(int(ten[3:9]))
        if index >= self._province.population:
            return None
        found = self.of(self._province.citizen(index))
        return found if found is not None and number in {found.number, found.card} else None

    def search(self, name: str, born: str, sex: str) -> list[Citizen]:
        """People of the cast with this registered name, birth date (yyyy-MM-dd or yyyy) and sex (1 or 2)."""
        found = self._cast.search(name, born)
        return [one for one in found if one.sex == sex]

    def household_code(self, citizen: Citizen) -> str:
        """The insurance agency's own number of the household."""
        together = self._province.household(citizen.index) or (citizen,)
        return f"99{together[0].index:08}"

    def _stay(self, citizen: Citizen, nth: int) -> Stay:
        dice = Dice(self._province.seed, f"stay {nth}", citizen.index)
        began_on = self._province.began_on
        today = datetime(began_on.year, began_on.month, began_on.day)  # noqa: DTZ001
        admitted = today - timedelta(days=1 + dice.below(700), minutes=-7 * 60 - dice.below(8 * 60))
        facility, _ = dice.pick(FACILITIES)
        return Stay(
            registry_id=990_000_000_000 + citizen.index * 10 + nth,
            facility_code=facility,
            admitted_at=admitted,
            discharged_at=admitted + timedelta(minutes=60 + dice.below(4 * 24 * 60)),
            diagnosis=dice.pick(_SICKNESSES),
            discharge=dice.pick("1112"),
            result=dice.pick("12223"),
            admission=dice.pick("112344"),
        )


def is_synthetic(ten: str) -> bool:
    """True for a number that only this province can have given out."""
    return len(ten) == 10 and ten.isascii() and ten.isdigit() and ten.startswith(PREFIXES)


def _group(dice: Dice, age: int) -> str:
    """The card's first three characters: whose group, and how much is paid."""
    if age < 6:
        return "TE1"
    if age < 23:
        return dice.pick(("HS4", "SV4"))
    return "HT3" if age > 60 else dice.pick(("DN4", "GD4", "HC4", "HN2"))
