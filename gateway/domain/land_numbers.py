"""Numbers by which land is known. Formats and sources: shared facts `domain.md`, 3.1."""

from __future__ import annotations

import re

from gateway.domain.identifiers import Identifier

__all__ = ["LandCertificateNumber"]


class LandCertificateNumber(Identifier):
    """
    Serial number of a land certificate (số phát hành giấy chứng nhận): two letters and six digits, older ones one
    letter, those of 2025 and later two letters and eight digits. A space before the digits may stand or be left out,
    and counts for nothing.
    """

    pattern = re.compile(r"[A-ZĐ]{1,2} ?[0-9]{6}|[A-ZĐ]{2} ?[0-9]{8}")
    title = "số phát hành giấy chứng nhận / serial number of a land certificate"
    example = "ZZ 990001"
    kind = "land_certificate"

    def __init__(self, value: str) -> None:
        super().__init__(value)
        object.__setattr__(self, "value", value.replace(" ", ""))

    @property
    def spaced(self) -> str:
        """The number with a space before its digits, as it stands on the certificate."""
        return re.sub(r"(?=[0-9])", " ", self.value, count=1)
