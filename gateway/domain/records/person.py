"""A person as the population database knows him."""

from __future__ import annotations

from gateway.domain.dataset import Record
from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import CitizenId, OldCitizenNumber
from gateway.domain.model import Masked
from gateway.domain.records.shared import Address, Code
from gateway.domain.texts import NumberText

__all__ = ["HouseholdHead", "Person", "Relative", "Relatives"]


class Relative(Masked):
    """Somebody named in another person's record."""

    full_name: str
    nationality: Code | None = None
    citizen_id: CitizenId | None = None
    old_number: OldCitizenNumber | None = None


class HouseholdHead(Masked):
    """The head of the household, and how the person is related to him."""

    relation: Code | None = None
    full_name: str | None = None
    citizen_id: CitizenId | None = None
    old_number: OldCitizenNumber | None = None


class Relatives(Masked):
    """Family, as far as the registry names it. Never given unless a rule names it."""

    father: Relative | None = None
    mother: Relative | None = None
    spouse: Relative | None = None
    representative: Relative | None = None
    household_head: HouseholdHead | None = None


class Person(Record):
    """
    A person as registered now.

    `birth_date` is known to the year alone for some, mostly older, people. `full_name` is as the registry
    writes it: upper case with diacritics, the whole name in one. An absent field was empty at the registry.
    """

    citizen_id: CitizenId
    full_name: str
    birth_date: PartialDate | None = None
    sex: Code | None = None
    old_number: OldCitizenNumber | None = None
    birth_registration_place: Address | None = None
    place_of_origin: Address | None = None
    permanent_residence: Address | None = None
    current_residence: Address | None = None
    nationality: Code | None = None
    marital_status: Code | None = None
    household_book_number: NumberText | None = None
    ethnic_group: Code | None = None
    religion: Code | None = None
    blood_group: Code | None = None
    relatives: Relatives | None = None
