"""Marital status, in our words. Pure. ASSUMED: operation, request and answer."""

from __future__ import annotations

from gateway.adapters.hotich import values
from gateway.adapters.hotich.answers import SUCCESS, failure, post
from gateway.adapters.hotich.province import wire
from gateway.adapters.hotich.query import HotichOptions, MaritalStatusQuery
from gateway.adapters.hotich.wire import Envelope
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.domain.records.civil_status import MaritalStatus, Registration
from gateway.errors import MalformedAnswer, Reason
from gateway.wire import rest
from gateway.wire.model import read

__all__ = ["OPERATION", "marital_status"]

OPERATION = "traCuuTinhTrangHonNhan"


def marital_status(ask: Question[MaritalStatusQuery, HotichOptions]) -> Exchanges[MaritalStatus]:
    """
    Ask what the registry confirms of somebody's marital status.

    Returns:
        The registry's words as they are. `Absent` says that it has no record of this person, and not that he is
        unmarried: who never asked for a confirmation and never married here has none.

    Source:
        contracts/hotich/contract.toml, dataset `marital_status`: that there is such a question is domain.md, 1.3.
    """
    query = ask.query
    members = {
        "soDinhDanh": query.citizen_id.value,
        "hoTen": query.full_name,
        "ngaySinh": _written(query.birth_date.isoformat()),
    }
    response = yield post(ask.options, OPERATION, "hotich", "1.0", OPERATION, members)
    envelope = rest.answer(response, OPERATION, Envelope)
    if envelope.status != SUCCESS:
        return failure(envelope)
    if not envelope.tells_value:
        raise MalformedAnswer("hotich: success without value")
    match read(wire.Confirmations, {"value": envelope.value}, response.unlisted).entries or []:
        case []:
            return Absent()
        case [one]:
            return Found(_marital_status(one))
        case _:
            return Unknown(Reason.AMBIGUOUS, detail="hotich: several confirmations for one person")


def _written(iso: str) -> str:
    """dd.MM.yyyy, as in the books; a year or a month alone as long as it is."""
    return ".".join(reversed(iso.split("-")))


def _marital_status(one: wire.Confirmation) -> MaritalStatus:
    person = one.person
    citizen_id, name = values.citizen_id(person.citizen_id, "nxnSoDDCN"), values.full_name(person.full_name)
    if citizen_id is None or name is None:
        raise MalformedAnswer("hotich: nxnSoDDCN or nxnHoTen is missing")
    told = one.marital_status or None
    is_code = told is not None and told.isascii() and told.isdigit()
    registration = Registration(
        registration_number=one.number or None,
        book_number=one.book_number or None,
        page_number=one.page_number or None,
        registered_on=values.day(one.registered, "ngayDangKy"),
        place=values.place(one.place),
        signed_by=one.signed_by or None,
        signer_title=one.signer_title or None,
    )
    return MaritalStatus(
        citizen_id=citizen_id,
        full_name=name,
        birth_date=values.partial(person.born, "nxnNgaySinh")[0],
        marital_status=values.code("hotich.marital_status", told) if is_code else None,
        marital_status_text=None if is_code else told,
        residence_text=one.residence or None,
        registration=registration if registration != Registration() else None,
        purpose=one.purpose or None,
    )
