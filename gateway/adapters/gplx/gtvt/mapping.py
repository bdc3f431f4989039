"""The words of `apiGTVT` to ours. Pure."""

from __future__ import annotations

from gateway.adapters.gplx import values
from gateway.adapters.gplx.gtvt import wire
from gateway.adapters.gplx.query import DossiersQuery, GplxOptions
from gateway.adapters.gplx.values import code
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.exchange import Request, Secret
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.domain.records.licence import Contact, DossierTimes, LicenceDossier, LicenceDossiers
from gateway.errors import MalformedAnswer
from gateway.wire import rest
from gateway.wire.model import read

__all__ = ["DOSSIERS", "dossiers"]

DOSSIERS = "danhsachhoso"
_ALL = "-1"


def dossiers(ask: Question[DossiersQuery, GplxOptions]) -> Exchanges[LicenceDossiers]:
    """
    List what was received for a unit on a day (`danhsachhoso`).

    The key goes out three times: in the query string, and in two headers that settings give. -1 for `Start` and
    `End` asks for all.

    Returns:
        The dossiers. `Absent` when `total` is 0 and the list empty, or the next day's alone. A list that is shorter
        than its `total` is `malformed`: half a day is no day.

    Source:
        contracts/gplx/contract.toml, dataset `dossiers`, version `gtvt`; facts in others.md, 5.2.
    """
    query = ask.query
    response = yield Request(
        operation=DOSSIERS,
        method="GET",
        path=(ask.options.context or "apiGTVT", DOSSIERS),
        query=(
            ("Start", _ALL),
            ("End", _ALL),
            ("GovAgencyCode", query.office),
            ("APIKey", Secret("api_key")),
            ("ReceiveToDate", f"{query.next_day:%d/%m/%Y}"),
            ("ReceiveFromDate", f"{query.day:%d/%m/%Y}"),
        ),
        headers={"Accept": "application/json", "MaDonVi": query.office},
    )
    document = rest.document(response, DOSSIERS)
    error = wire.error_in(document)
    if error is not None:
        return Unknown(wire.ERRORS[error], detail=f"gplx: the service answered {error}")
    answer = read(wire.DossiersAnswer, document, response.unlisted)
    rows = answer.data or []
    if answer.total != str(len(rows)):
        raise MalformedAnswer("gplx: total is not how many dossiers there are")
    listed = query.of_the_day(_dossier(one) for one in rows)
    return Found(LicenceDossiers(dossiers=listed)) if listed else Absent()


def _dossier(one: wire.Dossier) -> LicenceDossier:
    received = values.moment(one.received, "NgayTiepNhan")
    return LicenceDossier(
        dossier_number=one.number,
        full_name=one.owner,
        received_on=received.date() if received is not None else None,
        # ASSUMED: whoever handles a dossier need not be the unit that was asked for, so it is no `office`.
        handled_by=code("gplx.office", one.office, one.office_name),
        procedure=code("procedure", one.procedure, one.procedure_name),
        field_name=one.field_name or None,
        summary=one.summary or None,
        channel=code("gplx.channel", one.channel),
        subject_kind=code("gplx.subject_kind", one.subject_kind),
        status=code("gplx.dossier_status", one.status, one.status_name),
        times=values.filled(
            DossierTimes(
                submitted_at=values.moment(one.submitted, "NgayGuiHoSo"),
                received_at=received,
                due_at=values.moment(one.due, "NgayHenTra"),
                finished_at=values.moment(one.finished, "NgayKetThucXuLy"),
                returned_at=values.moment(one.returned, "NgayTra"),
                cancelled_at=values.moment(one.cancelled, "NgayHuyHoSo"),
            )
        ),
        contact=values.filled(
            Contact(
                submitter_name=one.submitter or None,
                submitter_code=one.submitter_code or None,
                submitter_phone=one.submitter_phone or None,
                submitter_email=one.submitter_email or None,
                owner_phone=one.phone or None,
                owner_email=one.email or None,
                owner_address=values.address(
                    province_code=one.province,
                    province_name=one.province_name,
                    district_code=one.district,
                    district_name=one.district_name,
                    commune_code=one.commune,
                    commune_name=one.commune_name,
                    full_text=one.address,
                ),
            )
        ),
    )
