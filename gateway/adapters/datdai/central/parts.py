"""The pieces of which certificates, parcels and holdings are made. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.adapters.datdai.central import wire
from gateway.adapters.datdai.values import code, personal_numbers
from gateway.domain.dates import PartialDate
from gateway.domain.land_numbers import LandCertificateNumber
from gateway.domain.records.enterprise import IdentityPaper
from gateway.domain.records.land import CertificateEntry, LandUse, Parcel, Restriction, RightHolder
from gateway.domain.records.shared import Address, Code
from gateway.errors import MalformedAnswer
from gateway.wire.values import iso_day, place_code, whole

__all__ = ["asset_kinds", "entry", "holders", "parcels", "serial"]

# Source: others.md, 3.7. The lists are the land database's own; nothing in them is translated.
_PERSON, _COUPLE, _HOUSEHOLD, _ORGANISATION, _COMMUNITY = (Code(code=one, list="datdai.owner_kind") for one in "01234")
_HOUSE, _FLAT = (Code(code=one, list="datdai.asset_kind") for one in "78")


def serial(certificate: wire.Certificate) -> LandCertificateNumber:
    """The serial number, or MalformedAnswer."""
    try:
        return LandCertificateNumber(certificate.number)
    except ValueError:
        raise MalformedAnswer("datdai: soPhatHanh is no serial number") from None


def entry(certificate: wire.Certificate) -> CertificateEntry:
    """The certificate without its holders and parcels."""
    return CertificateEntry(
        certificate_number=serial(certificate),
        register_number=certificate.register_number,
        registered_on=iso_day(certificate.registered, "datdai.ngayVaoSo"),
        kind=code("datdai.certificate_kind", certificate.kind),
        status=code("datdai.certificate_status", certificate.status),
        restrictions=_restrictions(certificate.restrictions),
    )


def holders(certificate: wire.Certificate) -> tuple[RightHolder, ...]:
    """Everybody who holds a right, once each, in the order of the registry."""
    found = (holder for right in certificate.rights or () for holder in _holders(right))
    return tuple(dict.fromkeys(found))


def parcels(certificate: wire.Certificate) -> tuple[Parcel, ...]:
    """Every parcel, once each: holders of one right list it again."""
    found = (_parcel(one) for right in certificate.rights or () for one in right.parcels or ())
    return tuple(dict.fromkeys(found))


def asset_kinds(certificate: wire.Certificate) -> tuple[Code, ...]:
    """Which other things than land the certificate covers."""
    rights = certificate.rights or ()
    return tuple(
        kind
        for kind, is_there in (
            (_HOUSE, any(right.house for right in rights)),
            (_FLAT, any(right.flat for right in rights)),
        )
        if is_there
    )


def _holders(right: wire.Right) -> Iterator[RightHolder]:
    if right.person is not None:
        yield _person(right.person, _PERSON)
    if right.couple is not None:
        pair = (right.couple.husband, right.couple.wife)
        for one in reversed(pair) if right.couple.wife_first else pair:
            yield _person(one, _COUPLE)
    if right.household is not None:
        yield _person(right.household.head, _HOUSEHOLD, right.household.address)
    if right.organisation is not None:
        number = right.organisation.code or right.organisation.tax_code
        yield RightHolder(
            kind=_ORGANISATION,
            full_name=right.organisation.name,
            organisation_code=number or None,
            address=right.organisation.address,
        )
    if right.community is not None:
        yield RightHolder(kind=_COMMUNITY, full_name=right.community.name, address=right.community.address)


def _person(one: wire.Person, kind: Code, address: str | None = None) -> RightHolder:
    citizen_id, old_number = personal_numbers(one.number, "datdai.maSoDinhDanh")
    listed = one.papers.papers or () if one.papers is not None else ()
    return RightHolder(
        kind=kind,
        full_name=one.name,
        sex=code("datdai.sex", one.sex),
        birth_date=_birth_date(one),
        died_in=whole(one.death_year, "datdai.namMat") or None,
        citizen_id=citizen_id,
        old_number=old_number,
        papers=tuple(_paper(paper) for paper in listed),
        address=address or one.address or None,
    )


def _paper(one: wire.Paper) -> IdentityPaper:
    return IdentityPaper(
        type=code("datdai.paper_kind", one.kind),
        number=one.number or None,
        issued_on=iso_day(one.issued, "datdai.ngayCap"),
        issued_by=one.issuer or None,
    )


def _birth_date(one: wire.Person) -> PartialDate | None:
    """ASSUMED: where both stand there they are of one year, and a year of 0 is none."""
    day, year = iso_day(one.born, "datdai.ngaySinh"), one.birth_year
    if year and not re.fullmatch(r"0|[0-9]{4}", year):
        raise MalformedAnswer("datdai: namSinh is no year")
    told = int(year) if year and year != "0" else None
    if day is None:
        return PartialDate(told) if told else None
    if told not in (None, day.year):
        raise MalformedAnswer("datdai: ngaySinh and namSinh disagree")
    return PartialDate(day.year, day.month, day.day)


def _parcel(one: wire.Parcel) -> Parcel:
    commune = place_code(one.commune_code, 5, "datdai.xaId")
    if commune is None:
        raise MalformedAnswer("datdai: xaId names no commune")
    return Parcel(
        commune_code=commune,
        map_sheet=one.map_sheet,
        parcel_number=one.number,
        old_map_sheet=one.old_map_sheet or None,
        old_parcel_number=one.old_number or None,
        area_m2=one.area,
        legal_area_m2=one.legal_area,
        address=Address(
            province_code=place_code(one.province_code, 2, "datdai.tinhId"),
            district_code=place_code(one.district_code, 3, "datdai.huyenId"),
            commune_code=commune,
            full_text=one.address or None,
        ),
        uses=tuple(
            LandUse(
                purpose=Code(code=use.purpose, list="datdai.land_purpose", name=use.purpose_name),
                area_m2=use.area,
                term=use.term or None,
            )
            for use in one.uses or ()
        ),
    )


def _restrictions(listed: list[wire.Restriction] | None) -> tuple[Restriction, ...] | None:
    """None where the registry tells nothing: a missing list denies nothing."""
    if listed is None:
        return None
    return tuple(
        Restriction(
            kind=code("datdai.restriction_kind", one.kind),
            content=one.content or None,
            registered_on=iso_day(one.registered, "datdai.ngayDangKy"),
        )
        for one in listed
    )
