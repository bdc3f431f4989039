"""GIP's words to ours. Pure."""

from __future__ import annotations

import hashlib
import re
from datetime import date, datetime, timedelta
from decimal import Decimal

from gateway.adapters.taichinh import values
from gateway.adapters.taichinh.gip import wire
from gateway.adapters.taichinh.query import DuesQuery, TaichinhOptions
from gateway.adapters.taichinh.values import code
from gateway.clock import VIETNAM
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.exchange import Request
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.domain.records.shared import Address
from gateway.domain.records.tax import TaxDue, TaxDues
from gateway.errors import MalformedAnswer, MismatchedAnswer, Reason
from gateway.wire import plain
from gateway.wire.model import read

__all__ = ["OPERATION", "dues", "message_id"]

OPERATION = "xuLyTruyVanMsg"
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_DAY = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_NUMBERED = re.compile(r"([0-9]{2})-([0-9]{2})-([0-9]{4})(?: [0-9]{2}:[0-9]{2}:[0-9]{2})?")
_NAMED = re.compile(r"([0-9]{2})-([A-Z][a-z]{2})-([0-9]{4})(?: [0-9]{2}:[0-9]{2}:[0-9]{2})?")
_AMOUNT = re.compile(r"-?[0-9]{1,18}(?:\.[0-9]{1,6})?")
_OLDEST = timedelta(days=1)


def dues(ask: Question[DuesQuery, TaichinhOptions]) -> Exchanges[TaxDues]:
    """
    Ask what one taxpayer owes (`xuLyTruyVanMsg`, transaction 00046).

    The answer is signed, and what is read here is what the signature covers. It is ours only if it is addressed to us,
    from whom we asked, of today, and answers our message where it says which one it answers.

    Returns:
        His account line by line; no lines where the account is there and empty. `Absent` where nothing is told of any
        taxpayer, `Unknown` where the header has an error code. ASSUMED, both: whatever the code, the question is wrong.

    Source:
        contracts/taichinh/contract.toml, dataset `dues`; facts in others.md, 8.2.
    """
    options, our_id = ask.options, message_id(ask.request_id)
    header = {
        "VERSION": "1.0",
        "SENDER_CODE": options.sender_code or "",
        "SENDER_NAME": options.sender_name or options.sender_code or "",
        "RECEIVER_CODE": options.receiver_code,
        "RECEIVER_NAME": options.receiver_name,
        "TRAN_CODE": wire.QUESTION,
        "MSG_ID": our_id,
        "SEND_DATE": _written(ask.now, options),
    }
    response = yield Request(
        operation=OPERATION,
        media_type="text/xml; charset=utf-8",
        headers={"SOAPAction": '""'},
        body=(wire.question(header, ask.query.tax_code.value, ask.query.declaration_number),),
    )
    answer = read(wire.Answer, plain.document(response, OPERATION, "DATA"), response.unlisted)
    _refuse_others(answer.header, our_id, ask)
    if answer.header.error_code is not None:
        return Unknown(Reason.REJECTED, detail="taichinh: the header names an error code")
    rows = answer.body.rows if answer.body is not None else []
    if len(rows) != 1 or rows[0].type != wire.ANSWER:
        raise MalformedAnswer("taichinh: BODY is not one ROW of the type that answers the question")
    information = rows[0].information
    if information is None:
        if answer.header.error_text is not None:
            raise MalformedAnswer("taichinh: nobody, in an answer that may speak of a failure")
        return Absent()
    if len(information.common.rows) > 1:
        return Unknown(Reason.AMBIGUOUS, detail="taichinh: several taxpayers for one tax code")
    return Found(_account(information))


def message_id(request_id: str) -> str:
    """
    `MSG_ID` of a question: twenty digits that follow from its request id, and from nothing personal.

    ASSUMED: digits alone; those that were seen are 16, 20 and 22 of them.
    """
    return f"{int.from_bytes(hashlib.sha256(request_id.encode()).digest()) % 10**20:020}"


def _refuse_others(header: wire.Header, our_id: str, ask: Question[DuesQuery, TaichinhOptions]) -> None:
    """Whoever has an older answer, or one to somebody else, has the signature with it."""
    if header.sender_code != ask.options.receiver_code or header.receiver_code != ask.options.sender_code:
        raise MismatchedAnswer("taichinh: the answer is not from whom was asked, or not to us")
    if header.answers is not None and header.answers != our_id:
        raise MismatchedAnswer("taichinh: the answer is to another message than ours")
    if abs(_sent(header.sent, ask.options) - ask.now.astimezone(VIETNAM).date()) > _OLDEST:
        raise MismatchedAnswer("taichinh: the answer is of another day")


def _account(information: wire.Information) -> TaxDues:
    (taxpayer,) = information.common.rows
    tax_code = values.tax_code(taxpayer.tax_code, "MST")
    lines = information.account.rows if information.account is not None else []
    if any(line.tax_code not in (None, taxpayer.tax_code) for line in lines):
        raise MismatchedAnswer("taichinh: a line of the account names somebody else")
    return TaxDues(
        tax_code=tax_code,
        name=taxpayer.name,
        kind=code("gip_taxpayer_kind", taxpayer.kind),
        chapter=code("chapter", taxpayer.chapter),
        tax_office=code("gip_tax_office", taxpayer.tax_office),
        address=_address(information.places),
        dues=tuple(map(_due, lines)),
    )


def _address(places: wire.Places | None) -> Address | None:
    if places is None:
        return None
    first = places.rows[0]  # ASSUMED: several are the same taxpayer's; one was seen
    return values.address(
        full_text=first.text,
        province_code=first.province,
        district_code=first.district,
        commune_code=first.commune,
    )


def _due(one: wire.Due) -> TaxDue:
    return TaxDue(
        amount=_amount(one.amount, "NO_CUOI_KY"),
        currency=one.currency,
        exchange_rate=None if one.exchange_rate is None else _amount(one.exchange_rate, "TI_GIA"),
        chapter=code("chapter", one.chapter),
        sub_item=code("sub_item", one.sub_item),
        tax_type=code("tax_type", one.tax_type),
        period=one.period,
        decision_number=one.decision_number,
        decided_on=_day(one.decided_on),
        collecting_office=code("gip_tax_office", one.collecting_office),
        treasury=code("treasury", one.treasury),
        credit_account=code("state_account", one.credit_account),
        place=code("gip_place", one.place),
        asset_address=one.asset_address,
        asset_description=one.asset_description,
        chassis_number=one.chassis_number,
        engine_number=one.engine_number,
    )


def _amount(text: str, field: str) -> Decimal:
    if not _AMOUNT.fullmatch(text):
        raise MalformedAnswer(f"taichinh: {field} is no amount")
    return Decimal(text)


def _day(text: str | None) -> date | None:
    found = _DAY.fullmatch(text) if text else None
    if found is not None:
        return _date(found[3], int(found[2]), found[1], "NGAY_QDINH")
    if text:
        raise MalformedAnswer("taichinh: NGAY_QDINH is not dd/MM/yyyy")
    return None


def _sent(text: str | None, options: TaichinhOptions) -> date:
    """The day of `SEND_DATE`: the month by its name as in a question, or by number, as in the answer that was seen."""
    if named := _NAMED.fullmatch(text or ""):
        if named[2] in _MONTHS:
            return _date(named[3], _MONTHS.index(named[2]) + 1, named[1], "SEND_DATE")
    elif numbered := _NUMBERED.fullmatch(text or ""):
        month, day = numbered[1], numbered[2]
        if options.answer_date_form == "dd-MM-yyyy":
            month, day = day, month
        return _date(numbered[3], int(month), day, "SEND_DATE")
    raise MalformedAnswer("taichinh: SEND_DATE is in no known form")


def _date(year: str, month: int, day: str, field: str) -> date:
    try:
        return date(int(year), month, int(day))
    except ValueError:
        raise MalformedAnswer(f"taichinh: {field} is no date") from None


def _written(now: datetime, options: TaichinhOptions) -> str:
    """Vietnam's time (ASSUMED), with English names of months whatever the machine's language is."""
    local = now.astimezone(VIETNAM)
    month = _MONTHS[local.month - 1] if options.send_date_form.startswith("dd-MMM") else f"{local.month:02}"
    return f"{local.day:02}-{month}-{local.year:04} {local:%H:%M:%S}"
