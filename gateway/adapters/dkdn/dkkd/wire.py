"""
The messages of `apiDKKD`. Source: others.md, 1.2, traps included: lists stand in lists or do not, place codes are
whole numbers that have lost their leading zeros, one name is English, and null instead of a list says "nobody".
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gateway.wire.model import ListOrOne, NumberOrText, Wire

__all__ = [
    "Activity",
    "Certificate",
    "Cooperative",
    "CooperativeAnswer",
    "Enterprise",
    "EnterpriseAnswer",
    "HouseholdBusiness",
    "HouseholdBusinessAnswer",
    "Person",
    "Place",
    "Status",
]

Text = NumberOrText | None


class Person(Wire):
    """
    Somebody with the paper he was identified by; or a wrapper around people, `ThongTinCaNhan`.

    ASSUMED: a wrapper has nothing beside it. What does stand there is somebody too.
    """

    inside: list[Person] | Person | None = Field(alias="ThongTinCaNhan", default=None)
    full_name: str | None = Field(alias="HoVaTen", default=None)
    document_name: str | None = Field(alias="LoaiGiayToChungThuc", default=None)
    document_type: Text = Field(alias="MaLoaiGiayToChungThuc", default=None)
    document_number: str | None = Field(alias="SoGiayChungThuc", default=None)
    document_issued: str | None = Field(alias="NgayCap", default=None)
    document_issuer: str | None = Field(alias="NoiCap", default=None)
    nationality_name: str | None = Field(alias="QuocTich", default=None)
    nationality: str | None = Field(alias="MaQuocTich", default=None)

    @property
    def is_told(self) -> bool:
        """True when anything of a person stands here, and not in the wrapper alone."""
        return any(value for name, value in self if name != "inside")

    def alone(self) -> Person:
        """The person without what the wrapper holds."""
        return self.model_copy(update={"inside": None})


class Place(Wire):
    """
    An address; or, for firms, a wrapper around addresses, `DiaChi`, which is the street within an address.

    ASSUMED: a wrapper has nothing beside it. What does stand there is an address too.

    Codes of two, three and five digits come as whole numbers; `MaQuanHuyen` is null since 2025-07-01.
    """

    inside: list[Place] | Place | str | None = Field(alias="DiaChi", default=None)
    country: str | None = Field(alias="MaQuocGia", default=None)
    country_name: str | None = Field(alias="QuocGia", default=None)
    province_code: Text = Field(alias="MaTinhThanh", default=None)
    province_name: str | None = Field(alias="TenTinhThanh", default=None)
    district_code: Text = Field(alias="MaQuanHuyen", default=None)
    district_name: str | None = Field(alias="TenQuanHuyen", default=None)
    commune_code: Text = Field(alias="MaPhuongXa", default=None)
    commune_name: str | None = Field(alias="TenPhuongXa", default=None)
    house_number: Text = Field(alias="SoNha", default=None)
    full_text: str | None = Field(alias="DiaChiDayDu", default=None)


class Activity(Wire):
    """A VSIC line of business; `LaNganhChinh` is 1 for the main one."""

    code: NumberOrText = Field(alias="MaNganh")
    name: str | None = Field(alias="TenNganh", default=None)
    is_main: Text = Field(alias="LaNganhChinh", default=None)


class Status(Wire):
    """A legal state, with the time of a suspension."""

    name: str | None = Field(alias="TinhTrangPhapLy", default=None)
    code: Text = Field(alias="MaTinhTrangPhapLy", default=None)
    suspended_from: str | None = Field(alias="NgayBatDauTamNgung", default=None)
    suspended_until: str | None = Field(alias="NgayKetThucTamNgung", default=None)
    reason: str | None = Field(alias="LyDoTamNgung", default=None)


Places = Annotated[list[Place], ListOrOne] | None
People = Annotated[list[Person], ListOrOne] | None


class Certificate(Wire):
    """What all three certificates have."""

    internal_code: Text = Field(alias="MaNoiBo", default=None)
    name: str = Field(alias="TenTiengViet", min_length=1)
    foreign_name: str | None = Field(alias="TenNuocNgoai", default=None)
    short_name: str | None = Field(alias="TenVietTat", default=None)
    first_registered: str | None = Field(alias="NgayDangKyLanDau", default=None)
    last_changed: str | None = Field(alias="NgayDangKyThayDoi", default=None)
    changes: Text = Field(alias="SoLanDangKyThayDoi", default=None)
    head_offices: Places = Field(alias="DiaChiTruSo", default=None)
    activities: Annotated[list[Activity], ListOrOne] | None = Field(alias="NganhNgheKinhDoanh", default=None)


class Enterprise(Certificate):
    """`EntCert`."""

    enterprise_code: str = Field(alias="MaSoDoanhNghiep")
    certificate_number: Text = Field(alias="SoGCNDKKD", default=None)
    legal_form_id: Text = Field(alias="MaLoaiHinhDN", default=None)
    legal_form_name: str | None = Field(alias="LoaiHinhDN", default=None)
    statuses: Annotated[list[Status], ListOrOne] | None = Field(alias="TinhTrangPhapLy", default=None)
    representatives: People = Field(alias="DaiDienPhapLuat", default=None)


class HouseholdBusiness(Certificate):
    """`HHCert`. `FOUNDING_DATE` is the one English name."""

    tax_code: str = Field(alias="MaSoHKD")
    registration_number: Text = Field(alias="MaSoDangKyHKD", default=None)
    founded: str | None = Field(alias="FOUNDING_DATE", default=None)
    legal_form_id: Text = Field(alias="MaLoaiHinhHKD", default=None)
    legal_form_name: str | None = Field(alias="LoaiHinhHKD", default=None)
    owners: People = Field(alias="ChuHoKinhDoanh", default=None)


class Cooperative(Certificate):
    """`CoopCert`. `DaiDienPhapLuat` is an object here."""

    tax_code: str = Field(alias="MaSoHTX")
    legal_form_id: Text = Field(alias="MaLoaiHinhHTX", default=None)
    legal_form_name: str | None = Field(alias="LoaiHinhHTX", default=None)
    representatives: People = Field(alias="DaiDienPhapLuat", default=None)


class EnterpriseAnswer(Wire):
    """The root; null says that there is no such firm."""

    certificates: list[Enterprise] | None = Field(alias="GetEntCert")


class HouseholdBusinessAnswer(Wire):
    """The root; null says that there is no such household business."""

    certificates: list[HouseholdBusiness] | None = Field(alias="HHCert")


class CooperativeAnswer(Wire):
    """The root; null says that there is no such cooperative."""

    certificates: list[Cooperative] | None = Field(alias="CoopCert")
