"""
The messages of the central service. ASSUMED as a whole: nobody has seen them (others.md, 3.8). Names are those of
VBDLIS's own search (3.5) and of the cadastral exchange (3.6), and where neither has one the guess is marked.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from gateway.wire.model import ListOrOne, NumberOrText, Wire
from gateway.wire.values import Measure

__all__ = [
    "Answer",
    "Certificate",
    "Community",
    "Couple",
    "Household",
    "Organisation",
    "Paper",
    "Papers",
    "Parcel",
    "Person",
    "Restriction",
    "Right",
    "Row",
    "Use",
]


Text = NumberOrText | None


class Paper(Wire):
    """`DC_GiayToTuyThan`."""

    registry_id: object = Field(alias="giayToTuyThanId", default=None)
    kind: Text = Field(alias="loaiGiayToTuyThan", default=None)
    number: str | None = Field(alias="soGiayTo", default=None)
    issued: str | None = Field(alias="ngayCap", default=None)
    issuer: str | None = Field(alias="noiCap", default=None)


class Papers(Wire):
    """What stands around papers. ASSUMED: one, or a list of them."""

    papers: Annotated[list[Paper], ListOrOne] | None = Field(alias="DC_GiayToTuyThan", default=None)


class Person(Wire):
    """`DC_CaNhan`. Where only the year of birth is known it stands alone in `namSinh`."""

    name: str = Field(alias="hoTen", min_length=1)
    born: str | None = Field(alias="ngaySinh", default=None)
    birth_year: Text = Field(alias="namSinh", default=None)
    death_year: Text = Field(alias="namMat", default=None)
    sex: Text = Field(alias="gioiTinh", default=None)
    number: str | None = Field(alias="maSoDinhDanh", default=None)
    tax_code: str | None = Field(alias="maSoThue", default=None)
    address: str | None = Field(alias="diaChi", default=None)
    papers: Papers | None = Field(alias="ThongTinGiayToTuyThan", default=None)
    # Nobody here needs the rest.
    registry_id: object = Field(alias="caNhanId", default=None)
    user_kind: object = Field(alias="loaiDoiTuongSuDungDat", default=None)
    nationality: object = Field(alias="quocTichId", default=None)
    ethnic_group: object = Field(alias="danTocId", default=None)
    phone: object = Field(alias="soDienThoai", default=None)
    email: object = Field(alias="email", default=None)


class Couple(Wire):
    """`DC_VoChong`. ASSUMED: both stand inside, as `Vo` and `Chong`; only their ids were seen."""

    wife: Person = Field(alias="Vo")
    husband: Person = Field(alias="Chong")
    wife_first: bool | None = Field(alias="inVoTruoc", default=None)
    ids: object = Field(alias="voChongId", default=None)
    wife_id: object = Field(alias="voId", default=None)
    husband_id: object = Field(alias="chongId", default=None)


class Household(Wire):
    """`DC_HoGiaDinh`. ASSUMED: its head stands inside, as `ChuHo`; only his id was seen."""

    head: Person = Field(alias="ChuHo")
    address: str | None = Field(alias="diaChi", default=None)
    registry_id: object = Field(alias="hoGiaDinhId", default=None)
    head_id: object = Field(alias="chuHoId", default=None)


class Organisation(Wire):
    """`DC_ToChuc`."""

    name: str = Field(alias="tenToChuc", min_length=1)
    code: str | None = Field(alias="maDoanhNghiep", default=None)
    tax_code: str | None = Field(alias="maSoThue", default=None)
    address: str | None = Field(alias="diaChi", default=None)
    registry_id: object = Field(alias="toChucId", default=None)
    short_name: object = Field(alias="tenVietTat", default=None)
    foreign_name: object = Field(alias="tenToChucTa", default=None)
    kind: object = Field(alias="loaiToChuc", default=None)


class Community(Wire):
    """`DC_CongDong`. ASSUMED: its name's name."""

    name: str = Field(alias="tenCongDong", min_length=1)
    address: str | None = Field(alias="diaChi", default=None)


class Use(Wire):
    """A row of `ListMucDichSuDung`. ASSUMED: all its names."""

    purpose: str = Field(alias="loaiMucDichSuDung", min_length=1)
    purpose_name: str | None = Field(alias="tenMucDichSuDung", default=None)
    area: Measure = Field(alias="dienTich", default=None)
    term: str | None = Field(alias="thoiHanSuDung", default=None)


class Parcel(Wire):
    """`ThuaDat`. Place codes come as whole numbers; `huyenId` is null since 2025-07-01."""

    province_code: Text = Field(alias="tinhId", default=None)
    district_code: Text = Field(alias="huyenId", default=None)
    commune_code: NumberOrText = Field(alias="xaId")
    map_sheet: NumberOrText = Field(alias="soHieuToBanDo", min_length=1)
    number: NumberOrText = Field(alias="soThuTuThua", min_length=1)
    old_map_sheet: Text = Field(alias="soHieuToBanDoCu", default=None)
    old_number: Text = Field(alias="soThuTuThuaCu", default=None)
    area: Measure = Field(alias="dienTich", default=None)
    legal_area: Measure = Field(alias="dienTichPhapLy", default=None)
    address: str | None = Field(alias="diaChi", default=None)
    uses: Annotated[list[Use], ListOrOne] | None = Field(alias="ListMucDichSuDung", default=None)
    registry_id: object = Field(alias="thuaDatId", default=None)
    code: object = Field(alias="maThua", default=None)
    addresses: object = Field(alias="ListDiaChi", default=None)


class Right(Wire):
    """A row of `ListDangKyQuyen`: who holds what. One of the first five is filled, and one of the rest."""

    person: Person | None = Field(alias="CaNhan", default=None)
    couple: Couple | None = Field(alias="VoChong", default=None)
    household: Household | None = Field(alias="HoGiaDinh", default=None)
    organisation: Organisation | None = Field(alias="ToChuc", default=None)
    community: Community | None = Field(alias="CongDong", default=None)
    parcels: Annotated[list[Parcel], ListOrOne] | None = Field(alias="ThuaDat", default=None)
    house: object = Field(alias="NhaRiengLe", default=None)
    flat: object = Field(alias="CanHo", default=None)


class Restriction(Wire):
    """A row of `ListHanCheQuyen`. ASSUMED: all its names."""

    kind: Text = Field(alias="loaiHanChe", default=None)
    content: str | None = Field(alias="noiDung", default=None)
    registered: str | None = Field(alias="ngayDangKy", default=None)


class Certificate(Wire):
    """`GiayChungNhan`."""

    number: str = Field(alias="soPhatHanh")
    register_number: Text = Field(alias="soVaoSo", default=None)
    registered: str | None = Field(alias="ngayVaoSo", default=None)
    old_register_number: Text = Field(alias="soVaoSoCu", default=None)
    barcode: Text = Field(alias="maVach", default=None)
    issuer: str | None = Field(alias="coQuanCap", default=None)
    status: Text = Field(alias="tinhTrangGiayChungNhan", default=None)
    kind: Text = Field(alias="loaiGiayChungNhanId", default=None)
    rights: Annotated[list[Right], ListOrOne] | None = Field(alias="ListDangKyQuyen", default=None)
    restrictions: Annotated[list[Restriction], ListOrOne] | None = Field(alias="ListHanCheQuyen", default=None)
    registry_id: object = Field(alias="giayChungNhanId", default=None)
    signer: object = Field(alias="tenNguoiKy", default=None)
    code: object = Field(alias="maGiayChungNhan", default=None)
    qr_code: object = Field(alias="maQRCode", default=None)
    duties: object = Field(alias="ListNghiaVuTaiChinh", default=None)


class Row(Wire):
    """A row of the answer; what VBDLIS's screen shows beside the certificate is not read."""

    certificate: Certificate = Field(alias="GiayChungNhan")
    owner_shown: object = Field(alias="ChuSoHuu", default=None)
    asset_shown: object = Field(alias="TaiSan", default=None)


class Answer(Wire):
    """
    `{data, recordsTotal, recordsFiltered, statusText}`, in the manner of DataTables: the second count is after the
    search, the first before it and so decides nothing.
    """

    rows: list[Row] | None = Field(alias="data")
    matched: NumberOrText = Field(alias="recordsFiltered")
    total: object = Field(alias="recordsTotal", default=None)
    status_text: str | None = Field(alias="statusText", default=None)

    @property
    def succeeded(self) -> bool:
        """ASSUMED: nothing, `success` or `OK` is success; the texts of failure are not known."""
        return (self.status_text or "success").strip().lower() in {"success", "ok"}
