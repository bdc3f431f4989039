"""apiDKKD's words to ours: firms, household businesses, cooperatives. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gateway.adapters.dkdn import values
from gateway.adapters.dkdn.dkkd import wire
from gateway.adapters.dkdn.dkkd.parts import activities, head_office, people, status_period
from gateway.adapters.dkdn.query import DkdnOptions, EnterpriseQuery, TaxCodeQuery
from gateway.adapters.dkdn.values import ACCEPT, code, count, iso_day
from gateway.domain.dataset import Exchanges, Question, Record
from gateway.domain.exchange import Request
from gateway.domain.identifiers import EnterpriseCode, TaxCode
from gateway.domain.outcome import Absent, Found, Outcome, Unknown
from gateway.domain.records.business import Cooperative, HouseholdBusiness
from gateway.domain.records.enterprise import Enterprise, StatusPeriod
from gateway.errors import MalformedAnswer, Reason
from gateway.wire import rest

__all__ = ["cooperative", "enterprise", "household_business"]

_CONTEXT = "apiDKKD"
C = TypeVar("C", bound=wire.Certificate)
R = TypeVar("R", bound=Record)


def enterprise(ask: Question[EnterpriseQuery, DkdnOptions]) -> Exchanges[Enterprise]:
    """
    Look up one firm (`chiTietDoanhNghiep` by `msdn`).

    Returns:
        The firm as registered now, whatever its status. `Absent` when the list of certificates is null; nobody
        is named then. ASSUMED: an empty list says the same.

    Source:
        contracts/dkdn/contract.toml, dataset `enterprise`, version `dkkd`; facts in others.md, 1.2.
    """
    operation = "chiTietDoanhNghiep"
    response = yield _request(ask.options, ("DoanhNghiep", operation), "msdn", ask.query.enterprise_code.value)
    return _outcome(rest.answer(response, operation, wire.EnterpriseAnswer).certificates, _enterprise)


def household_business(ask: Question[TaxCodeQuery, DkdnOptions]) -> Exchanges[HouseholdBusiness]:
    """
    Look up one household business (`chiTietHoKinhDoanh` by `mst`). `Absent` as for a firm.

    Source:
        contracts/dkdn/contract.toml, dataset `household_business`; facts in others.md, 1.2.
    """
    operation = "chiTietHoKinhDoanh"
    response = yield _request(ask.options, ("HoKinhDoanh", operation), "mst", ask.query.tax_code.value)
    return _outcome(rest.answer(response, operation, wire.HouseholdBusinessAnswer).certificates, _household_business)


def cooperative(ask: Question[TaxCodeQuery, DkdnOptions]) -> Exchanges[Cooperative]:
    """
    Look up one cooperative (`chiTietHopTacXa` by `mst`). `Absent` as for a firm.

    Source:
        contracts/dkdn/contract.toml, dataset `cooperative`; facts in others.md, 1.2.
    """
    operation = "chiTietHopTacXa"
    response = yield _request(ask.options, ("HopTacXa", operation), "mst", ask.query.tax_code.value)
    return _outcome(rest.answer(response, operation, wire.CooperativeAnswer).certificates, _cooperative)


def _outcome(certificates: list[C] | None, record: Callable[[C], R]) -> Outcome[R]:
    match certificates or []:
        case []:
            return Absent()
        case [one]:
            return Found(record(one))
        case _:
            return Unknown(Reason.AMBIGUOUS, detail="dkdn: several certificates under one code")


def _request(options: DkdnOptions, operation: tuple[str, str], key: str, value: str) -> Request:
    return Request(
        operation=operation[-1],
        method="GET",
        path=values.path(options, _CONTEXT, "", *operation),
        query=((key, value),),
        headers=ACCEPT,
    )


def _enterprise(one: wire.Enterprise) -> Enterprise:
    try:
        enterprise_code = EnterpriseCode(one.enterprise_code)
    except ValueError:
        raise MalformedAnswer("dkdn: MaSoDoanhNghiep is no enterprise code") from None
    history = tuple(status_period(status) for status in one.statuses or ())
    # ASSUMED: nothing tells the order of several states, so none of them is taken for the present one.
    now = history[0] if len(history) == 1 else StatusPeriod()
    return Enterprise(
        enterprise_code=enterprise_code,
        name=one.name,
        internal_code=one.internal_code,
        old_certificate_number=one.certificate_number,
        legal_form=code("dkdn.legal_form", one.legal_form_id, one.legal_form_name),
        short_name=one.short_name,
        foreign_name=one.foreign_name,
        founded_on=iso_day(one.first_registered, "NgayDangKyLanDau"),
        last_changed_on=iso_day(one.last_changed, "NgayDangKyThayDoi"),
        change_count=count(one.changes, "SoLanDangKyThayDoi"),
        status=now.status,
        status_name=now.name,
        status_history=history,
        legal_representatives=people(one.representatives),
        head_office=head_office(one),
        activities=activities(one),
    )


def _household_business(one: wire.HouseholdBusiness) -> HouseholdBusiness:
    return HouseholdBusiness(
        tax_code=_tax_code(one.tax_code, "MaSoHKD"),
        name=one.name,
        registration_number=one.registration_number,
        internal_code=one.internal_code,
        legal_form=code("dkdn.household_business_form", one.legal_form_id, one.legal_form_name),
        short_name=one.short_name,
        foreign_name=one.foreign_name,
        founded_on=iso_day(one.founded, "FOUNDING_DATE"),
        first_registered_on=iso_day(one.first_registered, "NgayDangKyLanDau"),
        last_changed_on=iso_day(one.last_changed, "NgayDangKyThayDoi"),
        change_count=count(one.changes, "SoLanDangKyThayDoi"),
        owners=people(one.owners),
        head_office=head_office(one),
        activities=activities(one),
    )


def _cooperative(one: wire.Cooperative) -> Cooperative:
    return Cooperative(
        tax_code=_tax_code(one.tax_code, "MaSoHTX"),
        name=one.name,
        internal_code=one.internal_code,
        legal_form=code("dkdn.cooperative_form", one.legal_form_id, one.legal_form_name),
        short_name=one.short_name,
        foreign_name=one.foreign_name,
        founded_on=iso_day(one.first_registered, "NgayDangKyLanDau"),
        last_changed_on=iso_day(one.last_changed, "NgayDangKyThayDoi"),
        change_count=count(one.changes, "SoLanDangKyThayDoi"),
        legal_representatives=people(one.representatives),
        head_office=head_office(one),
        activities=activities(one),
    )


def _tax_code(text: str, field: str) -> TaxCode:
    try:
        return TaxCode(text)
    except ValueError:
        raise MalformedAnswer(f"dkdn: {field} is no tax code") from None
