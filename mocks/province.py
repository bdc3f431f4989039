"""
The synthetic province: invented people and firms, computed from their index when somebody asks.

Nothing is stored but what has happened since (`life`), so a million citizens cost nothing. A number leads back to its
index, because the six digits of a serial are a shuffled index. No number can be a real one: personal numbers begin with
100, 003 or 000, tax codes with 99, communes with 99, those of before the merger with 98.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta

from mocks.chance import Dice, Permutation
from mocks.held import Held
from mocks.life import MARRIED, Life
from mocks.names import BA_NA, CHAM, E_DE, GIA_RAI, HRE, KINH, MAN, WOMAN, family_of, fold, full_name
from mocks.tax_codes import check_digit

__all__ = [
    "CAST",
    "COMMUNES",
    "MOST_CITIZENS",
    "PREFIXES",
    "Address",
    "Citizen",
    "Enterprise",
    "Province",
    "address_in",
]

CAST = 10_000
"""Who can be searched for by name or by day, and which firms by day: so many from the first on."""

PREFIXES = ("100", "003", "000")
PROVINCE_CODE = "52"
PROVINCE_NAME = "Tỉnh Ví Dụ"
_BLOCK = 1_000_000
MOST_CITIZENS = len(PREFIXES) * _BLOCK
COMMUNES = 135
"""Communes are 99000 and on, so many of them."""
_HOUSEHOLD = 4  # people with neighbouring indexes live together
_FIRST_NEW_HOME = 1_000_000  # households of those who moved out
_OLD_COMMUNES = 3  # of so many each commune was made on 1 July 2025
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

    @property
    def before_the_merger(self) -> Address:
        """The same place as it was written before communes were merged and districts ended; itself where it is that."""
        if not self.commune_code.startswith("99"):
            return self
        number = int(self.commune_code[2:])
        which = len(self.detail) % _OLD_COMMUNES  # any of the three, but always the same for the same address
        name, _, last = self.commune_name.rpartition(" ")
        return replace(
            self,
            commune_code=f"98{number * _OLD_COMMUNES + which:03}",
            commune_name=f"{name} {last}{'ABC'[which]}, Huyện {_COMMUNE_NAMES[number % len(_COMMUNE_NAMES)]} Cũ",
        )


@dataclass(frozen=True, slots=True)
class Citizen:
    """
    An invented person. Codes are the population database's: `sex` 1 or 2, `ethnic_code` two digits, and so on.

    `year_only`: of the birth only the year is registered. `old_number` is None for people who never had one;
    the parents' names are None where they are not registered; `died_on` is None for the living.
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
    died_on: date | None = None

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
    The people and firms of one seed, and what has happened to them.

    Args:
        seed: another seed is another province.
        citizens: how many people there are at first, at most 3,000,000.
        enterprises: how many firms there are, at most 1,000,000.
        today: the day for which all of it is computed; ages and numbers depend on it. The clock begins there.
        disagreements: about how many citizens in a hundred one registry holds something else (`held`).
    """

    def __init__(
        self,
        seed: int = 1,
        citizens: int = 100_000,
        enterprises: int = 10_000,
        today: date = date(2026, 3, 1),
        disagreements: int = 0,
    ) -> None:
        if not 1 <= citizens <= MOST_CITIZENS:
            raise ValueError(f"citizens must be 1 to {MOST_CITIZENS}")
        if not 0 <= enterprises <= _BLOCK:
            raise ValueError(f"enterprises must be 0 to {_BLOCK}")
        self.seed = seed
        self.citizens = citizens
        self.enterprises = enterprises
        self.began_on = today
        self.life = Life(today)
        self.held = Held(seed, disagreements)
        self._serials = Permutation(seed, "citizen", _BLOCK)
        self._old_serials = Permutation(seed, "old number", _BLOCK)
        self._firm_serials = Permutation(seed, "enterprise", _BLOCK)

    @property
    def today(self) -> date:
        """The day that the province's clock shows."""
        return self.life.today

    @property
    def population(self) -> int:
        """How many people there are or were: the first ones, and whoever was born since. Indexes end there."""
        return self.citizens + len(self.life.births)

    def citizen(self, index: int) -> Citizen:
        """The person of that index as registered now, 0 to `population` - 1. IndexError beyond."""
        born_since = index - self.citizens
        if born_since < 0:
            return self.life.changed(self.at_first(index))
        return self.life.changed(self.life.births[born_since].citizen)

    def at_first(self, index: int) -> Citizen:
        """The person of that index before anything happened, 0 to `citizens` - 1. IndexError beyond."""
        if not 0 <= index < self.citizens:
            raise IndexError(f"there is no citizen {index}")
        dice = Dice(self.seed, "citizen", index)
        sex, born = self._sex_and_birth(dice)
        ethnic = dice.pick(_ETHNIC_CODES)
        family = family_of(dice, ethnic)
        name = full_name(dice, family, sex, ethnic)
        age = self.began_on.year - born.year
        block, place = divmod(index, _BLOCK)
        had_card = age > 30 and dice.chance(60)
        parents_known = dice.chance(70)
        return Citizen(
            index=index,
            citizen_id=self.number(index, sex, born),
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
            residence=self.residence_at_first(index // _HOUSEHOLD),
            father_name=full_name(dice, family, MAN, ethnic) if parents_known else None,
            mother_name=full_name(dice, family_of(dice, ethnic), WOMAN, ethnic) if parents_known else None,
        )

    def find_citizen(self, number: str) -> Citizen | None:
        """Whose number it is, of 12 digits or of the old 9. None when nobody here has it."""
        if not (number.isascii() and number.isdigit() and len(number) in {9, 12} and number[:3] in PREFIXES):
            return None
        serials = self._serials if len(number) == 12 else self._old_serials
        index = PREFIXES.index(number[:3]) * _BLOCK + serials.index(int(number[-6:]))
        if index >= self.population:
            return None
        citizen = self.citizen(index)
        return citizen if number in {citizen.citizen_id, citizen.old_number} else None

    def household(self, index: int) -> tuple[Citizen, ...]:
        """The living who share the citizen's household, him included while he lives, the oldest first."""
        return self.living_in(self.home(index))

    def living_in(self, home: int) -> tuple[Citizen, ...]:
        """The living of a household, the oldest first. Empty where nobody is left."""
        living = (self.citizen(one) for one in self._members(home) if one not in self.life.deaths)
        return tuple(sorted(living, key=lambda citizen: citizen.born))

    def household_at_first(self, home: int) -> tuple[Citizen, ...]:
        """Who lived in a household before anything happened: one to four people, the oldest first."""
        together = [self.at_first(one) for one in self._computed(home)]
        return tuple(sorted(together, key=lambda citizen: citizen.born))

    def couple_at_first(self, home: int) -> tuple[Citizen, Citizen] | None:
        """The husband and wife who lived together in a household before anything happened: one such couple at most."""
        married = [one for one in self.household_at_first(home) if one.marital_code == MARRIED]
        men, women = ([one for one in married if one.sex == sex] for sex in (MAN, WOMAN))
        return (men[0], women[0]) if men and women else None

    def spouse(self, index: int) -> Citizen | None:
        """Whom somebody is married to, as far as anybody can tell. None for others."""
        if index in self.life.spouses:
            other = self.life.spouses[index]
            return None if other is None else self.citizen(other)
        couple = self.couple_at_first(index // _HOUSEHOLD) if index < self.citizens else None
        indexes = [one.index for one in couple or ()]
        if index not in indexes or self.citizen(index).marital_code != MARRIED:
            return None
        return self.citizen(indexes[1 - indexes.index(index)])

    def spouse_since(self, index: int) -> Citizen | None:
        """Whom somebody married since the beginning and is married to: nobody who was married before names a spouse."""
        other = self.life.spouses.get(index)
        return None if other is None else self.citizen(other)

    def home(self, index: int) -> int:
        """Which household somebody lives in, or lived in last."""
        return self.life.homes.get(index, index // _HOUSEHOLD)

    def new_home(self) -> int:
        """A household that nobody lives in yet."""
        return _FIRST_NEW_HOME + self.life.count

    def _members(self, home: int) -> list[int]:
        life = self.life
        if not life.homes:
            return list(self._computed(home))
        stayed = [one for one in self._computed(home) if life.homes.get(one, home) == home]
        return sorted({*stayed, *life.newcomers.get(home, ())})

    def _computed(self, home: int) -> range:
        if home >= _FIRST_NEW_HOME:
            return range(0)
        return range(home * _HOUSEHOLD, min((home + 1) * _HOUSEHOLD, self.citizens))

    def enterprise(self, index: int) -> Enterprise:
        """The firm of that index, 0 to `enterprises` - 1. IndexError beyond."""
        if not 0 <= index < self.enterprises:
            raise IndexError(f"there is no enterprise {index}")
        dice = Dice(self.seed, "enterprise", index)
        founded = self.began_on - timedelta(days=30 + dice.below(25 * 365))
        changes = dice.below(5)
        since = max(1, (self.began_on - founded).days)
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
            representative=self.held.by("dkdn", self.adult(dice.below(self.citizens))),
            card_issued_on=self.began_on - timedelta(days=1 + dice.below(4 * 365)),
        )

    def find_enterprise(self, code: str) -> Enterprise | None:
        """The firm with that code of 10 digits. None when there is none; dependent units have no entry here."""
        if not (code.isascii() and code.isdigit() and len(code) == 10 and code.startswith("99")):
            return None
        index = self._firm_serials.index(int(code[2:8]))
        if index >= self.enterprises or self._enterprise_code(index) != code:
            return None
        return self.enterprise(index)

    def residence_at_first(self, home: int) -> Address:
        """Where a household lived before anything happened."""
        return _address(Dice(self.seed, "household", home))

    def _sex_and_birth(self, dice: Dice) -> tuple[str, date]:
        sex = dice.pick((MAN, WOMAN))
        return sex, self.began_on - timedelta(days=1 + dice.below(88 * 365))

    def number(self, index: int, sex: str, born: date) -> str:
        """The personal number of whoever has that index, sex and birth date."""
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
            if born.year + 20 <= self.began_on.year:
                return self.citizen(candidate)
        return self.citizen(index)


def _address(dice: Dice) -> Address:
    commune = dice.below(COMMUNES)
    return address_in(commune, f"Số {1 + dice.below(300)} đường {dice.pick(_STREETS)}")


def address_in(commune: int, detail: str) -> Address:
    """An address in the nth commune, 0 to `COMMUNES` - 1."""
    return Address(
        commune_code=f"99{commune:03}",
        commune_name=f"Xã {_COMMUNE_NAMES[commune % len(_COMMUNE_NAMES)]} {commune // len(_COMMUNE_NAMES) + 1}",
        detail=detail,
    )
