"""The population database's words to ours. Pure."""

from __future__ import annotations

from collections.abc import Callable

from gateway.adapters.dancu import wire
from gateway.adapters.dancu.query import CitizenQuery, DancuOptions
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.dates import PartialDate
from gateway.domain.exchange import Request
from gateway.domain.identifiers import CitizenId, OldCitizenNumber
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.domain.records.person import HouseholdHead, Person, Relative, Relatives
from gateway.domain.records.shared import Address, Code
from gateway.errors import MalformedAnswer, Reason

__all__ = ["birth_date", "citizen_as", "person_from", "whole_name"]


def citizen_as(contract: str) -> Callable[[Question[CitizenQuery, DancuOptions]], Exchanges[Person]]:
    """The question for one person in a contract version."""
    generation = wire.GENERATIONS[contract]

    def citizen(ask: Question[CitizenQuery, DancuOptions]) -> Exchanges[Person]:
        """
        Look up one person (`TraCuuThongTinCongDan`, integration code 037; `XacMinhThongTinNhanThan` in `gtel`).

        Returns:
            The person as registered now. `birth_date` is known to the year alone for some people, mostly
            older ones. `Absent` when the collection is empty; nobody is named then, so the channel asks once
            more on a fresh connection before it believes it.

        Source:
            contracts/dancu/contract.toml, dataset `citizen`; facts in dancu-justice-transport.md, 1.2-1.4.
        """
        service = generation.lookups[generation.birth_date_form(ask.options)]
        response = yield Request(
            operation=generation.citizen,
            media_type="application/xml",
            body=service.envelope(generation.citizen, wire.citizen_question(generation, ask)),
        )
        collection = service.read(response, generation.citizen, wire.Collection)
        if collection.names_nobody():
            return Absent()
        match collection.people:
            case [one]:
                return Found(person_from(one))
            case _:
                return Unknown(Reason.AMBIGUOUS, detail="dancu: several people under one number")

    return citizen


def person_from(one: wire.Citizen) -> Person:
    """The person that a `CongDan` describes, or MalformedAnswer naming what cannot be read."""
    return Person(
        citizen_id=CitizenId(one.citizen_id),
        full_name=whole_name(one.name),
        birth_date=birth_date(one.born),
        sex=_code("dancu.sex", one.sex),
        old_number=_old_number(one.old_number),
        birth_registration_place=_address(one.birth_registration),
        place_of_origin=_address(one.origin),
        permanent_residence=_address(one.permanent),
        current_residence=_address(one.current),
        nationality=_code("iso3166", one.nationality),
        marital_status=_code("dancu.marital_status", one.marital_status),
        household_book_number=one.household_book,
        ethnic_group=_named_code("dancu.ethnic_group", one.ethnic_group),
        religion=_named_code("dancu.religion", one.religion),
        blood_group=_code("dancu.blood_group", one.blood_group),
        relatives=_relatives(one),
    )


def whole_name(name: wire.Name | wire.RelativeName) -> str:
    """The parts of a name that are there, in order."""
    return " ".join(part for part in (name.family, name.middle, name.given) if part)


def _any_name(name: str | wire.RelativeName | None) -> str | None:
    return whole_name(name) or None if isinstance(name, wire.RelativeName) else name


def birth_date(born: wire.BirthDate) -> PartialDate | None:
    """The day, or the year alone; None where neither is told. MalformedAnswer where the two disagree."""
    year = born.year
    if born.full is None:
        return PartialDate(int(year)) if year else None
    digits = born.full.replace("-", "")
    if year is not None and not digits.startswith(year):
        raise MalformedAnswer("dancu: Nam and NgayThangNam name two years")
    try:
        return PartialDate(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        raise MalformedAnswer("dancu: NgayThangNam is no date") from None


def _code(code_list: str, code: str | None, name: str | None = None) -> Code | None:
    return Code(code=code, list=code_list, name=name) if code else None


def _named_code(code_list: str, value: str | wire.EthnicGroup | wire.Religion | None) -> Code | None:
    if value is None or isinstance(value, str):
        return _code(code_list, value)
    return _code(code_list, value.code, value.name)


def _address(place: wire.Place | None) -> Address | None:
    if place is None:
        return None
    by_length = {2: "province_code", 3: "district_code", 5: "commune_code"}
    unit = {by_length[len(place.unit)]: place.unit} if place.unit else {}
    parts = {
        "country": place.country,
        "province_code": place.province,
        "district_code": place.district,
        "commune_code": place.commune,
        "detail": place.detail,
    } | unit
    return Address(**parts) if any(parts.values()) else None


def _old_number(number: str | None) -> OldCitizenNumber | None:
    return OldCitizenNumber(number) if number else None


def _citizen_id(number: str | None) -> CitizenId | None:
    return CitizenId(number) if number else None


def _relatives(one: wire.Citizen) -> Relatives | None:
    relatives = Relatives(
        father=_relative(one.father),
        mother=_relative(one.mother),
        spouse=_relative(one.spouse),
        representative=_relative(one.representative),
        household_head=_head(one.household_head),
    )
    return relatives if relatives != Relatives() else None


def _relative(relative: wire.Relative | None) -> Relative | None:
    name = _any_name(relative.name) if relative is not None else None
    if relative is None or name is None:
        return None
    return Relative(
        full_name=name,
        nationality=_code("iso3166", relative.nationality),
        citizen_id=_citizen_id(relative.citizen_id),
        old_number=_old_number(relative.old_number),
    )


def _head(head: wire.HouseholdHead | None) -> HouseholdHead | None:
    if head is None:
        return None
    made = HouseholdHead(
        relation=_code("dancu.relation_to_head", head.relation),
        full_name=_any_name(head.name),
        citizen_id=_citizen_id(head.citizen_id),
        old_number=_old_number(head.old_number),
    )
    return made if made != HouseholdHead() else None
