"""One report, of whichever kind. Source: others.md, 3.2; the tax notices of iLIS have names of their own (3.3)."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gateway.wire.model import ListOrOne, NumberOrText, Wire

__all__ = ["Report", "ResultPaper", "TaxNotice"]

Text = NumberOrText | None


class TaxNotice(Wire):
    """A row of `DanhSachThongBaoThue`; iLIS says `HoVaChu` and `DuongDanTBT` where VBDLIS has the longer names."""

    payer: str | None = Field(alias="HoTenChu", default=None)
    payer_ilis: str | None = Field(alias="HoVaChu", default=None)
    kind: str | None = Field(alias="LoaiThue", default=None)
    number: str | None = Field(alias="SoThongBaoThue", default=None)
    link: str | None = Field(alias="DuongDanThongBaoThue", default=None)
    link_ilis: str | None = Field(alias="DuongDanTBT", default=None)


class ResultPaper(Wire):
    """A row of `DanhSachGiayToKetQua`. ASSUMED: its names are those of papers elsewhere in the exchange."""

    name: str = Field(alias="TenGiayTo", min_length=1)
    originals: Text = Field(alias="SoBanChinh", default=None)
    copies: Text = Field(alias="SoBanSao", default=None)
    link: str | None = Field(alias="LinkFile", default=None)
    file_kind: object = Field(alias="KieuFile", default=None)
    file: object = Field(alias="TapTin", default=None)


class Report(Wire):
    """
    A report. The members are those of each operation; its name is the operation's.

    ASSUMED: where reports are told together each carries its operation's name in `ThaoTac`.
    """

    kind: str = Field(alias="ThaoTac", min_length=1)
    dossier_number: str = Field(alias="SoBienNhan")
    received: str | None = Field(alias="NgayTiepNhan", default=None)
    moved: str | None = Field(alias="NgayChuyen", default=None)
    supplement_asked: str | None = Field(alias="NgayChoBoSung", default=None)
    supplemented: str | None = Field(alias="NgayNhanBoSung", default=None)
    taxed: str | None = Field(alias="NgayCoKetQuaThue", default=None)
    ended: str | None = Field(alias="NgayKetThuc", default=None)
    due: str | None = Field(alias="NgayHenTra", default=None)
    new_due: str | None = Field(alias="NgayHenTraMoi", default=None)
    status: Text = Field(alias="MaTrangThai", default=None)
    ending: Text = Field(alias="TrangThaiKetThuc", default=None)
    is_paused: bool | None = Field(alias="LaTamDung", default=None)
    content: str | None = Field(alias="NoiDungXuLy", default=None)
    note: str | None = Field(alias="GhiChu", default=None)
    tax_notices: Annotated[list[TaxNotice], ListOrOne] | None = Field(alias="DanhSachThongBaoThue", default=None)
    results: Annotated[list[ResultPaper], ListOrOne] | None = Field(alias="DanhSachGiayToKetQua", default=None)
    # Officers, files and the applicant's own words are not this record's; the unit of HanXuLy is not told.
    officers: object = Field(alias="MaCanBoXuLy", default=None)
    sender: object = Field(alias="MaCanBoChuyen", default=None)
    receiver: object = Field(alias="MaCanBoNhan", default=None)
    handler: object = Field(alias="NguoiXuLy", default=None)
    taker: object = Field(alias="NguoiTiepNhan", default=None)
    is_sent_back: object = Field(alias="LaTrangThaiChuyenLai", default=None)
    time_limit: object = Field(alias="HanXuLy", default=None)
    files: object = Field(alias="DanhSachTapTin", default=None)
    file: object = Field(alias="TapTin", default=None)
    applicant: object = Field(alias="ThongTinNguoiNopDon", default=None)
    parcels: object = Field(alias="ThongTinThuaDat", default=None)
    procedure: object = Field(alias="ThongTinQuyTrinh", default=None)
    papers: object = Field(alias="DanhSachGiayToDinhKem", default=None)
    address: object = Field(alias="DiaChiTaiSan", default=None)
    province: object = Field(alias="TinhId", default=None)
    district: object = Field(alias="HuyenId", default=None)
    commune: object = Field(alias="XaId", default=None)
