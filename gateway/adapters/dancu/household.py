"""The people registered together with somebody. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from gateway.adapters.dancu import wire
from gateway.adapters.dancu.mapping import person_from
from gateway.adapters.dancu.query import CitizenQuery, DancuOptions
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.exchange import Request
from gateway.domain.outcome import Absent, Found
from gateway.domain.records.household import Household, HouseholdMember, MemberNumber
from gateway.domain.records.person import HouseholdHead, Person
from gateway.errors import MalformedAnswer

__all__ = ["OPERATION", "household_as"]

OPERATION = "CungCapThongTinHoGiaDinh"

T = TypeVar("T")


def household_as(contract: str) -> Callable[[Question[CitizenQuery, DancuOptions]], Exchanges[Household]]:
    """The question for a household in a contract version."""
    generation = wire.GENERATIONS[contract]

    def household(ask: Question[CitizenQuery, DancuOptions]) -> Exchanges[Household]:
        """
        Ask who is registered together with one person (`CungCapThongTinHoGiaDinh`).

        ASSUMED, all but the operation's name: that it is asked as one person is, and answered by the standard's
        collection with one `CongDan` for each member, the one asked about included.

        Returns:
            The household. `Absent` when the collection is empty.

        Source:
            contracts/dancu/contract.toml, dataset `household`; the name in dancu-justice-transport.md, 1.2.
        """
        service = generation.lookups[generation.birth_date_form(ask.options)]
        response = yield Request(
            operation=OPERATION,
            media_type="application/xml",
            body=service.envelope(OPERATION, wire.household_question(generation, ask)),
        )
        collection = service.read(response, OPERATION, wire.Collection)
        if collection.names_nobody():
            return Absent()
        return Found(_household([person_from(one) for one in collection.people]))

    return household


def _household(people: list[Person]) -> Household:
    numbers = tuple(MemberNumber(citizen_id=one.citizen_id, old_number=one.old_number) for one in people)
    if len({one.citizen_id for one in numbers}) < len(numbers):
        raise MalformedAnswer("dancu: one SoDinhDanh stands twice in a household")
    return Household(
        head=_head(people),
        members=tuple(_member(one) for one in people),
        member_numbers=numbers,
        address=_common([one.permanent_residence for one in people if one.permanent_residence is not None]),
        household_book_number=_common([one.household_book_number for one in people if one.household_book_number]),
    )


def _member(person: Person) -> HouseholdMember:
    named = _named_head(person)
    return HouseholdMember(
        full_name=person.full_name,
        birth_date=person.birth_date,
        sex=person.sex,
        relation_to_head=named.relation if named is not None else None,
    )


def _head(people: list[Person]) -> HouseholdMember | None:
    """The member whose number everybody names as the head's; from the name alone where he is not among them."""
    named = [head for head in map(_named_head, people) if head is not None]
    number = _only({head.citizen_id for head in named if head.citizen_id is not None})
    among = next((one for one in people if number is not None and one.citizen_id == number), None)
    if among is not None:
        return _member(among)
    name = _only({head.full_name for head in named if head.full_name is not None})
    return HouseholdMember(full_name=name) if name is not None else None


def _named_head(person: Person) -> HouseholdHead | None:
    return person.relatives.household_head if person.relatives is not None else None


def _only(values: Collection[T]) -> T | None:
    if len(values) > 1:
        raise MalformedAnswer("dancu: ChuHo names two heads of one household")
    return next(iter(values), None)


def _common(values: list[T]) -> T | None:
    """What all who have one agree on; None where they differ."""
    return values[0] if values and all(value == values[0] for value in values) else None
