"""The insurance adapter: who an answer is about, dates that are partly known, and secrets that leave no trace."""

from __future__ import annotations

import asyncio
import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from contracts.reader import load
from gateway import app
from gateway.adapters.bhxh import ADAPTER, values
from gateway.adapters.bhxh.query import BhxhOptions, CardQuery, CriteriaQuery, HouseholdQuery, ParticipantQuery
from gateway.domain.dataset import Question, Sensitivity
from gateway.domain.dates import PartialDate
from gateway.domain.exchange import Request, Response, Secret
from gateway.domain.insurance_numbers import InsuranceCardNumber, InsuranceNumber
from gateway.domain.outcome import Found, Outcome, Unknown
from gateway.domain.records.insurance import InsuranceCard, InsuranceHousehold
from gateway.domain.records.shared import Code
from gateway.errors import MalformedAnswer, Reason
from gateway.kit.cases import inquiry_of
from gateway.settings import load as load_settings
from gateway.wire.json_body import json_body
from mocks import bhxh
from mocks.bhxh_people import Insurance
from mocks.faults import Fault
from mocks.province import Province
from mocks.server import Running
from tests.conftest import Desk, open_desk, settings_for
from tests.policies import granting
from tests.test_credentials_leaks import everything_logged

CONTRACT = load("contracts.bhxh")
ROOT = Path(__file__).parents[1]
NOW = datetime(2026, 3, 1, tzinfo=UTC)
PERSON = {"full_name": "Trần Ví Dụ", "birth_date": "1980-01-01"}
CARD = "GD4999900000001"
SAID = {"result": Code(code="000", list="bhxh.card_result")}
CRITERIA = PERSON | {"sex": "male", "province_code": "99", "commune_code": "99999"}


def outcome_of(contract: str, noun: str, query: Any, body: Any) -> Outcome[Any]:
    """What the adapter makes of an answer."""
    dataset = ADAPTER.dataset(noun)
    assert dataset is not None
    exchanges = dataset.ask[contract](Question(query, inquiry_of(CONTRACT), "GW-1", NOW, BhxhOptions()))
    next(exchanges)
    with pytest.raises(StopIteration) as end:
        exchanges.send(Response(status=200, body=json.dumps(body).encode(), received_at=NOW))
    outcome: Outcome[Any] = end.value.value
    return outcome


def card(**more: Any) -> InsuranceCard:
    return InsuranceCard.model_validate(SAID | more)


@pytest.mark.parametrize(
    ("number", "told", "about"),
    [
        ({"card_number": CARD}, {"card_number": CARD}, True),
        ({"card_number": CARD}, {"card_number": "DN4999900000001"}, False),
        ({"card_number": CARD}, {"card_number": "DN4999900000001", "old_card_number": CARD}, True),
        ({"card_number": CARD}, {"new_card": {"card_number": CARD}}, True),
        ({"card_number": CARD}, {"full_name": "TRẦN VÍ DỤ"}, None),
        ({"card_number": CARD}, {"full_name": "LÊ KHÁC"}, False),
        ({"insurance_number": "9900000001"}, {"card_number": CARD}, True),
        ({"insurance_number": "9900000001"}, {"insurance_number": "9900000002"}, False),
        ({"insurance_number": "9900000001"}, {"insurance_number": "000080000001", "full_name": "TRẦN VÍ DỤ"}, None),
        ({"insurance_number": "000080000001"}, {"insurance_number": "000080000001"}, True),
        ({"citizen_id": "000080000001"}, {"insurance_number": "000080000001"}, True),
        ({"citizen_id": "000080000001"}, {"insurance_number": "000080000002"}, False),
        ({"citizen_id": "000080000001"}, {"card_number": CARD, "full_name": "Trần Ví Dụ"}, None),
        ({"citizen_id": "000080000001"}, {"card_number": CARD, "full_name": "Lê Khác"}, False),
        ({"citizen_id": "000080000001"}, {}, None),
    ],
)
def test_a_card_is_about_whoever_has_its_number(
    number: dict[str, str], told: dict[str, Any], about: bool | None
) -> None:
    """By the number that was asked with where the card tells one of that kind, else by name and birth date: or no."""
    texts = {name: InsuranceCardNumber(text) for name, text in told.items() if name.endswith("card_number")}
    if "insurance_number" in told:
        texts["insurance_number"] = InsuranceNumber(told["insurance_number"])  # type: ignore[assignment]

    assert CardQuery.model_validate(number | PERSON).is_about(card(**(told | texts))) is about


def test_a_household_is_about_the_one_with_the_number() -> None:
    """Where a number of that kind is told it decides; otherwise somebody of that name must be there."""

    def about(*members: dict[str, Any], **number: str) -> bool | None:
        query = HouseholdQuery.model_validate(PERSON | {"sex": "male", "province_code": "99"} | number)
        return query.is_about(InsuranceHousehold.model_validate({"members": members}))

    fits, other = {"full_name": "Trần Ví Dụ"}, {"full_name": "Lê Khác"}
    own = {"insurance_number": InsuranceNumber("9900000001")}
    assert about(fits) is None
    assert about(other) is False
    assert about(other | own, book_number="9900000001") is True
    assert about(fits | own, card_number="GD4999900000002") is False
    assert about(fits | {"insurance_number": InsuranceNumber("000080000001")}, book_number="9900000001") is None


@pytest.mark.parametrize("text", ["1949-00-00", "194", "19491301", "19490230", "١٩٤٩0101"])
@pytest.mark.parametrize("flag", ["0", "1", "2", "3", None])
def test_a_date_that_does_not_fit_its_flag_is_malformed(text: str, flag: str | None) -> None:
    """What is no date, or not as precise as its flag says, is refused by the field's name and quoted nowhere."""
    with pytest.raises(MalformedAnswer, match="ngaySinh") as caught:
        values.unflagged(text, flag, "ngaySinh")

    assert text not in str(caught.value)


@pytest.mark.parametrize("padding", ["00", "01"])
@pytest.mark.parametrize("born", ["1949", "1965-03", "1980-01-01"])
def test_a_birth_date_comes_back_as_it_was_sent(born: str, padding: str) -> None:
    """Year, month and day keep their precision through the flag, whatever pads them."""
    sent = values.flagged(PartialDate.parse(born), padding)

    assert values.unflagged(*sent, "ngaySinh") == PartialDate.parse(born)


def test_the_oldest_card_check_is_not_asked_with_a_personal_number() -> None:
    """Nothing is sent in the version of 595 about a personal number; the later ones send it."""
    dataset = ADAPTER.dataset("card")
    assert dataset is not None
    for query in ({"citizen_id": "000080000001"}, {"insurance_number": "000080000001"}):
        question = Question(CardQuery.model_validate(query | PERSON), inquiry_of(CONTRACT), "GW-1", NOW, BhxhOptions())
        with pytest.raises(ValueError, match="personal number") as caught:
            next(dataset.ask["gdbhyt595"](question))
        assert "000080000001" not in str(caught.value)
        request: Request = next(dataset.ask["gdbhyt2018"](question))
        assert b"000080000001" in request.body[0]  # type: ignore[operator]


@pytest.mark.parametrize("more", [{}, {"citizen_id": "000080000001", "card_number": CARD}])
def test_one_number_is_asked_with(more: dict[str, str]) -> None:
    """None and two numbers are refused, with advice in both languages."""
    with pytest.raises(ValueError, match=r"chỉ nêu một trong .* / give one of"):
        CardQuery.model_validate(PERSON | more)


@pytest.mark.parametrize(
    ("query", "codes"),
    [
        (CardQuery.model_validate(PERSON | {"card_number": CARD}), []),
        (CardQuery.model_validate(PERSON | {"card_number": CARD, "birth_date": "1980-01"}), ["precision"]),
        (CardQuery.model_validate(PERSON | {"card_number": CARD, "birth_date": "2027"}), ["future"]),
        (CardQuery.model_validate(PERSON | {"citizen_id": "000299000001"}), ["future"]),
        (CardQuery.model_validate(PERSON | {"insurance_number": "000299000001"}), ["future"]),
        (ParticipantQuery.model_validate({"insurance_number": "000299000001"}), ["future"]),
        (ParticipantQuery.model_validate({"insurance_number": "9900000001"}), []),
        (CriteriaQuery.model_validate(CRITERIA | {"birth_date": "1980-01"}), []),
        (CriteriaQuery.model_validate(CRITERIA | {"birth_date": "2026-03-02"}), ["future"]),
    ],
)
def test_what_cannot_be_true_is_not_asked(query: Any, codes: list[str]) -> None:
    """A birth in the future is refused, and of the portal a month without a day; apiBHXH takes one."""
    assert [problem.code for problem in query.problems(NOW.date())] == codes


@pytest.mark.parametrize("text", ["GD4999900000001 ", "gd4999900000001", "GD6999900000001", "DN499990000000"])
def test_what_is_no_card_number_is_refused(text: str) -> None:
    """Two capital letters, a benefit of 1 to 5 and twelve digits, and nothing else; nothing is quoted."""
    with pytest.raises(ValueError, match="card number") as caught:
        InsuranceCardNumber(text)

    assert text not in str(caught.value)


def test_a_card_ends_with_its_holders_number() -> None:
    """The last ten digits are the social-insurance number; neither shows whole when it is printed."""
    number = InsuranceCardNumber(CARD)

    assert number.insurance_number == InsuranceNumber("9900000001")
    assert "99000000" not in f"{number!r} {number.insurance_number}"


def test_nothing_of_insurance_is_kept() -> None:
    """Every dataset is sensitive and has no freshness, so no answer is ever kept or shared."""
    assert {one.sensitivity for one in ADAPTER.datasets} == {Sensitivity.SENSITIVE}
    assert {one.freshness_s for one in ADAPTER.datasets} == {0}


@pytest.mark.parametrize("code", ["060", "061", "070", "080", "08", "090"])
def test_a_mismatch_says_which_part_and_passes_nothing_on(code: str) -> None:
    """The outcome is `rejected` and its detail names the part; the card's values are not in it."""
    case = CONTRACT.datasets["card"].case(f"result-{code}")
    outcome = outcome_of(
        "gdbhyt2024", "card", CardQuery.model_validate(dict(case.query)), json.loads(case.response.body)
    )

    assert isinstance(outcome, Unknown)
    assert (outcome.reason, code in outcome.detail) == (Reason.REJECTED, True)
    assert "Khác" not in outcome.detail


def test_a_moment_is_vietnams() -> None:
    """A stay's hour is told with Vietnam's zone."""
    case = CONTRACT.datasets["card"].case("found")
    outcome = outcome_of(
        "gdbhyt2024", "card", CardQuery.model_validate(dict(case.query)), json.loads(case.response.body)
    )

    assert isinstance(outcome, Found)
    assert outcome.record.treatments[0].admitted_at == datetime(2025, 3, 4, 1, 15, tzinfo=UTC)
    assert outcome.record.valid_until == date(2026, 12, 31)


def test_a_secret_leaves_a_hole_in_a_json_body() -> None:
    """Texts are written with their diacritics and escapes, a secret is a part of its own between quotes."""
    parts = json_body({"a": 'Ví "Dụ"\n', "s": Secret("session"), "n": 1, "none": None})

    assert parts == (b'{"a":"V\xc3\xad \\"D\xe1\xbb\xa5\\"\\n","s":"', Secret("session"), b'","n":1,"none":null}')
    assert json_body({}) == (b"{}",)


# --- over a socket ---------------------------------------------------------------------------------

EXAMPLE = ROOT / "demo" / "registries" / "bhxh.toml"


def test_the_example_of_settings_is_one() -> None:
    """Two instances of one adapter, each with its own contract and log-in."""
    registries = load_settings(EXAMPLE).registries

    assert {name: (one.adapter, one.contract, one.credentials.scheme) for name, one in registries.items()} == {
        "gdbhyt": ("bhxh", "gdbhyt2024", "insurance_portal"),
        "bhxh": ("bhxh", "ngsp", "oauth2_client_credentials"),
    }


async def asked(desk: Desk, dataset: str, query: dict[str, Any]) -> dict[str, Any]:
    return (await desk.ask(dataset, query))[1]


async def test_an_answer_that_names_nobody_is_believed_from_a_connection_of_its_own(stand_ins: Running) -> None:
    """A number alone could be anybody's: no two questions share a connection for it."""
    settings = granting(settings_for(stand_ins.base_url, bhxh={"contract": "ngsp"}), "bhxh.number")
    case = CONTRACT.datasets["number"].case("found")
    core = app.build(settings)
    channel, dataset = core.catalogue.instances["bhxh"].channel, ADAPTER.dataset("number")
    assert dataset is not None
    try:
        answers = [
            await channel.ask(dataset, CriteriaQuery.model_validate(dict(case.query)), inquiry_of(CONTRACT))
            for _ in range(3)
        ]
    finally:
        await core.close()

    assert {answer.outcome.word for answer in answers} == {"found"}
    assert all(answer.attempts[-1].fresh for answer in answers)


async def test_a_log_in_that_ended_is_renewed_in_the_middle(stand_ins: Running) -> None:
    """The portal's tokens and the platform's end without notice; the question is asked once more and answered."""
    card_case, number_case = (CONTRACT.datasets[name].case("found") for name in ("card", "number"))
    for contract, case in (("gdbhyt2024", card_case), ("ngsp", number_case)):
        name = f"bhxh.{case.dataset}"
        settings = granting(settings_for(stand_ins.base_url, bhxh={"contract": contract}), name)
        async with open_desk(settings) as desk:
            first = await asked(desk, name, dict(case.query))
            stand_ins.state.stand_ins["bhxh"].admin("expire-token")
            second = await asked(desk, name, dict(case.query))
        assert (first["outcome"], second["outcome"]) == ("found", "found")


async def test_nothing_of_a_card_check_is_written_anywhere(
    stand_ins: Running, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever fails, no log of any library, problem, metric or explanation holds a token, password, card or stay."""
    insured = next(
        one for one in map(Insurance(Province()).of, map(Province().citizen, range(100))) if one and len(one.stays) > 1
    )
    citizen = insured.citizen
    query = {"card_number": insured.card, "full_name": citizen.full_name, "birth_date": citizen.birth_date}
    settings = granting(settings_for(stand_ins.base_url, bhxh={"contract": "gdbhyt2024"}), "bhxh.card")
    told: list[Any] = []
    with everything_logged(caplog):
        async with open_desk(settings) as desk:
            found = await asked(desk, "bhxh.card", query)
            for fault in ("down", "garbage", "limit", "error", "swap", "redirect", "html"):
                stand_ins.faults.set("bhxh", Fault(fault, path="egw"))
                told.append(await asked(desk, "bhxh.card", query))
            stand_ins.faults.clear("bhxh")
            told.append(await asked(desk, "bhxh.card", query | {"full_name": "Người Khác"}))
            told += [await desk.metrics(), asyncio.all_tasks(), desk.core.catalogue.instances["bhxh"]]

    assert (found["outcome"], found["withheld"]) == ("found", ["checks", "treatments"])
    assert "treatments" not in found["record"]
    text = caplog.text + "".join(map(str, told))
    secrets = (
        bhxh.PASSWORD,
        hashlib.md5(bhxh.PASSWORD.encode(), usedforsecurity=False).hexdigest(),
        "token/not",
        "token%2Fnot",
        "id-not-real",
    )
    personal = (insured.card, insured.number, citizen.full_name, citizen.residence.detail, insured.stays[0].diagnosis)
    assert not [one for one in (*secrets, *personal) if one in text]
