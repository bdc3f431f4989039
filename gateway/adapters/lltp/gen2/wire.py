"""
The messages of the central judicial-record system. Source: dancu-justice-transport.md, 4.2: the key travels in the
body, states and codes are texts or numbers.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gateway.wire.model import ListOrOne, NumberOrText, Wire

__all__ = ["Conviction", "Entry", "Envelope", "MainPenalty", "Offence", "OfficeBan", "OtherPenalty", "Result"]

Text = NumberOrText | None


class Offence(Wire):
    """One of `dsToiDanh`."""

    code: Text = Field(alias="toiDanh", default=None)
    name: str | None = Field(alias="tenToiDanh", default=None)


class MainPenalty(Wire):
    """One of `dsHinhPhatChinh`."""

    code: Text = Field(alias="maHinhPhat", default=None)
    name: str | None = Field(alias="tenHinhPhat", default=None)
    note: str | None = Field(alias="ghiChu", default=None)


class OtherPenalty(Wire):
    """One of `dsHinhPhatBoSung`."""

    code: Text = Field(alias="maHinhPhat", default=None)
    name: str | None = Field(alias="tenHinhPhat", default=None)
    note: str | None = Field(alias="noiDungHinhPhatBoSung", default=None)


class Conviction(Wire):
    """One of `thongTinAn`: a judgment and what became of it."""

    judgment_number: Text = Field(alias="soBanAn", default=None)
    judged: str | None = Field(alias="ngayBanAn", default=None)
    court: Text = Field(alias="toaDaTuyen", default=None)
    court_name: str | None = Field(alias="tenToaDaTuyen", default=None)
    offences: Annotated[list[Offence], ListOrOne] | None = Field(alias="dsToiDanh", default=None)
    main_penalties: Annotated[list[MainPenalty], ListOrOne] | None = Field(alias="dsHinhPhatChinh", default=None)
    other_penalties: Annotated[list[OtherPenalty], ListOrOne] | None = Field(alias="dsHinhPhatBoSung", default=None)
    served: str | None = Field(alias="ngayChapHanh", default=None)
    expunged: str | None = Field(alias="ngayXoaAn", default=None)
    provision: str | None = Field(alias="dieuKhoan", default=None)
    court_fee: Text = Field(alias="anPhi", default=None)
    civil_obligation: Text = Field(alias="nghiaVuDanSu", default=None)
    execution_state: Text = Field(alias="tinhTrangThiHanh", default=None)


class OfficeBan(Wire):
    """One of `dsCDNCV`: an office that somebody may not hold."""

    decision_number: Text = Field(alias="soQuyetDinh", default=None)
    decided: str | None = Field(alias="ngayQuyetDinh", default=None)
    court: str | None = Field(alias="toaAnQD", default=None)
    office: str | None = Field(alias="chucVuCam", default=None)
    period: Text = Field(alias="thoiHanCam", default=None)
    begins: str | None = Field(alias="camTuNgay", default=None)


class Result(Wire):
    """`ketQuaXuLy`. ASSUMED: it is an object or null, and `quyetDinhThuHoi` is a text."""

    certificate_number: Text = Field(alias="soPhieuLLTP", default=None)
    issued: str | None = Field(alias="ngayCapPhieu", default=None)
    form: Text = Field(alias="loaiPhieu", default=None)
    prepared_by: str | None = Field(alias="nguoiLapPhieu", default=None)
    signed_by: str | None = Field(alias="nguoiKy", default=None)
    signer_title: str | None = Field(alias="chucVu", default=None)
    criminal_record: Text = Field(alias="tinhTrangAnTich", default=None)
    criminal_record_name: str | None = Field(alias="tenTinhTrangAnTich", default=None)
    office_ban: Text = Field(alias="thongTinCDNCV", default=None)
    office_ban_name: str | None = Field(alias="tenThongTinCDNCV", default=None)
    convictions: Annotated[list[Conviction], ListOrOne] | None = Field(alias="thongTinAn", default=None)
    bans: Annotated[list[OfficeBan], ListOrOne] | None = Field(alias="dsCDNCV", default=None)
    document: str | None = Field(alias="phieuLLTP", default=None)
    revocation: str | None = Field(alias="quyetDinhThuHoi", default=None)


class Entry(Wire):
    """One dossier. `ketQuaXuLy` counts only in the states that carry a result."""

    dossier_number: str = Field(alias="maHoSoMCDT")
    state: NumberOrText = Field(alias="trangThaiXuLy", min_length=1)
    result: Result | None = Field(alias="ketQuaXuLy", default=None)


class Envelope(Wire):
    """`{status, statusDescription, value}`; `errorCode` and `errorDescription` as in the ministry's other answers."""

    status: NumberOrText = Field(alias="status")
    description: str | None = Field(alias="statusDescription", default=None)
    error_code: Text = Field(alias="errorCode", default=None)
    error_description: str | None = Field(alias="errorDescription", default=None)
    entries: Annotated[list[Entry], ListOrOne] | None = Field(alias="value", default=None)

    @property
    def tells_entries(self) -> bool:
        """True where `value` stands in the answer, be it empty."""
        return "entries" in self.model_fields_set
