"""A firm as the business registration database knows it."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from gateway.domain.dataset import Record
from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import EnterpriseCode
from gateway.domain.model import Masked
from gateway.domain.records.shared import Address, Code
from gateway.domain.texts import FreeText, NumberText

__all__ = ["Activity", "Enterprise", "IdentityPaper", "LegalRepresentative", "Member", "StatusPeriod"]


class IdentityPaper(Masked):
    """The paper a representative was identified by."""

    type: Code | None = None
    type_name: str | None = None
    number: NumberText | None = None
    issued_on: date | None = None
    issued_by: FreeText | None = None
    expires_on: date | None = None


class LegalRepresentative(Masked):
    """A legal representative (người đại diện theo pháp luật)."""

    full_name: str
    sex: Code | None = None
    birth_date: PartialDate | None = None
    nationality: Code | None = None
    nationality_name: str | None = None
    document: IdentityPaper | None = None


class Activity(Masked):
    """A line of business by its VSIC code. `is_main` is absent where the registry does not say it."""

    code: NumberText
    name: str | None = None
    is_main: bool | None = None


class Member(Masked):
    """A contributing member and his share."""

    name: str
    amount_vnd: Decimal | None = None
    ratio_percent: Decimal | None = None
    country_name: str | None = None


class StatusPeriod(Masked):
    """A legal state (tình trạng pháp lý), and where it is a suspension, from when to when and why."""

    status: Code | None = None
    name: str | None = None
    suspended_from: date | None = None
    suspended_until: date | None = None
    reason: FreeText | None = None


class Enterprise(Record):
    """
    A firm as registered now. That it exists does not say that it is active: read `status`, of which the
    numeric codes are not published. Money is in VND with three decimals, written as text.

    `legal_representative_names` is what the registry lists in one line; `legal_representatives` are the
    detailed entries, which some services leave out. `status_history` is there where the service tells states
    with their times; `status` is absent where it lists several and does not say which one holds.
    `status_name` is the registry's own text, with a code or without.
    """

    enterprise_code: EnterpriseCode
    name: str
    registry_id: NumberText | None = None
    internal_code: NumberText | None = None
    old_certificate_number: NumberText | None = None
    legal_form: Code | None = None
    short_name: str | None = None
    foreign_name: str | None = None
    founded_on: date | None = None
    last_changed_on: date | None = None
    change_count: int | None = None
    status: Code | None = None
    status_name: str | None = None
    status_history: tuple[StatusPeriod, ...] = ()
    legal_representative_names: tuple[str, ...] = ()
    legal_representatives: tuple[LegalRepresentative, ...] = ()
    charter_capital_vnd: Decimal | None = None
    head_office: Address | None = None
    activities: tuple[Activity, ...] = ()
    members: tuple[Member, ...] = ()
