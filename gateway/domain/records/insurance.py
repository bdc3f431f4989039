"""Health-insurance cards, social-insurance numbers and households as the insurance agency knows them."""

from __future__ import annotations

from datetime import date, datetime

from gateway.domain.dataset import Record
from gateway.domain.dates import PartialDate
from gateway.domain.insurance_numbers import InsuranceCardNumber, InsuranceNumber
from gateway.domain.model import Masked
from gateway.domain.records.shared import Address, Code
from gateway.domain.texts import FreeText, NumberText

__all__ = [
    "CardCheck",
    "InsuranceCard",
    "InsuranceHousehold",
    "InsuranceParticipant",
    "InsuredMember",
    "InsuredNumber",
    "NewCard",
    "Treatment",
]


class Treatment(Masked):
    """One stay at a health-care facility. Times are Vietnam's."""

    registry_id: NumberText | None = None
    facility_code: NumberText | None = None
    admitted_at: datetime | None = None
    discharged_at: datetime | None = None
    diagnosis: FreeText | None = None
    discharge: Code | None = None
    result: Code | None = None
    admission: Code | None = None


class CardCheck(Masked):
    """Somebody's earlier check of the card: the account, the time, and what the portal said then."""

    account: NumberText | None = None
    checked_at: datetime | None = None
    text: FreeText | None = None
    result: Code | None = None


class NewCard(Masked):
    """The card that takes the place of the one asked about."""

    card_number: InsuranceCardNumber | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    facility_code: NumberText | None = None
    facility_name: str | None = None


class InsuranceCard(Record):
    """
    A health-insurance card (thẻ BHYT) as it stands now.

    `result` is the portal's own word on it and decides whether it may be used: that a card is found does not say
    that it is valid. Of a card that was withdrawn or belongs to the army or the police the rest may be missing.
    `facility_code` is where the holder goes first; `five_years_on` the day of five years without a gap.
    """

    result: Code
    card_number: InsuranceCardNumber | None = None
    insurance_number: InsuranceNumber | None = None
    full_name: str | None = None
    birth_date: PartialDate | None = None
    sex: Code | None = None
    address: Address | None = None
    facility_code: NumberText | None = None
    issuing_office: FreeText | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    region: Code | None = None
    five_years_on: date | None = None
    old_card_number: InsuranceCardNumber | None = None
    new_card: NewCard | None = None
    treatments: tuple[Treatment, ...] = ()
    checks: tuple[CardCheck, ...] = ()


class InsuredNumber(Record):
    """The social-insurance number of whoever has this name, birth date, sex and place. The answer names nobody."""

    insurance_number: InsuranceNumber
    status: Code | None = None


class InsuranceParticipant(Record):
    """Who has a social-insurance number. The answer does not repeat the number that was asked about."""

    full_name: str
    birth_date: PartialDate | None = None
    sex: Code | None = None
    old_book_number: NumberText | None = None
    birth_registration_place: Address | None = None
    status: Code | None = None


class InsuredMember(Masked):
    """One person of a household. `address` is one line; those of one household need not agree."""

    full_name: str
    insurance_number: InsuranceNumber | None = None
    birth_date: PartialDate | None = None
    sex: Code | None = None
    address: Address | None = None
    status: Code | None = None


class InsuranceHousehold(Record):
    """A household that takes part in health insurance, by the agency's own list."""

    household_code: NumberText | None = None
    members: tuple[InsuredMember, ...]
