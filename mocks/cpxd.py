"""
Stand-in for construction permits, behind a WSO2-style platform: token first, then JSON.

ASSUMED as a whole: of the service only its name was seen. Source: others.md, C.1, 4 and 9.3.
"""

from __future__ import annotations

import re
from collections.abc import Hashable, Mapping
from typing import Any

import orjson

from contracts.reader import RecordedRequest, load
from mocks.cpxd_permits import ISSUER, Permit, Permits
from mocks.platform import JSON, Platform
from mocks.province import Citizen
from mocks.stand_in import Answer, Call, CaseAnswers, Open, UnknownCommand, World, uncovered

__all__ = ["CONSUMER_KEY", "CONSUMER_SECRET", "STAND_IN", "CpxdStandIn"]

# Credentials of the stand-in alone: they open nothing else.
CONSUMER_KEY = "demo-permit-key"
CONSUMER_SECRET = "demo-permit-secret-not-real"  # noqa: S105

_OPERATION = "traCuuGiayPhepXayDung"
_PATHS = {f"/DVC_BoXayDung/1.0/{_OPERATION}", f"/CPXD/{_OPERATION}"}  # the second as a platform may rename it
_INVENTED = re.compile(r"99[0-9]{4,7}/GPXD")
_KEYS = ("soGiayPhep", "maCoQuanCap", "ngayCap")


class CpxdStandIn:
    """Answers `POST /token`, and with its token `GET /DVC_BoXayDung/1.0/traCuuGiayPhepXayDung?soGiayPhep=`."""

    registry = "cpxd"

    def __init__(self, world: World) -> None:
        self.contract = load("contracts.cpxd")
        self._permits = Permits(world.province)
        self._platform = Platform(CONSUMER_KEY, CONSUMER_SECRET, world.now)
        self._cases = CaseAnswers(self.contract, "1", _recorded)

    def answer(self, call: Call) -> Answer:
        """A token, the case file's answer, the province's, "no such permit", a platform's fault, or 501."""
        if call.path == "/token":
            return self._platform.give_token(call)
        refusal = self._platform.refusal(call)
        if refusal is not None:
            return refusal
        if call.method != "GET" or call.path not in _PATHS:
            return self._platform.no_such_resource(call)
        case = self._cases.find(_asked(call.path, call.query))
        if case is not None:
            return case
        if not _INVENTED.fullmatch(call.query.get("soGiayPhep", "")):
            return uncovered(self.registry, _OPERATION)
        permit = self._permits.find(call.query["soGiayPhep"])
        return _told(permit if permit is not None and _fits(permit, call.query) else None)

    def another(self, call: Call) -> Answer:
        """Another permit of the province than the one asked about."""
        asked = call.query.get("soGiayPhep", "")
        return _told(next((permit for permit in self._permits.permits() if permit.number != asked), None))

    def admin(self, command: str) -> None:
        """`expire-token` ends the token now; `reset` does the same."""
        if command not in {"expire-token", "reset"}:
            raise UnknownCommand(command)
        self._platform.end_token()


STAND_IN: Open = CpxdStandIn


def _recorded(request: RecordedRequest) -> Hashable:
    return _asked(request.path, request.query)


def _asked(path: str, query: Mapping[str, str]) -> Hashable:
    return path, *(query.get(key) for key in _KEYS)


def _fits(permit: Permit, query: Mapping[str, str]) -> bool:
    office, day = query.get("maCoQuanCap", ISSUER), query.get("ngayCap")
    return office == ISSUER and day in {None, f"{permit.issued_on:%d/%m/%Y}"}


def _told(permit: Permit | None) -> Answer:
    listed = [] if permit is None else [_permit(permit)]
    body = {"errorCode": "0", "message": "", "result": {"DanhSachGiayPhep": listed}}
    return Answer(200, orjson.dumps(body), JSON, _OPERATION, "province" if listed else "nothing")


def _permit(permit: Permit) -> dict[str, Any]:
    lot = permit.lot
    return {
        "SoGiayPhep": permit.number,
        "MaKetQua": "KQ.G17.000311",
        "MaTTHC": "1.013225",
        "MaCoQuanCap": ISSUER,
        "TenCoQuanCap": f"UBND {lot.place.commune_name}",
        "NgayCap": f"{permit.issued_on:%d/%m/%Y}",
        "NgayHetHan": f"{permit.expires_on:%d/%m/%Y}",
        "TrangThai": "1" if permit.is_in_force else "3",
        "SoGiayPhepGoc": None,
        "ChuDauTu": [_holder(one) for one in lot.holders],
        "CongTrinh": [
            {
                "TenCongTrinh": "Nhà ở riêng lẻ",
                "LoaiCongTrinh": "NO",
                "CapCongTrinh": "III",
                "DienTichXayDung": permit.floor_area_m2 // permit.floors,
                "TongDienTichSan": permit.floor_area_m2,
                "ChieuCao": None,
                "SoTang": permit.floors,
            }
        ],
        "DiaDiem": {
            "MaTinh": lot.place.province_code,
            "MaHuyen": None,
            "MaXa": lot.place.commune_code,
            "DiaChiChiTiet": f"{lot.place.commune_name}, {lot.place.province_name}",
            "ThongTinThuaDat": [{"SoHieuBanDo": str(lot.map_sheet), "SoThuTuThua": str(lot.parcel_number)}],
        },
    }


def _holder(one: Citizen) -> dict[str, Any]:
    return {"HoTen": one.registered_name, "LoaiDinhDanh": 1, "SoDinhDanh": one.citizen_id, "MaSoDoanhNghiep": None}
