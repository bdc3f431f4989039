"""Registrations of births, deaths and marriages, in our words. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.adapters.hotich.papers import wire
from gateway.adapters.hotich.values import (
    base64_text,
    citizen_id,
    code,
    day,
    ethnic_group,
    full_name,
    nationality,
    partial,
    place,
    place_code,
)
from gateway.domain.exchange import Response
from gateway.domain.records.civil_status import (
    Birth,
    CivilPerson,
    Death,
    DeathNotice,
    Declarant,
    Event,
    Marriage,
    Registration,
)
from gateway.domain.records.shared import Address
from gateway.errors import MalformedAnswer
from gateway.wire.model import read

__all__ = ["Registered", "registered"]


@dataclass(frozen=True, slots=True)
class Registered:
    """What one answer says of an event: where it stands in the books, the event itself, the paper."""

    registration: Registration | None = None
    birth: Birth | None = None
    death: Death | None = None
    marriage: Marriage | None = None
    document: str | None = None


def registered(event: Event, fields: Any, response: Response) -> Registered:
    """The event, from the flat object of its fields. Raises MalformedAnswer naming what does not fit."""
    return _READERS[event](fields, response)


def _birth(fields: Any, response: Response) -> Registered:
    paper = read(wire.Birth, fields, response.unlisted)
    child = _principal(paper.child, "nksHoTen")
    given = citizen_id(paper.citizen_id, "soDinhDanh")
    if given is not None and child.citizen_id not in {None, given}:
        raise MalformedAnswer("hotich: soDinhDanh and nksSoDDCN disagree")
    birth = Birth(
        child=child if given is None else child.model_copy(update={"citizen_id": given}),
        birth_place=place(paper.birth_place),
        kind=code("hotich.birth_kind", paper.birth_kind),
        mother=_somebody(paper.mother),
        father=_somebody(paper.father),
        declarant=_declarant(paper.declarant),
        medical_certificate_number=paper.medical_certificate or None,
    )
    parts = {
        "province_code": place_code(paper.place_province, "maTinh"),
        "district_code": place_code(paper.place_district, "maHuyen"),
        "commune_code": place_code(paper.place_commune, "maXa"),
    }
    where = place(paper.place) or (Address(**parts) if any(parts.values()) else None)
    return Registered(
        _registration(paper, "hotich.registration_kind", where),
        birth=birth,
        document=base64_text(paper.document, "giayKhaiSinh"),
    )


def _death(fields: Any, response: Response) -> Registered:
    paper = read(wire.Death, fields, response.unlisted)
    died_on, died_on_text = partial(paper.died, "nktNgayChet")
    notice = DeathNotice(
        kind=code("hotich.death_notice_kind", paper.notice_kind or paper.book_notice_kind),
        number=paper.notice_number or paper.book_notice_number or None,
        issued_on=day(paper.book_notice_issued, "gbtNgay"),
        issued_by=paper.book_notice_issuer or None,
    )
    death = Death(
        deceased=_principal(paper.deceased, "nktHoTen"),
        died_on=died_on,
        died_on_text=died_on_text or (None if died_on else paper.died_in_words or None),
        died_at=paper.died_at or None,
        place=place(paper.death_place),
        cause=paper.cause or None,
        notice=notice if notice != DeathNotice() else None,
        declarant=_declarant(paper.declarant),
    )
    return Registered(
        _registration(paper, "hotich.registration_kind", place(paper.place)),
        death=death,
        document=base64_text(paper.document, "giayKhaiTu"),
    )


def _marriage(fields: Any, response: Response) -> Registered:
    paper = read(wire.Marriage, fields, response.unlisted)
    marriage = Marriage(
        husband=_principal(paper.husband, "chongHoTen"),
        wife=_principal(paper.wife, "voHoTen"),
        established_on=day(paper.established, "ngayXacLapQuanHeHonNhan"),
        state=code("hotich.marriage_state", paper.state),
        annulled_on=day(paper.annulled, "huyKetHonNgayGhiChu"),
        annulment_basis=paper.annulment_basis or None,
    )
    return Registered(
        _registration(paper, "hotich.marriage_registration_kind", place(paper.place)),
        marriage=marriage,
        document=base64_text(paper.document, "giayKetHon"),
    )


_READERS: Mapping[Event, Callable[[Any, Response], Registered]] = {
    "birth": _birth,
    "death": _death,
    "marriage": _marriage,
}


def _registration(paper: wire.Paper, kinds: str, where: Address | None) -> Registration | None:
    found = Registration(
        registration_number=paper.registration_number or paper.number or None,
        book_number=paper.book_number or None,
        page_number=paper.page_number or None,
        decision_number=paper.decision_number or None,
        registered_on=day(paper.registered, "ngayDangKy"),
        kind=code(kinds, paper.kind),
        place=where,
        signed_by=paper.signed_by or None,
        signer_title=paper.signer_title or None,
        note=paper.note or None,
    )
    return found if found != Registration() else None


def _principal(person: wire.Person, field: str) -> CivilPerson:
    """Whom the registration is about; without a name it is about nobody."""
    found = _person(person)
    if found.full_name is None:
        raise MalformedAnswer(f"hotich: {field} is missing")
    return found


def _somebody(person: wire.Person | None) -> CivilPerson | None:
    found = None if person is None else _person(person)
    return found if found != CivilPerson() else None


def _person(one: wire.Person) -> CivilPerson:
    birth_date, birth_date_text = partial(one.born, "NgaySinh")
    return CivilPerson(
        full_name=full_name(one.full_name),
        citizen_id=citizen_id(one.citizen_id, "SoDDCN"),
        sex=code("hotich.sex", one.sex),
        birth_date=birth_date,
        birth_date_text=birth_date_text or (None if birth_date else one.born_in_words or None),
        ethnic_group=ethnic_group(one.ethnic_group),
        nationality=nationality(one.nationality),
        place_of_origin=place(one.place_of_origin),
        residence_kind=code("hotich.residence_kind", one.residence_kind),
        residence=place(one.residence),
        paper_type=code("hotich.paper_type", one.paper_type),
        paper_number=one.paper_number or one.paper_number_short or None,
    )


def _declarant(one: wire.Person | None) -> Declarant | None:
    if one is None:
        return None
    found = Declarant(
        full_name=full_name(one.full_name),
        relation=one.relation or None,
        paper_number=one.paper_number or one.paper_number_short or None,
    )
    return found if found != Declarant() else None
