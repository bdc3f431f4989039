"""An office in front of a gateway: questions with the inquiry changed at will, and what the ledger was told of them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from gateway import app
from gateway.channel.answer import Answer
from gateway.errors import QuestionRefused
from gateway.lookup.access import Consumer
from gateway.lookup.pipeline import Lookup, LookupResult
from gateway.lookup.request import LookupRequest
from gateway.lookup.seams import Asking, Recorded
from gateway.settings import Settings
from gateway.telemetry import Metrics
from tests.conftest import INQUIRY, MAU, MovableClock

__all__ = ["Office", "Told", "at_work"]


@dataclass
class Told:
    """A ledger that only listens: what was asked, answered and refused."""

    asked_: list[str] = field(default_factory=list)
    noted_: list[str] = field(default_factory=list)
    """Those of them for which nothing left."""
    fields: list[frozenset[str]] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    async def asked(self, asking: Asking, *, within_s: float) -> int:
        self.asked_.append(asking.entry.id)
        return len(self.asked_) - 1

    def noted(self, asking: Asking) -> int:
        self.noted_.append(asking.entry.id)
        self.asked_.append(asking.entry.id)
        return len(self.asked_) - 1

    async def answered(
        self, asking: Asking, asked: int, answer: Answer, record: dict[str, Any] | None, *, within_s: float
    ) -> Recorded:
        self.fields.append(asking.grant.fields)
        return Recorded(log="test/0", index=asked)

    def cut_off(self, asking: Asking, asked: int) -> None:
        raise AssertionError("no question of these tests is cut off")

    async def refused(
        self,
        lookup_id: str,
        consumer: Consumer | None,
        refusal: QuestionRefused,
        request: LookupRequest | None,
        dataset: str | None,
    ) -> None:
        self.refusals.append(refusal.refusal.value)


@dataclass(frozen=True)
class Office:
    """One core, asked without HTTP."""

    core: app.Core
    lookup: Lookup
    told: Told
    metrics: Metrics

    async def ask(
        self,
        dataset: str = "dancu.citizen",
        query: Mapping[str, Any] = MAU,
        *,
        consumer: str = "one-stop",
        officer: Mapping[str, str] | None = None,
        fields: list[str] | None = None,
        case_token: str | None = None,
        max_age_s: int = 0,
        **inquiry: Any,
    ) -> LookupResult:
        """The answer, or the refusal as it is raised. Anything else named changes the inquiry."""
        who = INQUIRY | ({"officer": dict(officer)} if officer else {}) | inquiry
        body = {"dataset": dataset, "query": dict(query), "inquiry": who, "fields": fields, "case_token": case_token}
        body["max_age_s"] = max_age_s
        asking = next(one for one in self.core.consumers.values() if one.name == consumer)
        return await self.lookup.ask(self.lookup.new_id(), asking, LookupRequest.model_validate(body))

    def count(self, metric: str, **labels: str) -> float:
        """A metric's value; 0 while nothing was counted."""
        return self.metrics.registry.get_sample_value(metric, labels) or 0.0


@asynccontextmanager
async def at_work(settings: Settings, clock: MovableClock) -> AsyncIterator[Office]:
    """An office on a clock that can be moved."""
    metrics, told = Metrics(), Told()
    core = app.build(settings, clock=clock, metrics=metrics)
    lookup = Lookup(
        catalogue=core.catalogue,
        access=core.lookup.access,
        clock=clock,
        metrics=metrics,
        new_id=app.new_id,
        cache=core.cache,
        ledger=told,
    )
    try:
        yield Office(core, lookup, told, metrics)
    finally:
        await core.close()
