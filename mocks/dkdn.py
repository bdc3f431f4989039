"""
Stand-in for the business registration database as a WSO2-style platform serves it: token first, then JSON.

Source: others.md, C.1 and 1.1; dancu-justice-transport.md, 2.1 and 2.4.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import orjson

from contracts.reader import RecordedRequest, load
from mocks.province import Address, Citizen, Enterprise
from mocks.stand_in import Answer, Call, CaseAnswers, Open, UnknownCommand, World, uncovered
from mocks.tax_codes import is_synthetic

__all__ = ["CONSUMER_KEY", "CONSUMER_SECRET", "STAND_IN", "DkdnStandIn"]

# Credentials of the stand-in alone: they open nothing else.
CONSUMER_KEY = "demo-consumer-key"
CONSUMER_SECRET = "demo-consumer-secret"  # noqa: S105

_VERSION = "ngsp"
_OPERATION = "chiTietDoanhNghiep"
_PATH = f"/apiCSDLDKDN/1.0/{_OPERATION}"
_TOKEN = "token"  # noqa: S105
_JSON = {"Content-Type": "application/json; charset=UTF-8"}
_XML = {"Content-Type": "application/xml; charset=UTF-8"}
_NOBODY = {"Data": {"MainInformation": None}, "DataCount": 0, "Status": "1", "Message": "success"}
_STATUS_NAMES = {"1": "Đang hoạt động", "2": "Tạm ngừng kinh doanh"}


class DkdnStandIn:
    """
    Answers `POST /token` and `GET /apiCSDLDKDN/1.0/chiTietDoanhNghiep?msdn=`.

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
        self._cases = CaseAnswers(self.contract, _VERSION, _recorded_question)

    def answer(self, call: Call) -> Answer:
        """A token, the case file's answer, the province's, "no such firm", a platform fault, or 501."""
        if call.path == "/token" and call.method == "POST":
            return self._give_token(call)
        if call.path != _PATH or call.method != "GET":
            return _fault(call, 403, 900906, "No matching resource found in the API for the given request")
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return _fault(call, 401, 900902, "Missing Credentials")
        if not self._is_alive() or not hmac.compare_digest(token.strip().encode(), self._token.encode()):
            return _fault(call, 401, 900901, "Invalid Credentials")
        return self._look_up(call.query.get("msdn", ""))

    def another(self, call: Call) -> Answer:
        """A firm of the province with another code than the one asked about."""
        if self._province.enterprises == 0:
            return _reply(_NOBODY, "nothing")
        firm = self._province.enterprise(0)
        if firm.enterprise_code == call.query.get("msdn") and self._province.enterprises > 1:
            firm = self._province.enterprise(1)
        return _reply(_envelope(firm), "province")

    def admin(self, command: str) -> None:
        """`expire-token` ends the token now, as a platform may at any time; `reset` does the same."""
        if command not in {"expire-token", "reset"}:
            raise UnknownCommand(command)
        self._token = ""
        self._token_ends = 0.0

    def _look_up(self, code: str) -> Answer:
        case = self._cases.find(code)
        if case is not None:
            return case
        firm = self._province.find_enterprise(code)
        if firm is not None:
            return _reply(_envelope(firm), "province")
        if is_synthetic(code):
            return _reply(_NOBODY, "nothing")
        return uncovered(self.registry, _OPERATION)

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


def _recorded_question(request: RecordedRequest) -> str:
    return request.query["msdn"]


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


def _reply(body: dict[str, Any], matched: str) -> Answer:
    headers = {**_JSON, "activityid": str(uuid4())}
    return Answer(200, orjson.dumps(body), headers, _OPERATION, matched)


def _envelope(firm: Enterprise) -> dict[str, Any]:
    code, name = firm.activity
    data = {
        "MainInformation": _main(firm),
        "HOAdress": _head_office(firm.head_office),
        "Representatives": [_representative(firm)],
        "BusinessActivity": [{"CODE": code, "NAME": name, "IS_MAIN": "Y"}],
        "Member": [
            {
                "MEMBER_NAME": firm.representative.registered_name,
                "AMOUNT": _decimals(firm.capital_vnd, 3),
                "RATIO_PERCENT": _decimals(100, 2),
                "COUNTRY": "Việt Nam",
            }
        ],
    }
    return {"Data": data, "DataCount": 1, "Status": "1", "Message": "success"}


def _main(firm: Enterprise) -> dict[str, Any]:
    form_code, form_name = firm.legal_form
    changed = firm.last_changed_on
    return {
        "ENTERPRISE_ID": 99_000_000 + firm.index,
        "ENTERPRISE_CODE": f"B99-{firm.index:06}",
        "ENTERPRISE_GDT_CODE": firm.enterprise_code,
        "IMP_BUSINESS_CODE": None,
        "ENTERPRISE_TYPE_ID": form_code,
        "ENTERPRISE_TYPE_NAME": form_name,
        "NAME": firm.name,
        "SHORT_NAME": None,
        "NAME_F": None,
        "FOUNDING_DATE": f"{firm.founded_on:%d/%m/%Y}",
        "LAST_AMEND_DATE": f"{changed:%d/%m/%Y}" if changed else None,
        "NUMBER_CHANGES": firm.change_count,
        "ENTERPRISE_STATUS_ID": firm.status_code,
        "ENTERPRISE_STATUS_NAME": _STATUS_NAMES[firm.status_code],
        "LEGAL_NAMES": firm.representative.registered_name,
        "CAPITAL_AMOUNT": _decimals(firm.capital_vnd, 3),
    }


def _head_office(address: Address) -> dict[str, Any]:
    return {
        "CityID": address.province_code,
        "CityName": address.province_name,
        "DistrictID": None,
        "DistrictName": None,
        "WardID": address.commune_code,
        "WardName": address.commune_name,
        "StreetNumber": address.detail,
        "AddressFullText": address.full_text,
    }


def _representative(firm: Enterprise) -> dict[str, Any]:
    person: Citizen = firm.representative
    return {
        "FULL_NAME": person.registered_name,
        "GENDER_ID": person.sex,
        "DATE_OF_BIRTH": None if person.year_only else f"{person.born:%d/%m/%Y}",
        "NATIONALITY_NAME": "Việt Nam",
        "PERS_DOC_NAME": "Thẻ căn cước",
        "PERS_DOC_NO": person.citizen_id,
        "PERS_DOC_ISSUE_DATE": f"{firm.card_issued_on:%d/%m/%Y}",
        "PERS_DOC_ISSUE_PLACE": "Nơi cấp ví dụ",
        "PERS_DOC_EXPIRE_DATE": None,
    }


def _decimals(number: int, places: int) -> orjson.Fragment:
    """The number with that many zeros behind the point, as the registry writes it."""
    return orjson.Fragment(f"{number}.{'0' * places}")
