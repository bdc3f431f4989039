"""What the business stand-in answers as `apiDKKD` does: Vietnamese names, lists in lists. Source: others.md, 1.2."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from mocks.dkdn_businesses import Cooperative, HouseholdBusiness
from mocks.dkdn_ngsp import STATUS_NAMES
from mocks.province import Address, Citizen, Enterprise

__all__ = ["cooperative", "enterprise", "household_business"]


def enterprise(firm: Enterprise | None) -> dict[str, Any]:
    """`GetEntCert`: null for nobody."""
    if firm is None:
        return {"GetEntCert": None}
    form_code, form_name = firm.legal_form
    certificate = {
        "MaNoiBo": f"B99-{firm.index:06}",
        "MaSoDoanhNghiep": firm.enterprise_code,
        "SoGCNDKKD": firm.enterprise_code,
        "MaLoaiHinhDN": form_code,
        "LoaiHinhDN": form_name,
        **_names(firm.name),
        **_dates(firm.founded_on, firm.last_changed_on, firm.change_count),
        "TinhTrangPhapLy": [_status(firm)],
        "DaiDienPhapLuat": [{"ThongTinCaNhan": [_person(firm.representative, firm.card_issued_on)]}],
        "DiaChiTruSo": [{"DiaChi": [_place(firm.head_office)]}],
        "NganhNgheKinhDoanh": [_activity(firm.activity)],
    }
    return {"GetEntCert": [certificate]}


def household_business(business: HouseholdBusiness | None) -> dict[str, Any]:
    """`HHCert`: null for nobody; the address has one level."""
    if business is None:
        return {"HHCert": None}
    certificate = {
        "MaNoiBo": f"H99-{business.registration_number[-6:]}",
        "MaSoHKD": business.tax_code,
        "MaSoDangKyHKD": business.registration_number,
        "FOUNDING_DATE": _moment(business.founded_on),
        "MaLoaiHinhHKD": "1",
        "LoaiHinhHKD": "Hộ kinh doanh cá thể",
        **_names(business.name),
        **_dates(business.first_registered_on, None, 0),
        "ChuHoKinhDoanh": [_person(business.owner, business.first_registered_on)],
        "DiaChiTruSo": [_flat_place(business.head_office)],
        "NganhNgheKinhDoanh": [_activity(business.activity)],
    }
    return {"HHCert": [certificate]}


def cooperative(found: Cooperative | None) -> dict[str, Any]:
    """`CoopCert`: null for nobody; the representative is an object."""
    if found is None:
        return {"CoopCert": None}
    certificate = {
        "MaNoiBo": f"C99-{found.tax_code[2:8]}",
        "MaSoHTX": found.tax_code,
        "MaLoaiHinhHTX": "1",
        "LoaiHinhHTX": "Hợp tác xã",
        **_names(found.name),
        **_dates(found.founded_on, None, 0),
        "DaiDienPhapLuat": {"ThongTinCaNhan": [_person(found.representative, found.founded_on)]},
        "DiaChiTruSo": [{"DiaChi": [_place(found.head_office)]}],
        "NganhNgheKinhDoanh": [_activity(found.activity)],
    }
    return {"CoopCert": [certificate]}


def _names(name: str) -> dict[str, Any]:
    return {"TenTiengViet": name, "TenNuocNgoai": None, "TenVietTat": None}


def _dates(first: date, last: date | None, changes: int) -> dict[str, Any]:
    return {
        "NgayDangKyLanDau": _moment(first),
        "NgayDangKyThayDoi": _moment(last) if last else None,
        "SoLanDangKyThayDoi": changes,
    }


def _moment(day: date) -> str:
    return f"{day.isoformat()}T00:00:00"


def _status(firm: Enterprise) -> dict[str, Any]:
    since = firm.last_changed_on or firm.founded_on
    suspended = firm.status_code == "2"
    return {
        "TinhTrangPhapLy": STATUS_NAMES[firm.status_code],
        "MaTinhTrangPhapLy": firm.status_code,
        "NgayBatDauTamNgung": _moment(since) if suspended else None,
        "NgayKetThucTamNgung": _moment(since + timedelta(days=365)) if suspended else None,
        "LyDoTamNgung": "Lý do ví dụ" if suspended else None,
    }


def _person(person: Citizen, issued_on: date) -> dict[str, Any]:
    return {
        "HoVaTen": person.registered_name,
        "LoaiGiayToChungThuc": "Thẻ căn cước",
        "MaLoaiGiayToChungThuc": "1",
        "SoGiayChungThuc": person.citizen_id,
        "NgayCap": _moment(issued_on),
        "NoiCap": "Nơi cấp ví dụ",
        "QuocTich": "Việt Nam",
        "MaQuocTich": "VN",
    }


def _place(address: Address) -> dict[str, Any]:
    return {
        "QuocGia": "Việt Nam",
        "MaQuocGia": "VN",
        "TenTinhThanh": address.province_name,
        "MaTinhThanh": int(address.province_code),
        "TenQuanHuyen": None,
        "MaQuanHuyen": None,
        "TenPhuongXa": address.commune_name,
        "MaPhuongXa": int(address.commune_code),
        "DiaChi": None,
        "SoNha": address.detail,
    }


def _flat_place(address: Address) -> dict[str, Any]:
    place = _place(address)
    for name in ("QuocGia", "MaQuocGia", "DiaChi"):
        del place[name]
    return {**place, "DiaChiDayDu": address.full_text}


def _activity(activity: tuple[str, str]) -> dict[str, Any]:
    code, name = activity
    return {"MaNganh": code, "TenNganh": name, "LaNganhChinh": 1}
