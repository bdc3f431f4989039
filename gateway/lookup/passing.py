"""
What one question of a plan takes from the answer to another: keys, as far as the policy lets them be passed on.

Nothing of it is told to whoever asked for the plan, and it goes nowhere but into the query.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from enum import Enum, auto
from typing import Any

from pydantic import BaseModel

from gateway.domain.outcome import Found
from gateway.errors import InvalidQuestion
from gateway.lookup.asked import Asked, Feed
from gateway.lookup.comparison import Comparison
from gateway.lookup.request import read

__all__ = ["Lack", "fed"]


class Lack(Enum):
    """Why a key cannot be taken."""

    RIGHT = auto()
    """No rule lets the field be passed on for this purpose."""
    NOTHING = auto()
    """Nothing stands there, or nothing by which the next registry can be asked."""
    WHICH = auto()
    """Several stand there, and no claim says which of them is meant."""


def fed(one: Asked, may_pass: Callable[[Feed], bool], today: date) -> dict[str, Any] | Lack:
    """The whole query of a question, with what its feeds bring; or what lacks."""
    query = dict(one.query)
    for feed in one.feeds:
        if not may_pass(feed):
            return Lack.RIGHT
        values = _values(feed)
        if len(values) != 1:
            return Lack.WHICH if values else Lack.NOTHING
        query[feed.taken.key] = values[0]
    return query if _can_be_asked(one, query, today) else Lack.NOTHING


def _values(feed: Feed) -> tuple[str, ...]:
    source = feed.source
    if not isinstance(source.outcome, Found) or not isinstance(source.outcome.record, BaseModel):
        return ()
    comparison = Comparison.of(source.entry.dataset, source.claims)
    return comparison.passed_on(source.outcome.record, feed.taken.field)


def _can_be_asked(one: Asked, query: dict[str, Any], today: date) -> bool:
    """Whether what was taken is a key; what is wrong with a declared one is told to whoever declared it."""
    taken = {"query", *(f"query.{feed.taken.key}" for feed in one.feeds)}
    try:
        problems = read(one.entry.dataset.query, query, above="query.").problems(today)
    except InvalidQuestion as exc:
        problems = exc.problems
    return not any(problem.location in taken for problem in problems)
