"""The words of `apiDVC-GPLX` to ours. Pure."""

from __future__ import annotations

import base64
import binascii

from gateway.adapters.gplx import values
from gateway.adapters.gplx.dvc import wire
from gateway.adapters.gplx.issued import issued
from gateway.adapters.gplx.query import DocumentQuery, DossierQuery, DossiersQuery, GplxOptions
from gateway.adapters.gplx.service import request
from gateway.adapters.gplx.values import code
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.domain.records.licence import (
    Applicant,
    Attachment,
    DossierDocument,
    DossierState,
    DossierTimes,
    LicenceDossier,
    LicenceDossiers,
    LicenceRequest,
)
from gateway.errors import MalformedAnswer, Reason
from gateway.wire import rest

__all__ = ["DOCUMENT", "DOSSIER", "DOSSIERS", "document", "dossier", "dossiers"]

DOSSIERS, DOSSIER, DOCUMENT = "DanhSachHoSo", "TraCuuHoSo", "LayTaiLieuHoSo"
_FAILED = Unknown(Reason.REJECTED, detail="gplx: the service answered error_code other than 0")


def dossiers(ask: Question[DossiersQuery, GplxOptions]) -> Exchanges[LicenceDossiers]:
    """
    List what an office received on a day (`DanhSachHoSo`).

    Returns:
        The dossiers. `Absent` when there are none: an empty list, null, or the next day's alone. ASSUMED: any
        `error_code` but 0 calls the question wrong; the values were not seen.

    Source:
        contracts/gplx/contract.toml, dataset `dossiers`; facts in others.md, 5.1.
    """
    query = ask.query
    days = {"ngayNhan1": query.day.isoformat(), "ngayNhan2": query.next_day.isoformat()}
    response = yield request(ask.options, DOSSIERS, query.office, **days)
    answer = rest.answer(response, DOSSIERS, wire.DossiersAnswer)
    if not answer.is_good:
        return _FAILED
    listed = query.of_the_day(_dossier(one) for one in answer.data or ())
    return Found(LicenceDossiers(dossiers=listed)) if listed else Absent()


def dossier(ask: Question[DossierQuery, GplxOptions]) -> Exchanges[DossierState]:
    """
    Ask how a dossier stands (`TraCuuHoSo`). `Absent` when the list is empty or null.

    Source:
        contracts/gplx/contract.toml, dataset `dossier`; facts in others.md, 5.1.
    """
    response = yield request(ask.options, DOSSIER, ask.query.office, mahoso=ask.query.dossier_number)
    answer = rest.answer(response, DOSSIER, wire.StateAnswer)
    if not answer.is_good:
        return _FAILED
    match answer.data or []:
        case []:
            return Absent()
        case [one]:
            return Found(_state(one))
        case _:
            return Unknown(Reason.AMBIGUOUS, detail="gplx: several dossiers under one number")


def document(ask: Question[DocumentQuery, GplxOptions]) -> Exchanges[DossierDocument]:
    """
    Fetch one file of a dossier (`LayTaiLieuHoSo`). `Absent` when the list is empty or null.

    Source:
        contracts/gplx/contract.toml, dataset `document`; facts in others.md, 5.1.
    """
    response = yield request(ask.options, DOCUMENT, ask.query.office, duongdanteptin=ask.query.path)
    answer = rest.answer(response, DOCUMENT, wire.DocumentAnswer)
    if not answer.is_good:
        return _FAILED
    match answer.files or []:
        case []:
            return Absent()
        case [one]:
            return Found(DossierDocument(path=one.path or None, name=one.name or None, content_base64=_content(one)))
        case _:
            return Unknown(Reason.AMBIGUOUS, detail="gplx: several files under one path")


def _content(one: wire.File) -> str:
    try:
        base64.b64decode(one.content, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedAnswer("gplx: Base64 is no base64") from None
    return one.content


def _dossier(one: wire.Dossier) -> LicenceDossier:
    citizen_id, old_number = values.numbers(one.personal_number, one.old_number, "soCmnd")
    return LicenceDossier(
        dossier_number=one.number,
        full_name=one.full_name,
        received_on=values.iso_day(one.received, "ngayNhanHoSo"),
        due_on=values.iso_day(one.due, "ngayHenTraGplx"),
        office=one.office or None,
        request=values.filled(
            LicenceRequest(
                kind=code("gplx.dossier_kind", one.kind),
                training_class=code("gplx.class", one.training_class),
                school=one.school or None,
                school_year=one.school_year or None,
                years_driven=one.years_driven or None,
                safe_km=one.safe_km or None,
                reason=one.reason or None,
                purpose=one.purpose or None,
            )
        ),
        applicant=values.filled(
            Applicant(
                printed_name=one.printed_name or None,
                birth_date=values.partial(one.born, "ngaySinh"),
                sex=code("gplx.sex", one.sex),
                nationality=code("iso3166-alpha-3", one.nationality),
                citizen_id=citizen_id,
                old_number=old_number,
                identity_issued_by=one.identity_issued_by or None,
                identity_issued_on=values.iso_day(one.identity_issued, "ngayCapCmnd"),
                current_residence=values.address(commune_code=one.residence_code, full_text=one.residence),
                permanent_residence=values.address(commune_code=one.permanent_code, full_text=one.permanent),
            )
        ),
        licences=tuple(issued(licence) for licence in one.licences or ()),
        attachments=tuple(
            Attachment(code=paper.code or None, name=paper.name or None, path=paper.path or None)
            for paper in one.papers or ()
        ),
    )


def _state(one: wire.State) -> DossierState:
    return DossierState(
        dossier_number=one.number,
        # The message has the code, so it is there.
        status=code("gplx.dossier_status", one.status, one.status_name),  # type: ignore[arg-type]
        submitter_name=one.submitter or None,
        procedure=code("procedure", one.procedure),
        service=code("gplx.service", one.service, one.service_name),
        handled_by=code("gplx.office", one.office, one.office_name),
        times=values.filled(
            DossierTimes(
                submitted_at=values.moment(one.submitted, "NgayNop"),
                received_at=values.moment(one.received, "NgayTiepNhan"),
                due_at=values.moment(one.due, "NgayHenTra"),
            )
        ),
        delivery=code("gplx.delivery", one.delivery),
    )
