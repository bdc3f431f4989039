"""
Stand-in for the driving-licence services: `apiDVC-GPLX` with its session, `apiGTVT` with its key given three times.

ASSUMED: every `error_code` but 0, how an ended session is told, where apiGTVT's errors stand, and the licence check.

Source: others.md, 5.1-5.3.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import orjson

from contracts.reader import RecordedRequest, load
from mocks import gplx_answers as answers
from mocks.credentials.door import OPEN
from mocks.credentials.sessions import SessionDoor
from mocks.gplx_people import OFFICES, Licences
from mocks.province import PREFIXES
from mocks.stand_in import Answer, Call, CaseAnswers, Open, UnknownCommand, World, uncovered

__all__ = ["API_KEY", "PASSWORD", "STAND_IN", "USERNAME", "GplxStandIn"]

# Credentials of the stand-in alone: they open nothing else.
USERNAME = "demo-gplx"
PASSWORD = "demo-gplx-password-not-real"  # noqa: S105
API_KEY = "demo-gtvt-key-not-real"

_LOG_IN = "/apiDVC-GPLX/tcdbdvcdata/mapi/login"
_QUESTIONS = {"/apiDVC-GPLX/tcdbdvcdata/mapi/g", "/DVC-GPLX/tcdbdvcdata/mapi/g"}  # the second as a platform renames it
_MINISTRY = "/apiGTVT/danhsachhoso"
_SERVICES = {
    "DanhSachHoSo": ("dossiers", "dvc"),
    "TraCuuHoSo": ("dossier", "dvc"),
    "LayTaiLieuHoSo": ("document", "dvc"),
    "TraCuuGPLX": ("licence", "tracuu"),
    "XacMinhGPLX": ("licence", "tracuu"),  # nobody knows its name
}
_JSON = {"Content-Type": "application/json; charset=UTF-8"}
_LAST = timedelta(days=31)
_ISO = re.compile(r"(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})")
_VIETNAMESE = re.compile(r"(?P<day>[0-9]{2})/(?P<month>[0-9]{2})/(?P<year>[0-9]{4})")


class _Door(SessionDoor):
    username = USERNAME
    password = PASSWORD


class GplxStandIn:
    """Answers the log-in, `POST …/mapi/g` with its session, and `GET /apiGTVT/danhsachhoso` with its key."""

    registry = "gplx"

    def __init__(self, world: World) -> None:
        self.contract = load("contracts.gplx")
        self._province = world.province
        self._licences = Licences(world.province)
        self._door = _Door()
        self._cases = {version: CaseAnswers(self.contract, version, _recorded) for version in self.contract.versions}

    def answer(self, call: Call) -> Answer:
        """A session, the case file's answer, the province's, a refusal, or 501."""
        if call.method == "POST" and call.path == _LOG_IN:
            return replace(self._door.answer(replace(call, path="/login")), operation="token")
        if call.method == "GET" and call.path == _MINISTRY:
            return self._ministry(call)
        members = _members(call.body)
        dataset, version = _SERVICES.get(members.get("service", ""), ("", ""))
        if call.method != "POST" or call.path not in _QUESTIONS or not dataset:
            return uncovered(self.registry)
        operation = self.contract.datasets[dataset].operation_in(version)
        refusal = self._door.answer(call)
        if refusal is not OPEN:
            return replace(refusal, operation=operation)
        case = self._cases[version].find(_key(call.path, members))
        if case is not None:
            return case
        found = self._from_province(dataset, members)
        return uncovered(self.registry, operation) if found is None else _said(dataset, found, operation)

    def another(self, call: Call) -> Answer:
        """About another day, dossier, file or licence than the one asked about."""
        if call.path == _MINISTRY:
            rows = [
                answers.ministry_dossier(one)
                for one in self._other_day(_day(_VIETNAMESE, call.query.get("ReceiveFromDate")))
            ]
            return Answer(200, orjson.dumps({"total": len(rows), "data": rows}), _JSON, "danhsachhoso", "province")
        members = _members(call.body)
        dataset, _ = _SERVICES.get(members.get("service", ""), ("dossiers", "dvc"))
        dossiers = self._other_day(_day(_ISO, members.get("ngayNhan1")))
        other = next(
            one for one in dossiers if one.number != members.get("mahoso") and one.file != members.get("duongdanteptin")
        )
        match dataset:
            case "dossiers":
                found: list[Any] = [answers.dossier(one) for one in dossiers]
            case "dossier":
                found = [answers.state(other)]
            case "document":
                found = [answers.document(other.file)]
            case _:
                found = [answers.licence(self._other_licence(members))]
        return _said(dataset, found, members.get("service", ""))

    def admin(self, command: str) -> None:
        """`expire-token` ends the session now; `reset` does the same."""
        if command not in {"expire-token", "reset"}:
            raise UnknownCommand(command)
        self._door.sessions.end()

    def _from_province(self, dataset: str, asked: Mapping[str, str]) -> list[Any] | None:
        """What there is; None for what this province cannot know of."""
        if dataset == "licence":
            return self._licence(asked)
        if dataset == "document":
            found = re.fullmatch(r"/files/([^/]+)/gksk\.pdf", asked.get("duongdanteptin", ""))
            known = self._licences.find_dossier(found[1]) if found else None
            return [answers.document(known.file)] if known is not None else [] if found else None
        if dataset == "dossier":
            number = asked.get("mahoso", "")
            one = self._licences.find_dossier(number)
            return [answers.state(one)] if one is not None else [] if number.startswith("G01.99-") else None
        first, last = _day(_ISO, asked.get("ngayNhan1")), _day(_ISO, asked.get("ngayNhan2"))
        office = asked.get("donViXuLy", "")
        if first is None or last is None or office not in OFFICES or not first <= last <= first + _LAST:
            return None
        days = [first + timedelta(days=step) for step in range((last - first).days + 1)]
        return [answers.dossier(one) for day in days for one in self._licences.received(office, day)]

    def _licence(self, asked: Mapping[str, str]) -> list[Any] | None:
        number = asked.get("sogplx") or asked.get("socmnd") or ""
        if not number.startswith(("99", *PREFIXES)) or not re.fullmatch(r"[0-9]{12}", number):
            return None
        licence = self._licences.find(number)
        if licence is None:
            return []
        holder = licence.holder
        fits = asked.get("hoten", "").upper() == holder.registered_name and asked.get("ngaysinh", "")[:4] == (
            f"{holder.born.year:04}"
        )
        whole = holder.year_only or asked.get("ngaysinh") == holder.born.isoformat()
        return [answers.licence(licence)] if fits and whole else []

    def _ministry(self, call: Call) -> Answer:
        code = _wrong_key(call)
        office = call.query.get("GovAgencyCode", "")
        if code:
            return Answer(200, orjson.dumps({"error_code": code}), _JSON, "danhsachhoso")
        case = self._cases["gtvt"].find(_key(call.path, call.query))
        if case is not None:
            return case
        first, last = (
            _day(_VIETNAMESE, call.query.get("ReceiveFromDate")),
            _day(_VIETNAMESE, call.query.get("ReceiveToDate")),
        )
        if first is None or last is None or not first <= last <= first + _LAST:
            return uncovered(self.registry, "danhsachhoso")
        if office not in OFFICES:
            return Answer(200, orjson.dumps({"error_code": -303}), _JSON, "danhsachhoso")
        days = [first + timedelta(days=step) for step in range((last - first).days + 1)]
        rows = [answers.ministry_dossier(one) for day in days for one in self._licences.received(office, day)]
        body = orjson.dumps({"total": len(rows), "data": rows})
        return Answer(200, body, _JSON, "danhsachhoso", "province" if rows else "nothing")

    def _other_day(self, asked: date | None) -> list[Any]:
        for step in range(1, 60):
            day = self._province.today - timedelta(days=step)
            found = self._licences.received("99001", day)
            # Nor the day after: a client may ask until then.
            if len(found) > 1 and (asked is None or not asked <= day <= asked + timedelta(days=1)):
                return list(found)
        return []

    def _other_licence(self, asked: Mapping[str, str]) -> Any:
        numbers = {asked.get("sogplx"), asked.get("socmnd")}
        for index in range(self._province.citizens):
            licence = self._licences.of(self._province.citizen(index))
            if licence is not None and not numbers & {licence.number, licence.holder.citizen_id}:
                return licence
        raise LookupError("nobody in the province has a licence")


STAND_IN: Open = GplxStandIn


def _said(dataset: str, found: list[Any], operation: str) -> Answer:
    name = "TepTinDinhKem" if dataset == "document" else "data"
    matched = "province" if found else "nothing"
    return Answer(200, orjson.dumps({"error_code": "0", name: found}), _JSON, operation, matched)


def _wrong_key(call: Call) -> int | None:
    """What is wrong with the unit's code or the key, which must come alike in all three places."""
    if not call.query.get("GovAgencyCode") or not call.headers.get("MaDonVi"):
        return -300
    bearer = call.headers.get("Authorization", "").removeprefix("Bearer ")
    shown = [call.query.get("APIKey", ""), call.headers.get("ApiKey", ""), bearer]
    if not all(shown):
        return -301
    if len(set(shown)) > 1:
        return -304
    return None if shown[0] == API_KEY else -302


def _day(form: re.Pattern[str], text: str | None) -> date | None:
    """A day in the one form that a service takes; None for anything else."""
    found = form.fullmatch(text or "")
    try:
        return date(int(found["year"]), int(found["month"]), int(found["day"])) if found else None
    except ValueError:
        return None


def _members(body: bytes) -> dict[str, str]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return {name: str(inner) for name, inner in value.items()} if isinstance(value, dict) else {}


def _key(path: str, members: Mapping[str, str]) -> tuple[str, frozenset[tuple[str, str]]]:
    """What is asked, without whatever proves who asks."""
    return path, frozenset(item for item in members.items() if item[0] not in {"session", "APIKey"})


def _recorded(request: RecordedRequest) -> tuple[str, frozenset[tuple[str, str]]]:
    return _key(request.path, request.query or _members((request.body or "").encode()))
