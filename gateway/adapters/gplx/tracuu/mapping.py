"""The words of a licence check to ours. Pure. ASSUMED, as the messages are."""

from __future__ import annotations

from gateway.adapters.gplx import values
from gateway.adapters.gplx.issued import issued
from gateway.adapters.gplx.query import GplxOptions, LicenceQuery
from gateway.adapters.gplx.service import request
from gateway.adapters.gplx.tracuu import wire
from gateway.adapters.gplx.values import code
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.domain.records.licence import DrivingLicence
from gateway.errors import MalformedAnswer, Reason
from gateway.wire import rest

__all__ = ["LICENCE", "licence"]

LICENCE = "TraCuuGPLX"


def licence(ask: Question[LicenceQuery, GplxOptions]) -> Exchanges[DrivingLicence]:
    """
    Look up one licence. ASSUMED, request and answer: no such service was found, and this one is off unless settings
    choose the contract version `tracuu`.

    Returns:
        The licence as registered now, whatever its status. `Absent` when the list is empty or null.

    Source:
        contracts/gplx/contract.toml, dataset `licence`; facts in others.md, 5.3.
    """
    query = ask.query
    response = yield request(
        ask.options,
        ask.options.licence_service,
        ask.inquiry.agency,
        sogplx=query.licence_number.value if query.licence_number is not None else "",
        socmnd=query.citizen_id.value if query.citizen_id is not None else "",
        hoten=query.full_name,
        ngaysinh=query.birth_date.isoformat(),
    )
    answer = rest.answer(response, LICENCE, wire.LicenceAnswer)
    if not answer.is_good:
        return Unknown(Reason.REJECTED, detail="gplx: the service answered error_code other than 0")
    match answer.data or []:
        case []:
            return Absent()
        case [one]:
            return Found(_licence(one))
        case _:
            return Unknown(Reason.AMBIGUOUS, detail="gplx: several licences under one number")


def _licence(one: wire.Licence) -> DrivingLicence:
    number = values.licence_number(one.number, "sogplx")
    if number is None:
        raise MalformedAnswer("gplx: a licence without sogplx")
    citizen_id, old_number = values.numbers(one.personal_number, one.old_number, "socmnd")
    return DrivingLicence(
        licence_number=number,
        full_name=one.full_name,
        birth_date=values.partial(one.born, "ngaysinh"),
        citizen_id=citizen_id,
        old_number=old_number,
        classes=tuple(issued(each) for each in one.classes or ()),
        status=code("gplx.licence_status", one.status, one.status_name),
    )
