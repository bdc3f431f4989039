"""A province whose people and firm are made of canaries."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from mocks.province import Address, Citizen, Enterprise, Province
from tests.canaries.values import Flock

__all__ = ["CanaryProvince"]


class CanaryProvince(Province):
    """
    Knows one person, by both numbers, and one firm, represented by another; citizen 0, whom a swapped answer is
    about, is a third one. Codes of two digits (religion, ethnic group, blood group) are too short for canaries.
    """

    def __init__(self, flock: Flock) -> None:
        super().__init__(citizens=100, enterprises=10)
        self._flock = flock
        self._template = super().citizen(1)
        self._firm = super().enterprise(0)

    @property
    def enterprise_code(self) -> str:
        """The code of the firm; public, and no canary."""
        return self._firm.enterprise_code

    def citizen(self, index: int) -> Citizen:
        flock = self._flock
        if index == 0:
            return self._person(flock.other_id, flock.other_name, flock.other_birth, flock.other_street, index=0)
        return self._person(flock.citizen_id, flock.name, flock.birth, flock.street, index=1)

    def find_citizen(self, number: str) -> Citizen | None:
        return self.citizen(1) if number in {self._flock.citizen_id, self._flock.old_number} else None

    def household(self, index: int) -> tuple[Citizen, ...]:
        return (self.citizen(index), self.citizen(0))

    def find_enterprise(self, code: str) -> Enterprise | None:
        return self.enterprise(0) if code == self.enterprise_code else None

    def enterprise(self, index: int) -> Enterprise:
        flock = self._flock
        head = self._person(flock.representative_id, flock.representative, flock.third_birth, flock.office, index=2)
        return replace(
            self._firm, name=f"CÔNG TY {flock.firm.upper()}", representative=head, head_office=_address(flock.office)
        )

    def _person(self, number: str, name: str, born: date, street: str, *, index: int) -> Citizen:
        flock = self._flock
        return replace(
            self._template,
            index=index,
            citizen_id=number,
            old_number=flock.old_number if number == flock.citizen_id else None,
            full_name=f"Nguyễn {name}",
            sex="1",
            born=born,
            year_only=False,
            birth_place=_address(flock.birth_street),
            residence=_address(street),
            father_name=f"Nguyễn {flock.father}",
            mother_name=f"Lê {flock.mother}",
        )


def _address(street: str) -> Address:
    return Address(commune_code="99003", commune_name="Xã Mẫu", detail=f"Số 1 đường {street}")
