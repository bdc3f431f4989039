"""NGSP's words to ours. Pure."""

from __future__ import annotations

import re

from gateway.adapters.dkdn import values
from gateway.adapters.dkdn.ngsp import wire
from gateway.adapters.dkdn.query import DkdnOptions, EnterpriseQuery
from gateway.adapters.dkdn.values import ACCEPT, code, count, day, flag
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.dates import PartialDate
from gateway.domain.exchange import Request
from gateway.domain.identifiers import EnterpriseCode
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.domain.records.enterprise import Activity, Enterprise, IdentityPaper, LegalRepresentative, Member
from gateway.domain.records.shared import Address
from gateway.errors import MalformedAnswer, Reason
from gateway.wire import rest

__all__ = ["enterprise"]

_OPERATION = "chiTietDoanhNghiep"
_NO_PAPER = IdentityPaper()


def enterprise(ask: Question[EnterpriseQuery, DkdnOptions]) -> Exchanges[Enterprise]:
    """
    Look up one firm (`chiTietDoanhNghiep` by `msdn`).

    Returns:
        The firm as registered now, whatever its status: that it exists does not say that it is active.
        `Absent` when the service answers success with `MainInformation` null; nobody is named then.

    Source:
        contracts/dkdn/contract.toml, dataset `enterprise`; facts in others.md, 1.1.
    """
    response = yield Request(
        operation=_OPERATION,
        method="GET",
        path=values.path(ask.options, "apiCSDLDKDN", "1.0", _OPERATION),
        query=(("msdn", ask.query.enterprise_code.value),),
        headers=ACCEPT,
    )
    envelope = rest.answer(response, _OPERATION, wire.Envelope)
    if envelope.status != "1":
        # ASSUMED: the texts of failure are not published, so every one counts as "the query is wrong".
        return Unknown(Reason.REJECTED, detail="dkdn: the service answered Status other than 1")
    firm = envelope.firm()
    return Absent() if firm is None else Found(_enterprise(*firm))


def _enterprise(main: wire.MainInformation, data: wire.Data) -> Enterprise:
    try:
        enterprise_code = EnterpriseCode(main.enterprise_code)
    except ValueError:
        raise MalformedAnswer("dkdn: ENTERPRISE_GDT_CODE is no enterprise code") from None
    names = (main.legal_names or "").split(";")
    return Enterprise(
        enterprise_code=enterprise_code,
        name=main.name,
        registry_id=main.registry_id,
        internal_code=main.internal_code,
        old_certificate_number=main.old_certificate_number,
        legal_form=code("dkdn.legal_form", main.legal_form_id, main.legal_form_name),
        short_name=main.short_name,
        foreign_name=main.foreign_name,
        founded_on=day(main.founded, "FOUNDING_DATE"),
        last_changed_on=day(main.last_changed, "LAST_AMEND_DATE"),
        change_count=count(main.changes, "NUMBER_CHANGES"),
        status=code("dkdn.status", main.status_id or main.status, main.status_name),
        status_name=main.status_name,
        legal_representative_names=tuple(name.strip() for name in names if name.strip()),
        legal_representatives=tuple(_representative(one) for one in data.representatives or ()),
        charter_capital_vnd=main.capital,
        head_office=_address(data.head_office),
        activities=tuple(
            Activity(code=one.code, name=one.name, is_main=flag(one.is_main, "Y", "N")) for one in data.activities or ()
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
        issued_on=day(one.document_issued, "PERS_DOC_ISSUE_DATE"),
        issued_by=one.document_issuer,
        expires_on=day(one.document_expires, "PERS_DOC_EXPIRE_DATE"),
    )
    return LegalRepresentative(
        full_name=one.full_name,
        sex=code("dkdn.sex", one.sex),
        birth_date=_partial(one.born),
        nationality_name=one.nationality_name,
        document=paper if paper != _NO_PAPER else None,
    )


def _address(one: wire.Address | None) -> Address | None:
    if one is None:
        return None
    return values.address(
        province_code=one.province_code,
        province_name=one.province_name,
        district_code=one.district_code,
        district_name=one.district_name,
        commune_code=one.commune_code,
        commune_name=one.commune_name,
        detail=one.street,
        full_text=one.full_text,
    )


def _partial(text: str | None) -> PartialDate | None:
    # ASSUMED: where only the year of birth is registered, the year stands alone.
    if text and re.fullmatch(r"[0-9]{4}", text):
        return PartialDate(int(text))
    whole = day(text, "DATE_OF_BIRTH")
    return PartialDate(whole.year, whole.month, whole.day) if whole else None
