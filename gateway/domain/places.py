"""
Provinces, districts and communes before and from 2025-07-01 on, when 63 provinces became 34 and districts ended.

A code says nothing without its time: 52 was Bình Định and is Gia Lai, which was 64; a commune's number went on to the
commune that it became a part of. So an address is first *located* in one of the two eras, and located places are
compared. The units are packaged data, read once; where they come from stands at the top of the file.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from gateway.domain.place_names import PlaceName

__all__ = ["MERGED_ON", "Era", "Place", "Places", "Relation", "Unit", "packaged"]

MERGED_ON = date(2025, 7, 1)


class Era(StrEnum):
    """When a unit's code and name hold: until the merger, or since."""

    BEFORE = "before"
    NOW = "now"


class Relation(StrEnum):
    """How a declared place stands to a recorded one."""

    SAME = "same"
    MERGED = "merged"
    """One is of before and the other of now, and whoever was in the older one is in the newer one."""
    OTHER = "other"
    SPLIT = "split"
    """The older unit went into several, and the newer one is one of them."""
    COARSER = "coarser"
    """The record is less precise than what was declared, and does not contradict it."""


class Unit(NamedTuple):
    """A province, district or commune. `now` has the units that one of before became; `above` is what it lies in."""

    code: str
    name: str
    above: str | None = None
    now: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A unit in its era, with those above it. There are no districts now."""

    era: Era
    province: str
    district: str | None = None
    commune: str | None = None


@dataclass(frozen=True, slots=True)
class Places:
    """All units by code."""

    provinces: Mapping[Era, Mapping[str, Unit]]
    districts: Mapping[str, Unit]
    communes: Mapping[Era, Mapping[str, Unit]]
    _within: Mapping[tuple[Era, str], tuple[Unit, ...]] = field(repr=False)
    """The communes of a province."""
    _came_from: Mapping[str, frozenset[str]] = field(repr=False)
    """The old communes that a commune of now has any part of."""

    @classmethod
    def read(cls, lines: Iterable[str]) -> Places:
        """The units in the lines of a file. Raises ValueError, or KeyError for one that lies nowhere."""
        provinces: dict[Era, dict[str, Unit]] = {era: {} for era in Era}
        communes: dict[Era, dict[str, Unit]] = {era: {} for era in Era}
        districts: dict[str, Unit] = {}
        for line in lines:
            if line.startswith("#"):
                continue
            match line.rstrip("\n").split("\t"):
                case ["P", code, name, now]:
                    provinces[Era.BEFORE][code] = Unit(code, name, None, (now,))
                case ["D", code, name, province]:
                    districts[code] = Unit(code, name, province)
                case ["C", code, name, district, now]:
                    communes[Era.BEFORE][code] = Unit(code, name, district, tuple(now.split(",")))
                case ["p", code, name]:
                    provinces[Era.NOW][code] = Unit(code, name)
                case ["c", code, name, province]:
                    communes[Era.NOW][code] = Unit(code, name, province)
                case _:
                    raise ValueError("places: a line that has not the columns of its kind")
        within: defaultdict[tuple[Era, str], list[Unit]] = defaultdict(list)
        came_from: defaultdict[str, set[str]] = defaultdict(set)
        for old in communes[Era.BEFORE].values():
            within[Era.BEFORE, str(districts[str(old.above)].above)].append(old)
            for code in old.now:
                came_from[code].add(old.code)
        for new in communes[Era.NOW].values():
            within[Era.NOW, str(new.above)].append(new)
        return cls(
            provinces,
            districts,
            communes,
            {key: tuple(units) for key, units in within.items()},
            {code: frozenset(olds) for code, olds in came_from.items()},
        )

    def province(self, era: Era, code: str) -> Place | None:
        """The province of that code; None where there is none."""
        return Place(era, code) if code in self.provinces[era] else None

    def district(self, code: str) -> Place | None:
        """The district of that code, as there were until the merger."""
        unit = self.districts.get(code)
        return Place(Era.BEFORE, str(unit.above), code) if unit is not None else None

    def commune(self, era: Era, code: str) -> Place | None:
        """The commune of that code."""
        unit = self.communes[era].get(code)
        if unit is None:
            return None
        if era is Era.NOW:
            return Place(era, str(unit.above), None, code)
        return Place(era, str(self.districts[str(unit.above)].above), unit.above, code)

    def provinces_named(self, era: Era, name: str) -> list[Place]:
        """The provinces of that name; at most one, but a name may be wrong."""
        return [Place(era, unit.code) for unit in _named(name, self.provinces[era].values())]

    def districts_named(self, province: str, name: str) -> list[Place]:
        """The districts of that name in an old province: several where only the kind tells them apart."""
        units = [unit for unit in self.districts.values() if unit.above == province]
        return [Place(Era.BEFORE, province, unit.code) for unit in _named(name, units)]

    def communes_named(self, era: Era, province: str, name: str) -> list[Place]:
        """The communes of that name in a province; before the merger often several."""
        found = _named(name, self._within.get((era, province), ()))
        return [place for unit in found if (place := self.commune(era, unit.code)) is not None]

    def is_named(self, place: Place, name: str) -> bool:
        """Whether the place is a commune of that name."""
        unit = self.communes[place.era].get(place.commune or "")
        return unit is not None and bool(_named(name, [unit]))

    def relation(self, declared: Place, recorded: Place) -> Relation:
        """How a declared place stands to a recorded one, at the precision of what was declared."""
        if declared.era is recorded.era:
            return _within_one_era(declared, recorded)
        old, new = (declared, recorded) if declared.era is Era.BEFORE else (recorded, declared)
        if new.province not in self.provinces[Era.BEFORE][old.province].now:
            return Relation.OTHER
        if new.commune is None:
            # A province of now holds whoever was in the old one; of less than a province it says nothing.
            return Relation.MERGED if new is declared or old.district is None else Relation.COARSER
        if old.commune is not None:
            if new.commune not in self.communes[Era.BEFORE][old.commune].now:
                return Relation.OTHER
            return Relation.SPLIT if len(self.communes[Era.BEFORE][old.commune].now) > 1 else Relation.MERGED
        level = "province" if old.district is None else "district"
        came_from = {getattr(self.commune(Era.BEFORE, code), level) for code in self._came_from[new.commune]}
        if getattr(old, level) not in came_from:
            return Relation.OTHER
        if old is recorded:
            return Relation.COARSER
        return Relation.MERGED if len(came_from) == 1 else Relation.SPLIT


@cache
def packaged() -> Places:
    """The units that are packaged. Reading them takes some 40 ms, once."""
    with (files("gateway") / "data" / "places.tsv").open(encoding="utf-8") as lines:
        return Places.read(lines)


def _within_one_era(declared: Place, recorded: Place) -> Relation:
    relation = Relation.SAME
    for level in ("province", "district", "commune"):
        ours, theirs = getattr(declared, level), getattr(recorded, level)
        if ours is None:
            continue
        if theirs is None:
            relation = Relation.COARSER
        elif ours != theirs:
            return Relation.OTHER
    return relation


def _named(name: str, units: Collection[Unit]) -> list[Unit]:
    wanted = PlaceName.of(name)
    return [unit for unit in units if wanted.fits(_place_name(unit.name))]


@cache
def _place_name(name: str) -> PlaceName:
    return PlaceName.of(name)
