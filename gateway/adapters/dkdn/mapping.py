"""Business registration's words to ours. Pure."""

from __future__ import annotations

import re
from datetime import date

from gateway.adapters.dkdn import wire
from gateway.adapters.dkdn.query import DkdnOptions, EnterpriseQuery
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.dates import PartialDate
from gateway.domain.exchange import Request
from gateway.domain.identifiers import EnterpriseCode
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.domain.records.enterprise import Activity, Enterprise, IdentityPaper, LegalRepresentative, Member
from gateway.domain.records.shared import Address, Code
from gateway.errors import MalformedAnswer, Reason
from gateway.wire import rest

__all__ = ["enterprise"]

_OPERATION = "chiTietDoanhNghiep"
_DATE = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")


def enterprise(ask: Question[EnterpriseQuery, DkdnOptions]) -> Exchanges[Enterprise]:
    """
    Look up one firm (`chiTietDoanhNghiep` by `msdn`).

    Returns:
        The firm as registered now, whatever its status: that it exists does not say that it is active.
        `Absent` when the service answers success with `MainInformation` null; nobody is named then.

    Source:
        contracts/dkdn/contract.toml, dataset `enterprise`; facts in others.md, 1.1.
    """
    options = ask.options
    version = (options.api_version,) if options.api_version else ()
    response = yield Request(
        operation=_OPERATION,
        method="GET",
        path=(options.context, *version, _OPERATION),
        query=(("msdn", ask.query.enterprise_code.value),),
        headers={"Accept": "application/json", "Accept-Charset": "UTF-8"},
    )
    envelope = rest.answer(response, _OPERATION, wire.Envelope)
    if envelope.status != "1":
        # ASSUMED: the texts of failure are not published, so every one counts as "the query is wrong".
        return Unknown(Reason.REJECTED, detail="dkdn: the service answered Status other than 1")
    if envelope.data is None:
        raise MalformedAnswer("dkdn: success without Data")
    if envelope.data.main is None:
        return Absent()
    return Found(_enterprise(envelope.data.main, envelope.data))


def _enterprise(main: wire.MainInformation, data: wire.Data) -> Enterprise:
    try:
        code = EnterpriseCode(main.enterprise_code)
    except ValueError:
        raise MalformedAnswer("dkdn: ENTERPRISE_GDT_CODE is no enterprise code") from None
    names = (main.legal_names or "").split(";")
    return Enterprise(
        enterprise_code=code,
        name=main.name,
        registry_id=main.registry_id,
        internal_code=main.internal_code,
        old_certificate_number=main.old_certificate_number,
        legal_form=_code("dkdn.legal_form", main.legal_form_id, main.legal_form_name),
        short_name=main.short_name,
        foreign_name=main.foreign_name,
        founded_on=_date(main.founded),
        last_changed_on=_date(main.last_changed),
        change_count=_count(main.changes),
        status=_code("dkdn.status", main.status_id or main.status, main.status_name),
        legal_representative_names=tuple(name.strip() for name in names if name.strip()),
        legal_representatives=tuple(_representative(one) for one in data.representatives or ()),
        charter_capital_vnd=main.capital,
        head_office=_address(data.head_office),
        activities=tuple(
            Activity(code=one.code, name=one.name, is_main=one.is_main == "Y") for one in data.activities or ()
        ),
        members=tuple(
            Member(name=one.name, amount_vnd=one.amount, ratio_percent=one.ratio, country_name=one.country_name)
            for one in data.members or ()
        ),
    )


def _representative(one: wire.Representative) -> LegalRepresentative:
    paper = IdentityPaper(
        type_name=one.document_name,
        number=one.document_number,
        issued_on=_date(one.document_issued),
        issued_by=one.document_issuer,
        expires_on=_date(one.document_expires),
    )
    return LegalRepresentative(
        full_name=one.full_name,
        sex=_code("dkdn.sex", one.sex),
        birth_date=_partial(one.born),
        nationality_name=one.nationality_name,
        document=paper if paper != IdentityPaper() else None,
    )


def _address(one: wire.Address | None) -> Address | None:
    if one is None:
        return None
    made = Address(
        province_code=one.province_code,
        province_name=one.province_name,
        district_code=one.district_code,
        district_name=one.district_name,
        commune_code=one.commune_code,
        commune_name=one.commune_name,
        detail=one.street,
        full_text=one.full_text,
    )
    return made if made != Address() else None


def _code(code_list: str, code: str | None, name: str | None = None) -> Code | None:
    return Code(code=code, list=code_list, name=name) if code else None


def _count(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise MalformedAnswer("dkdn: NUMBER_CHANGES is no count")
    return int(text)


def _date(text: str | None) -> date | None:
    """dd/MM/yyyy; absent where empty."""
    if not text:
        return None
    found = _DATE.fullmatch(text)
    try:
        return date(int(found[3]), int(found[2]), int(found[1])) if found else _no_date()
    except ValueError:
        return _no_date()


def _partial(text: str | None) -> PartialDate | None:
    # ASSUMED: where only the year of birth is registered, the year stands alone.
    if text and re.fullmatch(r"[0-9]{4}", text):
        return PartialDate(int(text))
    whole = _date(text)
    return PartialDate(whole.year, whole.month, whole.day) if whole else None


def _no_date() -> date:
    raise MalformedAnswer("dkdn: a date is not dd/MM/yyyy")
