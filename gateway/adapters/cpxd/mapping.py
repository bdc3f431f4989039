"""Construction permits in our words. Pure."""

from __future__ import annotations

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
from gateway.wire.values import day, place_code, whole

__all__ = ["OPERATION", "permit"]

OPERATION = "traCuuGiayPhepXayDung"


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
    issued = query.issue_day
    keys = {
        "soGiayPhep": query.permit_number,
        "maCoQuanCap": query.issuer_code,
        "ngayCap": f"{issued:%d/%m/%Y}" if issued is not None else None,
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
        issued_on=day(one.issued, "cpxd.NgayCap"),
        expires_on=day(one.expires, "cpxd.NgayHetHan"),
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
    return Work(
        name=one.name,
        kind=_code("cpxd.work_kind", one.kind),
        work_class=_code("cpxd.work_class", one.work_class),
        building_area_m2=one.building_area,
        floor_area_m2=one.floor_area,
        height_m=one.height,
        floors=whole(one.floors, "cpxd.SoTang"),
    )


def _address(one: wire.Place) -> Address | None:
    parts = {
        "province_code": place_code(one.province_code, 2, "cpxd.MaTinh"),
        "district_code": place_code(one.district_code, 3, "cpxd.MaHuyen"),
        "commune_code": place_code(one.commune_code, 5, "cpxd.MaXa"),
        "full_text": one.address or None,
    }
    return Address(**parts) if any(parts.values()) else None


def _code(code_list: str, value: str | None) -> Code | None:
    return Code(code=value, list=code_list) if value else None
