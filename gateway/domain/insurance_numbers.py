"""Numbers of social and health insurance. Formats and sources: shared facts `domain.md`, 3.1; others.md, 2.3."""

from __future__ import annotations

import re

from gateway.domain.identifiers import CitizenId, Identifier

__all__ = ["InsuranceCardNumber", "InsuranceNumber"]


class InsuranceNumber(Identifier):
    """
    Social-insurance number (mã số BHXH): 10 digits, or since 2025-08-01 the person's own identification number
    of 12. There is no check digit.
    """

    pattern = re.compile(r"[0-9]{10}|[0-9]{12}")
    title = "mã số BHXH / social-insurance number"
    example = "9900000001"
    kind = "insurance_number"

    @property
    def citizen_id(self) -> CitizenId | None:
        """The personal number that this is; None where it is one of the older form."""
        return CitizenId(self.value) if len(self.value) == 12 else None

    @property
    def subject_kind(self) -> str:
        return CitizenId.kind if len(self.value) == 12 else self.kind


class InsuranceCardNumber(Identifier):
    """
    Health-insurance card number (mã thẻ BHYT): two letters of the holder's group, one digit of benefit 1 to 5, two
    of the issuing province, and the ten of the holder's social-insurance number.
    """

    pattern = re.compile(r"[A-Z]{2}[1-5][0-9]{12}")
    title = "mã thẻ BHYT / health-insurance card number"
    example = "GD4999900000001"
    kind = "insurance_card"

    @property
    def insurance_number(self) -> InsuranceNumber:
        """The holder's number, which the card's own ends with."""
        return InsuranceNumber(self.value[-10:])
