"""What the population stand-in answers: collections of people, verdicts, faults, as XML."""

from __future__ import annotations

import json
from html import escape
from uuid import uuid4

from mocks.province import Address, Citizen
from mocks.stand_in import Answer

__all__ = ["collection", "fault", "household", "life", "person", "requested", "verdict", "xroad_error"]

_TEXT_XML = {"Content-Type": "text/xml; charset=UTF-8"}
_JSON = {"Content-Type": "application/json"}
_ENVELOPE = '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>{}</soapenv:Body></soapenv:Envelope>'
_COLLECTION = '<ns1:CongdanCollection xmlns:ns1="http://www.mic.gov.vn/dancu/1.0">{}</ns1:CongdanCollection>'
_VERDICT = '<dan:KetQuaXacThuc xmlns:dan="http://dancuquocgia.bca"><dan:TonTai>{}</dan:TonTai></dan:KetQuaXacThuc>'
_REQUESTED = (
    '<dan:GetRequestResultResponse xmlns:dan="http://dancuquocgia.bca"><dan:YeuCau>{}</dan:YeuCau>'
    "</dan:GetRequestResultResponse>"
)
_FAULT = "<soapenv:Fault><faultcode>soapenv:{}</faultcode><faultstring>{}</faultstring></soapenv:Fault>"


def collection(people: str, matched: str, operation: str) -> Answer:
    """`CongdanCollection` with these people in it, if any."""
    return _soap(200, _COLLECTION.format(people), operation, matched)


def verdict(exists: bool, operation: str) -> Answer:
    """`KetQuaXacThuc`: one boolean."""
    return _soap(200, _VERDICT.format("true" if exists else "false"), operation, "province" if exists else "nothing")


def fault(status: int, blame: str, text: str, operation: str) -> Answer:
    """A SOAP 1.1 fault that blames the client or the server."""
    return _soap(status, _FAULT.format(blame, text), operation)


def xroad_error(status: int, kind: str, message: str, operation: str) -> Answer:
    """An error of the exchange platform before the registry."""
    body = json.dumps({"type": kind, "message": message, "detail": str(uuid4())})
    return Answer(status, body.encode(), {**_JSON, "X-Road-Error": kind}, operation)


def household(members: tuple[Citizen, ...]) -> str:
    """One `CongDan` for each member, all naming the first one as the head. ASSUMED, like the message itself."""
    return "".join(person(member, head=members[0]) for member in members)


def life(citizen: Citizen) -> str:
    """`CongDan` as it tells of death. ASSUMED, like the message itself: 1 is dead, 0 neither dead nor missing."""
    died = citizen.died_on
    day = "" if citizen.year_only else _element("NgayThangNam", citizen.born.strftime("%Y%m%d"))
    since = [_element("Nam", f"{died.year:04}"), _element("NgayThangNam", f"{died:%Y%m%d}")] if died else []
    return _branch(
        "CongDan",
        _element("SoDinhDanh", citizen.citizen_id),
        _branch("HoVaTen", _element("Ho", ""), _element("ChuDem", ""), _element("Ten", citizen.registered_name)),
        _branch("NgayThangNamSinh", _element("Nam", f"{citizen.born.year:04}"), day),
        _element("TinhTrangChetMatTich", "1" if died else "0"),
        _branch("NgayChetMatTich", *since) if since else "",
    )


def requested(number: str) -> Answer:
    """`GetRequestResultResponse` of a request that is in work. ASSUMED, like the message itself."""
    told = f"<dan:SoYeuCau>{number}</dan:SoYeuCau><dan:TrangThai>1</dan:TrangThai>"
    return _soap(200, _REQUESTED.format(told), "GetRequestResult", "province")


def person(citizen: Citizen, *, head: Citizen | None = None, spouse: Citizen | None = None, early: bool = False) -> str:
    """`CongDan` in the production shape; in the early generation with relatives' names in parts."""
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
        _relative("Cha", citizen.father_name, early=early),
        _relative("Me", citizen.mother_name, early=early),
        _spouse(spouse, early=early) if spouse is not None else "",
        _head(citizen, head) if head is not None else "",
    )


def _address(tag: str, address: Address) -> str:
    return _branch(
        tag,
        _element("MaTinhThanh", address.province_code),
        _element("MaPhuongXa", address.commune_code),
        _element("ChiTiet", address.detail),
        _element("QuocGia", "VN"),
    )


def _relative(tag: str, name: str | None, *, early: bool) -> str:
    return _branch(tag, _whole(name, early=early), _element("QuocTich", "VN")) if name is not None else ""


def _spouse(spouse: Citizen, *, early: bool) -> str:
    name = _whole(spouse.full_name, early=early)
    return _branch("VoChong", name, _element("QuocTich", "VN"), _element("SoDinhDanh", spouse.citizen_id))


def _whole(name: str, *, early: bool) -> str:
    whole = name.upper()
    parts = _element("Ho", "") + _element("ChuDem", "") + _element("Ten", whole)
    return _branch("HoVaTen", parts) if early else _element("HoVaTen", whole)


def _head(citizen: Citizen, head: Citizen) -> str:
    relation = "CH01" if citizen == head else ""
    return _branch(
        "ChuHo",
        _element("QuanHe", relation),
        _element("SoDinhDanh", head.citizen_id),
        _element("HoVaTen", head.registered_name),
    )


def _element(tag: str, text: str) -> str:
    return f"<ns1:{tag}>{escape(text, quote=False)}</ns1:{tag}>" if text else f"<ns1:{tag}/>"


def _branch(tag: str, *inner: str) -> str:
    return f"<ns1:{tag}>{''.join(inner)}</ns1:{tag}>"


def _soap(status: int, inner: str, operation: str, matched: str = "nothing") -> Answer:
    return Answer(status, _ENVELOPE.format(inner).encode(), _TEXT_XML, operation, matched)
