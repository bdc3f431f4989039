"""
Stand-in for the business registration database as a WSO2-style platform serves it: token first, then JSON.

Three generations behind one door, each at its own paths: `apiCSDLDKDN`, `apiDKKD`, and one city's re-export.
ASSUMED: the same log-in for all three.

Source: others.md, C.1 and 1.1-1.3; dancu-justice-transport.md, 2.1 and 2.4.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import orjson

from contracts.reader import RecordedRequest, load
from mocks import dkdn_dkkd, dkdn_ngsp
from mocks.dkdn_businesses import Businesses
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
_ROUTES = {
    "/apiCSDLDKDN/1.0/chiTietDoanhNghiep": _FIRM,
    "/NGSP-CSDLDKDN/chiTietDoanhNghiep": _FIRM,  # as some provinces rename it, without a version
    "/apiDKKD/DoanhNghiep/chiTietDoanhNghiep": _Route("enterprise", "dkkd", "msdn"),
    "/apiDKKD/HoKinhDoanh/chiTietHoKinhDoanh": _Route("household_business", "dkkd", "mst"),
    "/apiDKKD/HopTacXa/chiTietHopTacXa": _Route("cooperative", "dkkd", "mst"),
    "/TraCuuThongTinDoanhNghiep": _Route("enterprise", "hcm", "MaSoDoanhNghiep"),
}
_OPERATION = "chiTietDoanhNghiep"
_TOKEN = "token"  # noqa: S105
_JSON = {"Content-Type": "application/json; charset=UTF-8"}
_XML = {"Content-Type": "application/xml; charset=UTF-8"}


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
        self._now = world.now
        self._lifetime_s = lifetime_s
        self._token = ""
        self._token_ends = 0.0
        self._businesses = Businesses(world.province)
        self._cases = {version: CaseAnswers(self.contract, version, _recorded) for version in self.contract.versions}

    def answer(self, call: Call) -> Answer:
        """A token, the case file's answer, the province's, "no such firm", a platform fault, or 501."""
        if call.path == "/token" and call.method == "POST":
            return self._give_token(call)
        route = _ROUTES.get(call.path)
        if route is None or call.method != "GET":
            return _fault(call, 403, 900906, "No matching resource found in the API for the given request")
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return _fault(call, 401, 900902, "Missing Credentials")
        if not self._is_alive() or not hmac.compare_digest(token.strip().encode(), self._token.encode()):
            return _fault(call, 401, 900901, "Invalid Credentials")
        return self._look_up(call.path, route, call.query.get(route.key, ""))

    def another(self, call: Call) -> Answer:
        """One of the same kind in the province, with another code than the one asked about."""
        route = _ROUTES.get(call.path, _FIRM)
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
        self._token = ""
        self._token_ends = 0.0

    def _look_up(self, path: str, route: _Route, code: str) -> Answer:
        case = self._cases[route.version].find((path, code))
        if case is not None:
            return case
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
        headers = {**_JSON, "activityid": str(uuid4())}
        return Answer(200, orjson.dumps(body), headers, self._operation(route), "province" if found else "nothing")

    def _operation(self, route: _Route) -> str:
        return self.contract.datasets[route.dataset].operation_in(route.version)

    def _is_alive(self) -> bool:
        return bool(self._token) and self._now() < self._token_ends

    def _give_token(self, call: Call) -> Answer:
        form = {key: values[0] for key, values in parse_qs(call.body.decode("latin-1")).items()}
        if form.get("grant_type") != "client_credentials":
            return _token_error(400, "unsupported_grant_type", "Unsupported grant_type value")
        key, secret = _basic(call.headers) or (form.get("client_id", ""), form.get("client_secret", ""))
        if not (_same(key, CONSUMER_KEY) and _same(secret, CONSUMER_SECRET)):
            return _token_error(401, "invalid_client", "Client Authentication failed.")
        if not self._is_alive():
            self._token = str(uuid4())
            self._token_ends = self._now() + self._lifetime_s
        body = {
            "access_token": self._token,
            "scope": "default",
            "token_type": "Bearer",
            "expires_in": int(self._token_ends - self._now()),
        }
        return Answer(200, orjson.dumps(body), _JSON, _TOKEN)


STAND_IN: Open = DkdnStandIn


def _recorded(request: RecordedRequest) -> tuple[str, str]:
    return request.path, request.query[_ROUTES[request.path].key]


def _basic(headers: Mapping[str, str]) -> tuple[str, str] | None:
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        key, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return key, secret


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())


def _token_error(status: int, error: str, description: str) -> Answer:
    body = {"error": error, "error_description": description}
    return Answer(status, orjson.dumps(body), _JSON, _TOKEN)


def _fault(call: Call, status: int, code: int, message: str) -> Answer:
    """A platform fault: JSON for those who ask for it by name, XML as in older releases for all others."""
    description = f"{message}. Check the request and its credentials."
    if "application/json" in call.headers.get("Accept", ""):
        fault = {"fault": {"code": code, "message": message, "description": description}}
        return Answer(status, orjson.dumps(fault), _JSON, _OPERATION)
    xml = (
        '<ams:fault xmlns:ams="http://wso2.org/apimanager/security">'
        f"<ams:code>{code}</ams:code><ams:message>{escape(message)}</ams:message>"
        f"<ams:description>{escape(description)}</ams:description></ams:fault>"
    )
    return Answer(status, xml.encode(), _XML, _OPERATION)
