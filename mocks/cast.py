"""Whom a registry finds by name and birth date: its cast, and whoever was born since."""

from __future__ import annotations

from functools import cached_property

from mocks.province import CAST, Citizen, Province

__all__ = ["Cast"]


class Cast:
    """
    The first `CAST` citizens as one registry holds them. The names are gathered when somebody first asks: half a
    second, once.
    """

    def __init__(self, province: Province, registry: str) -> None:
        self._province = province
        self._registry = registry

    def search(self, name: str, born: str) -> list[Citizen]:
        """Everybody of that registered name and birth date (yyyy-MM-dd, or yyyy where only the year is registered)."""
        key = (name.upper(), born)
        found = list(self._by_name.get(key, ()))
        found += (one for one in range(self._province.citizens, self._province.population) if self._key(one) == key)
        return [self._held(one) for one in found]

    @cached_property
    def _by_name(self) -> dict[tuple[str, str], list[int]]:
        # Names and birth dates never change, so indexes are enough.
        gathered: dict[tuple[str, str], list[int]] = {}
        for index in range(min(CAST, self._province.citizens)):
            gathered.setdefault(self._key(index), []).append(index)
        return gathered

    def _key(self, index: int) -> tuple[str, str]:
        one = self._held(index)
        return one.registered_name, one.birth_date

    def _held(self, index: int) -> Citizen:
        return self._province.held.by(self._registry, self._province.citizen(index))
