"""
The messages of `apiGTVT`. Source: others.md, 5.2; `EmaiNguoiNop` is misspelt by the service.

Its five errors are known, not where they stand. ASSUMED: as `error_code`, `errorCode`, `code` or `status` of an
object, in place of `total`, or as the whole answer; as text or number.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from gateway.errors import Reason
from gateway.wire.model import NumberOrText, Wire

__all__ = ["ERRORS", "Dossier", "DossiersAnswer", "error_in"]

Text = NumberOrText | None

ERRORS = {
    "-300": Reason.REJECTED,  # mã đơn vị rỗng
    "-301": Reason.REFUSED,  # ApiKey rỗng
    "-302": Reason.REFUSED,  # ApiKey sai
    "-303": Reason.REJECTED,  # mã đơn vị sai
    "-304": Reason.REFUSED,  # ApiKey lỗi
}
"""What is wrong with the key is for an operator to mend; the unit's code is a part of the question."""

_PLACES = ("error_code", "errorCode", "code", "status", "total")


class Dossier(Wire):
    """One dossier of the Ministry."""

    number: NumberOrText = Field(alias="MaHoSo", min_length=1)
    procedure: Text = Field(alias="MaTTHC", default=None)
    procedure_name: Text = Field(alias="TenTTHC", default=None)
    field_name: Text = Field(alias="TenLinhVuc", default=None)
    summary: Text = Field(alias="TrichYeuHoSo", default=None)
    channel: Text = Field(alias="KenhThucHien", default=None)
    office_name: Text = Field(alias="DonViXuLy", default=None)
    office: Text = Field(alias="MaDonViXuLy", default=None)
    subject_kind: Text = Field(alias="MaDoiTuong", default=None)
    owner: str = Field(alias="ChuHoSo", min_length=1)
    phone: Text = Field(alias="SoDienThoai", default=None)
    email: Text = Field(alias="Email", default=None)
    address: Text = Field(alias="DiaChi", default=None)
    province: Text = Field(alias="MaTinh", default=None)
    province_name: Text = Field(alias="TenTinh", default=None)
    district: Text = Field(alias="MaHuyen", default=None)
    district_name: Text = Field(alias="TenHuyen", default=None)
    commune: Text = Field(alias="MaXa", default=None)
    commune_name: Text = Field(alias="TenXa", default=None)
    submitted: Text = Field(alias="NgayGuiHoSo", default=None)
    received: Text = Field(alias="NgayTiepNhan", default=None)
    due: Text = Field(alias="NgayHenTra", default=None)
    finished: Text = Field(alias="NgayKetThucXuLy", default=None)
    returned: Text = Field(alias="NgayTra", default=None)
    cancelled: Text = Field(alias="NgayHuyHoSo", default=None)
    status: Text = Field(alias="TrangThaiHoSo", default=None)
    status_name: Text = Field(alias="TenTrangThaiHoSo", default=None)
    submitter: Text = Field(alias="NguoiNop", default=None)
    submitter_code: Text = Field(alias="MaNguoiNop", default=None)
    submitter_phone: Text = Field(alias="DienThoaiNguoiNop", default=None)
    submitter_email: Text = Field(alias="EmaiNguoiNop", default=None)


class DossiersAnswer(Wire):
    """`{total, data}`."""

    total: NumberOrText
    data: list[Dossier] | None = None


def error_in(document: Any) -> str | None:
    """The error that an answer says, wherever it stands; None where it says none of the five."""
    places = [document.get(place) for place in _PLACES] if isinstance(document, dict) else [document]
    return next((str(one) for one in places if isinstance(one, str | int) and str(one) in ERRORS), None)
