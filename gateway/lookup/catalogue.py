"""What this gateway can be asked: every dataset of every configured instance, and how each is doing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Literal

from gateway.channel.answer import Answer
from gateway.channel.channel import Channel
from gateway.domain.dataset import Adapter, Dataset
from gateway.domain.outcome import Unknown
from gateway.errors import FieldProblem, InvalidQuestion, Reason
from gateway.lookup.freshness import NEVER, Freshness

__all__ = ["Catalogue", "Entry", "Health", "Instance"]

# Outcomes that speak of the registry's state, not of the question.
_SICK = frozenset(
    {
        Reason.TIMEOUT,
        Reason.UNREACHABLE,
        Reason.CIRCUIT_OPEN,
        Reason.REFUSED,
        Reason.NOT_CONNECTED,
        Reason.MALFORMED,
        Reason.MISMATCHED,
    }
)
# Outcomes of ours: the registry was not asked.
_OURS = frozenset({Reason.OVERLOADED, Reason.LEDGER_UNAVAILABLE})


@dataclass(slots=True)
class Health:
    """How an instance has answered real questions since this process started."""

    last_answer_at: datetime | None = None
    last_failure_at: datetime | None = None
    last_reason: Reason | None = None

    @property
    def state(self) -> str:
        """`ok`, `failing`, or `unasked` while nobody has asked."""
        if self.last_failure_at is None:
            return "ok" if self.last_answer_at else "unasked"
        return "ok" if self.last_answer_at and self.last_answer_at > self.last_failure_at else "failing"

    def note(self, answer: Answer) -> None:
        """Learn from one answer."""
        at = answer.provenance.answered_at
        if isinstance(answer.outcome, Unknown):
            if answer.outcome.reason in _OURS:
                return
            self.last_reason = answer.outcome.reason
            if answer.outcome.reason in _SICK:
                self.last_failure_at = at
                return
        self.last_answer_at = at


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """
    One configured registry: what speaks to it, how it is reached, and how it is.

    `officers` says whose identity it is shown: the officer's own, or a code that it gave out (`mapped`).
    """

    name: str
    adapter: Adapter
    channel: Channel
    connected: bool
    route: str
    basis: Mapping[str, str]
    officers: Literal["own", "mapped"] = "own"
    health: Health = field(default_factory=Health)
    freshness: Mapping[str, Freshness] = field(default_factory=dict)
    """How old a kept answer may be, by noun; what is not named is never kept."""
    card: Mapping[str, Any] | None = None
    """The registry's quality card, as it was counted; None where nobody has."""

    @property
    def datasets(self) -> tuple[Dataset[Any, Any, Any], ...]:
        """What can be asked of it: the datasets that its contract version answers."""
        return self.adapter.offered(self.channel.contract)


@dataclass(frozen=True)
class Entry:
    """One dataset of one instance."""

    instance: Instance
    dataset: Dataset[Any, Any, Any]

    @cached_property
    def id(self) -> str:
        """The dataset's id, such as `dancu.citizen`."""
        return f"{self.instance.name}.{self.dataset.noun}"

    @property
    def freshness(self) -> Freshness:
        """How old a kept answer may be."""
        return self.instance.freshness.get(self.dataset.noun, NEVER)


class Catalogue:
    """Instances and datasets by name."""

    def __init__(self, instances: list[Instance]) -> None:
        self.instances: Mapping[str, Instance] = {instance.name: instance for instance in instances}
        entries = [Entry(instance, dataset) for instance in instances for dataset in instance.datasets]
        self._entries: Mapping[str, Entry] = {entry.id: entry for entry in entries}

    def __iter__(self) -> Iterator[Entry]:
        return iter(self._entries.values())

    def __contains__(self, dataset: str) -> bool:
        return dataset in self._entries

    def find(self, dataset: str) -> Entry:
        """The dataset of that id, or InvalidQuestion."""
        entry = self._entries.get(dataset)
        if entry is None:
            advice = "không có dữ liệu này; xem GET /v1/datasets / no such dataset; see GET /v1/datasets"
            raise InvalidQuestion(problems=(FieldProblem("dataset", "unknown_dataset", advice),))
        return entry
