"""
Stand-in for the national insurance database: the portal GDBHYT, and apiBHXH behind a WSO2-style platform.

Two services at one address, each with its own log-in. ASSUMED: how the portal orders its complaints, and every word
of apiBHXH's `trangThai` and `errorCode`.

Source: others.md, C.1 and 2.1-2.4.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Any
from urllib.parse import urlencode

import orjson

from contracts.reader import RecordedRequest, load
from mocks import bhxh_answers as answers
from mocks.bhxh_people import Insurance, Insured, is_synthetic
from mocks.credentials.door import OPEN
from mocks.credentials.sessions import InsuranceDoor
from mocks.credentials.tokens import OAuthDoor
from mocks.names import fold
from mocks.province import PREFIXES, Citizen
from mocks.stand_in import Answer, Call, CaseAnswers, Open, UnknownCommand, World, uncovered

__all__ = ["CONSUMER_KEY", "CONSUMER_SECRET", "PASSWORD", "STAND_IN", "USERNAME", "BhxhStandIn"]

# Credentials of the stand-in alone: they open nothing else.
USERNAME = "99001_BV"
PASSWORD = "demo-portal-password-not-real"  # noqa: S105
CONSUMER_KEY = "demo-bhxh-key"
CONSUMER_SECRET = "demo-bhxh-secret-not-real"  # noqa: S105

_PORTAL = {
    "/api/egw/KQNhanLichSuKCB2024": "gdbhyt2024",
    "/api/egw/NhanLichSuKCB2018": "gdbhyt2018",
    "/api/egw/KQNhanLichSuKCB2019": "gdbhyt2018",  # the same ladder's next step, by its name alone
    "/api/egw/nhanLichSuKCB595": "gdbhyt595",
}
_PLATFORM = {
    "getMaSoBhxhTheoTieuChi": "number",
    "getTraCuuTtHgdByMaSoBhxh": "participant",
    "getTraCuuThongTinHgd": "household",
}
_LOG_INS = {"/api/token/take", "/token"}
_ABOUT_WHO_ASKS = {"hoTenCb", "cccdCb", "username", "password", "maCSKCB"}
_JSON = {"Content-Type": "application/json; charset=UTF-8"}
_LIFE = timedelta(hours=1)
_VIETNAM = timedelta(hours=7)


class _Portal(InsuranceDoor):
    username = USERNAME
    password = PASSWORD
    password_md5 = md5(PASSWORD.encode(), usedforsecurity=False).hexdigest()


class BhxhStandIn:
    """
    Answers `POST /api/token/take` and, with its two tokens in the query string, `POST /api/egw/…`; `POST /token` and,
    with its token, `POST /apiBHXH/1.0/…`.
    """

    registry = "bhxh"

    def __init__(self, world: World) -> None:
        self.contract = load("contracts.bhxh")
        self._now = world.now
        self._province = world.province
        self._insurance = Insurance(world.province)
        self._portal = _Portal()
        self._platform = OAuthDoor(key=CONSUMER_KEY, secret=CONSUMER_SECRET)
        self._portal_ends = 0.0
        self._cases = {version: CaseAnswers(self.contract, version, _recorded) for version in self.contract.versions}

    def answer(self, call: Call) -> Answer:
        """A log-in, the case file's answer, the province's, a refusal, or 501."""
        if call.path in _LOG_INS:
            return self._log_in(call)
        dataset, version = self._asked(call.path)
        if call.method != "POST" or not version:
            return uncovered(self.registry)
        operation = self.contract.datasets[dataset].operation_in(version)
        refusal = self._refusal(call, version)
        if refusal is not None:
            return replace(refusal, operation=operation)
        members = _members(call.body)
        case = self._cases[version].find(_key(call.path, members))
        if case is not None:
            return case
        said, matched = self._from_province(dataset, version, members)
        if said is None:
            return uncovered(self.registry, operation)
        return Answer(200, orjson.dumps(said), _JSON, operation, matched)

    def another(self, call: Call) -> Answer:
        """About a citizen of the province who is not the one asked about."""
        dataset, version = self._asked(call.path)
        said = self._about(dataset or "card", version or "gdbhyt2024", self._somebody_else(_members(call.body)))
        return Answer(200, orjson.dumps(said), _JSON, _operation(call.path), "province")

    def admin(self, command: str) -> None:
        """`expire-token` ends both log-ins now; `reset` does the same."""
        if command not in {"expire-token", "reset"}:
            raise UnknownCommand(command)
        self._portal.tokens.end()
        self._platform.tokens.end()

    def _asked(self, path: str) -> tuple[str, str]:
        if path in _PORTAL:
            return "card", _PORTAL[path]
        found = re.fullmatch(r"/(?:apiBHXH|NGSP-BHXH)(?:/1\.0)?/(\w+)", path)
        dataset = _PLATFORM.get(found[1], "") if found else ""
        return dataset, "ngsp" if dataset else ""

    def _log_in(self, call: Call) -> Answer:
        if call.path == "/token":
            return replace(self._platform.answer(call), operation="token")
        until = datetime.fromtimestamp(self._now(), UTC) + _LIFE
        self._portal.ends = f"{until + _VIETNAM:%Y-%m-%dT%H:%M:%S}+07:00"
        self._portal_ends = until.timestamp()
        return replace(self._portal.answer(call), operation="token")

    def _refusal(self, call: Call, version: str) -> Answer | None:
        if version == "ngsp":
            said = self._platform.answer(call)
        else:
            if self._now() >= self._portal_ends:
                self._portal.tokens.end()
            said = self._portal.answer(replace(call, path=f"{call.path}?{urlencode(list(call.query.items()))}"))
        return None if said is OPEN else said

    def _from_province(self, dataset: str, version: str, asked: Mapping[str, str]) -> tuple[Any, str]:
        if dataset == "card":
            return self._card(version, asked)
        if dataset == "participant":
            number = asked.get("maSoBhxh", "")
            if not _is_covered(number):
                return None, "nothing"
            insured = self._insurance.find(number)
            return (answers.participant(insured), "province") if insured else (answers.NO_PARTICIPANT, "nothing")
        found = self._searched(dataset, asked)
        if not found:
            return (answers.NO_NUMBER if dataset == "number" else []), "nothing"
        return self._about(dataset, version, found[0]), "province"

    def _card(self, version: str, asked: Mapping[str, str]) -> tuple[Any, str]:
        number, name, born = (asked.get(key, "") for key in ("maThe", "hoTen", "ngaySinh"))
        if not re.fullmatch(r"[0-9]{2}/[0-9]{2}/[0-9]{4}|[0-9]{4}", born) or not name:
            return answers.refusal("205"), "nothing"
        if not _is_covered(number):
            return None, "nothing"
        insured = self._insurance.find(number)
        if insured is None:
            return answers.NO_CARD, "nothing"
        wrong = _wrong(insured, name, born)
        return (answers.refusal(wrong), "nothing") if wrong else (answers.card(insured, version), "province")

    def _searched(self, dataset: str, asked: Mapping[str, str]) -> list[Citizen]:
        born, precision = asked.get("ngaySinh", ""), asked.get("loaiNgaySinh")
        written = born[:4] if precision == "1" else f"{born[:4]}-{born[4:6]}-{born[6:8]}"
        found = self._insurance.search(asked.get("hoTen", ""), written, asked.get("gioiTinh", ""))
        of_birth = asked.get("isKs") == "1"
        if dataset == "number":
            found = [
                one
                for one in found
                if (one.birth_place if of_birth else one.residence).commune_code == asked.get("maXaKs")
                and self._insurance.of(one) is not None
            ]
        return found if asked.get("maTinhKs", asked.get("maTinh")) == "52" else []

    def _about(self, dataset: str, version: str, citizen: Citizen) -> Any:
        insured = self._insurance.of(citizen)
        if dataset == "household":
            code = self._insurance.household_code(citizen)
            together = self._province.household(citizen.index)
            return [answers.household_row(self._held(one), self._insurance.of(one), code) for one in together]
        if insured is None:
            return answers.NO_NUMBER if dataset == "number" else answers.NO_PARTICIPANT
        if dataset == "number":
            return answers.number(insured)
        return answers.participant(insured) if dataset == "participant" else answers.card(insured, version)

    def _held(self, citizen: Citizen) -> Citizen:
        return self._province.held.by("bhxh", citizen)

    def _somebody_else(self, asked: Mapping[str, str]) -> Citizen:
        numbers = {asked.get("maThe"), asked.get("maSoBhxh")}
        for index in range(min(100, self._province.citizens)):
            citizen = self._province.citizen(index)
            insured = self._insurance.of(citizen)
            if insured is None or numbers & {citizen.citizen_id, insured.number, insured.card}:
                continue
            if all(fold(one.full_name) != fold(asked.get("hoTen", "")) for one in self._province.household(index)):
                return citizen
        return self._province.citizen(0)


STAND_IN: Open = BhxhStandIn


def _wrong(insured: Insured, name: str, born: str) -> str | None:
    """Which part of the description is another: 060 or 061 the name, 070 the birth date."""
    citizen = insured.citizen
    if name.upper() != citizen.registered_name:
        return "061" if name[:1].upper() == citizen.registered_name[:1] else "060"
    whole = f"{citizen.born:%d/%m/%Y}"
    return None if born == whole[6:] or (born == whole and not citizen.year_only) else "070"


def _is_covered(number: str) -> bool:
    """A number of the province's ranges: 10 digits, 15 characters with province 99, or a personal number."""
    if len(number) == 12:
        return number.isascii() and number.isdigit() and number.startswith(PREFIXES)
    if len(number) == 15:
        return re.fullmatch(r"[A-Z]{2}[1-5]99", number[:5]) is not None and is_synthetic(number[5:])
    return is_synthetic(number)


def _operation(path: str) -> str:
    return path.rpartition("/")[2]


def _members(body: bytes) -> dict[str, str]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return {name: str(inner) for name, inner in value.items()} if isinstance(value, dict) else {}


def _key(path: str, members: Mapping[str, str]) -> tuple[str, frozenset[tuple[str, str]]]:
    """What is asked, whoever asks: two officers get one answer."""
    return path, frozenset(item for item in members.items() if item[0] not in _ABOUT_WHO_ASKS)


def _recorded(request: RecordedRequest) -> tuple[str, frozenset[tuple[str, str]]]:
    return _key(request.path, _members((request.body or "").encode()))
