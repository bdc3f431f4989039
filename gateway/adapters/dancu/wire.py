"""
The population database's messages. Source: dancu-justice-transport.md, 1.3 and 1.4.

Two shapes answer in one namespace: what is seen in practice, and the published standard QCVN 109. Both are
checked against their schemas before they are read here, so these models only give names to what is there.
"""

from __future__ import annotations

from importlib.resources import files
from typing import Any

from pydantic import Field

from gateway.adapters.dancu.query import CitizenQuery, DancuOptions
from gateway.domain.dataset import Question
from gateway.domain.names import folded
from gateway.wire.model import Wire
from gateway.wire.soap import Answer, Service

__all__ = ["SERVICE", "Citizen", "Collection", "Place", "citizen_question"]

_ANSWERS = "{http://www.mic.gov.vn/dancu/1.0}"

SERVICE = Service(
    files("contracts.dancu") / "schema",
    "dancu.wsdl",
    (
        Answer(
            "dancu-answer-qcvn109.xsd",
            f"{_ANSWERS}CongdanCollection",
            signs=tuple(f"{_ANSWERS}{name}" for name in ("MaDanToc", "MaTonGiao", "MaDonViHanhChinh")),
        ),
        Answer("dancu-answer.xsd", f"{_ANSWERS}CongdanCollection"),
    ),
)


def citizen_question(ask: Question[CitizenQuery, DancuOptions]) -> dict[str, Any]:
    """The elements of `TraCuuThongTinCongDan`; their order is the schema's business."""
    query, options, officer = ask.query, ask.options, ask.inquiry.officer
    born = query.birth_date
    whole = f"{born.year:04}{born.month:02}{born.day:02}" if born.month and born.day else None
    if whole is not None and options.date_form == "yyyy-MM-dd":
        whole = born.isoformat()
    elements: dict[str, Any] = {
        "MaYeuCau": ask.request_id,
        "MaDVC": ask.inquiry.procedure.value,
        "MaTichHop": options.integration_code,
        "MaCanBo": officer.id.value if options.officer_is == "id" else officer.account,
    }
    if options.with_agency_and_account:
        elements |= {"MaDonVi": ask.inquiry.agency, "TaiKhoan": officer.account, "SoDienThoai": options.phone}
    if query.citizen_id is not None:
        elements["SoDinhDanh"] = query.citizen_id.value
    elif query.old_number is not None:
        elements["SoCMND"] = query.old_number.value
    return elements | {
        "HoVaTen": folded(query.full_name) if options.name_form == "folded" else query.full_name.upper(),
        "NgayThangNamSinh": {"NgayThangNam": whole} if whole else {"Nam": f"{born.year:04}"},
    }


class Name(Wire):
    """In practice the whole name stands in `Ten`."""

    family: str | None = Field(alias="Ho", default=None)
    middle: str | None = Field(alias="ChuDem", default=None)
    given: str = Field(alias="Ten")


class BirthDate(Wire):
    """`NgayThangNam` is missing where only the year was registered."""

    year: str | None = Field(alias="Nam", default=None)
    full: str | None = Field(alias="NgayThangNam", default=None)


class EthnicGroup(Wire):
    """QCVN 109 only; in practice a bare code."""

    code: str | None = Field(alias="MaDanToc", default=None)
    name: str | None = Field(alias="TenGoi", default=None)


class Religion(Wire):
    """QCVN 109 only; in practice a bare code."""

    code: str | None = Field(alias="MaTonGiao", default=None)
    name: str | None = Field(alias="TenGoi", default=None)


class Place(Wire):
    """In practice three codes; in QCVN 109 one, of two, three or five digits."""

    province: str | None = Field(alias="MaTinhThanh", default=None)
    district: str | None = Field(alias="MaQuanHuyen", default=None)
    commune: str | None = Field(alias="MaPhuongXa", default=None)
    unit: str | None = Field(alias="MaDonViHanhChinh", default=None)
    detail: str | None = Field(alias="ChiTiet", default=None)
    country: str | None = Field(alias="QuocGia", default=None)


class Relative(Wire):
    """Father, mother, spouse or representative; may be there with nothing in it."""

    name: str | Name | None = Field(alias="HoVaTen", default=None)
    nationality: str | None = Field(alias="QuocTich", default=None)
    citizen_id: str | None = Field(alias="SoDinhDanh", default=None)
    old_number: str | None = Field(alias="SoCMND", default=None)


class HouseholdHead(Wire):
    """The head of the household and the relation to him."""

    relation: str | None = Field(alias="QuanHe", default=None)
    name: str | Name | None = Field(alias="HoVaTen", default=None)
    citizen_id: str | None = Field(alias="SoDinhDanh", default=None)
    old_number: str | None = Field(alias="SoCMND", default=None)


class Citizen(Wire):
    """One `CongDan`."""

    citizen_id: str = Field(alias="SoDinhDanh")
    old_number: str | None = Field(alias="SoCMND", default=None)
    name: Name = Field(alias="HoVaTen")
    sex: str = Field(alias="GioiTinh")
    ethnic_group: str | EthnicGroup | None = Field(alias="DanToc", default=None)
    religion: str | Religion | None = Field(alias="TonGiao", default=None)
    marital_status: str | None = Field(alias="TinhTrangHonNhan", default=None)
    blood_group: str | None = Field(alias="NhomMau", default=None)
    born: BirthDate = Field(alias="NgayThangNamSinh")
    birth_registration: Place | None = Field(alias="NoiDangKyKhaiSinh", default=None)
    origin: Place | None = Field(alias="QueQuan", default=None)
    permanent: Place | None = Field(alias="ThuongTru", default=None)
    current: Place | None = Field(alias="NoiOHienTai", default=None)
    nationality: str | None = Field(alias="QuocTich", default=None)
    father: Relative | None = Field(alias="Cha", default=None)
    mother: Relative | None = Field(alias="Me", default=None)
    spouse: Relative | None = Field(alias="VoChong", default=None)
    representative: Relative | None = Field(alias="NguoiDaiDien", default=None)
    household_head: HouseholdHead | None = Field(alias="ChuHo", default=None)
    household_book: str | None = Field(alias="SoSoHoKhau", default=None)


class Collection(Wire):
    """The answer; without a `CongDan`, nobody is registered under what was asked."""

    people: list[Citizen] = Field(alias="CongDan", default=[])
