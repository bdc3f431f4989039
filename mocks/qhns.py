"""
Stand-in for the budget codes of the Ministry of Finance, behind a WSO2-style platform: token first, then JSON.

ASSUMED as a whole: of the service only its name was seen. Source: others.md, C.1 and 6.
"""

from __future__ import annotations

import re
from typing import Any

import orjson

from contracts.reader import RecordedRequest, load
from mocks.platform import JSON, Platform
from mocks.qhns_codes import PROJECT_PREFIX, UNIT_PREFIX, BudgetCodes, Project, Unit
from mocks.stand_in import Answer, Call, CaseAnswers, Open, UnknownCommand, World, uncovered

__all__ = ["CONSUMER_KEY", "CONSUMER_SECRET", "STAND_IN", "QhnsStandIn"]

# Credentials of the stand-in alone: they open nothing else.
CONSUMER_KEY = "demo-budget-key"
CONSUMER_SECRET = "demo-budget-secret-not-real"  # noqa: S105

_OPERATION = "traCuu"
_PATHS = {"/CapMSDVQHNS/1.0/traCuu", "/QHNS/traCuu"}  # the second as a platform may rename it, without a version
_INVENTED = re.compile(r"(?:[123]99|[78]99)[0-9]{4}")


class QhnsStandIn:
    """Answers `POST /token`, and with its token `GET /CapMSDVQHNS/1.0/traCuu?maSo=`."""

    registry = "qhns"

    def __init__(self, world: World) -> None:
        self.contract = load("contracts.qhns")
        self._codes = BudgetCodes(world.province)
        self._platform = Platform(CONSUMER_KEY, CONSUMER_SECRET, world.now)
        self._cases = CaseAnswers(self.contract, "1", _recorded)

    def answer(self, call: Call) -> Answer:
        """A token, the case file's answer, the province's, "no such code", a platform's fault, or 501."""
        if call.path == "/token":
            return self._platform.give_token(call)
        refusal = self._platform.refusal(call)
        if refusal is not None:
            return refusal
        if call.method != "GET" or call.path not in _PATHS:
            return self._platform.no_such_resource(call)
        code = call.query.get("maSo", "")
        case = self._cases.find((call.path, code))
        if case is not None:
            return case
        return self._told(code) if _INVENTED.fullmatch(code) else uncovered(self.registry, _OPERATION)

    def another(self, call: Call) -> Answer:
        """Another unit of the province, or another project, than the one asked about."""
        asked = call.query.get("maSo", "")
        kind = self._codes.project if asked[:1] in {"7", "8"} else self._codes.unit
        return self._told(next(code for code in (kind(0).code, kind(1).code) if code != asked))

    def admin(self, command: str) -> None:
        """`expire-token` ends the token now; `reset` does the same."""
        if command not in {"expire-token", "reset"}:
            raise UnknownCommand(command)
        self._platform.end_token()

    def _told(self, code: str) -> Answer:
        result: dict[str, Any] | None = None
        if code.startswith(UNIT_PREFIX):
            unit = self._codes.find_unit(code)
            result = _unit(unit) if unit is not None else None
        elif code.startswith(PROJECT_PREFIX):
            project = self._codes.find_project(code)
            result = _project(project) if project is not None else None
        body = {"error_code": "0", "result": result, "message": ""}
        return Answer(200, orjson.dumps(body), JSON, _OPERATION, "province" if result is not None else "nothing")


STAND_IN: Open = QhnsStandIn


def _recorded(request: RecordedRequest) -> tuple[str, str]:
    return request.path, request.query["maSo"]


def _unit(unit: Unit) -> dict[str, Any]:
    return {
        "MA_DVQHNS": unit.code,
        "TEN_DVQHNS": unit.name,
        "NGAY_HL": f"{unit.valid_from:%d/%m/%Y}",
        "MA_DVQHNS_CHA": unit.superior_code,
        "TYPE_DVQHNS": "1",
        "MA_LOAIDV": "2",
        "MA_CAP": "2" if unit.superior_code is None else "3",
        "MA_CHUONG": unit.chapter,
        "MA_TINH": unit.address.province_code,
        "MA_HUYEN": None,
        "MA_XA": unit.address.commune_code,
        "CAN_CU": None,
        "DIA_CHI": unit.address.full_text,
        "TRANG_THAI": "A" if unit.is_in_use else "I",
    }


def _project(project: Project) -> dict[str, Any]:
    place = project.investor.address
    return {
        "MA_DVQHNS": project.code,
        "TEN_DVQHNS": project.name,
        "NGAY_HL": f"{project.decided_on:%d/%m/%Y}",
        "TYPE_DVQHNS": "2",
        "NHOM_DA": project.group,
        "HINH_THUC_DA": "1",
        "GIAI_DOAN": "2",
        "CHU_DAU_TU": project.investor.name,
        "MA_CHU_DAU_TU": project.investor.code,
        "BAN_QLDA": None,
        "SO_QD_DAU_TU": f"{project.code[-3:]}/QĐ-UBND",
        "NGAY_QD_DAU_TU": f"{project.decided_on:%d/%m/%Y}",
        "TONG_MUC_DAU_TU": project.total_vnd,
        "NGUON_VON": "Ngân sách địa phương",
        "NGANH_KINH_TE": "292",
        "MA_TINH": place.province_code,
        "MA_HUYEN": None,
        "MA_XA": place.commune_code,
        "DIA_CHI": f"{place.commune_name}, {place.province_name}",
        "TRANG_THAI": "A" if project.is_in_use else "I",
    }
