"""Licences as two of the services write them. Pure. Source: others.md, 5.1."""

from __future__ import annotations

from gateway.adapters.gplx import values
from gateway.adapters.gplx.dvc import wire
from gateway.domain.records.licence import IssuedLicence

__all__ = ["issued"]


def issued(one: wire.Issued) -> IssuedLicence:
    """One of `gplxDaCap`. The class is kept as a code: old and new ones share letters (B1, B2; B since 2025)."""
    return IssuedLicence(
        licence_number=values.licence_number(one.number, "sogplx"),
        serial_number=one.serial or None,
        licence_class=values.code("gplx.class", one.licence_class),
        issued_by=one.issued_by or None,
        issued_on=values.iso_day(one.issued, "ngaycapgplx"),
        expires_on=values.iso_day(one.expires, "ngayhethangplx"),
        passed_on=values.iso_day(one.passed, "ngaytrungtuyen"),
    )
