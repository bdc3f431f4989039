"""
What has happened in the synthetic province since the day it was computed for: kept by index, over people who are
not kept.

Nothing here decides what may happen: `events` does. Whatever is not here is as computed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mocks.province import Address, Citizen

__all__ = ["MARRIED", "MOST", "ONCE_MARRIED", "Birth", "Civil", "Life", "Transfer"]

MOST = 10_000
"""So many events may happen before a reset: they are all that takes room."""

MARRIED, ONCE_MARRIED = "2", "3"


@dataclass(frozen=True, slots=True)
class Birth:
    """Who was born: everything that cannot be computed from an index."""

    citizen: Citizen
    home: int


@dataclass(frozen=True, slots=True)
class Civil:
    """
    Something registered in civil status, and people as they were when it was: the child, the husband or the deceased,
    and as `other` the wife of a marriage or the declarant of a death.
    """

    event: str
    subject: Citizen
    other: Citizen | None
    on: date


@dataclass(frozen=True, slots=True)
class Transfer:
    """Who holds a parcel since when: one person or a couple, the husband first."""

    holders: tuple[int, ...]
    on: date


class Life:
    """
    Changes by the index of whom or what they are about.

    `spouses` has whoever married or stopped being married since, and None for the latter; `homes` has the household of
    whoever left the one he was computed into, and `newcomers` the same the other way round. `newest` is the day of the
    last event, whatever it was.
    """

    def __init__(self, today: date) -> None:
        self.began_on = today
        self.forget()

    def forget(self) -> None:
        """As if nothing had happened and no day had passed."""
        self.today = self.newest = self.began_on
        self.count = 0
        self.residences: dict[int, Address] = {}
        self.homes: dict[int, int] = {}
        self.newcomers: dict[int, list[int]] = {}
        self.marital: dict[int, str] = {}
        self.spouses: dict[int, int | None] = {}
        self.deaths: dict[int, date] = {}
        self.births: list[Birth] = []
        self.licences: dict[int, date] = {}
        self.transfers: dict[int, Transfer] = {}
        self.civil: list[Civil] = []

    def changed(self, citizen: Citizen) -> Citizen:
        """The citizen with what has happened to him."""
        index = citizen.index
        if not self.count or not (index in self.residences or index in self.marital or index in self.deaths):
            return citizen
        return replace(
            citizen,
            residence=self.residences.get(index, citizen.residence),
            marital_code=self.marital.get(index, citizen.marital_code),
            died_on=self.deaths.get(index),
        )

    def settle(self, index: int, home: int, residence: Address | None) -> None:
        """Somebody lives in another household from now on, at another address where one is given."""
        before = self.homes.get(index)
        if before is not None:
            self.newcomers[before].remove(index)
        self.homes[index] = home
        self.newcomers.setdefault(home, []).append(index)
        if residence is not None:
            self.residences[index] = residence

    def part(self, index: int) -> None:
        """The marriage of this person has ended: he, and whoever is known to be the other one, were once married."""
        for one in (index, self.spouses.get(index)):
            if one is not None:
                self.marital[one] = ONCE_MARRIED
                self.spouses[one] = None

    def civil_of(self, event: str, index: int) -> int | None:
        """The newest civil event of that kind about somebody, by its place in `civil`. None where there is none."""
        found = (nth for nth, one in enumerate(self.civil) if one.event == event and one.subject.index == index)
        return max(found, default=None)
