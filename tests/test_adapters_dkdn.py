"""The business registration adapter: values that lost something on the way, and what is done about it."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from contracts.reader import load
from gateway.adapters.dkdn import ADAPTER, values
from gateway.adapters.dkdn.query import DkdnOptions, EnterpriseQuery, TaxCodeQuery
from gateway.domain.dataset import Question
from gateway.domain.exchange import Request, Response
from gateway.domain.identifiers import CitizenId, TaxCode
from gateway.domain.outcome import Found, Outcome
from gateway.errors import MalformedAnswer
from gateway.kit.cases import inquiry_of

CONTRACT = load("contracts.dkdn")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
FIRM = EnterpriseQuery.model_validate({"enterprise_code": "9900000023"})


def firm(**more: Any) -> Any:
    """An answer of NGSP's service about that firm."""
    main = {"ENTERPRISE_GDT_CODE": "9900000023", "NAME": "X"} | more
    return {"Data": {"MainInformation": main}, "Status": "1"}


def outcome_of(contract: str, noun: str, query: Any, body: Any) -> Outcome[Any]:
    """What the adapter makes of an answer."""
    dataset = ADAPTER.dataset(noun)
    assert dataset is not None
    exchanges = dataset.ask[contract](Question(query, inquiry_of(CONTRACT), "GW-1", NOW, DkdnOptions()))
    next(exchanges)
    with pytest.raises(StopIteration) as end:
        exchanges.send(Response(status=200, body=json.dumps(body).encode(), received_at=NOW))
    outcome: Outcome[Any] = end.value.value
    return outcome


def test_of_several_legal_states_none_is_taken_for_the_present_one() -> None:
    """Two states are both told with their days; which of them holds is not told, so `status` is absent."""
    case = CONTRACT.datasets["enterprise"].case("suspended-dkkd")
    body = json.loads(case.response.body)
    states = body["GetEntCert"][0]["TinhTrangPhapLy"]
    states.append({"TinhTrangPhapLy": "Đang hoạt động", "MaTinhTrangPhapLy": "1"})

    outcome = outcome_of("dkkd", "enterprise", EnterpriseQuery.model_validate(dict(case.query)), body)

    assert isinstance(outcome, Found)
    assert (outcome.record.status, outcome.record.status_name) == (None, None)
    assert [period.name for period in outcome.record.status_history] == ["Tạm ngừng kinh doanh", "Đang hoạt động"]
    assert outcome.record.status_history[0].suspended_until == date(2025, 12, 31)


@pytest.mark.parametrize(
    ("text", "width", "restored"),
    [("1", 2, "01"), ("52", 2, "52"), ("4", 3, "004"), ("124", 5, "00124"), ("00001", 5, "00001")]
    + [(nothing, 2, None) for nothing in (None, "", "0", "00")],
)
def test_a_place_code_gets_its_leading_zeros_back(text: str | None, width: int, restored: str | None) -> None:
    """Two, three and five digits are known widths; nothing and 0 are no code."""
    assert values.place_code(text, width, "MaTinhThanh") == restored


@pytest.mark.parametrize(("text", "width"), [("123", 2), ("-1", 2), ("1a", 2), ("٥٢", 2), ("1.0", 3)])
def test_what_is_no_place_code_is_malformed(text: str, width: int) -> None:
    """A longer number, a sign, letters and other digits are refused by the field's name, never cut."""
    with pytest.raises(MalformedAnswer, match="MaTinhThanh") as caught:
        values.place_code(text, width, "MaTinhThanh")

    assert text not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2019-03-05T00:00:00", date(2019, 3, 5)),
        ("2019-03-05T23:59:59.997", date(2019, 3, 5)),
        ("2019-03-05", date(2019, 3, 5)),
        ("0001-01-01T00:00:00", None),
        ("", None),
        (None, None),
    ],
)
def test_the_day_of_a_moment_is_the_day_as_written(text: str | None, day: date | None) -> None:
    """A date-time without a zone tells Vietnam's day; year 1 and nothing are no day."""
    assert values.iso_day(text, "NgayCap") == day


@pytest.mark.parametrize(
    "text",
    ["2019-03-05T17:00:00Z", "2019-03-05T00:00:00+07:00", "05/03/2019", "2019-02-30T00:00:00", "20190305", "2019-3-5"],
)
def test_a_moment_whose_day_is_uncertain_is_malformed(text: str) -> None:
    """With a time zone it may be the day before, and what is no date is none."""
    with pytest.raises(MalformedAnswer, match="NgayCap"):
        values.iso_day(text, "NgayCap")


@pytest.mark.parametrize(
    ("options", "path"),
    [
        ({}, ("apiCSDLDKDN", "1.0", "x")),
        ({"api_version": ""}, ("apiCSDLDKDN", "x")),
        ({"context": "NGSP-CSDLDKDN", "api_version": "2.0"}, ("NGSP-CSDLDKDN", "2.0", "x")),
        ({"context": "", "api_version": ""}, ("x",)),
    ],
)
def test_a_platform_may_rename_the_path(options: dict[str, str], path: tuple[str, ...]) -> None:
    """Context and version are the contract version's own, unless options say otherwise; empty leaves one out."""
    assert values.path(DkdnOptions.model_validate(options), "apiCSDLDKDN", "1.0", "x") == path


@pytest.mark.parametrize("code", ["9900000023", "9900000023-001", "000080000001"])
def test_a_tax_code_may_be_a_personal_number(code: str) -> None:
    """Ten digits, thirteen, or since July 2025 the twelve of a personal number, which has no check digit."""
    parsed = TaxCode(code)

    assert parsed.citizen_id == (CitizenId(code) if len(code) == 12 else None)
    assert code not in repr(parsed)


@pytest.mark.parametrize("code", ["9900000024", "99000000231", "9900000023001", "00008000000", "9900000023-000", ""])
def test_what_is_no_tax_code_is_refused(code: str) -> None:
    """A wrong check digit or another length is refused, quoting nothing."""
    with pytest.raises(ValueError, match="tax code") as caught:
        TaxCode(code)

    assert not code or code not in str(caught.value)


@pytest.mark.parametrize(("code", "codes"), [("000299000001", ["future"]), ("000080000001", []), ("9900000023", [])])
def test_a_household_business_of_somebody_unborn_is_not_asked_for(code: str, codes: list[str]) -> None:
    """A personal number whose year lies in the future belongs to nobody."""
    problems = TaxCodeQuery.model_validate({"tax_code": code}).problems(NOW.date())

    assert [problem.code for problem in problems] == codes
    assert all(problem.location == "query.tax_code" for problem in problems)


@pytest.mark.parametrize("root", [{}, {"HHCert": None}, {"GetEntCert": {}}, {"GetEntCert": "x"}, [], None])
def test_only_the_services_own_root_says_that_there_is_no_firm(root: Any) -> None:
    """Without its root, or with anything but a list or null in it, an answer is malformed and not "no such firm"."""
    dataset = ADAPTER.dataset("enterprise")
    assert dataset is not None
    query = EnterpriseQuery.model_validate({"enterprise_code": "9900000023"})
    exchanges = dataset.ask["dkkd"](Question(query, inquiry_of(CONTRACT), "GW-1", NOW, DkdnOptions()))
    request: Request = next(exchanges)

    assert request.path == ("apiDKKD", "DoanhNghiep", "chiTietDoanhNghiep")
    with pytest.raises(MalformedAnswer):
        exchanges.send(Response(status=200, body=json.dumps(root).encode(), received_at=NOW))


@pytest.mark.parametrize(
    ("amount", "read"),
    [(1500000000, "1500000000"), ("1500000000.000", "1500000000.000"), ("", None), (None, None), ("0", "0")],
)
def test_an_amount_is_a_number_or_its_digits_or_not_told(amount: Any, read: str | None) -> None:
    """Digits stay as they were written; an empty text tells no amount, and is no zero."""
    outcome = outcome_of("ngsp", "enterprise", FIRM, firm(CAPITAL_AMOUNT=amount))

    assert isinstance(outcome, Found)
    capital = outcome.record.charter_capital_vnd
    assert (None if capital is None else str(capital)) == read


@pytest.mark.parametrize("amount", ["1_000", "1,5", "1e3", "NaN", " 5", "٥", "+5", True, "0x10", "5 VND"])
def test_what_is_no_amount_is_malformed(amount: Any) -> None:
    """Whatever Python alone would take for a number, and whatever a person would, is refused unread."""
    with pytest.raises(MalformedAnswer, match="CAPITAL_AMOUNT"):
        outcome_of("ngsp", "enterprise", FIRM, firm(CAPITAL_AMOUNT=amount))


@pytest.mark.parametrize(
    ("people", "names"),
    [
        ([{"ThongTinCaNhan": [{"HoVaTen": "A"}, {"HoVaTen": "B"}]}], ["A", "B"]),
        ([{"HoVaTen": "C", "ThongTinCaNhan": [{"HoVaTen": "A"}]}], ["A", "C"]),
        ([{"HoVaTen": "A", "ThongTinCaNhan": {"HoVaTen": "A"}}], ["A"]),
        ([{"HoVaTen": "", "ThongTinCaNhan": [{"HoVaTen": "A"}]}], ["A"]),
        ([{"ThongTinCaNhan": [{"ThongTinCaNhan": [{"HoVaTen": "A"}]}]}], ["A"]),
        ([{"ThongTinCaNhan": []}], []),
        (None, []),
    ],
)
def test_nobody_is_lost_beside_or_inside_a_wrapper(people: Any, names: list[str]) -> None:
    """Everybody who is named counts once, however deep he stands; an empty wrapper names nobody."""
    body = {"GetEntCert": [{"MaSoDoanhNghiep": "9900000023", "TenTiengViet": "X", "DaiDienPhapLuat": people}]}

    outcome = outcome_of("dkkd", "enterprise", FIRM, body)

    assert isinstance(outcome, Found)
    assert [person.full_name for person in outcome.record.legal_representatives] == names


def test_an_address_deep_in_wrappers_is_found_with_its_street() -> None:
    """A wrapper in a wrapper hides nothing, and `DiaChi` as a text stays the street."""
    place = {"MaTinhThanh": 52, "DiaChi": "Số 1"}
    places = [{"DiaChi": {"DiaChi": [place]}}]
    body = {"GetEntCert": [{"MaSoDoanhNghiep": "9900000023", "TenTiengViet": "X", "DiaChiTruSo": places}]}

    outcome = outcome_of("dkkd", "enterprise", FIRM, body)

    assert isinstance(outcome, Found)
    assert (outcome.record.head_office.province_code, outcome.record.head_office.full_text) == ("52", "Số 1")


@pytest.mark.parametrize(
    ("text", "told"), [("Y", True), ("N", False), ("X", None), ("y", None), ("", None), (None, None)]
)
def test_a_flag_that_is_not_told_denies_nothing(text: str | None, told: bool | None) -> None:
    """Only the registry's own word for no is a no; a missing or unknown one leaves the question open."""
    assert values.flag(text, "Y", "N") is told
