"""Invented names with the habits of real ones, and their folded form."""

from __future__ import annotations

import re
import unicodedata

from mocks.chance import Dice

__all__ = ["BA_NA", "CHAM", "E_DE", "GIA_RAI", "HRE", "KINH", "MAN", "WOMAN", "family_of", "fold", "full_name"]

MAN, WOMAN = "1", "2"
KINH, GIA_RAI, E_DE, BA_NA, CHAM, HRE = "01", "10", "12", "13", "17", "19"

_NO_LETTER = re.compile(r"[^A-Z]")


def fold(name: str) -> str:
    """Upper case, no diacritics, Đ as D, letters only: the form in which the population service takes names."""
    bare = unicodedata.normalize("NFD", name.upper().replace("Đ", "D").replace("Ð", "D"))
    return _NO_LETTER.sub("", bare)


def _weighted(*choices: tuple[str, int]) -> tuple[str, ...]:
    return tuple(name for name, weight in choices for _ in range(weight))


# Rough shares of the Vietnamese family names; two-word ones among them, which no rule can split off.
_FAMILIES = _weighted(
    ("Nguyễn", 37), ("Trần", 11), ("Lê", 9), ("Phạm", 7), ("Huỳnh", 4), ("Hoàng", 3), ("Phan", 4), ("Võ", 4),
    ("Vũ", 2), ("Đặng", 2), ("Bùi", 2), ("Đỗ", 2), ("Hồ", 2), ("Ngô", 1), ("Dương", 1), ("Lý", 1), ("Đinh", 1),
    ("Đoàn", 1), ("Mai", 1), ("Trương", 1), ("Hà", 1), ("Nguyễn Phúc", 1), ("Lê Phan", 1), ("Tôn Thất", 1),
)  # fmt: skip

# Both placements of the tone mark (Hòa, Hoà), as registers hold them.
_MEN = (
    "An", "Bảo", "Bình", "Công", "Cường", "Danh", "Dũng", "Đạt", "Đức", "Hải", "Hiếu", "Hòa", "Hoà", "Huy", "Khoa",
    "Khôi", "Lâm", "Long", "Minh", "Nam", "Nghĩa", "Phong", "Phúc", "Quang", "Quý", "Sơn", "Tài", "Thái", "Thắng",
    "Thành", "Thủy", "Tiến", "Toàn", "Trung", "Tuấn", "Tùng", "Việt", "Vinh", "Vũ",
)  # fmt: skip
_WOMEN = (
    "An", "Ánh", "Bích", "Chi", "Dung", "Diệu", "Hà", "Hạnh", "Hằng", "Hiền", "Hoa", "Hòa", "Hoà", "Hồng", "Huệ",
    "Hương", "Lan", "Liên", "Linh", "Loan", "Mai", "My", "Nga", "Ngân", "Ngọc", "Nhung", "Oanh", "Phương", "Quyên",
    "Thảo", "Thu", "Thúy", "Thuý", "Thủy", "Thuỷ", "Trang", "Trinh", "Tuyết", "Vân", "Yến",
)  # fmt: skip
_MIDDLE_MEN = _weighted(("Văn", 8), ("Hữu", 2), ("Đức", 2), ("Minh", 2), ("Quốc", 2), ("Thanh", 1), ("", 1))
_MIDDLE_WOMEN = _weighted(("Thị", 9), ("Thị Thu", 1), ("Ngọc", 2), ("Thanh", 2), ("Thị Mỹ", 1), ("", 1))

_GIA_RAI_FAMILIES = ("Ksor", "Siu", "Rơ Châm", "Rmah", "Nay", "Kpă", "Rah Lan", "Puih")
_E_DE_FAMILIES = ("Niê", "Mlô", "Êban", "Kbuôr", "Ayŭn", "Niê Kdăm", "Byă")
_HIGHLAND_MEN = ("Bhăm", "Blim", "Djuang", "Kuan", "Lơi", "Nhok", "Thin", "Suin", "Wăt", "Phiêu")
_HIGHLAND_WOMEN = ("Bia", "Duyên", "Juên", "Lưm", "Ngăn", "Nhiên", "Phin", "Thuyên", "Yưn", "Djuin")
_CENTRAL_FAMILIES = {BA_NA: ("Đinh",), CHAM: ("Mang", "Đoàn", "La"), HRE: ("Đinh", "Phạm")}


def family_of(dice: Dice, ethnic_code: str) -> str:
    """A family name such as people of that group bear."""
    if ethnic_code == GIA_RAI:
        return dice.pick(_GIA_RAI_FAMILIES)
    if ethnic_code == E_DE:
        return dice.pick(_E_DE_FAMILIES)
    return dice.pick(_CENTRAL_FAMILIES.get(ethnic_code, _FAMILIES))


def full_name(dice: Dice, family: str, sex: str, ethnic_code: str) -> str:
    """The whole name; where the family name stands differs from group to group."""
    if ethnic_code in {GIA_RAI, E_DE}:
        if sex == WOMAN:
            given = dice.pick(("H' ", "H'")) + dice.pick(_HIGHLAND_WOMEN)
        else:
            given = "Y " + dice.pick(_HIGHLAND_MEN)
        return f"{family} {given}" if ethnic_code == GIA_RAI else f"{given} {family}"
    middle = dice.pick(_MIDDLE_WOMEN if sex == WOMAN else _MIDDLE_MEN)
    given = dice.pick(_WOMEN if sex == WOMAN else _MEN)
    return " ".join(part for part in (family, middle, given) if part)
