"""The portal's words to ours. Pure."""

from __future__ import annotations

from collections.abc import Callable

from gateway.adapters.bhxh import values
from gateway.adapters.bhxh.portal import wire
from gateway.adapters.bhxh.portal.wire import Meaning
from gateway.adapters.bhxh.query import BhxhOptions, CardQuery
from gateway.adapters.bhxh.values import code
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.dates import PartialDate
from gateway.domain.exchange import Part, Request, Secret
from gateway.domain.outcome import Absent, Found, Outcome, Unknown
from gateway.domain.records.insurance import CardCheck, InsuranceCard, NewCard, Treatment
from gateway.errors import MalformedAnswer, Reason, RegistryUnreachable
from gateway.wire import rest
from gateway.wire.json_body import MEDIA_TYPE, json_body

__all__ = ["OPERATIONS", "card_as"]

OPERATIONS = {
    "gdbhyt2024": "KQNhanLichSuKCB2024",
    "gdbhyt2018": "NhanLichSuKCB2018",
    "gdbhyt595": "nhanLichSuKCB595",
}


def card_as(contract: str) -> Callable[[Question[CardQuery, BhxhOptions]], Exchanges[InsuranceCard]]:
    """The card check in a contract version."""

    def card(ask: Question[CardQuery, BhxhOptions]) -> Exchanges[InsuranceCard]:
        """
        Check one card and read its history (`KQNhanLichSuKCB2024` and its older forms).

        The log-in travels in the query string: it stands there as placeholders, and no address of this registry is
        ever written down.

        Returns:
            The card with the portal's word on it, which need not be "valid". `Absent` for 050, in an answer that
            names nobody. `rejected` where name, birth date, sex or facility is another than the card's: then
            nothing of the card is passed on.

        Source:
            contracts/bhxh/contract.toml, dataset `card`; facts in others.md, 2.2-2.4.
        """
        operation = ask.options.operation or OPERATIONS[contract]
        response = yield Request(
            operation=OPERATIONS[contract],
            path=("api", "egw", operation),
            query=(
                ("token", Secret("token")),
                ("id_token", Secret("id_token")),
                ("username", Secret("username")),
                ("password", Secret("password_md5")),
            ),
            headers={"Accept": MEDIA_TYPE},
            media_type=MEDIA_TYPE,
            body=_body(contract, ask),
        )
        return _outcome(rest.answer(response, OPERATIONS[contract], wire.CardAnswer))

    return card


def _body(contract: str, ask: Question[CardQuery, BhxhOptions]) -> tuple[Part, ...]:
    query, options, officer = ask.query, ask.options, ask.inquiry.officer
    number = query.card_number or query.insurance_number or query.citizen_id
    if number is None or (contract == "gdbhyt595" and len(number.value) == 12):
        # ASSUMED: "newer versions" take a personal number, and this is not one of them.
        raise ValueError("the card check of 595 takes no personal number")
    members: dict[str, str | int | Secret | None] = {
        "maThe": number.value,
        "hoTen": query.full_name,
        "ngaySinh": _written(query.birth_date),
    }
    if contract == "gdbhyt595":
        # ASSUMED: sex and days of treatment may be left empty; nothing says what they choose.
        members |= {"gioiTinh": "", "maCSKCB": options.facility_code, "ngayBD": "", "ngayKT": ""}
    if contract == "gdbhyt2024":
        members |= {"hoTenCb": options.officer_name or ask.officer_code or officer.account, "cccdCb": officer.id.value}
    if options.credentials_in_body:
        members |= {"username": Secret("username"), "password": Secret("password_md5")}
    return json_body(members)


def _written(born: PartialDate) -> str:
    return f"{born.year:04}" if born.day is None else f"{born.day:02}/{born.month:02}/{born.year:04}"


def _outcome(answer: wire.CardAnswer) -> Outcome[InsuranceCard]:
    said = answer.code
    match wire.MEANINGS.get(said):
        case Meaning.VALID | Meaning.CARD as meaning:
            if meaning is Meaning.VALID and not (answer.card_number and answer.full_name):
                raise MalformedAnswer("bhxh: a valid card without maThe or hoTen")
            return Found(_card(answer))
        case Meaning.NOBODY:
            if answer.names_somebody():
                raise MalformedAnswer("bhxh: no card, in an answer that names one")
            return Absent()
        case Meaning.WRONG_NUMBER | Meaning.WRONG_QUESTION:
            return Unknown(Reason.REJECTED, detail=f"bhxh: maKetQua {said}, the portal calls the question wrong")
        case Meaning.WRONG_IDENTITY:
            part = wire.IDENTITY[said]
            return Unknown(Reason.REJECTED, detail=f"bhxh: maKetQua {said}, the card's {part} is another")
        case Meaning.LOG_IN:
            return Unknown(Reason.REFUSED, detail="bhxh: maKetQua 401, the portal does not take the log-in")
        case Meaning.FAULT:
            raise RegistryUnreachable(f"bhxh: maKetQua {said}, the portal failed")
        case None:
            raise MalformedAnswer("bhxh: maKetQua is none of the known results")


def _card(answer: wire.CardAnswer) -> InsuranceCard:
    return InsuranceCard(
        # The table has the code, so it is there.
        result=code("bhxh.card_result", answer.code, answer.note),  # type: ignore[arg-type]
        card_number=values.card_number(answer.card_number, "maThe"),
        insurance_number=values.insurance_number(answer.insurance_number, "maSoBHXH"),
        full_name=answer.full_name or None,
        birth_date=values.born_in_words(answer.born, "ngaySinh"),
        sex=code("bhxh.sex_word", answer.sex),
        address=values.address(full_text=answer.address),
        facility_code=answer.facility or None,
        issuing_office=answer.office or None,
        valid_from=values.day(answer.valid_from, "gtTheTu"),
        valid_until=values.day(answer.valid_until, "gtTheDen"),
        region=code("bhxh.region", answer.region),
        five_years_on=values.day(answer.five_years, "ngayDu5Nam"),
        old_card_number=values.card_number(answer.old_card, "maTheCu"),
        new_card=_new_card(answer),
        treatments=tuple(_treatment(one) for one in answer.visits or answer.visits_595 or ()),
        checks=tuple(_check(one) for one in answer.checks or ()),
    )


def _new_card(answer: wire.CardAnswer) -> NewCard | None:
    card = NewCard(
        card_number=values.card_number(answer.new_card, "maTheMoi"),
        valid_from=values.day(answer.new_from, "gtTheTuMoi"),
        valid_until=values.day(answer.new_until, "gtTheDenMoi"),
        facility_code=answer.new_facility or None,
        facility_name=answer.new_facility_name or None,
    )
    return card if card != NewCard() else None


def _treatment(one: wire.Visit) -> Treatment:
    # ASSUMED: the days of 595 are written as the moments of 2018 are.
    admitted = values.moment(one.admitted or one.admitted_595, "ngayVao")
    return Treatment(
        registry_id=one.registry_id or None,
        facility_code=one.facility or None,
        admitted_at=admitted,
        discharged_at=values.moment(one.discharged or one.discharged_595, "ngayRa"),
        diagnosis=one.diagnosis or None,
        discharge=code("bhxh.discharge", one.discharge),
        result=code("bhxh.treatment_result", one.result),
        admission=code("bhxh.admission", one.admission),
    )


def _check(one: wire.Check) -> CardCheck:
    return CardCheck(
        account=one.account or None,
        checked_at=values.moment(one.at, "thoiGianKT"),
        text=one.text or None,
        result=code("bhxh.card_result", one.code),
    )
