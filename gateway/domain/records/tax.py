"""Taxpayers and what they owe, as the tax authority knows them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from gateway.domain.dataset import Record
from gateway.domain.identifiers import TaxCode
from gateway.domain.model import Masked
from gateway.domain.records.shared import Address, Code

__all__ = ["TaxDue", "TaxDues", "Taxpayer"]


class Taxpayer(Record):
    """
    A taxpayer as registered now. `status` is the registry's own code, list `taichinh.taxpayer_status`; that a
    taxpayer is there does not mean that he is active.
    """

    tax_code: TaxCode
    name: str
    status: Code
    kind: Code | None = None
    second_kind: Code | None = None
    tax_office: Code | None = None
    head_office: Address | None = None


class TaxDue(Masked):
    """
    One line of a tax account: what is still to be paid under one sub-item (tiểu mục). `amount` is in `currency`, VND
    where that is absent, and below zero where too much was paid. `period` is the registry's own text.
    """

    amount: Decimal
    currency: str | None = None
    exchange_rate: Decimal | None = None
    chapter: Code | None = None
    sub_item: Code | None = None
    tax_type: Code | None = None
    period: str | None = None
    decision_number: str | None = None
    decided_on: date | None = None
    collecting_office: Code | None = None
    treasury: Code | None = None
    credit_account: Code | None = None
    place: Code | None = None
    asset_address: str | None = None
    asset_description: str | None = None
    chassis_number: str | None = None
    engine_number: str | None = None


class TaxDues(Record):
    """
    What one taxpayer owes as of now. No `dues` means that his account is there and empty: he owes nothing that this
    service knows of.
    """

    tax_code: TaxCode
    name: str
    kind: Code | None = None
    chapter: Code | None = None
    tax_office: Code | None = None
    address: Address | None = None
    dues: tuple[TaxDue, ...] = ()
