"""What the licence stand-in answers, in the names of each service (others.md, 5.1 and 5.2). The check is ASSUMED."""

from __future__ import annotations

import base64
import unicodedata
from datetime import date
from typing import Any

from mocks.gplx_people import OFFICES, Dossier, Licence
from mocks.province import Citizen

__all__ = ["STATES", "document", "dossier", "licence", "ministry_dossier", "state"]

STATES = {"2": "Được tiếp nhận", "4": "Đang xử lý", "9": "Đã xử lý xong", "10": "Đã trả kết quả"}
_STATUSES = {"1": "Còn hiệu lực", "2": "Bị tước quyền sử dụng có thời hạn"}
_PDF = base64.b64encode(b"%PDF-1.4 giay kham suc khoe vi du").decode()


def dossier(one: Dossier) -> dict[str, Any]:
    """A row of `DanhSachHoSo`."""
    citizen = one.applicant
    family_and_middle, _, given = citizen.registered_name.rpartition(" ")
    return {
        "maDangKyCu": None,
        "maDangKyDvc": None,
        "maHoSo": one.number,
        "hoTen": citizen.registered_name,
        "hoTenIn": _bare(citizen.registered_name),
        "hoDem": family_and_middle,
        "ten": given,
        "gioiTinh": "M" if citizen.sex == "1" else "F",
        "ngaySinh": citizen.birth_date,
        "quocTich": "VNM",
        "soCmndCu": citizen.old_number,
        "soCmnd": citizen.citizen_id,
        "noiCapCmnd": "Nơi cấp ví dụ",
        "ngayCapCmnd": None,
        "noiCuTru": citizen.residence.full_text,
        "dvhcNoiCuTru": citizen.residence.commune_code,
        "noiThuongTru": citizen.residence.full_text,
        "dvhcNoiThuongTru": citizen.residence.commune_code,
        "maDonVi": one.office,
        "ngayNhanHoSo": one.received_on.isoformat(),
        "ngayHenTraGplx": one.due_on.isoformat(),
        "loaiHoSo": "1",
        "hangDaoTao": one.licence.classes[-1].name if one.licence is not None else None,
        "lyDoDoiGplx": "Ví dụ: hỏng",
        "gplxDaCap": _issued(one.licence),
        "hoSoDinhKem": [{"magiayto": "GKSK", "tengiayto": "Giấy khám sức khỏe", "filedinhkem": one.file}],
    }


def state(one: Dossier) -> dict[str, Any]:
    """A row of `TraCuuHoSo`."""
    return {
        "MaTTHC": "3.000347",
        "MaDVC": "3.000347.01",
        "TenDVC": "Đổi giấy phép lái xe",
        "MaHoSo": one.number,
        "HoTenNguoiNop": one.applicant.registered_name,
        "MaTrangThai": one.state,
        "TrangThaiHoSo": STATES[one.state],
        "DonViXuLy": OFFICES[one.office],
        "MaDonViXuLy": one.office,
        "NgayNop": _at(one.received_on, "07:30:00"),
        "NgayTiepNhan": _at(one.received_on, "08:00:00"),
        "NgayHenTra": _at(one.due_on, "17:00:00"),
        "HinhThucNhanKQ": "1" if one.by_post else "0",
    }


def document(path: str) -> dict[str, str]:
    """One of `TepTinDinhKem`."""
    return {"Base64": _PDF, "DuongDan": path, "TenTaiLieu": "Giấy khám sức khỏe"}


def ministry_dossier(one: Dossier) -> dict[str, Any]:
    """A row of apiGTVT."""
    citizen, place = one.applicant, one.applicant.residence
    return {
        "MaHoSo": one.number,
        "MaTTHC": "3.000347",
        "TenTTHC": "Đổi giấy phép lái xe",
        "TenLinhVuc": "Sát hạch, cấp giấy phép lái xe",
        "TrichYeuHoSo": "Ví dụ: đổi giấy phép lái xe",
        "KenhThucHien": "2",
        "DonViXuLy": OFFICES[one.office],
        "MaDonViXuLy": one.office,
        "MaDoiTuong": "1",
        "ChuHoSo": citizen.registered_name,
        "SoDienThoai": None,
        "Email": None,
        "DiaChi": place.full_text,
        "MaTinh": place.province_code,
        "TenTinh": place.province_name,
        "MaHuyen": None,
        "TenHuyen": None,
        "MaXa": place.commune_code,
        "TenXa": place.commune_name,
        "NgayGuiHoSo": _at(one.received_on, "07:30:00"),
        "NgayTiepNhan": _at(one.received_on, "08:00:00"),
        "NgayHenTra": _at(one.due_on, "17:00:00"),
        "NgayKetThucXuLy": None,
        "NgayTra": None,
        "NgayHuyHoSo": None,
        "TrangThaiHoSo": one.state,
        "TenTrangThaiHoSo": STATES[one.state],
        "NguoiNop": citizen.registered_name,
        "MaNguoiNop": None,
        "DienThoaiNguoiNop": None,
        "EmaiNguoiNop": None,
    }


def licence(one: Licence) -> dict[str, Any]:
    """A row of the licence check."""
    citizen: Citizen = one.holder
    return {
        "hoten": citizen.registered_name,
        "ngaysinh": citizen.birth_date,
        "socmnd": citizen.citizen_id,
        "socmndcu": citizen.old_number,
        "sogplx": one.number,
        "trangthai": one.status,
        "tentrangthai": _STATUSES[one.status],
        "gplxdacap": _issued(one),
    }


def _issued(one: Licence | None) -> list[dict[str, Any]]:
    return [
        {
            "sogplx": one.number,
            "soserigplx": one.serial,
            "noicapgplx": "Nơi cấp ví dụ",
            "ngaycapgplx": each.issued_on.isoformat(),
            "ngayhethangplx": each.expires_on.isoformat() if each.expires_on is not None else None,
            "hanggplxgplx": each.name,
            "ngaytrungtuyen": each.passed_on.isoformat(),
        }
        for each in (one.classes if one is not None else ())
        if one is not None
    ]


def _bare(name: str) -> str:
    decomposed = unicodedata.normalize("NFD", name.replace("Đ", "D"))
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def _at(day: date, time: str) -> str:
    return f"{day:%d/%m/%Y} {time}"
