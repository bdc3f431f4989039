"""
What a form needs besides the decision: the fields that the catalogue lets be fetched, of papers that were waived.

Each is an ordinary lookup with rights, record and evidence of its own. Of a paper that is not waived nothing is
fetched: the record may be another's.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from gateway.lookup.access import Access, Consumer
from gateway.lookup.asked import Asked
from gateway.lookup.paper_plan import PaperPlanRequest
from gateway.lookup.plan_desk import Decided
from gateway.procedures.words import Decision

__all__ = ["with_fetches"]


def with_fetches(
    decided: Iterable[Decided],
    request: PaperPlanRequest,
    consumer: Consumer,
    access: Access,
    new_id: Callable[[], str],
) -> tuple[Decided, ...]:
    """
    The papers, each with the lookups that its form needs, not asked yet: one for each question that was answered,
    however many papers need it. What no rule gives is named as withheld.
    """
    lookups: dict[str, Asked] = {}
    return tuple(
        _with_fetches(one, request, consumer, access, lookups, new_id)
        if one.paper.id in request.fetch and one.ruling.decision is Decision.WAIVED
        else one
        for one in decided
    )


def _with_fetches(
    one: Decided,
    request: PaperPlanRequest,
    consumer: Consumer,
    access: Access,
    lookups: dict[str, Asked],
    new_id: Callable[[], str],
) -> Decided:
    fetched: list[Asked] = []
    withheld: list[str] = []
    for asked, wanted in one.may_fetch:
        given = access.may_give(consumer, asked.entry, request.inquiry, wanted)
        withheld += [name for name in wanted if name not in given]
        if given:
            fetched.append(_merged(lookups, asked, given, new_id))
    return replace(one, fetched=tuple(fetched), withheld=tuple(dict.fromkeys(withheld)))


def _merged(lookups: dict[str, Asked], asked: Asked, given: Collection[str], new_id: Callable[[], str]) -> Asked:
    found = lookups.get(asked.lookup_id)
    if found is None:
        found = lookups[asked.lookup_id] = Asked(
            new_id(), asked.dataset, asked.subject, asked.entry, asked.query, feeds=asked.feeds
        )
    found.fields = tuple(sorted({*(found.fields or ()), *given}))
    return found
