"""Whether what is printed of a question and its outcome shows what stands in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date
from typing import Any

from contracts.reader import CaseFile, Contract
from gateway.domain.dataset import Adapter
from gateway.domain.outcome import Found
from gateway.kit.cases import ask_case, query_of, response_of
from gateway.transport.memory import MemoryTransport

__all__ = ["is_shown", "shows_a_value"]

_SHORTEST = 5
"""Shorter texts stand by chance in any other."""


async def shows_a_value(adapter: Adapter, contract: Contract, noun: str, case: CaseFile) -> bool:
    """
    True where `repr` of the query, of the record or of what an unknown outcome tells has a value of the query or of the
    record that is long enough to be somebody's.
    """
    outcome = (await ask_case(adapter, contract, noun, case, MemoryTransport(lambda _: response_of(case)))).outcome
    told = repr(outcome.record) if isinstance(outcome, Found) else repr(outcome)
    printed = f"{query_of(adapter, noun, case)!r} {told}"
    return is_shown(printed, case.query, case.record or {})


def is_shown(printed: str, *told: Mapping[str, Any]) -> bool:
    """Whether a value of these JSON objects stands in a text, as it is or, for a day, as `repr` writes one."""
    members = [one for each in told for one in _members(dict(each))]
    names = {name for name, _ in members}  # of fields: those are printed, and a word such as `birth` may be both
    values = {value for _, value in members if len(value) >= _SHORTEST and value not in names}
    return any(form in printed for value in values for form in _forms(value))


def _forms(value: str) -> Iterator[str]:
    """A text as it stands, and where it is a day or begins with one, the day as `repr` writes it."""
    yield value
    with suppress(ValueError):
        day = date.fromisoformat(value[:10])
        yield f"({day.year}, {day.month}, {day.day})"
        yield f"({day.year}, {day.month}, {day.day}, "


def _members(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every field with its value as text; one that leads to others has an empty one."""
    if isinstance(value, Mapping):
        yield name, ""
        for key, inner in value.items():
            yield from _members(inner, key)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _members(inner, name)
    else:
        yield name, str(value)
