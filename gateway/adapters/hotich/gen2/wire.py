"""The dossiers of the interlinked flow. Source: dancu-justice-transport.md, 3.2."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from gateway.wire.model import ListOrOne, NumberOrText, Wire

__all__ = ["Entries", "Entry"]


class Entry(Wire):
    """One dossier. `ketQuaXuLy` is an object, or a text with one in it, and counts in state 4 alone."""

    unit: NumberOrText | None = Field(alias="maDonVi", default=None)
    province: NumberOrText | None = Field(alias="maTinh", default=None)
    module: str | None = Field(alias="module", default=None)
    interlink_number: str | None = Field(alias="maHoSoLT", default=None)
    dossier_number: str | None = Field(alias="maHoSoMCDT", default=None)
    errors: list[str] | str | None = Field(alias="errors", default=None)
    state: NumberOrText = Field(alias="trangThai", min_length=1)
    changed: str | None = Field(alias="thoiGianThucHien", default=None)
    note: str | None = Field(alias="ghiChu", default=None)
    result: dict[str, Any] | str | None = Field(alias="ketQuaXuLy", default=None)
    handled_by: str | None = Field(alias="nguoiXuLy", default=None)
    handler_title: str | None = Field(alias="chucDanh", default=None)
    handling_unit: str | None = Field(alias="phongBanXuLy", default=None)
    handling_note: str | None = Field(alias="noiDungXuLy", default=None)
    supplement_due: str | None = Field(alias="hanBoSungHoSo", default=None)


class Entries(Wire):
    """What stands in `value`: a list, or an object where one is meant."""

    entries: Annotated[list[Entry], ListOrOne] | None = Field(alias="value")
