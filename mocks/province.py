"""
The synthetic province: invented people and firms, computed from their index when somebody asks.

Nothing is stored, so a million citizens cost nothing. A number leads back to its index, because the six
digits of a serial are a shuffled index. No number can be a real one: personal numbers begin with 100, 003 or
000, tax codes with 99, communes with 99.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from mocks.chance import Dice, Permutation
from mocks.names import BA_NA, CHAM, E_DE, GIA_RAI, HRE, KINH, MAN, WOMAN, family_of, fold, full_name
from mocks.tax_codes import check_digit

__all__ = ["PREFIXES", "Address", "Citizen", "Enterprise", "Province"]

PREFIXES = ("100", "003", "000")
PROVINCE_CODE = "52"
PROVINCE_NAME = "Tỉnh Ví Dụ"
_BLOCK = 1_000_000
_COMMUNES = 135
_HOUSEHOLD = 4  # people with neighbouring indexes live together
_LAST_YEAR_ONLY = 1965  # most people born later have a whole date

_ETHNIC_CODES = (KINH,) * 78 + (GIA_RAI,) * 10 + (BA_NA,) * 7 + (E_DE,) * 2 + (CHAM,) + (HRE,) * 2
_RELIGION_CODES = ("00",) * 8 + ("01", "02")
_BLOOD_CODES = ("00", "00", "00", "01", "02", "03", "04")
_STREETS = ("Ví Dụ", "Mẫu", "Minh Họa", "Thử Nghiệm", "Giả Định")
_COMMUNE_NAMES = ("Mẫu", "Ví Dụ", "Minh Họa", "Thử", "Giả Định", "Ia Mẫu", "Đăk Thử", "Canh Mẫu", "Chư Ví")

_TRADES = (
    ("6201", "Lập trình máy vi tính"),
    ("4711", "Bán lẻ tổng hợp trong cửa hàng"),
    ("4101", "Xây dựng nhà để ở"),
    ("0127", "Trồng cây chè"),
    ("5510", "Dịch vụ lưu trú ngắn ngày"),
)
_LEGAL_FORMS = (("1", "Công ty TNHH một thành viên"), ("2", "Công ty TNHH hai thành viên trở lên"))
_FIRM_WORDS = ("AN PHÁT", "ĐẠI MẪU", "HÒA BÌNH MẪU", "MINH HỌA", "THỬ NGHIỆM", "VÍ DỤ", "GIẢ ĐỊNH")


@dataclass(frozen=True, slots=True)
class Address:
    """A place in the province after the districts ended."""

    commune_code: str
    commune_name: str
    detail: str
    province_code: str = PROVINCE_CODE
    province_name: str = PROVINCE_NAME

    @property
    def full_text(self) -> str:
        """The address in one line."""
        return f"{self.detail}, {self.commune_name}, {self.province_name}"


@dataclass(frozen=True, slots=True)
class Citizen:
    """
    An invented person. Codes are the population database's: `sex` 1 or 2, `ethnic_code` two digits, and so on.

    `year_only`: of the birth only the year is registered. `old_number` is None for people who never had one;
    the parents' names are None where they are not registered.
    """

    index: int
    citizen_id: str
    old_number: str | None
    full_name: str
    sex: str
    born: date
    year_only: bool
    ethnic_code: str
    religion_code: str
    marital_code: str
    blood_code: str
    birth_place: Address
    residence: Address
    father_name: str | None
    mother_name: str | None

    @property
    def registered_name(self) -> str:
        """The name as the registry writes it: upper case, with diacritics."""
        return self.full_name.upper()

    @property
    def folded_name(self) -> str:
        """The name as it is asked for."""
        return fold(self.full_name)

    @property
    def birth_date(self) -> str:
        """yyyy-MM-dd, or yyyy where only the year is registered."""
        return str(self.born.year) if self.year_only else self.born.isoformat()


@dataclass(frozen=True, slots=True)
class Enterprise:
    """An invented firm, represented by a citizen of the province. `status_code` 1 is active, 2 suspended."""

    index: int
    enterprise_code: str
    name: str
    legal_form: tuple[str, str]
    founded_on: date
    last_changed_on: date | None
    change_count: int
    capital_vnd: int
    status_code: str
    activity: tuple[str, str]
    head_office: Address
    representative: Citizen
    card_issued_on: date


class Province:
    """
    The people and firms of one seed.

    Args:
        seed: another seed is another province.
        citizens: how many people there are, at most 3,000,000.
        enterprises: how many firms there are, at most 1,000,000.
        today: the day on which the province stands still; ages and numbers depend on it.
    """

    def __init__(
        self, seed: int = 1, citizens: int = 100_000, enterprises: int = 10_000, today: date = date(2026, 3, 1)
    ) -> None:
        if not 1 <= citizens <= len(PREFIXES) * _BLOCK:
            raise ValueError(f"citizens must be 1 to {len(PREFIXES) * _BLOCK}")
        if not 0 <= enterprises <= _BLOCK:
            raise ValueError(f"enterprises must be 0 to {_BLOCK}")
        self.seed = seed
        self.citizens = citizens
        self.enterprises = enterprises
        self.today = today
        self._serials = Permutation(seed, "citizen", _BLOCK)
        self._old_serials = Permutation(seed, "old number", _BLOCK)
        self._firm_serials = Permutation(seed, "enterprise", _BLOCK)

    def citizen(self, index: int) -> Citizen:
        """The person of that index, 0 to `citizens` - 1. IndexError beyond."""
        if not 0 <= index < self.citizens:
            raise IndexError(f"there is no citizen {index}")
        dice = Dice(self.seed, "citizen", index)
        sex, born = self._sex_and_birth(dice)
        ethnic = dice.pick(_ETHNIC_CODES)
        family = family_of(dice, ethnic)
        name = full_name(dice, family, sex, ethnic)
        age = self.today.year - born.year
        block, place = divmod(index, _BLOCK)
        had_card = age > 30 and dice.chance(60)
        parents_known = dice.chance(70)
        return Citizen(
            index=index,
            citizen_id=self._number(index, sex, born),
            old_number=PREFIXES[block] + f"{self._old_serials.place(place):06}" if had_card else None,
            full_name=name,
            sex=sex,
            born=born,
            year_only=dice.chance(20 if born.year <= _LAST_YEAR_ONLY else 1),
            ethnic_code=ethnic,
            religion_code=dice.pick(_RELIGION_CODES),
            marital_code=dice.pick("0122223") if age >= 20 else "1",
            blood_code=dice.pick(_BLOOD_CODES),
            birth_place=_address(dice),
            residence=_address(Dice(self.seed, "household", index // _HOUSEHOLD)),
            father_name=full_name(dice, family, MAN, ethnic) if parents_known else None,
            mother_name=full_name(dice, family_of(dice, ethnic), WOMAN, ethnic) if parents_known else None,
        )

    def find_citizen(self, number: str) -> Citizen | None:
        """Whose number it is, of 12 digits or of the old 9. None when nobody here has it."""
        if not (number.isascii() and number.isdigit() and len(number) in {9, 12} and number[:3] in PREFIXES):
            return None
        serials = self._serials if len(number) == 12 else self._old_serials
        index = PREFIXES.index(number[:3]) * _BLOCK + serials.index(int(number[-6:]))
        if index >= self.citizens:
            return None
        citizen = self.citizen(index)
        return citizen if number in {citizen.citizen_id, citizen.old_number} else None

    def household(self, index: int) -> tuple[Citizen, ...]:
        """The people who live with the citizen of that index, him included: one to four, the oldest first."""
        first = index - index % _HOUSEHOLD
        together = [self.citizen(one) for one in range(first, min(first + _HOUSEHOLD, self.citizens))]
        return tuple(sorted(together, key=lambda citizen: citizen.born))

    def enterprise(self, index: int) -> Enterprise:
        """The firm of that index, 0 to `enterprises` - 1. IndexError beyond."""
        if not 0 <= index < self.enterprises:
            raise IndexError(f"there is no enterprise {index}")
        dice = Dice(self.seed, "enterprise", index)
        founded = self.today - timedelta(days=30 + dice.below(25 * 365))
        changes = dice.below(5)
        since = max(1, (self.today - founded).days)
        form, trade = dice.pick(_LEGAL_FORMS), dice.pick(_TRADES)
        return Enterprise(
            index=index,
            enterprise_code=self._enterprise_code(index),
            name=f"CÔNG TY TNHH {dice.pick(_FIRM_WORDS)} {index + 1}",
            legal_form=form,
            founded_on=founded,
            last_changed_on=founded + timedelta(days=dice.below(since)) if changes else None,
            change_count=changes,
            capital_vnd=(1 + dice.below(200)) * 100_000_000,
            status_code="2" if dice.chance(8) else "1",
            activity=trade,
            head_office=_address(dice),
            representative=self.adult(dice.below(self.citizens)),
            card_issued_on=self.today - timedelta(days=1 + dice.below(4 * 365)),
        )

    def find_enterprise(self, code: str) -> Enterprise | None:
        """The firm with that code of 10 digits. None when there is none; dependent units have no entry here."""
        if not (code.isascii() and code.isdigit() and len(code) == 10 and code.startswith("99")):
            return None
        index = self._firm_serials.index(int(code[2:8]))
        if index >= self.enterprises or self._enterprise_code(index) != code:
            return None
        return self.enterprise(index)

    def _sex_and_birth(self, dice: Dice) -> tuple[str, date]:
        sex = dice.pick((MAN, WOMAN))
        return sex, self.today - timedelta(days=1 + dice.below(88 * 365))

    def _number(self, index: int, sex: str, born: date) -> str:
        block, place = divmod(index, _BLOCK)
        century = (born.year // 100 - 19) * 2 + (sex == WOMAN)
        return f"{PREFIXES[block]}{century}{born.year % 100:02}{self._serials.place(place):06}"

    def _enterprise_code(self, index: int) -> str:
        # Two spellings of the ninth digit: where 0 gives no check digit, 1 always does.
        serial = f"99{self._firm_serials.place(index):06}"
        for last in "01":
            digit = check_digit(serial + last)
            if digit is not None:
                return serial + last + digit
        raise AssertionError("one of two neighbours always has a check digit")

    def adult(self, index: int) -> Citizen:
        """The next person from `index` on who may represent a firm; the last resort is whoever stands there."""
        for step in range(200):
            candidate = (index + step) % self.citizens
            _, born = self._sex_and_birth(Dice(self.seed, "citizen", candidate))
            if born.year + 20 <= self.today.year:
                return self.citizen(candidate)
        return self.citizen(index)


def _address(dice: Dice) -> Address:
    commune = dice.below(_COMMUNES)
    return Address(
        commune_code=f"99{commune:03}",
        commune_name=f"Xã {_COMMUNE_NAMES[commune % len(_COMMUNE_NAMES)]} {commune // len(_COMMUNE_NAMES) + 1}",
        detail=f"Số {1 + dice.below(300)} đường {dice.pick(_STREETS)}",
    )
