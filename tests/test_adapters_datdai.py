"""The land adapter: numbers that are written in several ways, and what is not told."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from contracts.reader import load
from gateway.adapters.datdai import ADAPTER, values
from gateway.adapters.datdai.query import CertificateQuery, DatdaiOptions, DossierQuery, OwnerQuery, ParcelQuery
from gateway.adapters.datdai.reports import mapping as reports
from gateway.adapters.datdai.reports.wire import Report
from gateway.domain.dataset import Kind, Question
from gateway.domain.exchange import Response
from gateway.domain.land_numbers import LandCertificateNumber
from gateway.domain.outcome import Absent, Found, Outcome, Unknown
from gateway.domain.records.land import LandCertificate, Parcel
from gateway.domain.records.land_dossier import LandDossierState
from gateway.errors import MalformedAnswer, Reason
from gateway.kit.cases import inquiry_of
from gateway.wire.model import read

CONTRACT = load("contracts.datdai")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
PLACE = {"commune_code": "99903", "map_sheet": "45", "parcel_number": "123"}


def outcome_of(noun: str, query: Any, body: Any, contract: str = "central") -> Outcome[Any]:
    """What the adapter makes of an answer."""
    dataset = ADAPTER.dataset(noun)
    assert dataset is not None
    exchanges = dataset.ask[contract](Question(query, inquiry_of(CONTRACT), "GW-1", NOW, DatdaiOptions()))
    next(exchanges)
    with pytest.raises(StopIteration) as end:
        exchanges.send(Response(status=200, body=json.dumps(body).encode(), received_at=NOW))
    outcome: Outcome[Any] = end.value.value
    return outcome


def found_certificate(**changes: Any) -> LandCertificate:
    """The certificate of the first case file, with changes."""
    case = CONTRACT.datasets["certificate"].case("found")
    body = json.loads(case.response.body)
    body["data"][0]["GiayChungNhan"] |= changes
    outcome = outcome_of("certificate", CertificateQuery.model_validate(dict(case.query)), body)
    assert isinstance(outcome, Found)
    record: LandCertificate = outcome.record
    return record


@pytest.mark.parametrize(
    ("written", "value", "spaced"),
    [
        ("ZZ 990001", "ZZ990001", "ZZ 990001"),
        ("ZZ990001", "ZZ990001", "ZZ 990001"),
        ("Z 000000", "Z000000", "Z 000000"),
        ("ZZ99000001", "ZZ99000001", "ZZ 99000001"),
    ],
)
def test_a_serial_number_is_the_same_with_a_space_and_without(written: str, value: str, spaced: str) -> None:
    """One letter or two, six digits or eight: the space counts for nothing, and no print shows the number."""
    number = LandCertificateNumber(written)

    assert (number.value, number.spaced) == (value, spaced)
    assert number == LandCertificateNumber(value)
    assert value not in repr(number)


@pytest.mark.parametrize(
    "written", ["zz990001", "ZZ  990001", "ZZ-990001", "880001", "ZZ99000", "Z 99000001", "ZZ990001\n", "ZZ٩٩٠٠٠١"]
)
def test_what_is_no_serial_number_is_refused(written: str) -> None:
    """Small letters, two spaces, other digits and lengths are refused, quoting nothing."""
    with pytest.raises(ValueError, match="serial number") as caught:
        LandCertificateNumber(written)

    assert written not in str(caught.value)


def test_restrictions_that_are_not_told_are_not_denied() -> None:
    """An empty list says that there are none; null, and no list at all, say nothing."""
    assert found_certificate(ListHanCheQuyen=[]).restrictions == ()
    assert found_certificate(ListHanCheQuyen=None).restrictions is None


@pytest.mark.parametrize(
    ("parcel", "numbers", "about"),
    [
        ({}, "current", True),
        ({"map_sheet": "045", "parcel_number": "0123"}, "current", True),
        ({"commune_code": "99904"}, "current", False),
        ({"parcel_number": "124"}, "current", False),
        ({}, "old", None),
        ({"old_map_sheet": "45", "old_parcel_number": "123"}, "old", True),
        ({"old_map_sheet": "45", "old_parcel_number": "9"}, "old", False),
        ({"commune_code": "99904", "old_map_sheet": "45", "old_parcel_number": "123"}, "old", False),
    ],
)
def test_a_parcel_is_known_by_commune_sheet_and_number(
    parcel: dict[str, str], numbers: str, about: bool | None
) -> None:
    """All three must fit, in the series of maps that was asked about; leading zeros count for nothing."""
    query = ParcelQuery.model_validate(PLACE | {"numbers": numbers})

    assert query.is_about(Parcel.model_validate(PLACE | parcel)) is about


def test_two_spellings_of_a_parcel_are_one_subject() -> None:
    """The ledger's subject is the same with leading zeros and without, and another for old numbers."""
    subjects = [
        ParcelQuery.model_validate(PLACE | more).subject()
        for more in ({}, {"map_sheet": "0045"}, {"numbers": "old"}, {"parcel_number": "124"})
    ]

    assert subjects[0] == subjects[1]
    assert len(set(subjects)) == 3


@pytest.mark.parametrize("query", [{}, {"citizen_id": "000080000001", "old_number": "000000001"}])
def test_an_owner_is_asked_for_by_one_number(query: dict[str, str]) -> None:
    """Neither number, or both, is no question."""
    with pytest.raises(ValidationError, match="one_number"):
        OwnerQuery.model_validate(query)


def test_an_owner_who_is_not_born_yet_is_not_asked_for() -> None:
    """A number whose year lies in the future belongs to nobody."""
    problems = OwnerQuery.model_validate({"citizen_id": "000299000001"}).problems(NOW.date())

    assert [(one.location, one.code) for one in problems] == [("query.citizen_id", "future")]


@pytest.mark.parametrize(
    ("text", "is_utc", "told"),
    [
        ("2026-06-01T20:30:00", True, "2026-06-02T03:30:00+07:00"),
        ("2026-06-01T20:30:00", False, "2026-06-01T20:30:00+07:00"),
        ("2026-06-01T20:30:00.1234567", True, "2026-06-02T03:30:00+07:00"),
        ("2026-06-01T20:30:00Z", False, "2026-06-02T03:30:00+07:00"),
        ("2026-06-01T20:30:00+07:00", True, "2026-06-01T20:30:00+07:00"),
        ("", True, None),
        (None, True, None),
    ],
)
def test_a_moment_without_a_zone_is_what_its_system_means(text: str | None, is_utc: bool, told: str | None) -> None:
    """UTC or Vietnam's, whichever is said; a zone of its own goes before both."""
    moment = values.moment(text, "NgayChuyen", is_utc=is_utc)

    assert (moment.isoformat() if moment else None) == told


@pytest.mark.parametrize("text", ["01/06/2026", "2026-06-01", "2026-06-31T00:00:00", "20260601", "2026-06-01T25:00:00"])
def test_what_is_no_moment_is_malformed(text: str) -> None:
    """A day alone, another form and a time that does not exist are refused by the field's name."""
    with pytest.raises(MalformedAnswer, match="NgayChuyen") as caught:
        values.moment(text, "NgayChuyen", is_utc=True)

    assert text not in str(caught.value)


def report(kind: str, **members: Any) -> Report:
    return read(Report, {"ThaoTac": kind, "SoBienNhan": "H99.14-260601-0001", **members})


@pytest.mark.parametrize(
    ("kind", "members", "state"),
    [
        ("TiepNhanHoSoChoMotCua", {}, LandDossierState.RECEIVED),
        ("YeuCauCapNhatHoSo", {}, LandDossierState.CORRECTION_AWAITED),
        ("ThongBaoNhapSaiThuTuc", {}, LandDossierState.CORRECTION_AWAITED),
        ("ThueChuyenTraHoSoDoSai", {}, LandDossierState.CORRECTION_AWAITED),
        ("KetThucHoSo", {"TrangThaiKetThuc": "0"}, LandDossierState.ENDED_WITH_RESULT),
        ("KetThucHoSo", {"TrangThaiKetThuc": 1}, LandDossierState.ENDED_WITHOUT_RESULT),
        ("KetThucHoSo", {}, LandDossierState.ENDED),
        ("MotBaoCaoMoi", {}, None),
    ],
)
def test_the_latest_report_tells_the_state(kind: str, members: dict[str, Any], state: LandDossierState | None) -> None:
    """Each kind of report has its state; one that nobody has seen has none."""
    found = reports.dossier([report("ChuyenHoSo"), report(kind, **members)], "utc")

    assert found.state == state
    assert found.reports[-1].kind.code == kind


def test_reports_count_in_the_order_of_their_times() -> None:
    """The latest report is the one that is latest, wherever it stands; one without a time follows the one before it."""
    ended = report("KetThucHoSo", NgayKetThuc="2026-06-19T03:00:00", TrangThaiKetThuc=0)
    moved = report("ChuyenHoSo", NgayChuyen="2026-06-01T03:00:00")
    noted = report("YeuCauCapNhatHoSo")

    found = reports.dossier([ended, moved, noted], "utc")

    assert [one.kind.code for one in found.reports] == ["ChuyenHoSo", "YeuCauCapNhatHoSo", "KetThucHoSo"]
    assert found.state is LandDossierState.ENDED_WITH_RESULT


def test_reports_that_came_by_themselves_make_the_same_state() -> None:
    """What was kept of a system's own reports is read without any question having been asked."""
    case = CONTRACT.datasets["dossier"].case("ended-with-result")
    kept = [read(Report, one) for one in json.loads(case.response.body)["Data"]]
    asked = outcome_of(
        "dossier", DossierQuery.model_validate(dict(case.query)), json.loads(case.response.body), "vbdlis"
    )

    assert asked == Found(reports.dossier(kept, "utc"))


def test_a_dossier_is_polled() -> None:
    """The state of a dossier is no record about a subject, and is never kept."""
    dataset = ADAPTER.dataset("dossier")

    assert dataset is not None
    assert (dataset.kind, dataset.freshness_s) == (Kind.POLL, 0)


@pytest.mark.parametrize(
    ("message", "outcome"),
    [
        ("Không tìm thấy hồ sơ!", Absent()),
        (" KHÔNG TÌM THẤY HỒ SƠ ", Absent()),
        ("Mã bảo mật không chính xác", Unknown(Reason.REFUSED)),
        ("Không tìm thấy hồ sơ do lỗi kết nối", Unknown(Reason.REJECTED)),
        ("", Unknown(Reason.REJECTED)),
        (None, Unknown(Reason.REJECTED)),
    ],
)
def test_only_the_known_words_say_that_there_is_no_dossier(message: str | None, outcome: Absent | Unknown) -> None:
    """A text that merely begins like it, or none at all, is no absence."""
    assert reports.failure(message) == outcome
