"""Everything that the console knows at one moment: what state and repair items are made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.web.console.figures import Figures, gained
from gateway.web.console.traffic import Standing, Word, word

__all__ = ["Known", "Moment", "Registry"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """What settings say of one registry. `datasets` are titles in two languages by noun."""

    name: str
    title: str
    title_en: str
    owner: str
    connected: bool
    datasets: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    per_minute: int | None = None
    per_day: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What does not change while the gateway runs."""

    version: str
    processes: int
    """How many answer questions; their figures come together."""
    registries: tuple[Registry, ...]
    has_ledger: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """`earlier` are counts of up to ten minutes before, those of the console's start at the beginning."""

    now: datetime
    known: Known
    figures: Figures
    earlier: Figures
    standings: Mapping[str, Standing]
    impact: Mapping[str, Any] | None = None
    """The once-only measure of the month; None where it is not kept or cannot be read."""

    def increase(self, name: str, **labels: str) -> float:
        """What a counter has gained since `earlier`; after a restart of everything, since then."""
        return gained(self.figures.total(name, **labels), self.earlier.total(name, **labels))

    def open_circuits(self, registry: str) -> list[str]:
        """The datasets that a breaker keeps questions from."""
        shut = self.figures.each("gateway_circuit_open", registry=registry)
        return sorted({labels["dataset"] for labels, value in shut if value})

    def standing(self, registry: str) -> Standing:
        """How it answers; nothing is known of one that was never read of."""
        return self.standings.get(registry, Standing())

    def word(self, registry: Registry) -> Word:
        """How it is."""
        is_open = bool(self.open_circuits(registry.name))
        return word(self.standing(registry.name), connected=registry.connected, is_open=is_open)

    def age_s(self, unix: float) -> float:
        """How long ago that was; negative where it is still to come."""
        return self.now.timestamp() - unix
