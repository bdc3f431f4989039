"""
The fields of a registration, as a flat object of names with prefixes: `nksHoTen`, `meHoTen`, `chongSoDDCN`. Source:
dancu-justice-transport.md, 3.2 and 3.4. People are gathered by their prefix before anything is read.

ASSUMED: of a marriage the newer generation sends the names of the digitised books; its answer was not seen.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import Field

from gateway.wire.model import NumberOrText, Wire

__all__ = ["Birth", "DateParts", "Death", "Marriage", "NameParts", "Paper", "Person", "Place"]

Text = NumberOrText | None


class NameParts(Wire):
    """A name in three parts, as of 2025; a text before."""

    family: str | None = Field(alias="Ho", default=None)
    middle: str | None = Field(alias="ChuDem", default=None)
    given: str | None = Field(alias="Ten", default=None)


class DateParts(Wire):
    """A date in three parts, as of 2025: what is not known is left out. A text before."""

    year: Text = Field(alias="namSinh", default=None)
    month: Text = Field(alias="thangSinh", default=None)
    day: Text = Field(alias="ngaySinh", default=None)


class Place(Wire):
    """An address; numbers have lost their leading zeros, `maHuyen` is missing since 2025."""

    country: str | None = Field(alias="quocGia", default=None)
    province_code: Text = Field(alias="maTinh", default=None)
    district_code: Text = Field(alias="maHuyen", default=None)
    commune_code: Text = Field(alias="maXa", default=None)
    detail: str | None = Field(alias="dcChiTiet", default=None)


AnyName = NameParts | str | None
AnyDate = DateParts | NumberOrText | None
AnyPlace = Place | str | None


class Person(Wire):
    """Somebody, by the names that follow his prefix. Two names stand for the number of his paper."""

    full_name: AnyName = Field(alias="HoTen", default=None)
    sex: Text = Field(alias="GioiTinh", default=None)
    born: AnyDate = Field(alias="NgaySinh", default=None)
    born_in_words: str | None = Field(alias="NgaySinhBangChu", default=None)
    ethnic_group: Text = Field(alias="DanToc", default=None)
    nationality: Text = Field(alias="QuocTich", default=None)
    place_of_origin: AnyPlace = Field(alias="QueQuan", default=None)
    residence_kind: Text = Field(alias="LoaiCuTru", default=None)
    residence: AnyPlace = Field(alias="NoiCuTru", default=None)
    paper_type: Text = Field(alias="LoaiGiayToTuyThan", default=None)
    paper_number: Text = Field(alias="SoGiayToTuyThan", default=None)
    paper_number_short: Text = Field(alias="SoGiayTo", default=None)
    citizen_id: str | None = Field(alias="SoDDCN", default=None)
    relation: Text = Field(alias="QuanHe", default=None)
    # Known, and given to nobody: no form was found that asks for them.
    other_ethnic_group: object = Field(alias="DanTocKhac", default=None)
    other_nationality: object = Field(alias="QuocTichKhac", default=None)
    other_paper: object = Field(alias="GiayToKhac", default=None)
    paper_issued: object = Field(alias="NgayCapGiayToTuyThan", default=None)
    paper_issuer: object = Field(alias="NoiCapGiayToTuyThan", default=None)
    verified: object = Field(alias="XacThucThongTin", default=None)
    marriage_count: object = Field(alias="SoLanKH", default=None)
    marital_status: object = Field(alias="LoaiTinhTrangHonNhan", default=None)


class Paper(Wire):
    """What every registration has. `so` and `soDangKy` are two names of one number."""

    prefixes: ClassVar[tuple[str, ...]] = ("nyc",)

    internal_id: Text = Field(alias="id", default=None)
    number: Text = Field(alias="so", default=None)
    registration_number: Text = Field(alias="soDangKy", default=None)
    book_number: Text = Field(alias="quyenSo", default=None)
    page_number: Text = Field(alias="trangSo", default=None)
    decision_number: Text = Field(alias="quyetDinhSo", default=None)
    registered: str | None = Field(alias="ngayDangKy", default=None)
    kind: Text = Field(alias="loaiDangKy", default=None)
    place: AnyPlace = Field(alias="noiDangKy", default=None)
    signed_by: str | None = Field(alias="nguoiKy", default=None)
    signer_title: str | None = Field(alias="chucVuNguoiKy", default=None)
    note: str | None = Field(alias="ghiChu", default=None)
    result_code: Text = Field(alias="maGiayToKetQua", default=None)
    registrar: object = Field(alias="nguoiThucHien", default=None)
    declarant: Person | None = Field(alias="nyc", default=None)

    @classmethod
    def normal(cls, value: Any) -> Any:
        """The object with everybody's fields gathered under his prefix."""
        return gathered(value, cls.prefixes) if isinstance(value, dict) else value


class Birth(Paper):
    """A birth. `soDinhDanh` is the personal number that the child was given."""

    prefixes = ("nks", "me", "cha", "nyc")

    child: Person = Field(alias="nks")
    mother: Person | None = Field(alias="me", default=None)
    father: Person | None = Field(alias="cha", default=None)
    citizen_id: str | None = Field(alias="soDinhDanh", default=None)
    birth_place: AnyPlace = Field(alias="nksNoiSinh", default=None)
    birth_kind: Text = Field(alias="nksLoaiKhaiSinh", default=None)
    place_province: Text = Field(alias="ndkksMaTinh", default=None)
    place_district: Text = Field(alias="ndkksMaHuyen", default=None)
    place_commune: Text = Field(alias="ndkksMaXa", default=None)
    medical_certificate: Text = Field(alias="maGCS", default=None)
    document: str | None = Field(alias="giayKhaiSinh", default=None)


class Death(Paper):
    """A death, with the notice that reported it."""

    prefixes = ("nkt", "nyc")

    deceased: Person = Field(alias="nkt")
    died: AnyDate = Field(alias="nktNgayChet", default=None)
    died_in_words: str | None = Field(alias="nktNgayChetGhiBangChu", default=None)
    died_at: str | None = Field(alias="nktGioPhutChet", default=None)
    death_place: AnyPlace = Field(alias="nktNoiChet", default=None)
    cause: str | None = Field(alias="nktNguyenNhanChet", default=None)
    notice_kind: Text = Field(alias="giayBaoTuLoai", default=None)
    notice_number: Text = Field(alias="giayBaoTuSo", default=None)
    book_notice_kind: Text = Field(alias="gbtLoai", default=None)
    book_notice_number: Text = Field(alias="gbtSo", default=None)
    book_notice_issued: str | None = Field(alias="gbtNgay", default=None)
    book_notice_issuer: str | None = Field(alias="gbtCoQuanCap", default=None)
    document: str | None = Field(alias="giayKhaiTu", default=None)


class Marriage(Paper):
    """A marriage. `huyKetHonNgayGhiChu` and `huyKetHonCanCu` stand where it was annulled."""

    prefixes = ("chong", "vo", "nyc")

    husband: Person = Field(alias="chong")
    wife: Person = Field(alias="vo")
    established: str | None = Field(alias="ngayXacLapQuanHeHonNhan", default=None)
    state: Text = Field(alias="tinhTrangKetHon", default=None)
    annulled: str | None = Field(alias="huyKetHonNgayGhiChu", default=None)
    annulment_basis: str | None = Field(alias="huyKetHonCanCu", default=None)
    document: str | None = Field(alias="giayKetHon", default=None)  # ASSUMED: named as the other two papers are


_OF_A_PERSON = frozenset(str(field.alias) for field in Person.model_fields.values())


def gathered(value: dict[str, Any], prefixes: Iterable[str]) -> dict[str, Any]:
    """The same object, where `nksHoTen` stands as `HoTen` under `nks`. What is no person's stays where it was."""
    people: dict[str, dict[str, Any]] = {}
    rest: dict[str, Any] = {}
    for name, inner in value.items():
        prefix = next((one for one in prefixes if name.startswith(one) and name[len(one) :] in _OF_A_PERSON), None)
        if prefix is None:
            rest[name] = inner
        else:
            people.setdefault(prefix, {})[name[len(prefix) :]] = inner
    return rest | people
