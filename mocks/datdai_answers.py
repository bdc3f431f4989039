"""What the land stand-in answers: certificates in the words of VBDLIS's search (others.md, 3.5 and 3.6)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import orjson

from mocks.datdai_land import Lot
from mocks.province import Citizen

__all__ = ["found"]


def found(lots: Sequence[Lot]) -> dict[str, Any]:
    """The answer with a row for each certificate; empty for nobody."""
    return {
        "data": [{"GiayChungNhan": _certificate(lot), "ChuSoHuu": None, "TaiSan": None} for lot in lots],
        "recordsTotal": len(lots),
        "recordsFiltered": len(lots),
        "statusText": "success",
    }


def _certificate(lot: Lot) -> dict[str, Any]:
    mortgage = {"loaiHanChe": "TC", "noiDung": "Thế chấp ví dụ", "ngayDangKy": lot.registered_on.isoformat()}
    return {
        "giayChungNhanId": 990_000_000 + lot.index,
        "soPhatHanh": lot.certificate_number,
        "soVaoSo": f"CS {lot.index + 1:05}",
        "ngayVaoSo": f"{lot.registered_on.isoformat()}T00:00:00",
        "soVaoSoCu": None,
        "maVach": None,
        "coQuanCap": "Văn phòng đăng ký đất đai Ví Dụ",
        "tenNguoiKy": None,
        "tinhTrangGiayChungNhan": "1",
        "loaiGiayChungNhanId": 11,
        "maGiayChungNhan": None,
        "maQRCode": None,
        "ListDangKyQuyen": [{**_holders(lot), "ThuaDat": _parcel(lot)}],
        "ListHanCheQuyen": [mortgage] if lot.is_mortgaged else [],
        "ListNghiaVuTaiChinh": [],
    }


def _holders(lot: Lot) -> dict[str, Any]:
    people = [_person(one) for one in lot.holders]
    match lot.kind:
        case "1":
            husband, wife = people
            return {"VoChong": {"voChongId": lot.index, "inVoTruoc": False, "Vo": wife, "Chong": husband}}
        case "2":
            return {"HoGiaDinh": {"hoGiaDinhId": lot.index, "ChuHo": people[0], "diaChi": people[0]["diaChi"]}}
        case _:
            return {"CaNhan": people[0]}


def _person(one: Citizen) -> dict[str, Any]:
    old = {"loaiGiayToTuyThan": "1", "soGiayTo": one.old_number, "ngayCap": None, "noiCap": None}
    return {
        "caNhanId": one.index,
        "hoTen": one.full_name,
        "ngaySinh": None if one.year_only else f"{one.born.isoformat()}T00:00:00",
        "namSinh": one.born.year,
        "namMat": one.died_on.year if one.died_on else None,
        "gioiTinh": one.sex,
        "maSoDinhDanh": one.citizen_id,
        "diaChi": one.residence.full_text,
        "ThongTinGiayToTuyThan": {"DC_GiayToTuyThan": [old]} if one.old_number is not None else None,
    }


def _parcel(lot: Lot) -> dict[str, Any]:
    return {
        "thuaDatId": lot.index,
        "tinhId": int(lot.place.province_code),
        "huyenId": None,
        "xaId": int(lot.place.commune_code),
        "soHieuToBanDo": lot.map_sheet,
        "soThuTuThua": lot.parcel_number,
        "soHieuToBanDoCu": lot.map_sheet if lot.old_parcel_number is not None else None,
        "soThuTuThuaCu": lot.old_parcel_number,
        "maThua": None,
        "dienTich": _m2(sum(lot.areas_tenth_m2)),
        "dienTichPhapLy": _m2(sum(lot.areas_tenth_m2)),
        "diaChi": f"{lot.place.commune_name}, {lot.place.province_name}",
        "ListMucDichSuDung": [
            {
                "loaiMucDichSuDung": code,
                "tenMucDichSuDung": name,
                "dienTich": _m2(area),
                "thoiHanSuDung": "Lâu dài" if code == "ONT" else "2063-10-15",
            }
            for (code, name), area in zip(lot.purposes, lot.areas_tenth_m2, strict=True)
        ],
        "ListDiaChi": [],
    }


def _m2(tenths: int) -> orjson.Fragment:
    """Square metres with one decimal, as a number."""
    return orjson.Fragment(f"{tenths // 10}.{tenths % 10}")
