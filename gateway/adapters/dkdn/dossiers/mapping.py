"""NGSP's words about dossiers to ours. Pure."""

from __future__ import annotations

import re
from datetime import date

from gateway.adapters.dkdn import values
from gateway.adapters.dkdn.dossiers import wire
from gateway.adapters.dkdn.dossiers.query import DossierQuery, DossiersQuery
from gateway.adapters.dkdn.query import DkdnOptions
from gateway.adapters.dkdn.values import ACCEPT, code
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.exchange import Request
from gateway.domain.identifiers import EnterpriseCode
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.domain.records.business_dossier import (
    BusinessDossier,
    BusinessDossiers,
    BusinessDossierState,
    DossierContact,
)
from gateway.errors import MalformedAnswer, Reason
from gateway.wire import rest

__all__ = ["DOSSIER", "DOSSIERS", "dossier", "dossiers"]

DOSSIERS = "danhSachHoSo"
DOSSIER = "tinhTrangHoSo"
_PAGES = 4  # as many requests as one question may have
_FAILED = "dkdn: the service answered Status other than 1"
_MOMENT = re.compile(r"([0-9]{2}/[0-9]{2}/[0-9]{4}) [0-9]{2}:[0-9]{2}:[0-9]{2}")


def dossiers(ask: Question[DossiersQuery, DkdnOptions]) -> Exchanges[BusinessDossiers]:
    """
    List what an office received on a day (`danhSachHoSo`), page by page.

    Returns:
        The dossiers. `Absent` when the list is empty, or holds the next day's alone. A list that is shorter than its
        count, that goes on after four pages, or that has one dossier twice is `malformed`: half a day is no day.

    Source:
        contracts/dkdn/contract.toml, dataset `dossiers`; facts in others.md, 1.1.
    """
    size = ask.options.page_size
    listed: list[BusinessDossier] = []
    counts: list[tuple[str | None, int]] = []
    for _ in range(_PAGES):
        response = yield _request(
            ask.options,
            DOSSIERS,
            ("from_date", f"{ask.query.day:%d/%m/%Y}"),
            ("to_date", f"{ask.query.next_day:%d/%m/%Y}"),
            ("offset", str(len(listed))),
            ("limit", str(size)),
        )
        page = rest.answer(response, DOSSIERS, wire.List)
        if page.status != "1":
            # ASSUMED: the texts of failure are not published, so every one counts as "the query is wrong".
            return Unknown(Reason.REJECTED, detail=_FAILED)
        if page.data is None:
            raise MalformedAnswer("dkdn: success without Data")
        listed += map(_row, page.data.rows)
        counts.append((page.count, len(page.data.rows)))
        if len(page.data.rows) < size:
            break
    else:
        raise MalformedAnswer("dkdn: the list goes on after four pages")
    if any(count not in {str(rows), str(len(listed))} for count, rows in counts):
        raise MalformedAnswer("dkdn: DataCount is not how many dossiers there are")
    if len({one.dossier_number for one in listed}) < len(listed):
        raise MalformedAnswer("dkdn: one IN_JOURNAL_NO stands twice in a list")
    if not listed:
        return _nobody(page.message)
    meant = ask.query.meant(listed)
    return Found(BusinessDossiers(dossiers=meant)) if meant else Absent()


def dossier(ask: Question[DossierQuery, DkdnOptions]) -> Exchanges[BusinessDossierState]:
    """
    Ask how one dossier stands (`tinhTrangHoSo`).

    Returns:
        Its state. `Absent` when the service answers success with `MainInformation` null, as it does for a firm.

    Source:
        contracts/dkdn/contract.toml, dataset `dossier`; facts in others.md, 1.1.
    """
    response = yield _request(ask.options, DOSSIER, ("in_journal_no", ask.query.dossier_number))
    state = rest.answer(response, DOSSIER, wire.State)
    if state.status != "1":
        return Unknown(Reason.REJECTED, detail=_FAILED)
    if state.data is None:
        raise MalformedAnswer("dkdn: success without Data")
    return _nobody(state.message) if state.data.dossier is None else Found(_state(state.data.dossier))


def _nobody(message: object) -> Absent:
    """Absent, unless the rest of the answer speaks of a failure."""
    if str(message or "success").lower() != "success":
        raise MalformedAnswer("dkdn: no dossier, in an answer that speaks of a failure")
    return Absent()


def _request(options: DkdnOptions, operation: str, *query: tuple[str, str]) -> Request:
    return Request(
        operation=operation,
        method="GET",
        path=values.path(options, "apiCSDLDKDN", "1.0", operation),
        query=query,
        headers=ACCEPT,
    )


def _row(one: wire.Dossier) -> BusinessDossier:
    """A row of a list. Without its day or office nobody knows whether it belongs to the one that was asked about."""
    listed = _listed(one)
    if listed.received_on is None or listed.office is None:
        raise MalformedAnswer("dkdn: a dossier of a list without RECEIPT_DATE or SITE_ID")
    return listed


def _listed(one: wire.Dossier) -> BusinessDossier:
    return BusinessDossier(
        dossier_number=one.number,
        document_type=code("dkdn.document_type", one.document_type),
        enterprise_code=_enterprise_code(one.enterprise_code),
        internal_code=one.internal_code or None,
        name=one.name or None,
        office=one.office or None,
        received_on=_day(one.received, "RECEIPT_DATE"),
        due_on=_day(one.due, "PLAN_DATE"),
        status=code("dkdn.process_status", one.status),
        status_changed_on=_day(one.status_changed, "PROCESSED_DATE"),
    )


def _state(one: wire.Dossier) -> BusinessDossierState:
    contact = DossierContact(
        full_name=one.contact_name or None,
        address=one.contact_address or None,
        identity_number=one.contact_number or None,
        phone=one.contact_phone or None,
        email=one.contact_email or None,
    )
    listed = _listed(one)
    return BusinessDossierState(
        **{name: getattr(listed, name) for name in BusinessDossier.model_fields},
        legal_form=code("dkdn.legal_form", one.legal_form),
        accepted_on=_day(one.accepted, "REGISTRATION_DATE"),
        supplemented_on=_day(one.supplemented, "SUPPLEMENT_DATE"),
        submission_type=code("dkdn.submission_type", one.submission_type),
        contact=contact if contact != DossierContact() else None,
    )


def _enterprise_code(text: str | None) -> EnterpriseCode | None:
    try:
        return EnterpriseCode(text) if text else None
    except ValueError:
        raise MalformedAnswer("dkdn: ENTERPRISE_GDT_CODE is no enterprise code") from None


def _day(text: str | None, field: str) -> date | None:
    """dd/MM/yyyy. ASSUMED: a time behind it is Vietnam's, and counts for nothing."""
    moment = _MOMENT.fullmatch(text) if text else None
    return values.day(moment[1] if moment is not None else text, field)
