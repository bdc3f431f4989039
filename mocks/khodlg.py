"""
Stand-in for the national portal's store of digital results, behind a WSO2-style platform: token first, then JSON.

ASSUMED: address and log-in; of the store itself the members of question and answer were seen. Source: others.md, 9.3.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson

from contracts.reader import RecordedRequest, load
from mocks.khodlg_results import Result, Results
from mocks.platform import JSON, Platform
from mocks.province import PREFIXES
from mocks.stand_in import Answer, Call, CaseAnswers, Open, UnknownCommand, World, uncovered
from mocks.tax_codes import is_synthetic

__all__ = ["CONSUMER_KEY", "CONSUMER_SECRET", "STAND_IN", "KhodlgStandIn"]

# Credentials of the stand-in alone: they open nothing else.
CONSUMER_KEY = "demo-results-key"
CONSUMER_SECRET = "demo-results-secret-not-real"  # noqa: S105

_OPERATION = "GetKetQuaGiayTo"
_PATHS = {f"/{_OPERATION}", "/KhoDVCQG/ketQuaGiayTo"}  # the second as a platform may rename it
_MEMBERS = {
    "SoDinhDanhChuSoHuu",
    "HoTenNguoiYeuCau",
    "KenhThucHien",
    "SoDinhDanhNguoiYeuCau",
    "MaThuTuc",
    "DanhSachDanhMucKetQua",
}


@dataclass(frozen=True, slots=True)
class _Question:
    """Whose results are asked for, under which code, and which number of them; all of them where that is empty."""

    owner: str
    code: str
    number: str


class KhodlgStandIn:
    """Answers `POST /token`, and with its token `POST /GetKetQuaGiayTo`."""

    registry = "khodlg"

    def __init__(self, world: World) -> None:
        self.contract = load("contracts.khodlg")
        self._results = Results(world.province)
        self._platform = Platform(CONSUMER_KEY, CONSUMER_SECRET, world.now)
        self._cases = CaseAnswers(self.contract, "1", _recorded)

    def answer(self, call: Call) -> Answer:
        """A token, the case file's answer, the province's, an empty list, a platform fault, or 501."""
        if call.path == "/token":
            return self._platform.give_token(call)
        if call.path not in _PATHS or call.method != "POST":
            return self._platform.no_such_resource(call)
        refusal = self._platform.refusal(call)
        if refusal is not None:
            return refusal
        asked = _question(call.body)
        if asked is None:
            return uncovered(self.registry, _OPERATION)
        return self._cases.find(asked) or self._from_province(asked)

    def another(self, call: Call) -> Answer:
        """
        The answer of `somebody-else`, which is under another code: no answer of the store tells whose it is, so
        another owner's under the same code cannot be known from the right one.
        """
        return self._cases.find(_recorded(self.contract.datasets["result"].case("somebody-else").request)) or uncovered(
            self.registry, _OPERATION
        )

    def admin(self, command: str) -> None:
        """`expire-token` ends the token now, as a platform may at any time; `reset` does the same."""
        if command not in {"expire-token", "reset"}:
            raise UnknownCommand(command)
        self._platform.end_token()

    def _from_province(self, asked: _Question) -> Answer:
        found = self._results.find(asked.owner, asked.code) if _is_invented(asked.owner) else None
        if found is None:
            return uncovered(self.registry, _OPERATION)
        found = tuple(one for one in found if asked.number in {"", one.number})
        return Answer(200, orjson.dumps(_answer(found)), JSON, _OPERATION, "province" if found else "nothing")


STAND_IN: Open = KhodlgStandIn


def _is_invented(owner: str) -> bool:
    """Whether the number is of our own ranges: twelve digits, nine, or a tax code."""
    if not (owner.isascii() and owner.isdigit()):
        return False
    return owner.startswith(PREFIXES) if len(owner) in {9, 12} else is_synthetic(owner)


def _recorded(request: RecordedRequest) -> _Question:
    asked = _question((request.body or "").encode())
    assert asked is not None  # noqa: S101  a case file asks what the contract describes
    return asked


def _question(body: bytes) -> _Question | None:
    """What is asked; None where a member is missing, unknown or of another form, or several codes are asked for."""
    try:
        question = orjson.loads(body)
    except ValueError:
        return None
    if not isinstance(question, dict) or question.keys() != _MEMBERS:
        return None
    codes = question["DanhSachDanhMucKetQua"]
    if not isinstance(codes, list) or len(codes) != 1 or not isinstance(codes[0], dict):
        return None
    owner, code, number = question["SoDinhDanhChuSoHuu"], codes[0].get("MaKetQua"), codes[0].get("SoKyHieu")
    if not (isinstance(owner, str) and isinstance(code, str) and isinstance(number, str)):
        return None
    return _Question(owner, code, number)


def _answer(found: Iterable[Result]) -> dict[str, Any]:
    papers = [
        {
            "MaKetQua": one.code,
            "TenGiayTo": one.title,
            "SoKyHieu": one.number,
            "CoQuanChuQuan": one.issuer,
            "DanhSachTepDinhKem": [{"TenTep": f"{one.number}.pdf", "DuongDan": one.path}],
        }
        for one in found
    ]
    return {"errorCode": "0", "message": "", "signature": "invented", "result": {"DanhSachGiayToKetQua": papers}}
