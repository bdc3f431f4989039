"""What the server of the stand-ins holds, and what tests and the admin page do to it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from aiohttp import web

from mocks import events, incidents
from mocks.cases import CaseRegister
from mocks.faults import Faults
from mocks.journal import Entry, Journal
from mocks.near_misses import NearMisses
from mocks.province import Province
from mocks.stand_in import Answer, Call, Open, StandIn, World

__all__ = ["STATE", "State"]


class State:
    """
    The stand-ins by registry with their province, their faults, the journal, and the one-stop's cases.

    `happened` tells every life event since the last reset, as `happen` told it.
    """

    def __init__(
        self, open_ones: Sequence[Open], province: Province, now: Callable[[], float], journal_size: int
    ) -> None:
        self.now = now
        self.journal = Journal(journal_size)
        self.cases = CaseRegister()
        self.stopping = asyncio.Event()
        self._open_ones = open_ones
        self._settle(province)
        # Which request fails is no secret.
        dice = random.Random(province.seed)  # noqa: S311
        self.faults = Faults(dice.random, {name: _operations(one) for name, one in self.stand_ins.items()})

    def _settle(self, province: Province) -> None:
        world = World(province, self.now)
        self.province = province
        self.happened: list[dict[str, Any]] = []
        self.stand_ins: Mapping[str, StandIn] = {
            stand_in.registry: stand_in for stand_in in (open_one(world) for open_one in self._open_ones)
        }
        self._near_misses = {name: NearMisses(one.contract) for name, one in self.stand_ins.items()}

    def reset(self) -> None:
        """As if nothing had been asked, set, issued or lived yet."""
        self.faults.clear()
        self.journal.clear()
        self.cases.reset()
        self.province.life.forget()
        self.happened.clear()
        for stand_in in self.stand_ins.values():
            stand_in.admin("reset")

    def replace_province(self, province: Province) -> None:
        """Serve another province from now on, as after a reset."""
        self._settle(province)
        self.reset()

    def happen(self, event: str, **members: Any) -> dict[str, Any]:
        """Let a life event happen: see `mocks.events`. Raises `events.Impossible` and `Unreadable`."""
        came = events.happen(self.province, event, members)
        self.happened.append(came)
        return came

    def set_today(self, today: date) -> None:
        """Move the province's clock. Raises `events.Impossible`."""
        events.set_clock(self.province, today)

    def begin(self, incident: str) -> None:
        """Let an incident begin. KeyError for an unknown one."""
        incidents.begin(incident, self.faults)

    def note(self, registry: str, call: Call, answer: Answer, status: int, fault: str = "") -> None:
        """Write down that something was asked, what was due, and what might be wrong with it."""
        near = self._near_misses[registry].of(call, answer)
        self.journal.add(Entry(self.now(), registry, answer.operation, status, answer.matched, fault, near), call)


STATE: web.AppKey[State] = web.AppKey("state", State)


def _operations(stand_in: StandIn) -> dict[str, frozenset[str]]:
    """What each dataset is called on the wire, in whichever version."""
    return {
        name: frozenset(dataset.operation_in(version) for version in dataset.versions)
        for name, dataset in stand_in.contract.datasets.items()
    }
