"""The pieces that certificates of apiDKKD share: people, addresses, states, lines of business. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from gateway.adapters.dkdn import values
from gateway.adapters.dkdn.dkkd import wire
from gateway.adapters.dkdn.values import code, flag, iso_day, place_code
from gateway.domain.records.enterprise import Activity, IdentityPaper, LegalRepresentative, StatusPeriod
from gateway.domain.records.shared import Address
from gateway.errors import MalformedAnswer

__all__ = ["activities", "head_office", "people", "status_period"]

T = TypeVar("T", wire.Person, wire.Place)


def people(listed: list[wire.Person] | None) -> tuple[LegalRepresentative, ...]:
    """Everybody named, whether he stands in a wrapper, beside one or without one."""
    return tuple(_representative(person) for one in listed or () for person in _people_in(one))


def head_office(certificate: wire.Certificate) -> Address | None:
    """
    Where the head office is, whether it stands in a wrapper, beside one or without one.

    ASSUMED: there is one. Two different ones are MalformedAnswer, since nothing would tell which is which.
    """
    found = {_address(place) for one in certificate.head_offices or () for place in _places_in(one)} - {None}
    if len(found) > 1:
        raise MalformedAnswer("dkdn: DiaChiTruSo holds several head offices")
    return next(iter(found), None)


def status_period(one: wire.Status) -> StatusPeriod:
    """A legal state with the days of its suspension, if it is one."""
    return StatusPeriod(
        status=code("dkdn.status", one.code, one.name),
        name=one.name,
        suspended_from=iso_day(one.suspended_from, "NgayBatDauTamNgung"),
        suspended_until=iso_day(one.suspended_until, "NgayKetThucTamNgung"),
        reason=one.reason,
    )


def activities(certificate: wire.Certificate) -> tuple[Activity, ...]:
    """The lines of business."""
    listed = certificate.activities or ()
    return tuple(Activity(code=one.code, name=one.name, is_main=flag(one.is_main, "1", "0")) for one in listed)


def _people_in(one: wire.Person) -> Iterator[wire.Person]:
    inner = _listed(one.inside)
    for person in inner:
        yield from _people_in(person)
    if one.inside is None or (one.is_told and one.alone() not in inner):
        yield one


def _places_in(one: wire.Place) -> Iterator[wire.Place]:
    """What stands in a wrapper, and the wrapper itself, which may hold an address of its own beside it."""
    if not isinstance(one.inside, str):
        for place in _listed(one.inside):
            yield from _places_in(place)
    yield one


def _listed(inside: list[T] | T | None) -> list[T]:
    match inside:
        case None:
            return []
        case list():
            return inside
        case one:
            return [one]


def _representative(one: wire.Person) -> LegalRepresentative:
    if not one.full_name:
        raise MalformedAnswer("dkdn: HoVaTen is missing")
    paper = IdentityPaper(
        type=code("dkdn.paper_type", one.document_type, one.document_name),
        type_name=one.document_name,
        number=one.document_number,
        issued_on=iso_day(one.document_issued, "NgayCap"),
        issued_by=one.document_issuer,
    )
    return LegalRepresentative(
        full_name=one.full_name,
        nationality=code("iso3166", one.nationality, one.nationality_name),
        nationality_name=one.nationality_name,
        document=paper if paper != IdentityPaper() else None,
    )


def _address(one: wire.Place) -> Address | None:
    return values.address(
        country=one.country,
        province_code=place_code(one.province_code, 2, "MaTinhThanh"),
        province_name=one.province_name,
        district_code=place_code(one.district_code, 3, "MaQuanHuyen"),
        district_name=one.district_name,
        commune_code=place_code(one.commune_code, 5, "MaPhuongXa"),
        commune_name=one.commune_name,
        detail=one.house_number,
        # ASSUMED: DiaChi as a text is the address in one line, as DiaChiDayDu is elsewhere.
        full_text=one.full_text or (one.inside if isinstance(one.inside, str) else None),
    )
