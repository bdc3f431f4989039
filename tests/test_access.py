"""Who may ask: every refusal is typed, says what to do and reaches the ledger; no good question is refused."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from stdnum.vn import mst

from gateway.clock import VIETNAM
from gateway.errors import Forbidden, InvalidQuestion, PurposeUnknown, QuestionRefused, TooMany
from gateway.lookup.policy import Right
from gateway.lookup.windows import Windows
from gateway.settings import CasesSettings, ConsumerSettings, Settings
from gateway.stores.state import MemoryState
from gateway.telemetry import configure_logs
from mocks.server import Running, running
from tests.conftest import FIRM, INQUIRY, MAU, NOBODY, MovableClock, open_desk, settings_for
from tests.office import Office, at_work
from tests.policies import policy, rule, with_policy

OFFICER = {"id": "000080000009", "account": "canbo.mau"}
OTHER = {"id": "000080000017", "account": "canbo.khac"}
HOUR = timedelta(hours=1)
CITIZEN = rule({"dancu.citizen": ["*"]}, name="citizen")


@pytest.fixture
async def stand_ins(clock: MovableClock) -> AsyncIterator[Running]:
    """Registries whose time is the test's."""
    async with running(now=lambda: clock.now().timestamp()) as served:
        yield served


def under(stand_ins: Running, *rules: str, more: str = "") -> Settings:
    """The usual settings under a policy of these rules and limits, with a portal as second consumer."""
    settings = with_policy(settings_for(stand_ins.base_url), policy(*(rules or (CITIZEN,)), more=more))
    portal = ConsumerSettings(api_key_sha256="0" * 64, questions_per_minute=600)
    return settings.model_copy(update={"consumers": {**settings.consumers, "portal": portal}})


def person(number: int) -> dict[str, str]:
    """Somebody who is asked about; whether he exists does not matter here."""
    return NOBODY | {"citizen_id": f"0000990{number:05}"}


async def refused(office: Office, kind: type[QuestionRefused], stand_ins: Running, **question: Any) -> QuestionRefused:
    """The refusal of a question, of which the ledger was told and no registry."""
    asked, told = len(list(stand_ins.journal)), len(office.told.refusals)
    with pytest.raises(kind) as caught:
        await office.ask(**question)
    assert len(list(stand_ins.journal)) == asked
    assert office.told.refusals[told:] == [kind.refusal.value]
    return caught.value


# --- dataset, purpose, fields, rights --------------------------------------------------------------


async def test_a03_a_dataset_that_no_rule_gives_is_forbidden(stand_ins: Running, clock: MovableClock) -> None:
    """The right organisation without a right to this service: the problem says that a rule is missing."""
    async with at_work(under(stand_ins), clock) as office:
        refusal = await refused(office, Forbidden, stand_ins, dataset="dkdn.enterprise", query=FIRM)
        other = await refused(office, Forbidden, stand_ins, consumer="portal")

    assert (refusal.http_status, refusal.actor.value) == (403, "operator")
    assert [(one.location, one.code) for one in (*refusal.problems, *other.problems)] == [("dataset", "no_rule")] * 2


async def test_a07_a_purpose_outside_the_table_is_unknown(stand_ins: Running, clock: MovableClock) -> None:
    """A purpose that the policy does not list is refused as such, and those that are listed are named."""
    async with at_work(under(stand_ins), clock) as office:
        refusal = await refused(office, PurposeUnknown, stand_ins, purpose="curiosity")
        listed = await refused(office, Forbidden, stand_ins, purpose="verify_residence")

    (problem,) = refusal.problems
    assert (problem.location, problem.code) == ("inquiry.purpose", "purpose_unknown")
    assert "verify_identity, verify_residence" in problem.advice
    assert listed.problems[0].code == "no_rule"


async def test_a08_a_field_beyond_the_purpose_is_forbidden(stand_ins: Running, clock: MovableClock) -> None:
    """Each field that is not given to this purpose is named by its place; one that does not exist is invalid."""
    narrow = rule({"dancu.citizen": ["full_name", "permanent_residence.detail"]})
    async with at_work(under(stand_ins, narrow), clock) as office:
        refusal = await refused(office, Forbidden, stand_ins, fields=["full_name", "birth_date", "religion"])
        inner = await refused(office, Forbidden, stand_ins, fields=["permanent_residence.commune_code"])
        invalid = await refused(office, InvalidQuestion, stand_ins, fields=["full_name", "salary"])

    assert [(one.location, one.code) for one in refusal.problems] == [
        ("fields.1", "not_granted"),
        ("fields.2", "not_granted"),
    ]
    assert [one.location for one in inner.problems] == ["fields.0"]
    assert [(one.location, one.code) for one in invalid.problems] == [("fields.1", "unknown_field")]


async def test_what_was_not_granted_is_dropped_and_named(stand_ins: Running, clock: MovableClock) -> None:
    """Of a firm's representatives only what a rule gives leaves; `withheld` names the rest."""
    firm = rule({"dkdn.enterprise": ["name", "legal_representatives.full_name"]})
    async with at_work(under(stand_ins, firm), clock) as office:
        result = await office.ask("dkdn.enterprise", FIRM)
        asked = await office.ask("dkdn.enterprise", FIRM, fields=["legal_representatives"])

    assert result.record is not None
    assert asked.record is not None
    assert asked.record.values == {"legal_representatives": result.record.values["legal_representatives"]}
    assert result.record.values.keys() == {"name", "legal_representatives"}
    assert all(one.keys() == {"full_name"} for one in result.record.values["legal_representatives"])
    assert {"charter_capital_vnd", "legal_representatives.document"} <= set(result.grant.withheld)
    assert not {"name", "legal_representatives", "legal_representatives.full_name"} & set(result.grant.withheld)
    assert office.told.fields[0] == {"name", "legal_representatives.full_name"}
    assert (result.grant.rules, len(result.grant.policy)) == (("test",), 12)


async def test_a15_a_right_besides_asking_belongs_to_whom_the_policy_names(
    stand_ins: Running, clock: MovableClock
) -> None:
    """A consumer with data rights has no administrative one, and the other way round."""
    more = '[rights]\nsubject_views = ["portal"]\nincident_queries = []\n'
    async with at_work(under(stand_ins, more=more), clock) as office:
        access = office.lookup.access
        one_stop, portal = (
            next(one for one in office.core.consumers.values() if one.name == name) for name in ("one-stop", "portal")
        )
        access.require(portal, Right.SUBJECT_VIEWS)
        for consumer, right in ((one_stop, Right.SUBJECT_VIEWS), (portal, Right.INCIDENT_QUERIES)):
            with pytest.raises(Forbidden) as caught:
                access.require(consumer, right)
            assert [one.code for one in caught.value.problems] == ["no_right"]
        await refused(office, Forbidden, stand_ins, consumer="portal")


# --- how an officer asks ---------------------------------------------------------------------------

LIMIT = '[limits.{name}]\n{keys}\nthen = "{then}"\n'
HOURS = 'days = ["mon", "tue", "wed", "thu", "fri"]\nopens = 07:30:00\ncloses = 17:00:00\nholidays = [2026-04-30]'


def limit(name: str, then: str, keys: str = "") -> str:
    return LIMIT.format(name=name, then=then, keys=keys)


async def test_a10_two_hundred_people_in_an_hour_are_too_many(stand_ins: Running, clock: MovableClock) -> None:
    """The 201st different person within an hour is refused until the hour ends; the first 200 may be asked again."""
    # Nobody needs to answer: what is counted is counted before the question leaves.
    settings = _unconnected(under(stand_ins, more=limit("many_subjects", "refuse", "most = 200")))
    async with at_work(settings, clock) as office:
        for nth in range(200):
            await office.ask(query=person(nth * 7))
        clock.advance(600)
        refusal = await refused(office, TooMany, stand_ins, query=person(1400))
        again = await refused(office, TooMany, stand_ins, query=person(1400))
        await office.ask(query=person(0))
        await office.ask(query=person(1400), officer=OTHER)
        assert isinstance(refusal, TooMany)
        assert refusal.retry_at == again.retry_at == clock.now() + HOUR - timedelta(seconds=600)
        clock.advance(3000)
        await office.ask(query=person(1400))

    assert [one.code for one in refusal.problems] == ["many_subjects"]
    assert office.count("gateway_findings_total", kind="many_subjects") == 2


async def test_a10_neither_another_account_nor_another_number_buys_a_second_allowance(
    stand_ins: Running, clock: MovableClock
) -> None:
    """Accounts and persons are counted each by itself, and whoever is beyond either limit is refused."""
    settings = _unconnected(under(stand_ins, more=limit("many_questions", "refuse", "most = 3")))
    async with at_work(settings, clock) as office:
        for _ in range(3):
            await office.ask()
        await refused(office, TooMany, stand_ins, officer=OFFICER | {"account": "canbo.hai"})
        await refused(office, TooMany, stand_ins, officer=OFFICER | {"id": "000080000025"})
        capitals = {"account": OFFICER["account"].upper(), "id": "000080000025"}
        await refused(office, TooMany, stand_ins, officer=capitals)
        await office.ask(officer=OTHER)


@pytest.mark.parametrize("then", ["refuse", "note"])
async def test_a10_numbers_one_after_the_other_are_seen_in_any_order(
    then: str, stand_ins: Running, clock: MovableClock
) -> None:
    """More neighbours than the limit allows: refused, or asked with a finding, as the policy says."""
    settings = _unconnected(under(stand_ins, more=limit("sequential", then, "most = 2")))
    async with at_work(settings, clock) as office:
        for nth in (10, 11, 13, 12):
            assert (await office.ask(query=person(nth))).grant.findings == ()
        await office.ask(query=person(100))
        if then == "refuse":
            refusal = await refused(office, TooMany, stand_ins, query=person(14))
            assert [(one.location, one.code) for one in refusal.problems] == [("query", "sequential")]
            await office.ask(query=person(100))
        else:
            assert (await office.ask(query=person(14))).grant.findings == ("sequential",)

    assert office.count("gateway_findings_total", kind="sequential") == 1


async def test_a10_firms_are_in_sequence_whatever_their_check_digits(stand_ins: Running, clock: MovableClock) -> None:
    """Tax codes whose first nine digits follow one another are neighbours."""
    more = limit("sequential", "note", "most = 1")
    settings = _unconnected(under(stand_ins, rule({"dkdn.enterprise": ["*"]}), more=more))
    codes = ["990000010", "990000011", "990000012"]
    async with at_work(settings, clock) as office:
        kinds = [
            (await office.ask("dkdn.enterprise", {"enterprise_code": _checked(code)})).grant.findings for code in codes
        ]

    assert kinds == [(), (), ("sequential",)]


@pytest.mark.parametrize("then", ["refuse", "note"])
async def test_a10_three_in_the_morning_is_off_hours(then: str, stand_ins: Running, clock: MovableClock) -> None:
    """Outside the province's office hours and days: refused, or asked with a finding; within them neither."""
    settings = _unconnected(under(stand_ins, more=limit("off_hours", then, HOURS)))
    async with at_work(settings, clock) as office:
        for moment in ("2026-03-02T08:30", "2026-03-06T16:59", "2026-03-09T07:30"):
            _set(clock, moment)
            assert (await office.ask()).grant.findings == ()
        for moment in ("2026-03-10T03:00", "2026-03-13T17:00", "2026-03-14T10:00", "2026-04-30T10:00"):
            _set(clock, moment)
            if then == "refuse":
                refusal = await refused(office, Forbidden, stand_ins)
                assert [(one.location, one.code) for one in refusal.problems] == [("inquiry", "off_hours")]
            else:
                assert (await office.ask()).grant.findings == ("off_hours",)


@pytest.mark.parametrize("then", ["refuse", "note"])
async def test_a10_an_officer_who_asks_about_himself_is_seen(
    then: str, stand_ins: Running, clock: MovableClock
) -> None:
    """The officer's own number in the query: refused, or asked with a finding."""
    settings = _unconnected(under(stand_ins, more=limit("oneself", then)))
    oneself = {"query": MAU | {"citizen_id": OFFICER["id"], "birth_date": "1980"}}
    async with at_work(settings, clock) as office:
        assert (await office.ask()).grant.findings == ()
        if then == "refuse":
            refusal = await refused(office, Forbidden, stand_ins, **oneself)
            assert [(one.location, one.code) for one in refusal.problems] == [("query", "oneself")]
        else:
            assert (await office.ask(**oneself)).grant.findings == ("oneself",)
        assert office.count("gateway_findings_total", kind="oneself") == 1


async def test_a_consumers_minute_ends_when_it_was_said_to(stand_ins: Running, clock: MovableClock) -> None:
    """Beyond its questions of a minute a consumer is told the minute's real end, and may ask again then."""
    settings = _unconnected(under(stand_ins))
    slow = settings.consumers["one-stop"].model_copy(update={"questions_per_minute": 2})
    async with at_work(settings.model_copy(update={"consumers": {"one-stop": slow}}), clock) as office:
        await office.ask()
        clock.advance(40)
        await office.ask()
        refusal = await refused(office, TooMany, stand_ins)
        assert refusal.retry_at == clock.now() + timedelta(seconds=20)
        clock.advance(20)
        await office.ask()


async def test_what_is_counted_is_known_by_pseudonyms_only(stand_ins: Running, clock: MovableClock) -> None:
    """No number, account or agency stands in the short-lived state, neither in a key nor in a value."""
    more = "".join(limit(name, "note", "most = 9") for name in ("many_questions", "many_subjects", "sequential"))
    async with at_work(_unconnected(under(stand_ins, more=more)), clock) as office:
        await office.ask()
        written = repr(office.lookup.access._windows._state.__dict__)

    assert "questions:" in written
    for personal in (MAU["citizen_id"], MAU["citizen_id"][:-1], OFFICER["id"], OFFICER["account"], "H08"):
        assert personal not in written


async def test_the_log_of_findings_and_refusals_names_no_person(stand_ins: Running, clock: MovableClock) -> None:
    """What was odd, noted or refused, stands in the log by its word: nobody asked about, nobody who asks, no case."""
    stream = io.BytesIO()
    configure_logs("debug", stream)
    more = limit("many_questions", "note", "most = 1") + limit("oneself", "refuse")
    async with at_work(_unconnected(under(stand_ins, more=more)), clock) as office:
        await office.ask()
        await office.ask()
        await refused(office, Forbidden, stand_ins, query=MAU | {"citizen_id": OFFICER["id"], "birth_date": "1980"})
        await refused(office, Forbidden, stand_ins, fields=["religion"])
    events = [json.loads(line) for line in stream.getvalue().splitlines()]

    found = [one for one in events if one["event"] == "lookup.finding"]
    assert [(one["kind"], one["dataset"], one["consumer"]) for one in found] == [
        ("many_questions", "dancu.citizen", "one-stop")
    ]
    assert [one["detail"] for one in events if one["event"] == "lookup.refused"] == [
        "limit: oneself",
        "dancu.citizen: not granted: religion",
    ]
    written = stream.getvalue().decode()
    for personal in (*MAU.values(), *OFFICER.values(), INQUIRY["case_id"], "H08"):
        assert str(personal) not in written


class _Distant:
    """State that lies beyond a network: between any two of its answers others get their turn."""

    def __init__(self, state: MemoryState) -> None:
        self._near = state

    async def get(self, key: str) -> bytes | None:
        await asyncio.sleep(0)
        return await self._near.get(key)

    async def put_if_absent(self, key: str, value: bytes, *, ttl_s: float) -> bool:
        await asyncio.sleep(0)
        return await self._near.put_if_absent(key, value, ttl_s=ttl_s)

    async def incr(self, key: str, *, ttl_s: float) -> int:
        await asyncio.sleep(0)
        return await self._near.incr(key, ttl_s=ttl_s)


async def test_questions_at_once_about_one_person_are_about_one_person(clock: MovableClock) -> None:
    """Eight datasets of one person asked together take one place among the different people of the hour."""
    windows = Windows(_Distant(MemoryState(clock)), clock)

    for person_ in ("a", "b", "c"):
        await asyncio.gather(*(windows.place("k", person_, 3600) for _ in range(8)))

    assert [await windows.place("k", thing, 3600) for thing in ("a", "b", "c", "d")] == [1, 2, 3, 4]


async def test_a_window_opens_with_its_first_count_and_ends_as_a_whole(clock: MovableClock) -> None:
    """Counts and places are gone together, at the moment that was told."""
    windows = Windows(MemoryState(clock), clock)

    first = [await windows.place("k", "a", 3600), await windows.place("k", "b", 3600)]
    ends = await windows.ends("k", 3600)
    clock.advance((ends - clock.now()).total_seconds() - 1)
    assert [await windows.place("k", thing, 3600) for thing in ("c", "a")] == [3, 1]
    clock.advance(1)

    assert first == [1, 2]
    assert not await windows.has("k", "a")
    assert [await windows.place("k", thing, 3600) for thing in ("b", "a")] == [1, 2]


# --- at the front door -----------------------------------------------------------------------------

LIMITED = limit("many_subjects", "refuse", "most = 2") + limit("oneself", "refuse")
ASKED: dict[str, tuple[dict[str, Any], int, str, list[str]]] = {
    "A03": ({"dataset": "dkdn.enterprise", "query": FIRM}, 403, "forbidden", ["no_rule"]),
    "A04": ({"inquiry": INQUIRY | {"agency": "H08.13"}}, 403, "case_closed", ["other_agency"]),
    "A05": ({"inquiry": INQUIRY | {"case_id": "H21.12-260301-0001"}}, 403, "case_closed",
            ["other_province", "other_agency"]),
    "A07": ({"inquiry": INQUIRY | {"purpose": "curiosity"}}, 403, "purpose_unknown", ["purpose_unknown"]),
    "A08": ({"fields": ["religion"]}, 403, "forbidden", ["not_granted"]),
    "A10": ({"query": MAU | {"citizen_id": OFFICER["id"], "birth_date": "1980"}}, 403, "forbidden", ["oneself"]),
}  # fmt: skip


async def test_every_row_is_a_typed_problem_at_the_front_door() -> None:
    """Status, refusal and codes of each row; 429 with the time to come back for too many people."""
    async with running() as served:
        settings = under(served, more=LIMITED)
        cases = CasesSettings(url=f"{served.base_url}/_mocks/cases")
        async with open_desk(settings.model_copy(update={"cases": cases})) as desk:
            answers = {}
            for row, (question, *_) in ASKED.items():
                body = {"dataset": "dancu.citizen", "query": MAU, "inquiry": INQUIRY} | question
                status, problem = await desk.post("/v1/lookups", body)
                answers[row] = (status, problem["reason"], [one["code"] for one in problem["problems"]])
                assert problem["detail"]
                assert all(one["advice"] for one in problem["problems"])
            good, _ = await desk.ask("dancu.citizen", MAU)
            await desk.ask("dancu.citizen", NOBODY)
            status, problem = await desk.ask("dancu.citizen", person(7))

    assert answers == {row: tuple(expected) for row, (_, *expected) in ASKED.items()}
    assert good == 200
    assert (status, problem["reason"], problem["problems"][0]["code"]) == (429, "too_many", "many_subjects")
    assert problem["retry_at"]


# --- no good question is refused -------------------------------------------------------------------

EVERYTHING = (
    limit("many_questions", "refuse", "most = 100")
    + limit("many_subjects", "refuse", "most = 50")
    + limit("sequential", "refuse", "most = 5")
    + limit("off_hours", "refuse", HOURS.replace('["mon",', '["sun", "mon",'))
    + limit("oneself", "refuse")
    + limit("superior", "refuse")
)
GOOD: dict[str, dict[str, Any]] = {
    "a citizen": {},
    "a citizen who is not registered": {"query": NOBODY},
    "some fields": {"fields": ["full_name", "birth_date"]},
    "members of a field": {"fields": ["permanent_residence.detail", "permanent_residence.commune_code"]},
    "a field that a second rule gives": {"purpose": "verify_residence", "fields": ["relatives"]},
    "a firm": {"dataset": "dkdn.enterprise", "query": FIRM},
    "a firm's representatives": {
        "dataset": "dkdn.enterprise",
        "query": FIRM,
        "fields": ["legal_representatives", "name"],
    },
    "a unit below": {"agency": "H08.12.3"},
    "another officer": {"officer": OTHER},
    "another procedure": {"procedure": "2.000908"},
    "a case number of 2018": {"case_id": "000.00.BD.H08-230411-0004"},
}


async def test_no_good_question_is_refused(stand_ins: Running, clock: MovableClock) -> None:
    """With every limit at work, each question of the table is answered, and without a finding."""
    rules = (
        rule({"dancu.citizen": ["*"], "dkdn.enterprise": ["*"]}, name="identity"),
        rule({"dancu.citizen": ["full_name", "relatives"]}, name="family", purposes=["verify_residence"]),
    )
    async with at_work(under(stand_ins, *rules, more=EVERYTHING), clock) as office:
        results = {name: await office.ask(**question) for name, question in GOOD.items()}

    assert {name: result.answer.outcome.word for name, result in results.items()} == {
        name: "absent" if question.get("query") is NOBODY else "found" for name, question in GOOD.items()
    }
    assert not any(result.grant.findings for result in results.values())
    assert office.told.refusals == []


def _unconnected(settings: Settings) -> Settings:
    """The same registries without an endpoint: each question is granted, and then unknown at once."""
    registries = {name: one.model_copy(update={"endpoint": None}) for name, one in settings.registries.items()}
    return settings.model_copy(update={"registries": registries})


def _checked(code: str) -> str:
    """The code with the check digit that its first nine digits need."""
    return f"{code[:9]}{mst.calc_check_digit(code)}"


def _set(clock: MovableClock, moment: str) -> None:
    """Go to a moment of the province's time."""
    clock.advance((datetime.fromisoformat(moment).replace(tzinfo=VIETNAM) - clock.now()).total_seconds())
