"""
Stand-in for civil status behind a platform: the interlinked flow, the older service, and a province's own question for
marital status. All know the same people, events and dossiers.

Source: dancu-justice-transport.md, 3.1, 3.2, 3.4, 2.1 and 2.4; domain.md, 1.3. ASSUMED: where the newer generation is
asked, and all of the question for marital status.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson

from contracts.reader import RecordedRequest, load
from mocks import hotich_answers as answers
from mocks.dossier_numbers import is_synthetic
from mocks.hotich_events import EVENTS, CivilEvents
from mocks.names import fold
from mocks.platform import JSON, Platform
from mocks.province import PREFIXES
from mocks.stand_in import Answer, Call, CaseAnswers, Open, UnknownCommand, World, uncovered

__all__ = ["CONSUMER_KEY", "CONSUMER_SECRET", "PROVINCE", "STAND_IN", "HotichStandIn"]

# Credentials of the stand-in alone: they open nothing else.
CONSUMER_KEY = "demo-hotich-consumer-key"
CONSUMER_SECRET = "demo-hotich-consumer-secret"  # noqa: S105
PROVINCE = "99"
_MOST_NUMBERS = 3
_UNITS = range(99_000, 100_000)


@dataclass(frozen=True, slots=True)
class _Route:
    """What is asked at a path, in which version, with which members, and by which of them."""

    version: str
    dataset: str
    members: dict[str, type]
    key: str


_POLL = _Route("gen2", "dossier", {"maDinhDanhHoSo": list, "maTinh": str, "module": str}, "maDinhDanhHoSo")
_STATE = _Route("gen1", "dossier", {"maDonVi": int, "maHoSo": str}, "maHoSo")
_RESULT = _Route("gen1", "result", {"maDonVi": int, "maHoSo": str}, "maHoSo")
_MARITAL = _Route("province", "marital_status", {"soDinhDanh": str, "hoTen": str, "ngaySinh": str}, "soDinhDanh")
_ROUTES = {
    "/apiLienThongKSKT/1.0/LayKetQua": _POLL,
    "/hotich/LayKetQua": _POLL,
    "/apiHoTichTuPhap/traTrangThaiHoSo": _STATE,
    "/apiHoTichTuPhap/ketQuaDangKyHS": _RESULT,
    "/hotich/1.0/traTrangThaiHoSo": _STATE,  # as another platform names it
    "/hotich/1.0/ketQuaDangKyHS": _RESULT,
    "/hotich/1.0/traCuuTinhTrangHonNhan": _MARITAL,
}
_EVENTS = {"KS": "birth", "KT": "death", "KH": "marriage"}


class HotichStandIn:
    """
    Answers `POST /token`, and with its token `POST` at each of the routes.

    Args:
        world: the people, and the time.
        lifetime_s: how long a token lives.
    """

    registry = "hotich"

    def __init__(self, world: World, lifetime_s: float = 3600) -> None:
        self.contract = load("contracts.hotich")
        self._province = world.province
        self._events = CivilEvents(world.province)
        self._platform = Platform(
            CONSUMER_KEY,
            CONSUMER_SECRET,
            world.now,
            lifetime_s=lifetime_s,
            operation=self._operation(_POLL),
            is_old=True,
        )
        self._cases = {version: CaseAnswers(self.contract, version, _recorded) for version in self.contract.versions}
        self._from: dict[str, Callable[[_Route, dict[str, Any]], Answer]] = {
            "gen2": self._poll,
            "gen1": self._older,
            "province": self._marital_status,
        }

    def answer(self, call: Call) -> Answer:
        """A token, the case file's answer, the province's, "no such record", a failure, or 501."""
        if call.path == "/token" and call.method == "POST":
            return self._platform.give_token(call)
        route = _ROUTES.get(call.path)
        if route is None or call.method != "POST":
            return self._platform.no_such_resource(call)
        refusal = self._platform.refusal(call)
        if refusal is not None:
            return refusal
        asked = _members(call.body)
        case = self._cases[route.version].find(_question(call.path, asked))
        if case is not None:
            return case
        if asked.keys() != route.members.keys() or not all(
            type(asked[name]) is kind for name, kind in route.members.items()
        ):
            return self._said(route, answers.failure("500", "DATA_INCORRECT - Dữ liệu không đúng."))
        return self._from[route.version](route, asked)

    def another(self, call: Call) -> Answer:
        """Something of the same kind in the province, about somebody else than was asked about."""
        route, asked = _ROUTES.get(call.path, _POLL), _members(call.body)
        if route.version == "province":
            found = (answers.confirmation(self._province.citizen(index)) for index in range(self._province.citizens))
            told = next((one for one in found if one and one["nxnSoDDCN"] != asked.get("soDinhDanh")), None)
            return self._said(route, answers.found([told])) if told else uncovered(self.registry)
        _, number = _question(call.path if call.path in _ROUTES else next(iter(_ROUTES)), asked)
        dossiers = (self._events.dossier("birth", index) for index in range(3))
        other = next((one for one in dossiers if one and number not in {one.number, one.interlink_number}), None)
        if other is None:
            return uncovered(self.registry)
        if route.version == "gen2":
            return self._said(route, answers.found([answers.entry(other)]))
        return self._said(route, (answers.state_gen1 if route is _STATE else answers.result_gen1)(other))

    def admin(self, command: str) -> None:
        """`expire-token` ends the token now, as a platform may at any time; `reset` does the same."""
        if command not in {"expire-token", "reset"}:
            raise UnknownCommand(command)
        self._platform.end_token()

    def _poll(self, route: _Route, asked: dict[str, Any]) -> Answer:
        numbers = asked["maDinhDanhHoSo"]
        event = _EVENTS.get(asked["module"].removeprefix("LT"))
        if asked["maTinh"] != PROVINCE:
            return self._said(route, answers.failure("108", "PROVINCE_ID_INCORRECT - Mã tỉnh không chính xác."))
        if event not in EVENTS or not 0 < len(numbers) <= _MOST_NUMBERS:
            return self._said(route, answers.failure("500", "DATA_INCORRECT - module có định dạng không đúng"))
        if not all(isinstance(number, str) and is_synthetic(number) for number in numbers):
            return uncovered(self.registry, self._operation(route))
        found = [dossier for number in numbers if (dossier := self._events.find(number)) and dossier.event == event]
        body = answers.found([answers.entry(dossier) for dossier in found]) if found else answers.NOBODY
        return self._said(route, body, found=bool(found))

    def _older(self, route: _Route, asked: dict[str, Any]) -> Answer:
        if asked["maDonVi"] not in _UNITS:
            return self._said(route, answers.failure("106", "AGENCY_ID_INCORRECT - Mã đơn vị không chính xác."))
        if not is_synthetic(asked["maHoSo"]):
            return uncovered(self.registry, self._operation(route))
        dossier = self._events.find(asked["maHoSo"])
        if dossier is None or int(dossier.commune_code) != asked["maDonVi"]:
            return self._said(route, answers.failure("201", "RECORD_NOT_FOUND - Không tồn tại, xem lại số phiếu."))
        return self._said(route, (answers.state_gen1 if route is _STATE else answers.result_gen1)(dossier), found=True)

    def _marital_status(self, route: _Route, asked: dict[str, Any]) -> Answer:
        number = asked["soDinhDanh"]
        if not (number.isascii() and number.isdigit() and len(number) == 12 and number.startswith(PREFIXES)):
            return uncovered(self.registry, self._operation(route))
        citizen = self._province.find_citizen(number)
        born = ".".join(reversed(citizen.birth_date.split("-"))) if citizen else ""
        fits = citizen is not None and fold(asked["hoTen"]) == citizen.folded_name and asked["ngaySinh"] == born
        told = answers.confirmation(citizen) if citizen is not None and fits else None
        return self._said(route, answers.found([told]) if told else answers.NOBODY, found=told is not None)

    def _said(self, route: _Route, body: dict[str, Any], *, found: bool = False) -> Answer:
        return Answer(200, orjson.dumps(body), JSON, self._operation(route), "province" if found else "nothing")

    def _operation(self, route: _Route) -> str:
        return self.contract.datasets[route.dataset].operation_in(route.version)


STAND_IN: Open = HotichStandIn


def _recorded(request: RecordedRequest) -> tuple[str, ...]:
    return _question(request.path, _members((request.body or "").encode()))


def _question(path: str, asked: dict[str, Any]) -> tuple[str, ...]:
    """The operation and the key of what is asked: the first number where several may be."""
    key = asked.get(_ROUTES[path].key)
    return path.rpartition("/")[2], str(key[0] if isinstance(key, list) and key else key)


def _members(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
