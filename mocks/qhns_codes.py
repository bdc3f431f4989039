"""Units and investment projects of the synthetic province that have budget codes: computed from their index."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from mocks.chance import Dice, Permutation
from mocks.province import Address, Province

__all__ = ["PROJECTS", "PROJECT_PREFIX", "UNITS", "UNIT_PREFIX", "BudgetCodes", "Project", "Unit"]

UNITS, PROJECTS = 400, 200
UNIT_PREFIX, PROJECT_PREFIX = "199", "899"
"""Serials are given out in order, and are far from these."""

_SERIALS = 10_000
_KINDS = (("Trường Tiểu học", "622"), ("Trường Trung học cơ sở", "622"), ("Trạm Y tế", "623"), ("Văn phòng", "805"))


@dataclass(frozen=True, slots=True)
class Unit:
    """An invented unit. The first one is everybody's superior and has none; `is_in_use` is false for one in twelve."""

    code: str
    name: str
    chapter: str
    superior_code: str | None
    valid_from: date
    is_in_use: bool
    address: Address


@dataclass(frozen=True, slots=True)
class Project:
    """An invented project of one of the units."""

    code: str
    name: str
    group: str
    investor: Unit
    decided_on: date
    total_vnd: int
    is_in_use: bool


class BudgetCodes:
    """The codes of one province."""

    def __init__(self, province: Province) -> None:
        self._province = province
        self._units = Permutation(province.seed, "budget unit", _SERIALS)
        self._projects = Permutation(province.seed, "budget project", _SERIALS)

    def unit(self, index: int) -> Unit:
        """The unit of that index, 0 to `UNITS` - 1. IndexError beyond."""
        if not 0 <= index < UNITS:
            raise IndexError(f"there is no unit {index}")
        dice = Dice(self._province.seed, "budget unit", index)
        address = self._province.at_first(dice.below(self._province.citizens)).residence
        kind, chapter = dice.pick(_KINDS)
        return Unit(
            code=_code(UNIT_PREFIX, self._units.place(index)),
            name=f"{kind} {address.commune_name} số {index + 1}" if index else "Sở Tài chính tỉnh Ví Dụ",
            chapter=chapter if index else "418",
            superior_code=_code(UNIT_PREFIX, self._units.place(0)) if index else None,
            valid_from=self._province.began_on - timedelta(days=100 + dice.below(10 * 365)),
            is_in_use=index == 0 or dice.below(12) > 0,
            address=address,
        )

    def find_unit(self, code: str) -> Unit | None:
        """The unit with that code. None when there is none."""
        index = _index(code, UNIT_PREFIX, self._units, UNITS)
        return None if index is None else self.unit(index)

    def project(self, index: int) -> Project:
        """The project of that index, 0 to `PROJECTS` - 1. IndexError beyond."""
        if not 0 <= index < PROJECTS:
            raise IndexError(f"there is no project {index}")
        dice = Dice(self._province.seed, "budget project", index)
        investor = self.unit(dice.below(UNITS))
        return Project(
            code=_code(PROJECT_PREFIX, self._projects.place(index)),
            name=f"Xây dựng đường ví dụ số {index + 1}, {investor.address.commune_name}",
            group=dice.pick("ABC"),
            investor=investor,
            decided_on=self._province.began_on - timedelta(days=30 + dice.below(5 * 365)),
            total_vnd=(1 + dice.below(900)) * 100_000_000,
            is_in_use=dice.below(12) > 0,
        )

    def find_project(self, code: str) -> Project | None:
        """The project with that code. None when there is none."""
        index = _index(code, PROJECT_PREFIX, self._projects, PROJECTS)
        return None if index is None else self.project(index)


def _code(prefix: str, serial: int) -> str:
    return f"{prefix}{serial:04}"


def _index(code: str, prefix: str, serials: Permutation, count: int) -> int | None:
    if not (code.isascii() and code.isdigit() and len(code) == 7 and code.startswith(prefix)):
        return None
    index = serials.index(int(code[3:]))
    return index if index < count else None
