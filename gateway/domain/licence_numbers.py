"""Numbers of driving licences. Formats and sources: shared facts `domain.md`, 3.1; others.md, 5.3."""

from __future__ import annotations

import re

from gateway.domain.identifiers import Identifier

__all__ = ["LicenceNumber"]


class LicenceNumber(Identifier):
    """
    Driving-licence number (số giấy phép lái xe): 12 digits on the plastic card, of which two of province, one, two of
    year and seven of serial. Old paper licences have other numbers of up to 20 letters and digits.
    """

    pattern = re.compile(r"[A-Z0-9]{6,20}")
    title = "số giấy phép lái xe / driving-licence number"
    example = "990150000001"
    kind = "driving_licence"
