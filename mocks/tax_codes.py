"""Tax codes (mã số doanh nghiệp, mã số thuế) that nobody can own: prefix 99 and a valid check digit."""

from __future__ import annotations

import re
from operator import mul

__all__ = ["check_digit", "is_synthetic"]

_WEIGHTS = (31, 29, 23, 19, 17, 13, 7, 5, 3)
_SHAPE = re.compile(r"99[0-9]{8}(-[0-9]{3})?")


def check_digit(nine: str) -> str | None:
    """The tenth digit, 10 - (weighted sum mod 11); None where that gives 10 and the nine digits are unusable."""
    rest = sum(map(mul, _WEIGHTS, map(int, nine))) % 11
    return str(10 - rest) if rest else None


def is_synthetic(code: str) -> bool:
    """True for a well-formed code of prefix 99: 10 digits, or 13 as `9900000023-001` for a dependent unit."""
    return _SHAPE.fullmatch(code) is not None and check_digit(code[:9]) == code[9] and code[10:] != "-000"
