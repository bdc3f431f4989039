"""What the insurance stand-in answers: the portal's cards (others.md, 2.3) and apiBHXH's texts (2.1)."""

from __future__ import annotations

from typing import Any

from mocks.bhxh_people import Insured, Stay
from mocks.province import Citizen

__all__ = [
    "NO_CARD",
    "NO_NUMBER",
    "NO_PARTICIPANT",
    "WORDS",
    "card",
    "household_row",
    "number",
    "participant",
    "refusal",
]

WORDS = {
    "000": "Thẻ còn giá trị sử dụng",
    "003": "Thẻ cũ hết giá trị sử dụng nhưng đã được cấp thẻ mới",
    "004": "Thẻ cũ còn giá trị sử dụng nhưng đã được cấp thẻ mới",
    "010": "Thẻ hết giá trị sử dụng",
    "050": "Không thấy thông tin thẻ BHYT",
    "060": "Thẻ sai họ tên",
    "061": "Thẻ sai họ tên (đúng ký tự đầu)",
    "070": "Thẻ sai ngày sinh",
    "110": "Thẻ đã thu hồi",
    "120": "Thẻ đã báo giảm",
    "124": "Ngừng tham gia",
    "205": "Lỗi sai định dạng tham số",
}
_EMPTY_CARD = dict.fromkeys(
    (
        *("maThe", "hoTen", "ngaySinh", "gioiTinh", "diaChi", "maDKBD", "cqBHXH", "gtTheTu", "gtTheDen", "maKV"),
        *("ngayDu5Nam", "maSoBHXH", "maTheCu", "maTheMoi", "gtTheTuMoi", "gtTheDenMoi", "maDKBDMoi", "tenDKBDMoi"),
    )
)
NO_NUMBER = {"maSoBhxh": "", "trangThai": "0", "errorCode": ""}
_OF_PARTICIPANT = ("hoTen", "soSoCu", "ngaySinh", "loaiNgaySinh", "gioiTinh", "maTinhKs", "maHuyenKs", "maXaKs")
NO_PARTICIPANT = {**dict.fromkeys(_OF_PARTICIPANT, ""), "trangThai": "0"}


def refusal(code: str) -> dict[str, Any]:
    """A result that tells nothing of any card."""
    return {
        "maKetQua": code,
        "ghiChu": WORDS.get(code, ""),
        **_EMPTY_CARD,
        "dsLichSuKCB2018": None,
        "dsLichSuKT2018": None,
    }


NO_CARD = refusal("050")


def card(insured: Insured, version: str) -> dict[str, Any]:
    """The card with its history, as the version names its lists."""
    citizen = insured.citizen
    code, name = insured.facility
    told = {
        "maKetQua": insured.result,
        "ghiChu": WORDS[insured.result],
        **_EMPTY_CARD,
        "maThe": insured.card,
        "hoTen": citizen.full_name,
        "ngaySinh": str(citizen.born.year) if citizen.year_only else f"{citizen.born:%d/%m/%Y}",
        "gioiTinh": "Nam" if citizen.sex == "1" else "Nữ",
        "diaChi": citizen.residence.full_text,
        "maDKBD": code,
        "cqBHXH": "BHXH tỉnh Ví Dụ",
        "gtTheTu": f"{insured.valid_from:%d/%m/%Y}",
        "gtTheDen": f"{insured.valid_until:%d/%m/%Y}",
        "maKV": "",
        "ngayDu5Nam": f"{insured.five_years_on:%d/%m/%Y}",
        "maSoBHXH": insured.number,
    }
    if insured.new_card is not None:
        told |= {
            "maTheMoi": insured.new_card,
            "gtTheTuMoi": told["gtTheTu"],
            "gtTheDenMoi": told["gtTheDen"],
            "maDKBDMoi": code,
            "tenDKBDMoi": name,
        }
    old = version == "gdbhyt595"
    told["dsLichSuKCB" if old else "dsLichSuKCB2018"] = [_stay(one, old=old) for one in insured.stays] or None
    return told if old else {**told, "dsLichSuKT2018": []}


def number(insured: Insured) -> dict[str, str]:
    """The number alone. ASSUMED: `trangThai` 1 goes with it, as in the document's example."""
    return {"maSoBhxh": insured.number, "trangThai": "1", "errorCode": ""}


def participant(insured: Insured) -> dict[str, str]:
    """Who has the number."""
    citizen = insured.citizen
    return {
        "hoTen": citizen.full_name,
        "soSoCu": "",
        **_born(citizen),
        "maTinhKs": citizen.birth_place.province_code,
        "maHuyenKs": "",
        "maXaKs": citizen.birth_place.commune_code,
        "trangThai": "1",
    }


def household_row(citizen: Citizen, insured: Insured | None, code: str) -> dict[str, str]:
    """One person of a household; the number is empty for whoever has none."""
    return {
        "maSo": insured.number if insured is not None else "",
        "hoTen": citizen.full_name,
        **_born(citizen),
        "maHo": code,
        "diaChi": citizen.residence.full_text,
        "trangThai": "1",
    }


def _born(citizen: Citizen) -> dict[str, str]:
    born = f"{citizen.born.year:04}0000" if citizen.year_only else f"{citizen.born:%Y%m%d}"
    return {"ngaySinh": born, "loaiNgaySinh": "1" if citizen.year_only else "0", "gioiTinh": citizen.sex}


def _stay(one: Stay, *, old: bool) -> dict[str, Any]:
    begin, end = ("tuNgay", "denNgay") if old else ("ngayVao", "ngayRa")
    return {
        "maHoSo": one.registry_id,
        "maCSKCB": one.facility_code,
        begin: f"{one.admitted_at:%Y%m%d%H%M}",
        end: f"{one.discharged_at:%Y%m%d%H%M}",
        "tenBenh": one.diagnosis,
        "tinhTrang": one.discharge,
        "kqDieuTri": one.result,
        "lyDoVV": one.admission,
    }
