"""Construction permits in our words. Pure."""

from __future__ import annotations

import re
from datetime import date

from gateway.adapters.cpxd import wire
from gateway.adapters.cpxd.query import CpxdOptions, PermitQuery
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.exchange import Request
from gateway.domain.identifiers import CitizenId, OldCitizenNumber
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.domain.records.construction import ConstructionPermit, PermitHolder, PermitParcel, Work
from gateway.domain.records.shared import Address, Code
from gateway.errors import MalformedAnswer, Reason
from gateway.wire import rest

__all__ = ["OPERATION", "permit"]

OPERATION = "traCuuGiayPhepXayDung"

_DAY = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")


def permit(ask: Question[PermitQuery, CpxdOptions]) -> Exchanges[ConstructionPermit]:
    """
    Look up one permit by its number, and by office and day where they are given.

    Returns:
        The permit as registered now, whatever its state. `Absent` when it went well and the list is empty. Several
        permits of one number are `ambiguous`: office and day tell them apart.

    Source:
        contracts/cpxd/contract.toml, dataset `permit`; facts in others.md, 4; domain.md, 3.1.
    """
    query, options = ask.query, ask.options
    day = query.issue_day
    keys = {
        "soGiayPhep": query.permit_number,
        "maCoQuanCap": query.issuer_code,
        "ngayCap": f"{day:%d/%m/%Y}" if day is not None else None,
    }
    response = yield Request(
        operation=OPERATION,
        method="GET",
        path=tuple(segment for segment in (options.context, options.api_version, OPERATION) if segment),
        query=tuple((name, value) for name, value in keys.items() if value is not None),
        headers={"Accept": "application/json"},
    )
    answer = rest.answer(response, OPERATION, wire.Answer)
    if answer.error_code != "0":
        # ASSUMED: what failures there are is not told, so every one counts as "the query is wrong".
        return Unknown(Reason.REJECTED, detail="cpxd: errorCode other than 0")
    if answer.result is None:
        raise MalformedAnswer("cpxd: success without result")
    match answer.result.permits or []:
        case []:
            return Absent()
        case [one]:
            return Found(_permit(one))
        case _:
            return Unknown(Reason.AMBIGUOUS, detail="cpxd: several permits under one number")


def _permit(one: wire.Permit) -> ConstructionPermit:
    place = one.place or wire.Place()
    return ConstructionPermit(
        permit_number=one.number,
        issuer_code=one.issuer_code or None,
        issuer_name=one.issuer_name or None,
        issued_on=_day(one.issued, "NgayCap"),
        expires_on=_day(one.expires, "NgayHetHan"),
        permit_kind=_code("dvcqg.result", one.result_code),
        procedure_code=one.procedure_code or None,
        status=_code("cpxd.status", one.status),
        adjusts=one.adjusts or None,
        holders=tuple(_holder(holder) for holder in one.holders or ()),
        works=tuple(_work(work) for work in one.works or ()),
        address=_address(place),
        parcels=tuple(
            PermitParcel(map_sheet=parcel.map_sheet, parcel_number=parcel.number) for parcel in place.parcels or ()
        ),
    )


def _holder(one: wire.Holder) -> PermitHolder:
    citizen_id, old_number = None, None
    try:
        match one.number_kind or "", one.number or "":
            case _, "":
                pass
            case "1", number:
                citizen_id = CitizenId(number)
            case "2", number:
                old_number = OldCitizenNumber(number)
            case _:
                raise MalformedAnswer("cpxd: LoaiDinhDanh is neither 1 nor 2")
    except ValueError:
        raise MalformedAnswer("cpxd: SoDinhDanh is no number of its LoaiDinhDanh") from None
    return PermitHolder(
        full_name=one.name,
        citizen_id=citizen_id,
        old_number=old_number,
        enterprise_code=one.enterprise_code or None,
    )


def _work(one: wire.Work) -> Work:
    floors = one.floors or None
    if floors is not None and not (floors.isascii() and floors.isdigit() and len(floors) <= 3):
        raise MalformedAnswer("cpxd: SoTang is no whole number")
    return Work(
        name=one.name,
        kind=_code("cpxd.work_kind", one.kind),
        work_class=_code("cpxd.work_class", one.work_class),
        building_area_m2=one.building_area,
        floor_area_m2=one.floor_area,
        height_m=one.height,
        floors=int(floors) if floors is not None else None,
    )


def _address(one: wire.Place) -> Address | None:
    parts = {
        "province_code": _padded(one.province_code, 2, "MaTinh"),
        "district_code": _padded(one.district_code, 3, "MaHuyen"),
        "commune_code": _padded(one.commune_code, 5, "MaXa"),
        "full_text": one.address or None,
    }
    return Address(**parts) if any(parts.values()) else None


def _code(code_list: str, value: str | None) -> Code | None:
    return Code(code=value, list=code_list) if value else None


def _padded(text: str | None, width: int, field: str) -> str | None:
    """A code of that many digits, with the zeros in front that it lost as a number; None where there is none."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= width):
        raise MalformedAnswer(f"cpxd: {field} is no code of {width} digits")
    return text.zfill(width) if text.strip("0") else None


def _day(text: str | None, field: str) -> date | None:
    """dd/MM/yyyy; None where empty."""
    found = _DAY.fullmatch(text) if text else None
    if found is not None:
        try:
            return date(int(found[3]), int(found[2]), int(found[1]))
        except ValueError:
            raise MalformedAnswer(f"cpxd: {field} is no date") from None
    if text:
        raise MalformedAnswer(f"cpxd: {field} is not dd/MM/yyyy")
    return None
