"""
Stand-in for the population database: SOAP 1.1 behind the headers that its clients send.

Source: dancu-justice-transport.md, 1.3-1.6 and 2.5. What nobody has seen is marked ASSUMED.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Literal
from uuid import uuid4

from lxml import etree

from contracts.reader import RecordedRequest, load
from mocks.names import fold
from mocks.province import PREFIXES, Address, Citizen
from mocks.stand_in import Answer, Call, CaseAnswers, Open, UnknownCommand, World, uncovered

__all__ = [
    "API_KEY",
    "SECRET",
    "STAND_IN",
    "SV_URL",
    "USERNAME",
    "XROAD_CLIENT",
    "DancuStandIn",
    "Question",
    "TimestampUnit",
]

# Credentials of the stand-in alone: they open nothing else.
USERNAME = "gateway-demo"
SECRET = "demo-secret-not-real"  # noqa: S105
SV_URL = "http://mock.invalid/dancu"
XROAD_CLIENT = "DEMO/GOV/0000/GATEWAY"
API_KEY = "demo-api-key-not-real"

TimestampUnit = Literal["ms", "s"]

_VERSION = "2025"
_OPERATION = "TraCuuThongTinCongDan"
_ASK = "{http://dancuquocgia.bca}"
_SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_TEXT_XML = {"Content-Type": "text/xml; charset=UTF-8"}
_JSON = {"Content-Type": "application/json"}
_CLOCK_TOLERANCE_S = 300  # ASSUMED: the scheme is seen, its window is not

_ENVELOPE = '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>{}</soapenv:Body></soapenv:Envelope>'
_COLLECTION = '<ns1:CongdanCollection xmlns:ns1="http://www.mic.gov.vn/dancu/1.0">{}</ns1:CongdanCollection>'
_FAULT = "<soapenv:Fault><faultcode>soapenv:{}</faultcode><faultstring>{}</faultstring></soapenv:Fault>"


@dataclass(frozen=True, slots=True)
class Question:
    """Who is asked about: a number of 12 or 9 digits, a folded name, a birth date as yyyyMMdd or yyyy."""

    number: str
    folded_name: str
    born: str

    def fits(self, citizen: Citizen) -> bool:
        """
        True when name and birth date are the citizen's. A year alone fits whoever was born in it.

        ASSUMED: a whole date does not fit where only the year is registered.
        """
        registered = citizen.birth_date.replace("-", "")
        return self.folded_name == citizen.folded_name and self.born in {registered, registered[:4]}


class _Unreadable(Exception):
    """The body is no question: no XML, no SOAP, or against the schema."""


class _OtherOperation(Exception):
    """A well-formed envelope around something this stand-in does not know."""


class _Reader:
    """Reads questions out of SOAP envelopes, strictly."""

    def __init__(self, schema: bytes) -> None:
        self._schema = etree.XMLSchema(etree.fromstring(schema))
        self._parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
        )

    def question(self, body: bytes) -> Question:
        """Who is asked about. Raises _Unreadable or _OtherOperation."""
        operation = self._operation(body)
        if operation.tag != f"{_ASK}{_OPERATION}":
            raise _OtherOperation
        if not self._schema.validate(operation):
            raise _Unreadable
        number = operation.findtext(f"{_ASK}SoDinhDanh") or operation.findtext(f"{_ASK}SoCMND") or ""
        name = operation.findtext(f"{_ASK}HoVaTen") or ""
        birth = operation.find(f"{_ASK}NgayThangNamSinh")
        born = "" if birth is None else (birth[0].text or "")
        return Question(number, fold(name), born)

    def _operation(self, body: bytes) -> etree._Element:
        try:
            envelope = etree.fromstring(body, self._parser)
        except (etree.XMLSyntaxError, ValueError) as exc:
            raise _Unreadable from exc
        if envelope.getroottree().docinfo.doctype or envelope.tag != f"{_SOAP}Envelope":
            raise _Unreadable
        bodies = envelope.findall(f"{_SOAP}Body")
        if len(bodies) != 1 or len(bodies[0]) != 1:
            raise _Unreadable
        return bodies[0][0]


class DancuStandIn:
    """
    Answers `TraCuuThongTinCongDan`.

    Args:
        world: the people, and the time.
        timestamp_unit: what the header Timestamp counts; clients in the wild differ.
    """

    registry = "dancu"

    def __init__(self, world: World, timestamp_unit: TimestampUnit = "ms") -> None:
        self.contract = load("contracts.dancu")
        self._province = world.province
        self._now = world.now
        self._ticks_per_s = 1000 if timestamp_unit == "ms" else 1
        self._reader = _Reader(self.contract.schema("dancu-request.xsd"))
        self._cases = CaseAnswers(self.contract, _VERSION, self._recorded_question)

    def answer(self, call: Call) -> Answer:
        """The case file's answer, the province's, an empty collection, a fault, or 501."""
        refusal = self._refusal(call)
        if refusal is not None:
            return refusal
        try:
            question = self._reader.question(call.body)
        except _Unreadable:
            return _fault(500, "Client", "Yêu cầu không đúng cấu trúc")
        except _OtherOperation:
            return uncovered(self.registry)
        case = self._cases.find(question)
        if case is not None:
            return case
        if not question.number.startswith(PREFIXES):
            return uncovered(self.registry, _OPERATION)
        citizen = self._province.find_citizen(question.number)
        if citizen is None or not question.fits(citizen):
            return _collection("", "nothing")
        return _collection(_person(citizen), "province")

    def another(self, call: Call) -> Answer:
        """A citizen of the province with another number than the one asked about."""
        try:
            number = self._reader.question(call.body).number
        except (_Unreadable, _OtherOperation):
            number = ""
        citizen = self._province.citizen(0)
        if number in {citizen.citizen_id, citizen.old_number} and self._province.citizens > 1:
            citizen = self._province.citizen(1)
        return _collection(_person(citizen), "province")

    def admin(self, command: str) -> None:
        """Knows `reset` alone, which has nothing to do here."""
        if command != "reset":
            raise UnknownCommand(command)

    def _recorded_question(self, request: RecordedRequest) -> Question:
        return self._reader.question((request.body or "").encode())

    def _refusal(self, call: Call) -> Answer | None:
        """What the platform and then the registry say to headers that are not as they should be."""
        headers = call.headers
        client = headers.get("X-Road-Client")
        if client is None:
            return _xroad_error(400, "Client.BadRequest", "The header X-Road-Client is missing")
        # X-Road compares the parts of a name without regard to case.
        if client.upper() != XROAD_CLIENT:
            return _xroad_error(500, "Server.ServerProxy.AccessDenied", "The subsystem may not call this service")
        if not self._is_authentic(headers):
            return _fault(401, "Client", "Thông tin xác thực không hợp lệ")  # ASSUMED: status and text
        if call.method != "POST" or call.path not in {"", "/"}:
            return uncovered(self.registry)
        content_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if content_type != "application/xml" or headers.get("SOAPAction") != '""':
            return _fault(500, "Client", "Tiêu đề của yêu cầu không hợp lệ")  # ASSUMED: status and text
        return None

    def _is_authentic(self, headers: Mapping[str, str]) -> bool:
        timestamp = headers.get("Timestamp", "")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16):
            return False
        if abs(int(timestamp) / self._ticks_per_s - self._now()) > _CLOCK_TOLERANCE_S:
            return False
        digest = hashlib.sha256(f"{SV_URL}{USERNAME}{timestamp}{SECRET}".encode()).hexdigest()
        return _same(_basic(headers), f"{USERNAME}:{digest}") and _same(headers.get("ApiKey", ""), API_KEY)


STAND_IN: Open = DancuStandIn


def _basic(headers: Mapping[str, str]) -> str:
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme != "Basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())


def _collection(people: str, matched: str) -> Answer:
    body = _ENVELOPE.format(_COLLECTION.format(people))
    return Answer(200, body.encode(), _TEXT_XML, _OPERATION, matched)


def _fault(status: int, blame: str, text: str) -> Answer:
    return Answer(status, _ENVELOPE.format(_FAULT.format(blame, text)).encode(), _TEXT_XML, _OPERATION)


def _xroad_error(status: int, kind: str, message: str) -> Answer:
    body = json.dumps({"type": kind, "message": message, "detail": str(uuid4())})
    return Answer(status, body.encode(), {**_JSON, "X-Road-Error": kind}, _OPERATION)


def _person(citizen: Citizen) -> str:
    """`CongDan` in the production shape."""
    day = "" if citizen.year_only else _element("NgayThangNam", citizen.born.strftime("%Y%m%d"))
    name = _element("Ho", "") + _element("ChuDem", "") + _element("Ten", citizen.registered_name)
    return _branch(
        "CongDan",
        _element("SoDinhDanh", citizen.citizen_id),
        _element("SoCMND", citizen.old_number or ""),
        _branch("HoVaTen", name),
        _element("GioiTinh", citizen.sex),
        _element("DanToc", citizen.ethnic_code),
        _element("TonGiao", citizen.religion_code),
        _element("TinhTrangHonNhan", citizen.marital_code),
        _element("NhomMau", citizen.blood_code),
        _branch("NgayThangNamSinh", _element("Nam", f"{citizen.born.year:04}"), day),
        _address("NoiDangKyKhaiSinh", citizen.birth_place),
        _address("QueQuan", citizen.birth_place),
        _address("ThuongTru", citizen.residence),
        _address("NoiOHienTai", citizen.residence),
        _element("QuocTich", "VN"),
        _relative("Cha", citizen.father_name),
        _relative("Me", citizen.mother_name),
    )


def _address(tag: str, address: Address) -> str:
    return _branch(
        tag,
        _element("MaTinhThanh", address.province_code),
        _element("MaPhuongXa", address.commune_code),
        _element("ChiTiet", address.detail),
        _element("QuocGia", "VN"),
    )


def _relative(tag: str, name: str | None) -> str:
    if name is None:
        return ""
    return _branch(tag, _element("HoVaTen", name.upper()), _element("QuocTich", "VN"))


def _element(tag: str, text: str) -> str:
    return f"<ns1:{tag}>{escape(text, quote=False)}</ns1:{tag}>" if text else f"<ns1:{tag}/>"


def _branch(tag: str, *inner: str) -> str:
    return f"<ns1:{tag}>{''.join(inner)}</ns1:{tag}>"
