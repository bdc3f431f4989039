"""
Stand-in for the land database and for what land offices report: three services behind one door, each at its own path.

The central service stands behind a WSO2-style platform; VBDLIS's reports lie under a key in the path; iLIS gives its
token for an account's password. ASSUMED: all three questions. Source: others.md, C.1 and 3.1-3.8.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Hashable
from typing import Any

import orjson

from contracts.reader import RecordedRequest, load
from mocks.datdai_answers import found
from mocks.datdai_dossiers import Dossiers
from mocks.datdai_land import SERIES, Land, Lot
from mocks.platform import JSON, Platform
from mocks.province import PREFIXES
from mocks.stand_in import Answer, Call, CaseAnswers, Open, UnknownCommand, World, uncovered

__all__ = [
    "ACCOUNT",
    "CLIENT_ID",
    "CLIENT_SECRET",
    "CONSUMER_KEY",
    "CONSUMER_SECRET",
    "PASSWORD",
    "SECURITY_CODE",
    "STAND_IN",
    "DatdaiStandIn",
]

# Credentials of the stand-in alone: they open nothing else.
CONSUMER_KEY = "demo-land-key"
CONSUMER_SECRET = "demo-land-secret-not-real"  # noqa: S105
SECURITY_CODE = "demo-land-code-not-real"
CLIENT_ID = "demo-ilis-client"
CLIENT_SECRET = "demo-ilis-secret-not-real"  # noqa: S105
ACCOUNT = "demo-ilis-account"
PASSWORD = "demo-ilis-password-not-real"  # noqa: S105

_CENTRAL = re.compile(r"/CSDL_DATDAI/1\.0/(traCuu[A-Za-z]+)")
_DATASETS = {
    "traCuuGiayChungNhan": "certificate",
    "traCuuThuaDat": "parcel",
    "traCuuThuaDatTheoChu": "owner_parcels",
}
_OPERATION = "TraCuuTrangThaiHoSo"
_VBDLIS, _ILIS = f"/VBDLIS/{_OPERATION}/", f"/{_OPERATION}"
_SERIAL = re.compile(rf"{SERIES} ?([0-9]{{6}}|[0-9]{{8}})")
_KEYS = {
    "soPhatHanh",
    "maXa",
    "soHieuToBanDo",
    "soThuTuThua",
    "soHieuToBanDoCu",
    "soThuTuThuaCu",
    "soGiayTo",
    "SoBienNhan",
}


class DatdaiStandIn:
    """
    Answers `POST` at `/token` and at each operation of the central service, at `/VBDLIS/TraCuuTrangThaiHoSo/{key}`,
    and at `/ilis/token` and `/TraCuuTrangThaiHoSo`.
    """

    registry = "datdai"

    def __init__(self, world: World) -> None:
        self.contract = load("contracts.datdai")
        self._land = Land(world.province)
        self._dossiers = Dossiers(world.province)
        self._platform = Platform(CONSUMER_KEY, CONSUMER_SECRET, world.now)
        self._ilis = Platform(CLIENT_ID, CLIENT_SECRET, world.now, account=(ACCOUNT, PASSWORD))
        self._cases = {version: CaseAnswers(self.contract, version, _recorded) for version in self.contract.versions}

    def answer(self, call: Call) -> Answer:
        """A token, the case file's answer, the province's, "no such record", a fault, or 501."""
        if call.path == "/token":
            return self._platform.give_token(call)
        if call.path == "/ilis/token":
            return self._ilis.give_token(call)
        if call.method != "POST":
            return uncovered(self.registry)
        if call.path.startswith(_VBDLIS):
            return self._from_vbdlis(call)
        if call.path == _ILIS:
            return self._ilis.refusal(call) or self._from_ilis(_keys(call.body).get("SoBienNhan", ""))
        return self._platform.refusal(call) or self._central(call)

    def another(self, call: Call) -> Answer:
        """The answer about another parcel or dossier of the province than the one asked about."""
        keys = _keys(call.body)
        if call.path.startswith(_VBDLIS) or call.path == _ILIS:
            number = next(one for one in map(self._dossiers.number, (0, 1)) if one != keys.get("SoBienNhan"))
            return self._vbdlis(number) if call.path.startswith(_VBDLIS) else self._from_ilis(number)
        operation = call.path.rpartition("/")[2]
        asked = set(keys.values())
        for lot in self._land.lots():
            numbers = {lot.certificate_number, str(lot.parcel_number), *(one.citizen_id for one in lot.holders)}
            if not numbers & asked:
                return self._found(operation, [lot])
        return uncovered(self.registry, operation)

    def admin(self, command: str) -> None:
        """`expire-token` ends both tokens now; `reset` does the same."""
        if command not in {"expire-token", "reset"}:
            raise UnknownCommand(command)
        self._platform.end_token()
        self._ilis.end_token()

    def _central(self, call: Call) -> Answer:
        path = _CENTRAL.fullmatch(call.path)
        if path is None or path[1] not in _DATASETS:
            return self._platform.no_such_resource(call)
        keys = _keys(call.body)
        case = self._cases["central"].find((call.path, frozenset(keys.items())))
        if case is not None:
            return case
        lots = self._lots(path[1], keys)
        return uncovered(self.registry, path[1]) if lots is None else self._found(path[1], lots)

    def _lots(self, operation: str, keys: dict[str, str]) -> list[Lot] | None:
        """What the province has; None where it cannot say: the number might be somebody's."""
        match operation, keys:
            case "traCuuGiayChungNhan", {"soPhatHanh": number} if _SERIAL.fullmatch(number):
                one = self._land.find_certificate(number)
                return [] if one is None else [one]
            case "traCuuThuaDat", {"maXa": commune, **numbers} if commune.startswith("99"):
                is_old = "soThuTuThuaCu" in numbers
                ending = "Cu" if is_old else ""
                sheet, number = numbers.get(f"soHieuToBanDo{ending}", ""), numbers.get(f"soThuTuThua{ending}", "")
                one = self._land.find_parcel(commune, sheet, number, is_old=is_old)
                return [] if one is None else [one]
            case "traCuuThuaDatTheoChu", {"soGiayTo": number} if number.startswith(PREFIXES):
                return list(self._land.held_by(number))
            case _:
                return None

    def _found(self, operation: str, lots: list[Lot]) -> Answer:
        return Answer(200, orjson.dumps(found(lots)), JSON, operation, "province" if lots else "nothing")

    def _from_vbdlis(self, call: Call) -> Answer:
        if not hmac.compare_digest(call.path.removeprefix(_VBDLIS).encode(), SECURITY_CODE.encode()):
            return _told({"Result": 0, "Message": "Mã bảo mật không chính xác"})
        return self._vbdlis(_keys(call.body).get("SoBienNhan", ""))

    def _vbdlis(self, number: str) -> Answer:
        case = self._cases["vbdlis"].find(number)
        if case is not None:
            return case
        reports = self._dossiers.reports(number, utc=True)
        if reports is not None:
            return _told({"Result": 1, "Message": "Thành công", "Data": reports}, "province")
        return _told({"Result": 0, "Message": "Không tìm thấy hồ sơ!"}) if _invented(number) else self._not_covered()

    def _from_ilis(self, number: str) -> Answer:
        case = self._cases["ilis"].find(number)
        if case is not None:
            return case
        status: dict[str, Any] = {"success": True, "code": 200, "type": None, "time": None, "message": "Thành công"}
        reports = self._dossiers.reports(number, utc=False)
        if reports is not None:
            return _told({"data": reports, "status": status}, "province")
        missing = {"success": False, "code": 404, "message": "Không tìm thấy hồ sơ!"}
        return _told({"data": 0, "status": status | missing}) if _invented(number) else self._not_covered()

    def _not_covered(self) -> Answer:
        return uncovered(self.registry, _OPERATION)


STAND_IN: Open = DatdaiStandIn


def _recorded(request: RecordedRequest) -> Hashable:
    keys = _keys((request.body or "").encode())
    return keys["SoBienNhan"] if "SoBienNhan" in keys else (request.path, frozenset(keys.items()))


def _keys(body: bytes) -> dict[str, str]:
    try:
        asked = orjson.loads(body)
    except ValueError:
        return {}
    members = asked.items() if isinstance(asked, dict) else ()
    return {name: value for name, value in members if name in _KEYS and isinstance(value, str)}


def _invented(number: str) -> bool:
    return number.startswith("H99.")


def _told(body: dict[str, Any], matched: str = "nothing") -> Answer:
    return Answer(200, orjson.dumps(body), JSON, _OPERATION, matched)
