"""The population adapter: what it writes in every generation, and what it makes of verdicts and households."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from typing import Any

import pytest
from lxml import etree

from contracts.reader import load
from gateway.adapters.dancu import ADAPTER
from gateway.adapters.dancu.query import CitizenQuery, DancuOptions
from gateway.channel.channel import Channel, Policy
from gateway.domain.dataset import Question
from gateway.domain.dates import PartialDate
from gateway.domain.exchange import Request, Response
from gateway.domain.identifiers import CitizenId, OldCitizenNumber
from gateway.domain.outcome import Absent, Found, Outcome, Unknown
from gateway.domain.records.household import Household, HouseholdMember, MemberNumber
from gateway.domain.records.person import Person
from gateway.domain.records.verification import Verification
from gateway.errors import Reason
from gateway.kit.cases import inquiry_of
from mocks.faults import Fault
from mocks.server import Running
from tests.conftest import MAU, MovableClock, open_desk, settings_for
from tests.test_adapters_offered import granting

CONTRACT = load("contracts.dancu")
INQUIRY = inquiry_of(CONTRACT)
SCHEMAS = [
    etree.XMLSchema(etree.fromstring(CONTRACT.schema(f"{name}.xsd")))
    for name in ("dancu-request", "dancu-request-flat", "gtel-request", "unseen-request")
]
WAYS = [
    (contract, dataset.noun)
    for contract in ADAPTER.contracts
    for dataset in ADAPTER.offered(contract)
    if dataset.query is CitizenQuery
]


def asked(contract: str, noun: str, query: CitizenQuery, options: DancuOptions) -> etree._Element:
    """The element that the adapter sends."""
    dataset = ADAPTER.dataset(noun)
    assert dataset is not None
    question = Question(query, INQUIRY, "GW-1", datetime(2026, 3, 1, tzinfo=UTC), options)
    request: Request = next(dataset.ask[contract](question))
    body = b"".join(part for part in request.body if isinstance(part, bytes))
    (element,) = etree.fromstring(body).find("{*}Body")  # type: ignore[misc]
    return element


@pytest.mark.parametrize(("contract", "noun"), WAYS)
def test_every_choice_of_options_writes_a_request_that_a_schema_takes(contract: str, noun: str) -> None:
    """Whatever settings choose, and whatever is known of number and birth date, the request is valid."""
    choices = {
        "date_form": ("yyyyMMdd", "yyyy-MM-dd", "flat"),
        "name_form": ("folded", "upper"),
        "officer_is": (None, "id", "account"),
        "system_account": (None, "GATEWAY_DEMO"),
        "verification_code": (None, "", "033"),
        "with_agency_and_account": (True, False),
    }
    numbers = ({"citizen_id": "000099000001"}, {"old_number": "000000001"})
    for number, born in product(numbers, ("1999-01-31", "1999-01", "1999")):
        query = CitizenQuery.model_validate(number | {"full_name": "Nguyễn Văn Mẫu", "birth_date": born})
        for values in product(*choices.values()):
            options = DancuOptions.model_validate(dict(zip(choices, values, strict=True)))
            element = asked(contract, noun, query, options)
            assert sum(schema.validate(element) for schema in SCHEMAS) == 1, values


@pytest.mark.parametrize(
    ("contract", "options", "officer"),
    [
        ("2025", {}, "000080000009"),
        ("2025", {"officer_is": "account"}, "canbo.mau"),
        ("2021", {}, "canbo.mau"),
        ("2021", {"system_account": "GATEWAY_DEMO"}, "GATEWAY_DEMO"),
        ("2021", {"officer_is": "id", "system_account": "GATEWAY_DEMO"}, "000080000009"),
        ("gtel", {"system_account": "GATEWAY_DEMO"}, "GATEWAY_DEMO"),
    ],
)
def test_each_generation_names_the_officer_in_its_way(contract: str, options: dict[str, Any], officer: str) -> None:
    """2025 names the officer by his own number, earlier ones by an account, unless options say otherwise."""
    query = CitizenQuery.model_validate(MAU)

    element = asked(contract, "citizen", query, DancuOptions.model_validate(options))

    assert element.findtext("{*}MaCanBo") == officer


@pytest.mark.parametrize("wrong", [{"date_form": "dd/MM/yyyy"}, {"system_account": "a b"}, {"verification_code": "x"}])
def test_an_option_that_makes_no_sense_is_refused(wrong: dict[str, str]) -> None:
    """Options are closed lists and patterns."""
    with pytest.raises(ValueError, match=next(iter(wrong))):
        DancuOptions.model_validate(wrong)


class _Line:
    """A transport that answers by what it is asked for: a used connection, or a fresh one."""

    def __init__(self, used: bytes, fresh: bytes) -> None:
        self.answers = {False: used, True: fresh}
        self.asked: list[bool] = []

    async def send(self, request: Request, *, fresh: bool = False) -> Response:
        self.asked.append(fresh)
        return Response(status=200, body=self.answers[fresh], received_at=datetime(2026, 3, 1, tzinfo=UTC), fresh=fresh)

    async def distrust(self) -> None: ...

    async def probe(self) -> list[Any]:
        return []

    async def close(self) -> None: ...


def body_of(case: str) -> bytes:
    noun, _, name = case.partition("/")
    return CONTRACT.datasets[noun].case(name).response.content


async def outcome_of(noun: str, line: _Line, clock: MovableClock, query: dict[str, str] = MAU) -> Outcome[Any]:
    dataset = ADAPTER.dataset(noun)
    assert dataset is not None
    channel = Channel(
        registry="dancu",
        adapter="dancu",
        contract="2025",
        basis=lambda _: "assumed",
        route="direct",
        options=DancuOptions(),
        transport=line,
        policy=Policy(attempts=1),
        clock=clock,
        new_id=lambda: "GW-1",
    )
    return (await channel.ask(dataset, CitizenQuery.model_validate(query), INQUIRY)).outcome


@pytest.mark.parametrize(
    ("fresh", "outcome"),
    [("verification/found", Found(Verification(exists=True))), ("verification/absent", Absent())],
)
@pytest.mark.parametrize("used", ["verification/found", "verification/absent"])
async def test_a_verdict_from_a_used_connection_is_asked_for_again(
    used: str, fresh: str, outcome: Outcome[Verification], clock: MovableClock
) -> None:
    """A yes or a no names nobody, so only the one from a connection that carried no other question counts."""
    line = _Line(body_of(used), body_of(fresh))

    assert await outcome_of("verification", line, clock) == outcome
    assert line.asked == [False, True]


@pytest.mark.parametrize(
    ("noun", "answer"),
    [
        ("citizen", "verification/absent"),
        ("citizen", "verification/found"),
        ("household", "verification/absent"),
        ("verification", "citizen/absent"),
        ("verification", "citizen/found"),
    ],
)
async def test_the_answer_to_another_operation_is_malformed(noun: str, answer: str, clock: MovableClock) -> None:
    """A verdict is no empty collection, and an empty collection is no verdict: neither says that nobody is there."""
    line = _Line(body_of(answer), body_of(answer))

    outcome = await outcome_of(noun, line, clock)

    assert isinstance(outcome, Unknown)
    assert outcome.reason is Reason.MALFORMED


async def test_two_people_are_a_household_but_not_one_person(clock: MovableClock) -> None:
    """The collection that lists a household is ambiguous as the answer about one person."""
    whole = body_of("household/found")

    household = await outcome_of("household", _Line(whole, whole), clock)
    person = await outcome_of("citizen", _Line(whole, whole), clock)

    assert isinstance(household, Found)
    assert isinstance(person, Unknown)
    assert person.reason is Reason.AMBIGUOUS


async def test_a_household_registered_in_two_places_has_no_common_address(clock: MovableClock) -> None:
    """Where members' addresses or books differ the household has none; a head who is no member is a name."""
    body = body_of("household/found").decode()
    body = body.replace("99903", "99904", 1).replace("000000099", "000000098", 1)
    body = body.replace(">000070000002<", ">000040000002<").replace(
        "<ns1:SoDinhDanh>000040000002", "<ns1:SoDinhDanh>000070000002", 1
    )
    body = body.replace("NGUYỄN VĂN CHA</ns1:HoVaTen>", "NGUYỄN VĂN ÔNG</ns1:HoVaTen>")

    outcome = await outcome_of("household", _Line(body.encode(), body.encode()), clock)

    assert isinstance(outcome, Found)
    assert (outcome.record.address, outcome.record.household_book_number) == (None, None)
    assert outcome.record.head.full_name == "NGUYỄN VĂN ÔNG"
    assert len(outcome.record.members) == 3


async def test_a_household_is_told_without_the_numbers_of_its_people(stand_ins: Running) -> None:
    """Names and relations leave by default, numbers only when somebody grants them; naming them is refused."""
    settings = granting(settings_for(stand_ins.base_url), "dancu.household")
    async with open_desk(settings) as desk:
        status, answer = await desk.ask("dancu.household", MAU)
        refused, problem = await desk.ask("dancu.household", MAU, fields=["member_numbers"])

    assert (status, answer["outcome"]) == (200, "found")
    assert [member["full_name"] for member in answer["record"]["members"]][-1] == "NGUYỄN VĂN MẪU"
    assert not answer["record"].keys() & {"member_numbers", "household_book_number"}
    assert not any(number in str(answer["record"]) for number in ("000099000001", "000070000002", "000000002"))
    assert (refused, problem["reason"]) == (403, "forbidden")


@pytest.mark.parametrize("fault", ["silence", "stall", "garbage", "html", "error", "throttle"])
async def test_no_fault_becomes_a_verdict(fault: str, stand_ins: Running) -> None:
    """A broken answer to a verification is unknown, never a no."""
    settings = granting(settings_for(stand_ins.base_url, dancu={"deadline_s": 0.25}), "dancu.verification")
    async with open_desk(settings) as desk:
        stand_ins.faults.set("dancu", Fault(fault))
        _, problem = await desk.ask("dancu.verification", MAU)

    assert problem["outcome"] == "unknown"


def _person(**more: Any) -> Person:
    return Person.model_validate(
        {"citizen_id": CitizenId("000099000001"), "full_name": "NGUYỄN VĂN MẪU", "birth_date": PartialDate(1999)} | more
    )


def test_who_has_no_old_number_may_still_be_plainly_somebody_else() -> None:
    """Asked by old number, a record without one is nobody else's only where name and birth date fit."""
    old = {"old_number": "000000001", "full_name": "Nguyễn Văn Mẫu", "birth_date": "1999-01-31"}
    query = CitizenQuery.model_validate(old)

    assert query.is_about(_person()) is None
    assert query.is_about(_person(birth_date=None)) is None
    assert query.is_about(_person(birth_date=PartialDate(1999, 1, 30))) is False
    assert query.is_about(_person(full_name="NGUYỄN VĂN MÂY")) is False
    assert query.is_about(_person(old_number=OldCitizenNumber("000000001"), full_name="X")) is True
    assert query.is_about(_person(old_number=OldCitizenNumber("000000002"))) is False


def test_a_household_without_old_numbers_has_the_person_by_name() -> None:
    """Where no member has an old number one of them must have name and birth date of the person asked about."""
    query = CitizenQuery.model_validate(
        {"old_number": "000000001", "full_name": "Nguyễn Văn Mẫu", "birth_date": "1999-01-31"}
    )
    numbers = (MemberNumber(citizen_id=CitizenId("000099000001")),)

    def household(name: str) -> Household:
        return Household(members=(HouseholdMember(full_name=name),), member_numbers=numbers)

    assert query.is_about_household(household("NGUYỄN VĂN MẪU")) is None
    assert query.is_about_household(household("TRẦN THỊ KHÁC")) is False
