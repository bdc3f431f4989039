"""
A confirmation of marital status. ASSUMED: the names are those of the digitised books of confirmations (`nxn…`,
dancu-justice-transport.md, 3.4), in the ministry's envelope.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from gateway.adapters.hotich.papers.wire import AnyPlace, Person, gathered
from gateway.wire.model import ListOrOne, NumberOrText, Wire

__all__ = ["Confirmation", "Confirmations"]

Text = NumberOrText | None


class Confirmation(Wire):
    """What the book says of one person's marital status."""

    person: Person = Field(alias="nxn")
    marital_status: Text = Field(alias="nxnTinhTrangHonNhan", default=None)
    residence: str | None = Field(alias="nxnThoiGianCuTruTai", default=None)
    resided_from: object = Field(alias="nxnThoiGianCuTruTu", default=None)
    resided_until: object = Field(alias="nxnThoiGianCuTruDen", default=None)
    purpose_kind: object = Field(alias="nxnLoaiMucDichSuDung", default=None)
    purpose: str | None = Field(alias="nxnMucDichSuDung", default=None)
    number: Text = Field(alias="so", default=None)
    book_number: Text = Field(alias="quyenSo", default=None)
    page_number: Text = Field(alias="trangSo", default=None)
    registered: str | None = Field(alias="ngayDangKy", default=None)
    place: AnyPlace = Field(alias="noiCap", default=None)
    signed_by: str | None = Field(alias="nguoiKy", default=None)
    signer_title: str | None = Field(alias="chucVuNguoiKy", default=None)


class Confirmations(Wire):
    """What stands in `value`: a list, or an object where one is meant."""

    entries: Annotated[list[Confirmation], ListOrOne] | None = Field(alias="value")

    @classmethod
    def normal(cls, value: Any) -> Any:
        """Each entry with the person's fields gathered under their prefix."""
        listed = value["value"]
        entries = [listed] if isinstance(listed, dict) else listed
        if not isinstance(entries, list):
            return value
        return {"value": [gathered(one, ("nxn",)) if isinstance(one, dict) else one for one in entries]}
