"""
Single facts about one person, asked for as the person is, and answered with nothing else of him. Pure.

The registry has operations of their own for them (`XacMinhTinhTrangHonNhan`, `XacMinhThongTinChuHo`,
`XacMinhThongTinNguoiGiamHo`), of which only the names are known. The question for one person is known, and its answer
holds the same facts, so that is asked.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gateway.adapters.dancu.mapping import citizen_as
from gateway.adapters.dancu.query import CitizenQuery, DancuOptions
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.outcome import Found, Outcome
from gateway.domain.records.kinship import HeadOfHousehold, Kinship, MaritalStatus, PersonFacts
from gateway.domain.records.person import Person, Relatives

__all__ = ["household_head_as", "kinship_as", "marital_status_as"]

F = TypeVar("F", bound=PersonFacts)


def marital_status_as(contract: str) -> Callable[[Question[CitizenQuery, DancuOptions]], Exchanges[MaritalStatus]]:
    """The question for a person's marital status in a contract version."""
    return _fact_as(contract, _marital_status)


def kinship_as(contract: str) -> Callable[[Question[CitizenQuery, DancuOptions]], Exchanges[Kinship]]:
    """The question for a person's kin in a contract version."""
    return _fact_as(contract, _kinship)


def household_head_as(contract: str) -> Callable[[Question[CitizenQuery, DancuOptions]], Exchanges[HeadOfHousehold]]:
    """The question for the head of a person's household in a contract version."""
    return _fact_as(contract, _household_head)


def _fact_as(
    contract: str, fact: Callable[[Person], F]
) -> Callable[[Question[CitizenQuery, DancuOptions]], Exchanges[F]]:
    citizen = citizen_as(contract)

    def asked(ask: Question[CitizenQuery, DancuOptions]) -> Exchanges[F]:
        """
        Look one person up, and keep one fact.

        Returns:
            The fact, as far as it is told. `Absent` when there is no such person.

        Source:
            contracts/dancu/contract.toml; facts in dancu-justice-transport.md, 1.2-1.4.
        """
        outcome: Outcome[Person] = yield from citizen(ask)
        return Found(fact(outcome.record)) if isinstance(outcome, Found) else outcome

    return asked


def _marital_status(person: Person) -> MaritalStatus:
    return MaritalStatus(
        citizen_id=person.citizen_id,
        full_name=person.full_name,
        birth_date=person.birth_date,
        old_number=person.old_number,
        marital_status=person.marital_status,
        spouse=_relatives(person).spouse,
    )


def _kinship(person: Person) -> Kinship:
    kin = _relatives(person)
    return Kinship(
        citizen_id=person.citizen_id,
        full_name=person.full_name,
        birth_date=person.birth_date,
        old_number=person.old_number,
        father=kin.father,
        mother=kin.mother,
        spouse=kin.spouse,
        representative=kin.representative,
    )


def _household_head(person: Person) -> HeadOfHousehold:
    return HeadOfHousehold(
        citizen_id=person.citizen_id,
        full_name=person.full_name,
        birth_date=person.birth_date,
        old_number=person.old_number,
        head=_relatives(person).household_head,
    )


def _relatives(person: Person) -> Relatives:
    return person.relatives or Relatives()
