"""
Whether registries tell the same fact about one subject alike.

Only fields count that this plan compared with a claim, so that nothing is learnt that no rule gives; no value stands in
what is said. Of two registries the one counts that is right by rule; where it did not answer, the first that did.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from gateway.domain.compare.forms import claimable, compared
from gateway.domain.compare.verdict import AGREES, Verdict
from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import Identifier
from gateway.domain.outcome import Found
from gateway.lookup.asked import Asked
from gateway.procedures.catalogue import Fact, Told

__all__ = ["Agreement", "Says", "agreements"]

_TO_CORRECT = (Verdict.MISMATCH, Verdict.DIACRITICS_DIFFER)


class Says(StrEnum):
    """Whether two registries tell a fact alike."""

    AGREE = "agree"
    DIFFER = "differ"
    UNCLEAR = "unclear"
    """Only diacritics differ, a date is known to the year alone, or the two cannot be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """
    One fact about one subject in two registries. `right` is the place that is right by rule, or the first that answered
    where that one did not (`by_rule` False); `is_to_correct` says that the other's owner may be asked to correct it.
    """

    subject: int
    name: str
    fact: Fact
    right: Told
    other: Told
    by_rule: bool
    verdict: Verdict
    lookups: tuple[str, str]

    @property
    def says(self) -> Says:
        """In one word."""
        if self.verdict in AGREES:
            return Says.AGREE
        return Says.DIFFER if self.verdict is Verdict.MISMATCH else Says.UNCLEAR

    @property
    def is_to_correct(self) -> bool:
        """Whether the other one is wrong by rule."""
        return self.by_rule and self.verdict in _TO_CORRECT


def agreements(asked: Iterable[Asked], facts: Mapping[str, Fact]) -> tuple[Agreement, ...]:
    """Every fact that two registries told about a subject of a plan."""
    found: dict[int, dict[str, Asked]] = {}
    for one in asked:
        if isinstance(one.outcome, Found) and isinstance(one.outcome.record, BaseModel) and one.verdicts:
            found.setdefault(one.subject, {}).setdefault(one.dataset, one)
    return tuple(
        told for nth in sorted(found) for name, fact in facts.items() for told in _of_fact(nth, name, fact, found[nth])
    )


def _of_fact(nth: int, name: str, fact: Fact, answered: Mapping[str, Asked]) -> Iterator[Agreement]:
    tellers = [
        (told, value)
        for told in fact.told_by
        if told.dataset in answered and told.field in answered[told.dataset].verdicts
        if (value := _value(answered[told.dataset], told.field)) is not None
    ]
    tellers.sort(key=lambda one: _registry(one[0]) != fact.authority)  # stable: the rule's own first
    for told, value in tellers[1:]:
        right, right_value = tellers[0]
        record = type(answered[told.dataset].outcome.record)  # type: ignore[union-attr]  # found, as all of these
        verdict = compared(claimable(record)[told.field], _as_claim(right_value), value).verdict
        yield Agreement(
            subject=nth,
            name=name,
            fact=fact,
            right=right,
            other=told,
            by_rule=_registry(right) == fact.authority,
            verdict=verdict,
            lookups=(answered[right.dataset].lookup_id, answered[told.dataset].lookup_id),
        )


def _registry(told: Told) -> str:
    return told.dataset.partition(".")[0]


def _value(one: Asked, field: str) -> Any:
    value: Any = one.outcome.record if isinstance(one.outcome, Found) else None
    for step in field.split("."):
        value = getattr(value, step, None)
    return value


def _as_claim(value: Any) -> Any:
    """What one registry has, in the form in which a claim about another one's field is."""
    if isinstance(value, Identifier):
        return value.value
    if isinstance(value, date) and not isinstance(value, datetime):
        return PartialDate(value.year, value.month, value.day)
    return value
