"""
The messages about construction permits. ASSUMED as a whole: of the service only its name was seen (others.md, 4).

The envelope is that of the national portal's store of results (9.3), places and parcels are named as in the exchange
of land dossiers (3.1), people as the portal names them (9.2). Result codes of permits are published.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gateway.wire.model import ListOrOne, NumberOrText, Wire
from gateway.wire.values import Measure

__all__ = ["Answer", "Holder", "Parcel", "Permit", "Place", "Result", "Work"]

Text = NumberOrText | None


class Holder(Wire):
    """A `ChuDauTu`. `LoaiDinhDanh` is 1 for a number of twelve digits, 2 for one of nine."""

    name: str = Field(alias="HoTen", min_length=1)
    number_kind: Text = Field(alias="LoaiDinhDanh", default=None)
    number: str | None = Field(alias="SoDinhDanh", default=None)
    enterprise_code: str | None = Field(alias="MaSoDoanhNghiep", default=None)


class Work(Wire):
    """A `CongTrinh`."""

    name: str = Field(alias="TenCongTrinh", min_length=1)
    kind: Text = Field(alias="LoaiCongTrinh", default=None)
    work_class: Text = Field(alias="CapCongTrinh", default=None)
    building_area: Measure = Field(alias="DienTichXayDung", default=None)
    floor_area: Measure = Field(alias="TongDienTichSan", default=None)
    height: Measure = Field(alias="ChieuCao", default=None)
    floors: Text = Field(alias="SoTang", default=None)


class Parcel(Wire):
    """A `ThongTinThuaDat`."""

    map_sheet: NumberOrText = Field(alias="SoHieuBanDo", min_length=1)
    number: NumberOrText = Field(alias="SoThuTuThua", min_length=1)


class Place(Wire):
    """`DiaDiem`; districts are gone since 2025-07-01."""

    province_code: Text = Field(alias="MaTinh", default=None)
    district_code: Text = Field(alias="MaHuyen", default=None)
    commune_code: Text = Field(alias="MaXa", default=None)
    address: str | None = Field(alias="DiaChiChiTiet", default=None)
    parcels: Annotated[list[Parcel], ListOrOne] | None = Field(alias="ThongTinThuaDat", default=None)


class Permit(Wire):
    """A row of `DanhSachGiayPhep`."""

    number: str = Field(alias="SoGiayPhep", min_length=1)
    result_code: str | None = Field(alias="MaKetQua", default=None)
    procedure_code: str | None = Field(alias="MaTTHC", default=None)
    issuer_code: str | None = Field(alias="MaCoQuanCap", default=None)
    issuer_name: str | None = Field(alias="TenCoQuanCap", default=None)
    issued: str | None = Field(alias="NgayCap", default=None)
    expires: str | None = Field(alias="NgayHetHan", default=None)
    status: Text = Field(alias="TrangThai", default=None)
    adjusts: str | None = Field(alias="SoGiayPhepGoc", default=None)
    holders: Annotated[list[Holder], ListOrOne] | None = Field(alias="ChuDauTu", default=None)
    works: Annotated[list[Work], ListOrOne] | None = Field(alias="CongTrinh", default=None)
    place: Place | None = Field(alias="DiaDiem", default=None)


class Result(Wire):
    """`{DanhSachGiayPhep}`; null and an empty list say that there is none."""

    permits: Annotated[list[Permit], ListOrOne] | None = Field(alias="DanhSachGiayPhep")


class Answer(Wire):
    """`{errorCode, message, result}`; 0 is success."""

    error_code: NumberOrText = Field(alias="errorCode")
    message: str | None = Field(alias="message", default=None)
    result: Result | None = Field(alias="result", default=None)
