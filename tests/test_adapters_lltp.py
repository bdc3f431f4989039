"""The judicial-records adapter: states by number, dates, words of absence, the key in the body."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from contracts.reader import load
from gateway import app
from gateway.adapters.lltp import ADAPTER, values
from gateway.adapters.lltp.query import DossierQuery, LltpOptions
from gateway.domain.dataset import Kind, Question, Sensitivity, Subject
from gateway.domain.exchange import Request, Response
from gateway.domain.identifiers import DossierNumber
from gateway.domain.outcome import Absent, Found, Outcome, Unknown
from gateway.errors import MalformedAnswer, SettingsError
from gateway.kit.cases import ask_case, inquiry_of
from gateway.transport.memory import MemoryTransport
from gateway.transport.outgoing import filled
from mocks.server import Running
from tests.conftest import MovableClock, open_desk, settings_for
from tests.policies import granting

CONTRACT = load("contracts.lltp")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
NUMBER = "H99.14-260301-0001"
RESULT = {"soPhieuLLTP": "990001/LLTP-MAU", "ngayCapPhieu": "05/03/2026"}


def asked(contract: str, noun: str = "dossier") -> Any:
    """The exchanges of a question about one dossier, at their first request."""
    dataset = ADAPTER.dataset(noun)
    assert dataset is not None
    query = DossierQuery.model_validate({"dossier_number": NUMBER})
    return dataset.ask[contract](Question(query, inquiry_of(CONTRACT), "GW-1", NOW, LltpOptions(province_code="99")))


def outcome_of(contract: str, body: Any, noun: str = "dossier") -> Outcome[Any]:
    """What the adapter makes of an answer."""
    exchanges = asked(contract, noun)
    next(exchanges)
    with pytest.raises(StopIteration) as end:
        exchanges.send(Response(status=200, body=json.dumps(body).encode(), received_at=NOW))
    outcome: Outcome[Any] = end.value.value
    return outcome


def entry(state: Any, result: Any = None) -> dict[str, Any]:
    """An answer of the central system about that dossier."""
    return {"status": 1, "value": [{"maHoSoMCDT": NUMBER, "trangThaiXuLy": state, "ketQuaXuLy": result}]}


def test_dossiers_are_polled_and_never_kept() -> None:
    """Both datasets say that they are polls of something sensitive, so neither is cached or shared."""
    for dataset in ADAPTER.datasets:
        assert (dataset.kind, dataset.sensitivity, dataset.freshness_s) == (Kind.POLL, Sensitivity.SENSITIVE, 0)


@pytest.mark.parametrize(
    ("state", "stage"),
    [
        ("1", "submitted"),
        ("2", "accepted"),
        ("3", "declined"),
        ("4", "in_progress"),
        ("5", "supplement_needed"),
        ("6", "payment_needed"),
        ("7", "withdrawn"),
        ("8", "stopped"),
        ("9", "ready"),
        ("10", "ready"),
        ("0", None),
        ("11", None),
    ],
)
def test_each_state_of_the_central_system_has_its_stage(state: str, stage: str | None) -> None:
    """The ten listed states have a stage, others none; only what is ready has a result; the code is never lost."""
    outcome = outcome_of("gen2", entry(state, RESULT))

    assert isinstance(outcome, Found)
    assert (outcome.record.stage, outcome.record.state.code) == (stage, state)
    assert outcome.record.state.list == "lltp.gen2.state"
    assert (outcome.record.result is not None) is (stage == "ready")


@pytest.mark.parametrize(("state", "stage"), [(3, "accepted"), ("4", "in_progress"), (5, "ready"), (1, None)])
def test_each_state_of_the_older_service_has_its_stage(state: Any, stage: str | None) -> None:
    """Three states are listed there, under numbers that mean something else in the central system."""
    outcome = outcome_of("gen1", {"STATUS": 1, "DEC_STATUS_ID": state, "ISSUE_DATE": "05/03/2026"})

    assert isinstance(outcome, Found)
    assert (outcome.record.stage, outcome.record.state.list) == (stage, "lltp.gen1.state")
    assert outcome.record.dossier_number is None
    assert (outcome.record.result is not None) is (stage == "ready")


@pytest.mark.parametrize("noun", ["dossier", "certificate"])
def test_a_dossier_in_work_has_nothing_that_reads_like_a_result(noun: str) -> None:
    """Before it is done a record holds the number, the stage and the state, and nothing else."""
    outcome = outcome_of("gen2", entry("4", RESULT), noun)

    assert isinstance(outcome, Found)
    told = outcome.record.model_dump(exclude_none=True, exclude_defaults=True)
    assert set(told) == {"dossier_number", "stage", "state"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Hồ sơ không tồn tại trong hệ thống", True),
        ("MÃ HỒ SƠ KHÔNG TỒN TẠI", True),
        ("Ho\u0302\u0300 so\u031b kho\u0302ng to\u0302\u0300n ta\u0323i", True),
        ("Không tìm thấy hồ sơ", True),
        ("maTinh không tồn tại trong danh mục", False),
        ("Hồ sơ không tồn tại danh mục giấy tờ", False),
        ("Hồ sơ không hợp lệ", False),
        ("không tồn tại", False),
        ("", False),
        (None, False),
    ],
)
def test_only_a_sentence_about_the_dossier_says_that_there_is_none(text: str | None, said: bool) -> None:
    """Upper case and decomposed letters count; a complaint about a catalogue's code does not."""
    assert values.says_no_such_dossier(text) is said


@pytest.mark.parametrize("body", [{}, {"status": 1}, {"status": 1, "value": ""}, {"value": []}, {"status": 1.5}, []])
def test_an_answer_without_the_services_own_form_is_malformed(body: Any) -> None:
    """Nothing but a success with `value` in it, or a failure, is an answer."""
    with pytest.raises(MalformedAnswer):
        outcome_of("gen2", body)


@pytest.mark.parametrize(
    ("code", "reason"), [("100", "refused"), (101, "refused"), ("500", "rejected"), (None, "rejected")]
)
def test_a_failure_is_refused_or_rejected_by_its_code(code: Any, reason: str) -> None:
    """What concerns our key or address is for an operator; everything else is said of the question."""
    outcome = outcome_of("gen2", {"status": "0", "errorCode": code, "value": None})

    assert isinstance(outcome, Unknown)
    assert outcome.reason == reason


def test_no_such_dossier_with_one_in_the_answer_is_malformed() -> None:
    """An answer that denies the dossier and holds it is believed in neither."""
    with pytest.raises(MalformedAnswer):
        outcome_of("gen2", entry("4") | {"status": 0, "errorCode": "201"})
    with pytest.raises(MalformedAnswer):
        outcome_of("gen1", {"STATUS": 0, "DESCRIPTION": "Hồ sơ không tồn tại", "DEC_STATUS_ID": 4})


@pytest.mark.parametrize("value", [[], None])
def test_success_with_nothing_in_it_is_absent(value: Any) -> None:
    """Null and an empty list both say that the registry knows no such dossier."""
    assert outcome_of("gen2", {"status": 1, "value": value}) == Absent()


@pytest.mark.parametrize(
    ("text", "iso"), [("05/03/2009", "2009-03-05"), ("03/2009", "2009-03"), ("2009", "2009"), ("", None), (None, None)]
)
def test_a_date_is_as_precise_as_it_is_written(text: str | None, iso: str | None) -> None:
    """Day, month or year; nothing is no date."""
    told = values.partial(text, "ngayBanAn")

    assert (told.isoformat() if told else None) == iso


@pytest.mark.parametrize("text", ["2009-03-05", "5/3/2009", "05.03.2009", "31/02/2009", "13/2009", "20090305", "٢٠٠٩"])
def test_what_is_no_date_is_malformed(text: str) -> None:
    """Another form or a day that does not exist is refused by the field's name, and not quoted."""
    for read in (values.day, values.partial):
        with pytest.raises(MalformedAnswer, match="ngayBanAn") as caught:
            read(text, "ngayBanAn")
        assert text not in str(caught.value)
    assert values.day("05/03/2026", "x") == date(2026, 3, 5)


@pytest.mark.parametrize(
    "number", ["H99.14-260301-0002", "000.00.XX.H99-260301-0004", "H99-260301-12345", "G15-260301-000001"]
)
def test_a_dossier_number_has_two_forms(number: str) -> None:
    """Agency code, day and counter, with letters in the segments; printed it shows its last digits alone."""
    parsed = DossierNumber(number)

    assert number[:-3] not in f"{parsed} {parsed!r}"
    assert DossierQuery(dossier_number=parsed).subject() == Subject("dossier", number)


@pytest.mark.parametrize(
    "number",
    [
        "",
        "H99.14",
        "H99.14-2603-0002",
        "h99.14-260301-0002",
        "H99..14-260301-0002",
        "H99.14-260301-2",
        "H99/14-260301-0002",
    ],
)
def test_what_is_no_dossier_number_is_refused(number: str) -> None:
    """A question with anything else never leaves."""
    with pytest.raises(ValidationError, match="dossier number"):
        DossierQuery.model_validate({"dossier_number": number})


def test_a_key_with_quotes_stays_one_member_of_the_body() -> None:
    """The key is escaped for JSON and stands first; in the request itself it is a placeholder."""
    request: Request = next(asked("gen2"))

    sent = filled(request, "http://x.invalid", {"auth_key": 'k"\\,"maTinh":"01'})

    assert list(json.loads(sent.body or b"").items()) == [
        ("authKey", 'k"\\,"maTinh":"01'),
        ("maTinh", "99"),
        ("maHoSoMCDT", NUMBER),
    ]


@pytest.mark.parametrize(("contract", "stops"), [("gen2", True), ("gen1", False)])
def test_whose_dossiers_they_are_must_be_set_where_it_is_sent(contract: str, stops: bool) -> None:
    """Without the province's code the newer generation would ask for another province's dossiers, so nothing starts."""
    settings = settings_for("http://127.0.0.1:9", lltp={"contract": contract, "options": {}})

    if stops:
        with pytest.raises(SettingsError, match=r"registries\.lltp\.options\.province_code: missing: lltp@gen2"):
            app.build(settings)
    else:
        assert "lltp" in app.build(settings).catalogue.instances


async def test_an_answer_that_names_no_dossier_counts_from_a_fresh_connection_alone(clock: MovableClock) -> None:
    """The older answer might be anybody's on a kept connection, so it is asked for once more on a new one."""
    case = CONTRACT.datasets["dossier"].case("found-gen1")
    transport = _Kept(case.response.content, clock)

    answer = await ask_case(ADAPTER, CONTRACT, "dossier", case, transport)

    assert isinstance(answer.outcome, Found)
    assert transport.fresh == [False, True]


class _Kept(MemoryTransport):
    """A connection that carried other questions, unless a fresh one is asked for."""

    def __init__(self, body: bytes, clock: MovableClock) -> None:
        super().__init__(lambda _: Response(status=200, body=body, received_at=clock.now()))
        self.fresh: list[bool] = []

    async def send(self, request: Request, *, fresh: bool = False) -> Response:
        self.fresh.append(fresh)
        return replace(await super().send(request, fresh=fresh), fresh=fresh)


async def test_a_certificates_content_is_given_by_name_alone(stand_ins: Running) -> None:
    """Convictions, bans, the revocation and the paper are withheld from a rule that names none of them."""
    query = dict(CONTRACT.datasets["certificate"].case("convictions").query)
    async with open_desk(granting(settings_for(stand_ins.base_url, lltp={}), "lltp.certificate")) as desk:
        status, answer = await desk.ask("lltp.certificate", query)

    assert (status, answer["outcome"], answer["record"]["stage"]) == (200, "found", "ready")
    assert {"convictions", "bans", "document", "revocation_decision"}.isdisjoint(answer["record"]["certificate"])
    assert "certificate.convictions" in answer["withheld"]
