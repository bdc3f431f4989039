"""Reports become the state of a dossier. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal

from gateway.adapters.datdai.reports import wire
from gateway.adapters.datdai.values import code, moment
from gateway.domain.outcome import Absent, Unknown
from gateway.domain.records.land_dossier import LandDossier, LandDossierState, LandReport, ResultPaper, TaxNotice
from gateway.domain.records.shared import Code
from gateway.errors import MalformedAnswer, Reason
from gateway.wire.values import whole

__all__ = ["Times", "dossier", "failure"]

Times = Literal["utc", "vietnam"]

_STATES = {
    "TiepNhanHoSoChoMotCua": LandDossierState.RECEIVED,
    "ChuyenHoSo": LandDossierState.PROCESSING,
    "NhanBoSungHoSo": LandDossierState.PROCESSING,
    "YeuCauBoSungHoSo": LandDossierState.SUPPLEMENT_AWAITED,
    "YeuCauCapNhatHoSo": LandDossierState.CORRECTION_AWAITED,
    "ThongBaoNhapSaiThuTuc": LandDossierState.CORRECTION_AWAITED,
    "ThueChuyenTraHoSoDoSai": LandDossierState.CORRECTION_AWAITED,
    "GuiKetQuaThue": LandDossierState.TAX_NOTIFIED,
    "KetThucHoSo": LandDossierState.ENDED,
}
_NOT_FOUND = "không tìm thấy hồ sơ"
_WRONG_KEY = "mã bảo mật không chính xác"
_BEFORE_ALL = datetime.min.replace(tzinfo=UTC)


def dossier(reports: Sequence[wire.Report], times: Times) -> LandDossier:
    """
    The dossier as its reports have it, oldest first. MalformedAnswer where there is none, or where they are of
    several dossiers.

    They count in the order of their times, and one that is told twice counts once. ASSUMED: one that has no time
    follows the one before it.
    """
    if len({one.dossier_number for one in reports}) != 1:
        raise MalformedAnswer("datdai: the reports are not of one dossier")
    reports, told = zip(*_in_order([(one, _report(one, times)) for one in reports]), strict=True)
    return LandDossier(
        dossier_number=reports[0].dossier_number,
        state=_state(reports[-1]),
        status=next((one.status for one in reversed(told) if one.status is not None), None),
        reports=tuple(dict.fromkeys(told)),
        tax_notices=tuple(dict.fromkeys(_notice(one) for report in reports for one in report.tax_notices or ())),
        results=tuple(dict.fromkeys(_result(one) for report in reports for one in report.results or ())),
    )


def failure(message: str | None) -> Absent | Unknown:
    """
    What a message of failure means: there are two whose words are known. Source: others.md, 3.2.

    ASSUMED: they say the same where a dossier is asked for as where one is written of.
    """
    text = (message or "").strip().rstrip("!.").strip().lower()
    if text == _NOT_FOUND:
        return Absent()
    if text == _WRONG_KEY:
        return Unknown(Reason.REFUSED, detail="datdai: the security code is called wrong")
    return Unknown(Reason.REJECTED, detail="datdai: the answer tells a failure")


def _in_order(reports: list[tuple[wire.Report, LandReport]]) -> list[tuple[wire.Report, LandReport]]:
    last, placed = _BEFORE_ALL, []
    for report, told in reports:
        last = told.at or last
        placed.append((last, (report, told)))
    return [pair for _, pair in sorted(placed, key=lambda one: one[0])]


def _state(report: wire.Report) -> LandDossierState | None:
    if report.kind != "KetThucHoSo" or report.ending is None:
        return _STATES.get(report.kind)
    return LandDossierState.ENDED_WITH_RESULT if report.ending == "0" else LandDossierState.ENDED_WITHOUT_RESULT


def _report(one: wire.Report, times: Times) -> LandReport:
    def read(text: str | None, name: str) -> datetime | None:
        return moment(text, f"datdai.{name}", is_utc=times == "utc")

    moments = (
        read(one.received, "NgayTiepNhan"),
        read(one.moved, "NgayChuyen"),
        read(one.supplement_asked, "NgayChoBoSung"),
        read(one.supplemented, "NgayNhanBoSung"),
        read(one.taxed, "NgayCoKetQuaThue"),
        read(one.ended, "NgayKetThuc"),
    )
    return LandReport(
        kind=Code(code=one.kind, list="datdai.report_kind"),
        at=next((at for at in moments if at is not None), None),
        status=code("datdai.dossier_status", one.status),
        due_at=read(one.new_due, "NgayHenTraMoi") or read(one.due, "NgayHenTra"),
        is_paused=one.is_paused,
        note=one.content or one.note or None,
    )


def _notice(one: wire.TaxNotice) -> TaxNotice:
    return TaxNotice(
        payer_name=one.payer or one.payer_ilis or None,
        kind=one.kind or None,
        number=one.number or None,
        link=one.link or one.link_ilis or None,
    )


def _result(one: wire.ResultPaper) -> ResultPaper:
    return ResultPaper(
        name=one.name,
        originals=whole(one.originals, "datdai.SoBanChinh"),
        copies=whole(one.copies, "datdai.SoBanSao"),
        link=one.link or None,
    )
