"""
Single facts about one person that papers are asked for: marital status, kin, the head of the household.

What is absent was not told, and is never "none": who has no `spouse` here may well be married.
"""

from __future__ import annotations

from gateway.domain.dataset import Record
from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import CitizenId, OldCitizenNumber
from gateway.domain.records.person import HouseholdHead, Relative
from gateway.domain.records.shared import Code

__all__ = ["HeadOfHousehold", "Kinship", "MaritalStatus", "PersonFacts"]


class PersonFacts(Record):
    """Whom the facts are about, as the registry writes him."""

    citizen_id: CitizenId
    full_name: str
    birth_date: PartialDate | None = None
    old_number: OldCitizenNumber | None = None


class MaritalStatus(PersonFacts):
    """
    Marital status as registered now. One of its codes says that nothing is known (list `dancu.marital_status`, code 0).
    """

    marital_status: Code | None = None
    spouse: Relative | None = None


class Kinship(PersonFacts):
    """Whom the registry names as kin or as representative."""

    father: Relative | None = None
    mother: Relative | None = None
    spouse: Relative | None = None
    representative: Relative | None = None


class HeadOfHousehold(PersonFacts):
    """The head of the person's household, and how the person is related to him; the list of relations is not known."""

    head: HouseholdHead | None = None
