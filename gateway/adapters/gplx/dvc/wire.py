"""
The messages of `apiDVC-GPLX`. Source: others.md, 5.1.

Names are written in three ways: camel in the list, small letters in what stands inside it, Pascal in the state and in
files. Each is matched exactly. ASSUMED: any value may come as text or number, and `data` null says what [] says.
"""

from __future__ import annotations

from typing import Any

from pydantic import Field

from gateway.wire.model import NumberOrText, Wire

__all__ = ["Answer", "DocumentAnswer", "Dossier", "DossiersAnswer", "File", "Issued", "Paper", "State", "StateAnswer"]

Text = NumberOrText | None


class Answer(Wire):
    """
    `{error_code, …}`: 0 is success, and only then must the list be there. ASSUMED: 0 is; no other value was seen.
    """

    code: NumberOrText = Field(alias="error_code")

    @property
    def is_good(self) -> bool:
        """Whether the service did what was asked."""
        return self.code == _GOOD

    @classmethod
    def normal(cls, value: Any) -> Any:
        if isinstance(value, dict) and str(value.get("error_code", _GOOD)) != _GOOD:
            lists = {field.alias or name: None for name, field in cls.model_fields.items() if name != "code"}
            return {"error_code": value["error_code"], **lists}
        return value


_GOOD = "0"


class Issued(Wire):
    """One of `gplxDaCap`; the name of the class is misspelt."""

    number: Text = Field(alias="sogplx", default=None)
    serial: Text = Field(alias="soserigplx", default=None)
    issued_by: Text = Field(alias="noicapgplx", default=None)
    issued: Text = Field(alias="ngaycapgplx", default=None)
    expires: Text = Field(alias="ngayhethangplx", default=None)
    licence_class: Text = Field(alias="hanggplxgplx", default=None)
    passed: Text = Field(alias="ngaytrungtuyen", default=None)


class Paper(Wire):
    """One of `hoSoDinhKem`."""

    code: Text = Field(alias="magiayto", default=None)
    name: Text = Field(alias="tengiayto", default=None)
    path: Text = Field(alias="filedinhkem", default=None)


class Dossier(Wire):
    """One dossier of the list. The portrait is read by nobody."""

    old_registration: Text = Field(alias="maDangKyCu", default=None)
    portal_registration: Text = Field(alias="maDangKyDvc", default=None)
    number: NumberOrText = Field(alias="maHoSo", min_length=1)
    full_name: str = Field(alias="hoTen", min_length=1)
    printed_name: Text = Field(alias="hoTenIn", default=None)
    family_and_middle: Text = Field(alias="hoDem", default=None)
    given: Text = Field(alias="ten", default=None)
    sex: Text = Field(alias="gioiTinh", default=None)
    born: Text = Field(alias="ngaySinh", default=None)
    nationality: Text = Field(alias="quocTich", default=None)
    old_number: Text = Field(alias="soCmndCu", default=None)
    personal_number: Text = Field(alias="soCmnd", default=None)
    identity_issued_by: Text = Field(alias="noiCapCmnd", default=None)
    identity_issued: Text = Field(alias="ngayCapCmnd", default=None)
    residence: Text = Field(alias="noiCuTru", default=None)
    residence_code: Text = Field(alias="dvhcNoiCuTru", default=None)
    permanent: Text = Field(alias="noiThuongTru", default=None)
    permanent_code: Text = Field(alias="dvhcNoiThuongTru", default=None)
    portrait: object = Field(alias="anhChanDung", default=None)
    office: Text = Field(alias="maDonVi", default=None)
    received: Text = Field(alias="ngayNhanHoSo", default=None)
    receiver: Text = Field(alias="nguoiNhanHoSo", default=None)
    due: Text = Field(alias="ngayHenTraGplx", default=None)
    kind: Text = Field(alias="loaiHoSo", default=None)
    school: Text = Field(alias="noiHocLaiXe", default=None)
    school_year: Text = Field(alias="namHocLaiXe", default=None)
    training_class: Text = Field(alias="hangDaoTao", default=None)
    years_driven: Text = Field(alias="soNamLaiXe", default=None)
    safe_km: Text = Field(alias="soKmLxAnToan", default=None)
    reason: Text = Field(alias="lyDoDoiGplx", default=None)
    purpose: Text = Field(alias="mucDichDoiGplx", default=None)
    registry_office: Text = Field(alias="maDonViVpdk", default=None)
    licences: list[Issued] | None = Field(alias="gplxDaCap", default=None)
    papers: list[Paper] | None = Field(alias="hoSoDinhKem", default=None)


class DossiersAnswer(Answer):
    """`DanhSachHoSo`."""

    data: list[Dossier] | None


class State(Wire):
    """One of `TraCuuHoSo`."""

    procedure: Text = Field(alias="MaTTHC", default=None)
    service: Text = Field(alias="MaDVC", default=None)
    service_name: Text = Field(alias="TenDVC", default=None)
    number: NumberOrText = Field(alias="MaHoSo", min_length=1)
    submitter: Text = Field(alias="HoTenNguoiNop", default=None)
    status: NumberOrText = Field(alias="MaTrangThai", min_length=1)
    status_name: Text = Field(alias="TrangThaiHoSo", default=None)
    office_name: Text = Field(alias="DonViXuLy", default=None)
    office: Text = Field(alias="MaDonViXuLy", default=None)
    submitted: Text = Field(alias="NgayNop", default=None)
    received: Text = Field(alias="NgayTiepNhan", default=None)
    due: Text = Field(alias="NgayHenTra", default=None)
    delivery: Text = Field(alias="HinhThucNhanKQ", default=None)


class StateAnswer(Answer):
    """`TraCuuHoSo`."""

    data: list[State] | None


class File(Wire):
    """One of `TepTinDinhKem`."""

    content: str = Field(alias="Base64", min_length=1)
    path: Text = Field(alias="DuongDan", default=None)
    name: Text = Field(alias="TenTaiLieu", default=None)


class DocumentAnswer(Answer):
    """`LayTaiLieuHoSo`. Its list has a name of its own, not `data`."""

    files: list[File] | None = Field(alias="TepTinDinhKem")
