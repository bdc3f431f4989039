"""Household businesses (hộ kinh doanh) and cooperatives (hợp tác xã) as business registration knows them."""

from __future__ import annotations

from datetime import date

from gateway.domain.dataset import Record
from gateway.domain.identifiers import TaxCode
from gateway.domain.records.enterprise import Activity, LegalRepresentative
from gateway.domain.records.shared import Address, Code
from gateway.domain.texts import NumberText

__all__ = ["Cooperative", "HouseholdBusiness"]


class HouseholdBusiness(Record):
    """
    A household business as registered now.

    `tax_code` may be the owner's own personal number: 12 digits since 2025-07-01, 10 before.
    `registration_number` is that of the certificate. `founded_on` is when it began, `first_registered_on`
    when it was first registered. Whether it is active is not told.
    """

    tax_code: TaxCode
    name: str
    registration_number: NumberText | None = None
    internal_code: NumberText | None = None
    legal_form: Code | None = None
    short_name: str | None = None
    foreign_name: str | None = None
    founded_on: date | None = None
    first_registered_on: date | None = None
    last_changed_on: date | None = None
    change_count: int | None = None
    owners: tuple[LegalRepresentative, ...] = ()
    head_office: Address | None = None
    activities: tuple[Activity, ...] = ()


class Cooperative(Record):
    """A cooperative as registered now. Whether it is active is not told."""

    tax_code: TaxCode
    name: str
    internal_code: NumberText | None = None
    legal_form: Code | None = None
    short_name: str | None = None
    foreign_name: str | None = None
    founded_on: date | None = None
    last_changed_on: date | None = None
    change_count: int | None = None
    legal_representatives: tuple[LegalRepresentative, ...] = ()
    head_office: Address | None = None
    activities: tuple[Activity, ...] = ()
