"""
What the stand-in for civil status answers (dancu-justice-transport.md, 3.1, 3.2, 3.4). Of two neighbours one is told in
the form of 2024, the other in that of 2025; in the older generation one as an object, the other as XML in a text.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from html import escape
from typing import Any

from mocks.hotich_events import CivilDossier
from mocks.province import Address, Citizen

__all__ = ["NOBODY", "confirmation", "entry", "failure", "found", "result_gen1", "state_gen1"]

OK = {"status": 1, "statusDescription": "Thành công"}
NOBODY: dict[str, Any] = {**OK, "value": []}

_MODULES = {"birth": "LTKS", "death": "LTKT", "marriage": "LTKH"}
# The older generation knows no refusal: there such a dossier waits for papers.
_OLD_STATES = {"1": 1, "2": 2, "3": 3, "4": 4, "6": 2}
_OLD_TEXTS = {1: "Đã tiếp nhận, chờ xử lý", 2: "Cần bổ sung", 3: "Đủ điều kiện giải quyết", 4: "Đã hoàn thành đăng ký"}
_MARITAL = {
    "1": "Chưa đăng ký kết hôn với ai",
    "2": "Hiện tại đang có vợ hoặc chồng",
    "3": "Đã ly hôn hoặc vợ, chồng đã chết; hiện tại chưa đăng ký kết hôn với ai",
}


def found(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """Success with these in it."""
    return {**OK, "value": entries}


def failure(code: str, text: str) -> dict[str, Any]:
    """A failure by code and words."""
    return {"status": 0, "statusDescription": "Đã có lỗi xảy ra", "errorCode": code, "errorDescription": text}


def entry(dossier: CivilDossier) -> dict[str, Any]:
    """One dossier of the interlinked flow."""
    return {
        "maDonVi": dossier.commune_code,
        "maTinh": "99",
        "module": _MODULES[dossier.event],
        "maHoSoLT": dossier.interlink_number,
        "maHoSoMCDT": dossier.number,
        "errors": None,
        "trangThai": dossier.state if dossier.index % 2 else int(dossier.state),
        "thoiGianThucHien": f"{dossier.registered_on or dossier.lodged_on:%d/%m/%Y} 09:00:00",
        "ghiChu": "Bổ sung giấy tờ" if dossier.state == "2" else None,
        "ketQuaXuLy": _fields(dossier, late=bool(dossier.index % 2)) if dossier.registered_on else None,
        "nguoiXuLy": "Cán bộ Mẫu",
        "chucDanh": "Công chức tư pháp - hộ tịch",
        "phongBanXuLy": "UBND xã Mẫu",
        "noiDungXuLy": None,
        "hanBoSungHoSo": None,
    }


def state_gen1(dossier: CivilDossier) -> dict[str, Any]:
    """The older generation's state, which does not name the dossier."""
    state = _OLD_STATES[dossier.state]
    return {
        "status": state,
        "statusDescription": _OLD_TEXTS[state],
        "errorCode": None,
        "errorDescription": None,
        "value": "Bổ sung giấy tờ" if state == 2 else None,
    }


def result_gen1(dossier: CivilDossier) -> dict[str, Any]:
    """The older generation's result, or code 200 while there is none."""
    if dossier.registered_on is None:
        return failure("200", "RECORD_UNCOMPLETE - Hồ sơ chưa hoàn thành.")
    fields = _fields(dossier, late=False)
    return {**OK, "value": f"<hotich><hoso>{_xml(fields)}</hoso></hotich>" if dossier.index % 2 else [fields]}


def confirmation(citizen: Citizen) -> dict[str, Any] | None:
    """
    What is confirmed of a citizen's marital status; None where the population database knows nothing either, and of
    the dead.
    """
    if citizen.marital_code not in _MARITAL or citizen.died_on is not None:
        return None
    return {
        "nxnHoTen": citizen.registered_name,
        "nxnSoDDCN": citizen.citizen_id,
        "nxnNgaySinh": str(citizen.born.year) if citizen.year_only else _dots(citizen.born),
        "nxnTinhTrangHonNhan": _MARITAL[citizen.marital_code],
        "nxnThoiGianCuTruTai": citizen.residence.full_text,
        "noiCap": "UBND xã Mẫu",
    }


def _fields(dossier: CivilDossier, *, late: bool) -> dict[str, Any]:
    registered_on = dossier.registered_on or dossier.lodged_on
    fields: dict[str, Any] = {
        "ngayDangKy": f"{registered_on:%d/%m/%Y}",
        "soDangKy": dossier.registration_number,
        "quyenSo": f"01/{registered_on.year}",
        "trangSo": str(1 + dossier.index % 200),
        "loaiDangKy": "2" if dossier.anew else "1",
    }
    if dossier.event == "birth":
        return fields | _birth(dossier.citizen, late)
    if dossier.event == "death":
        return fields | _death(dossier, late)
    wife = dossier.wife
    return fields | _citizen("chong", dossier.citizen, late) | (_citizen("vo", wife, late) if wife else {})


def _birth(child: Citizen, late: bool) -> dict[str, Any]:
    fields = _citizen("nks", child, late) | {"soDinhDanh": child.citizen_id}
    fields["nksNoiSinh"] = _place(child.birth_place, late)
    for prefix, name in (("me", child.mother_name), ("cha", child.father_name)):
        if name is not None:
            fields |= {f"{prefix}HoTen": _name(name.upper(), late), f"{prefix}QuocTich": "VN"}
    return fields | {"giayKhaiSinh": "JVBERi0="}


def _death(dossier: CivilDossier, late: bool) -> dict[str, Any]:
    deceased, declarant = dossier.deceased, dossier.citizen
    if deceased is None:
        raise ValueError("a death without the deceased")
    fields = {
        "nktHoTen": _name(deceased.full_name.upper(), late),
        "nktGioiTinh": int(deceased.sex),
        "nktNgaySinh": {"namSinh": deceased.birth_year} if late else str(deceased.birth_year),
        "nktQuocTich": "VN",
        "nktNoiCuTru": _place(deceased.residence, late),
        "nktNgayChet": _day(deceased.died_on, late),
        "nktNoiChet": _place(deceased.residence, late),
    }
    if deceased.citizen_id is not None:
        fields["nktSoDDCN"] = deceased.citizen_id
    if deceased.citizen_id != declarant.citizen_id:
        fields |= {
            "nycHoTen": _name(declarant.registered_name, late),
            "nycQuanHe": "Con" if deceased.citizen_id is None else "Người thân",
            "nycSoGiayTo": declarant.citizen_id,
        }
    return {**fields, "giayKhaiTu": "JVBERi0="}


def _citizen(prefix: str, citizen: Citizen, late: bool) -> dict[str, Any]:
    born: Any = str(citizen.born.year)
    if late:
        born = {"namSinh": citizen.born.year}
    if not citizen.year_only:
        born = _day(citizen.born, late)
    return {
        f"{prefix}HoTen": _name(citizen.registered_name, late),
        f"{prefix}GioiTinh": int(citizen.sex) if late else citizen.sex,
        f"{prefix}NgaySinh": born,
        # The ministry's own list was not found, so in the form of 2025 no group is told.
        f"{prefix}DanToc": None if late else citizen.ethnic_code,
        f"{prefix}QuocTich": "VN",
        f"{prefix}NoiCuTru": _place(citizen.residence, late),
        f"{prefix}SoDDCN": citizen.citizen_id,
    }


def _name(name: str, late: bool) -> Any:
    """As of 2025 in three parts; words are split without knowing which of them are the family's."""
    if not late:
        return name
    first, _, rest = name.partition(" ")
    middle, _, last = rest.rpartition(" ")
    return {"Ho": first, "ChuDem": middle, "Ten": last}


def _place(address: Address, late: bool) -> dict[str, Any]:
    if late:
        return {
            "quocGia": "VN",
            "maTinh": int(address.province_code),
            "maXa": int(address.commune_code),
            "dcChiTiet": address.detail,
        }
    return {
        "maTinh": address.province_code,
        "maHuyen": None,
        "maXa": address.commune_code,
        "dcChiTiet": address.detail,
    }


def _day(when: date, late: bool) -> Any:
    if late:
        return {"namSinh": when.year, "thangSinh": when.month, "ngaySinh": when.day}
    return _dots(when)


def _dots(when: date) -> str:
    return f"{when:%d.%m.%Y}"


def _xml(fields: Mapping[str, Any]) -> str:
    parts = []
    for name, value in fields.items():
        inner = _xml(value) if isinstance(value, dict) else escape("" if value is None else str(value))
        parts.append(f"<{name}>{inner}</{name}>")
    return "".join(parts)
