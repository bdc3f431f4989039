"""Pieces that several records have."""

from __future__ import annotations

from gateway.domain.model import Masked
from gateway.domain.texts import FreeText

__all__ = ["Address", "Code"]


class Code(Masked):
    """
    A code with the list it belongs to.

    Registries number the same things differently, so a code without its list says nothing, and none is
    translated silently (dancu-justice-transport.md, 6.1). `name` is the registry's own text, where it sent one.
    """

    code: str
    list: str
    name: str | None = None


class Address(Masked):
    """
    A place as the registry knows it. District is absent since the two-level administration of 2025-07-01,
    and the codes are those of the record's own time: a bare `52` before and after the merger differs.
    """

    country: str | None = None
    province_code: str | None = None
    province_name: str | None = None
    district_code: str | None = None
    district_name: str | None = None
    commune_code: str | None = None
    commune_name: str | None = None
    detail: FreeText | None = None
    full_text: FreeText | None = None
