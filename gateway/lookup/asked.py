"""One question of a plan, and what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.domain.compare.standing import Condition
from gateway.domain.outcome import Outcome
from gateway.errors import FieldProblem, Refusal
from gateway.lookup.catalogue import Entry
from gateway.lookup.comparison import FieldStanding, FieldVerdict
from gateway.lookup.pipeline import LookupResult
from gateway.procedures.catalogue import Question, Taken

__all__ = ["Asked", "Feed"]


@dataclass(frozen=True, slots=True)
class Feed:
    """A key that another question of the plan brings."""

    taken: Taken
    source: Asked = field(repr=False)


@dataclass(slots=True)
class Asked:
    """
    One question of a plan: to which dataset, about which subject, and what became of it. With `fields` it brings back
    these, and compares nothing. What `feeds` bring is not in `query` before their questions were answered.
    """

    lookup_id: str
    dataset: str
    subject: int
    entry: Entry
    query: Mapping[str, Any] = field(repr=False)
    claims: dict[str, Any] = field(default_factory=dict, repr=False)
    conditions: tuple[Condition, ...] = ()
    feeds: tuple[Feed, ...] = ()
    fields: tuple[str, ...] | None = None
    result: LookupResult | None = None
    outcome: Outcome[Any] | None = field(default=None, repr=False)
    problems: tuple[FieldProblem, ...] = ()
    refusal: str | None = None
    is_later: bool = False
    word: str = ""
    """What tells it from the other questions of its plan, whenever the plan is asked about; nobody's data."""

    @property
    def was_asked(self) -> bool:
        """Whether its turn came, whatever became of it then."""
        return self.outcome is not None or self.refusal is not None

    @property
    def is_counted(self) -> bool:
        """Whether it counts for the officer's limits: it was let in, or only the case could not be asked about."""
        return self.result is not None or self.refusal == Refusal.CASE_UNAVAILABLE.value

    @property
    def verdicts(self) -> Mapping[str, FieldVerdict]:
        """What was compared, by field."""
        return {one.field: one for one in (self.result.verdicts if self.result else None) or ()}

    @property
    def standings(self) -> Mapping[Condition, FieldStanding]:
        """What was looked at besides, by condition; empty unless something was found."""
        told = self.result.standings if self.result else ()
        return dict(zip(self.conditions, told, strict=True)) if told else {}

    def lacks(self, question: Question) -> Iterator[str]:
        """The fields of a question that may not be compared."""
        yield from (name for name in question.match if name not in self.claims)
        yield from (one.field for one in question.in_force if one.condition not in self.conditions)
