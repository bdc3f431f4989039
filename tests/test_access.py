"""Who may ask: every refusal is typed, says what to do and reaches the ledger; no good question is refused."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from stdnum.vn import mst

from gateway.clock import VIETNAM
from gateway.errors import Forbidden, InvalidQuestion, PurposeUnknown, QuestionRefused, TooMany
from gateway.lookup.policy import Right
from gateway.settings import ConsumerSettings, Settings
from mocks.server import Running, running
from tests.conftest import FIRM, MAU, NOBODY, MovableClock, settings_for
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
    assert asked.record == {"legal_representatives": result.record["legal_representatives"]}
    assert result.record.keys() == {"name", "legal_representatives"}
    assert all(one.keys() == {"full_name"} for one in result.record["legal_representatives"])
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
