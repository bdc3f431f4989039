"""apiBHXH's words to ours. Pure."""

from __future__ import annotations

from gateway.adapters.bhxh import values
from gateway.adapters.bhxh.ngsp import wire
from gateway.adapters.bhxh.query import BhxhOptions, CriteriaQuery, HouseholdQuery, ParticipantQuery
from gateway.adapters.bhxh.values import code
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.exchange import Request
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.domain.records.insurance import InsuranceHousehold, InsuranceParticipant, InsuredMember, InsuredNumber
from gateway.errors import MalformedAnswer, Reason
from gateway.wire import rest
from gateway.wire.json_body import MEDIA_TYPE, json_body

__all__ = ["HOUSEHOLD", "NUMBER", "PARTICIPANT", "household", "number", "participant"]

NUMBER = "getMaSoBhxhTheoTieuChi"
PARTICIPANT = "getTraCuuTtHgdByMaSoBhxh"
HOUSEHOLD = "getTraCuuThongTinHgd"

_SEX = {"male": "1", "female": "2", "other": "3"}


def number(ask: Question[CriteriaQuery, BhxhOptions]) -> Exchanges[InsuredNumber]:
    """
    Ask for the number of whoever fits the criteria.

    Returns:
        The number; nobody is named in the answer. ASSUMED: without a number `trangThai` says "nobody" in one word
        (option `absent_status`), `errorCode` anything else; neither's values are published.

    Source:
        contracts/bhxh/contract.toml, dataset `number`; facts in others.md, 2.1.
    """
    query = ask.query
    born, precision = values.flagged(query.birth_date, ask.options.padding)
    response = yield _request(
        ask.options,
        NUMBER,
        hoTen=query.full_name,
        ngaySinh=born,
        loaiNgaySinh=precision,
        gioiTinh=_SEX[query.sex],
        maTinhKs=query.province_code,
        maHuyenKs=query.district_code or "",
        maXaKs=query.commune_code,
        isKs="0" if query.by_household else "1",
    )
    answer = rest.answer(response, NUMBER, wire.NumberAnswer)
    found = values.insurance_number(answer.insurance_number, "maSoBhxh")
    if answer.error:
        if found is not None:
            raise MalformedAnswer("bhxh: a number beside an errorCode")
        return Unknown(Reason.REJECTED, detail="bhxh: the service answered an errorCode")
    if found is not None:
        return Found(InsuredNumber(insurance_number=found, status=code("bhxh.number_status", answer.status)))
    return _nobody(answer.status, ask.options)


def participant(ask: Question[ParticipantQuery, BhxhOptions]) -> Exchanges[InsuranceParticipant]:
    """
    Ask who has a number. `Absent` as for `number`, in an answer that names nobody.

    Source:
        contracts/bhxh/contract.toml, dataset `participant`; facts in others.md, 2.1.
    """
    response = yield _request(ask.options, PARTICIPANT, maSoBhxh=ask.query.insurance_number.value)
    answer = rest.answer(response, PARTICIPANT, wire.ParticipantAnswer)
    if not answer.names_somebody():
        return _nobody(answer.status, ask.options)
    return Found(
        InsuranceParticipant(
            full_name=_name(answer.full_name),
            birth_date=values.unflagged(answer.born, answer.precision, "ngaySinh"),
            sex=code("bhxh.sex", answer.sex),
            old_book_number=answer.old_book or None,
            birth_registration_place=values.address(
                province_code=answer.province, district_code=answer.district, commune_code=answer.commune
            ),
            status=code("bhxh.participant_status", answer.status),
        )
    )


def household(ask: Question[HouseholdQuery, BhxhOptions]) -> Exchanges[InsuranceHousehold]:
    """
    Ask for the household in which somebody is insured.

    Returns:
        The household. `Absent` when the list is empty, or its only row names nobody. Rows of several households
        are `ambiguous`: people of one name and birth date live in both.

    Source:
        contracts/bhxh/contract.toml, dataset `household`; facts in others.md, 2.1.
    """
    query = ask.query
    born, precision = values.flagged(query.birth_date, ask.options.padding)
    response = yield _request(
        ask.options,
        HOUSEHOLD,
        maTinh=query.province_code,
        hoTen=query.full_name,
        ngaySinh=born,
        loaiNgaySinh=precision,
        gioiTinh=_SEX[query.sex],
        soSo=query.book_number.value if query.book_number is not None else "",
        maThe=query.card_number.value if query.card_number is not None else "",
        isKs="0" if query.by_household else "1",
    )
    rows = rest.answer(response, HOUSEHOLD, wire.HouseholdAnswer).rows
    match rows:
        case []:
            return Absent()
        case [only] if not only.names_somebody():
            return _nobody(only.status, ask.options)
    if len({row.household for row in rows}) > 1:
        return Unknown(Reason.AMBIGUOUS, detail="bhxh: rows of several households")
    members = tuple(_member(row) for row in rows)
    return Found(InsuranceHousehold(household_code=rows[0].household or None, members=members))


def _request(options: BhxhOptions, operation: str, **members: str) -> Request:
    segments = (
        "apiBHXH" if options.context is None else options.context,
        "1.0" if options.api_version is None else options.api_version,
        operation,
    )
    return Request(
        operation=operation,
        path=tuple(segment for segment in segments if segment),
        headers={"Accept": MEDIA_TYPE, "Accept-Charset": "UTF-8"},
        media_type=MEDIA_TYPE,
        body=json_body(members),
    )


def _nobody(status: str | None, options: BhxhOptions) -> Absent:
    if status != options.absent_status:
        raise MalformedAnswer("bhxh: nobody is named, and trangThai is not the word for that")
    return Absent()


def _member(row: wire.HouseholdRow) -> InsuredMember:
    return InsuredMember(
        full_name=_name(row.full_name),
        insurance_number=values.insurance_number(row.insurance_number, "maSo"),
        birth_date=values.unflagged(row.born, row.precision, "ngaySinh"),
        sex=code("bhxh.sex", row.sex),
        address=values.address(full_text=row.address),
        status=code("bhxh.household_status", row.status),
    )


def _name(text: str | None) -> str:
    if not text:
        raise MalformedAnswer("bhxh: somebody without hoTen")
    return text
