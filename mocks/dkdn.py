"""
Stand-in for the business registration database as a WSO2-style platform serves it: token first, then JSON.

Three generations behind one door, each at its own paths: `apiCSDLDKDN` (dossiers too), `apiDKKD`, and one city's
re-export.
ASSUMED: the same log-in for all three.

Source: others.md, C.1 and 1.1-1.3; dancu-justice-transport.md, 2.1 and 2.4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import orjson

from contracts.reader import RecordedRequest, load
from mocks import dkdn_dkkd, dkdn_dossiers, dkdn_ngsp
from mocks.dkdn_businesses import Businesses
from mocks.platform import JSON, Platform
from mocks.province import PREFIXES
from mocks.stand_in import Answer, Call, CaseAnswers, Open, UnknownCommand, World, uncovered
from mocks.tax_codes import is_synthetic

__all__ = ["CONSUMER_KEY", "CONSUMER_SECRET", "STAND_IN", "DkdnStandIn"]

# Credentials of the stand-in alone: they open nothing else.
CONSUMER_KEY = "demo-consumer-key"
CONSUMER_SECRET = "demo-consumer-secret"  # noqa: S105


@dataclass(frozen=True, slots=True)
class _Route:
    """What is asked at a path, and by which key."""

    dataset: str
    version: str
    key: str


_FIRM = _Route("enterprise", "ngsp", "msdn")
_DOSSIERS = _Route("dossiers", "ngsp", "from_date")
_DOSSIER = _Route("dossier", "ngsp", "in_journal_no")
_ROUTES = {
    "/apiCSDLDKDN/1.0/chiTietDoanhNghiep": _FIRM,
    "/NGSP-CSDLDKDN/chiTietDoanhNghiep": _FIRM,  # as some provinces rename it, without a version
    "/apiDKKD/DoanhNghiep/chiTietDoanhNghiep": _Route("enterprise", "dkkd", "msdn"),
    "/apiDKKD/HoKinhDoanh/chiTietHoKinhDoanh": _Route("household_business", "dkkd", "mst"),
    "/apiDKKD/HopTacXa/chiTietHopTacXa": _Route("cooperative", "dkkd", "mst"),
    "/apiCSDLDKDN/1.0/danhSachHoSo": _DOSSIERS,
    "/NGSP-CSDLDKDN/danhSachHoSo": _DOSSIERS,
    "/apiCSDLDKDN/1.0/tinhTrangHoSo": _DOSSIER,
    "/NGSP-CSDLDKDN/tinhTrangHoSo": _DOSSIER,
    "/TraCuuThongTinDoanhNghiep": _Route("enterprise", "hcm", "MaSoDoanhNghiep"),
}
_OPERATION = "chiTietDoanhNghiep"


class DkdnStandIn:
    """
    Answers `POST /token`, and with its token `GET` at each of the routes.

    Args:
        world: the firms, and the time.
        lifetime_s: how long a token lives. The same one is given out until it ends, whoever asks.
    """

    registry = "dkdn"

    def __init__(self, world: World, lifetime_s: float = 3600) -> None:
        self.contract = load("contracts.dkdn")
        self._province = world.province
        self._platform = Platform(
            CONSUMER_KEY, CONSUMER_SECRET, world.now, lifetime_s=lifetime_s, operation=_OPERATION, is_old=True
        )
        self._businesses = Businesses(world.province)
        self._dossiers = dkdn_dossiers.Dossiers(world.province)
        self._cases = {version: CaseAnswers(self.contract, version, _recorded) for version in self.contract.versions}

    def answer(self, call: Call) -> Answer:
        """A token, the case file's answer, the province's, "no such firm", a platform fault, or 501."""
        if call.path == "/token" and call.method == "POST":
            return self._platform.give_token(call)
        route = _ROUTES.get(call.path)
        if route is None or call.method != "GET":
            return self._platform.no_such_resource(call)
        refusal = self._platform.refusal(call)
        if refusal is not None:
            return refusal
        asked = _asked(route, call.query)
        case = self._cases[route.version].find((call.path, asked))
        if case is not None:
            return case
        if route in {_DOSSIERS, _DOSSIER}:
            return self._about_dossiers(route, asked, call.query)
        return self._look_up(route, asked)

    def another(self, call: Call) -> Answer:
        """One of the same kind in the province, with another code than the one asked about."""
        route = _ROUTES.get(call.path, _FIRM)
        if route in {_DOSSIERS, _DOSSIER}:
            recorded = self.contract.datasets[route.dataset].case("somebody-else").request
            return self._cases[route.version].find(_recorded(recorded)) or uncovered(self.registry)
        asked = call.query.get(route.key, "")
        if route.dataset == "enterprise":
            firms = [self._province.enterprise(index) for index in range(min(2, self._province.enterprises))]
            codes = [firm.enterprise_code for firm in firms]
        elif route.dataset == "household_business":
            codes = [self._businesses.household_business(index).tax_code for index in (0, 1)]
        else:
            codes = [self._businesses.cooperative(index).tax_code for index in (0, 1)]
        return self._from_province(route, next((code for code in codes if code != asked), ""))

    def admin(self, command: str) -> None:
        """`expire-token` ends the token now, as a platform may at any time; `reset` does the same."""
        if command not in {"expire-token", "reset"}:
            raise UnknownCommand(command)
        self._platform.end_token()

    def _look_up(self, route: _Route, code: str) -> Answer:
        # A personal number of the province's ranges is a code that nobody real can have.
        personal = route.dataset == "household_business" and len(code) == 12 and code.startswith(PREFIXES)
        if is_synthetic(code) or (personal and code.isascii() and code.isdigit()):
            return self._from_province(route, code)
        return uncovered(self.registry, self._operation(route))

    def _from_province(self, route: _Route, code: str) -> Answer:
        body: dict[str, Any]
        match route.dataset:
            case "household_business":
                business = self._businesses.find_household_business(code)
                found, body = business is not None, dkdn_dkkd.household_business(business)
            case "cooperative":
                cooperative = self._businesses.find_cooperative(code)
                found, body = cooperative is not None, dkdn_dkkd.cooperative(cooperative)
            case _:
                firm = self._province.find_enterprise(code)
                found = firm is not None
                if route.version == "dkkd":
                    body = dkdn_dkkd.enterprise(firm)
                elif route.version == "hcm":
                    body = dkdn_ngsp.flat(firm) if firm is not None else dkdn_ngsp.FLAT_NOBODY
                else:
                    body = dkdn_ngsp.envelope(firm) if firm is not None else dkdn_ngsp.NOBODY
        headers = {**JSON, "activityid": str(uuid4())}
        return Answer(200, orjson.dumps(body), headers, self._operation(route), "province" if found else "nothing")

    def _about_dossiers(self, route: _Route, asked: str, query: Mapping[str, str]) -> Answer:
        """A page of the days that are asked for, or one dossier; 501 to a number not of ours and to no question."""
        if route is _DOSSIER:
            if not dkdn_dossiers.is_invented(asked):
                return uncovered(self.registry, self._operation(route))
            dossier = self._dossiers.find(asked)
            body, found = dkdn_dossiers.state(dossier), dossier is not None
        else:
            try:
                first, last = (dkdn_dossiers.day(query[key]) for key in ("from_date", "to_date"))
                offset, limit = int(query["offset"]), int(query["limit"])
            except (KeyError, ValueError):
                return uncovered(self.registry, self._operation(route))
            body = dkdn_dossiers.page(self._dossiers, first, last, max(0, offset), max(0, limit))
            found = bool(body["DataCount"])
        return Answer(200, orjson.dumps(body), JSON, self._operation(route), "province" if found else "nothing")

    def _operation(self, route: _Route) -> str:
        return self.contract.datasets[route.dataset].operation_in(route.version)


STAND_IN: Open = DkdnStandIn


def _recorded(request: RecordedRequest) -> tuple[str, str]:
    return request.path, _asked(_ROUTES[request.path], request.query)


def _asked(route: _Route, query: Mapping[str, str]) -> str:
    """What is asked about: a code or number, or all that chooses a page of a list."""
    keys = ("from_date", "to_date", "offset", "limit") if route is _DOSSIERS else (route.key,)
    return " ".join(query.get(key, "") for key in keys)
