"""Kept answers: for whom, how long, with which provenance, and never with more than whoever asks may see."""

from __future__ import annotations

import asyncio
import io
import json
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from gateway import app
from gateway.channel.answer import Provenance
from gateway.domain.dataset import Sensitivity
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.errors import Forbidden, Reason, SettingsError
from gateway.lookup.cache import AnswerCache, _flight
from gateway.lookup.catalogue import Catalogue, Instance
from gateway.lookup.freshness import freshness_of
from gateway.lookup.kept_answers import KeptAnswer, KeptAnswers, trimmed
from gateway.lookup.pipeline import LookupResult
from gateway.settings import ConsumerSettings, Settings
from gateway.telemetry import configure_logs
from mocks.faults import Fault
from mocks.server import Running, running
from tests.conftest import FIRM, INQUIRY, MAU, NOBODY, MovableClock, settings_for
from tests.office import Office, at_work
from tests.policies import policy, rule, with_policy

OTHER = {"id": "000080000017", "account": "canbo.khac"}
DAY_S = 24 * 3600
NO_FIRM = {"enterprise_code": "9900000030"}
ALL = rule({"dancu.citizen": ["*"], "dkdn.enterprise": ["*"]}, name="all", consumers=("one-stop", "portal"))


@pytest.fixture
async def stand_ins(clock: MovableClock) -> AsyncIterator[Running]:
    """Registries whose time is the test's."""
    async with running(now=lambda: clock.now().timestamp()) as served:
        yield served


def under(stand_ins: Running, *rules: str, dkdn: dict[str, Any] | None = None, **cache: Any) -> Settings:
    """The usual settings with a portal as second consumer; `cache` changes that section, `dkdn` that registry's."""
    settings = with_policy(settings_for(stand_ins.base_url, dkdn=dkdn or {}), policy(*(rules or (ALL,))))
    portal = ConsumerSettings(api_key_sha256="0" * 64, questions_per_minute=600)
    changed = {
        "consumers": {**settings.consumers, "portal": portal},
        "cache": settings.cache.model_copy(update=cache),
    }
    return settings.model_copy(update=changed)


@pytest.fixture
async def office(stand_ins: Running, clock: MovableClock) -> AsyncIterator[Office]:
    async with at_work(under(stand_ins), clock) as opened:
        yield opened


async def citizen(office: Office, max_age_s: int = 600, **more: Any) -> LookupResult:
    return await office.ask(max_age_s=max_age_s, **more)


async def firm(office: Office, max_age_s: int = 10 * DAY_S, query: Any = FIRM, **more: Any) -> LookupResult:
    return await office.ask("dkdn.enterprise", query, max_age_s=max_age_s, **more)


def _fields(result: LookupResult) -> set[str]:
    return set(result.record.values) if result.record is not None else set()


def via(result: LookupResult) -> str:
    return result.answer.provenance.via


# --- what a kept answer says -----------------------------------------------------------------------


async def test_a_kept_answer_is_the_same_and_says_how_old_it_is(office: Office, clock: MovableClock) -> None:
    """Outcome, record and provenance are those of the one exchange, with `via` and `age_s`; it names who fetched it."""
    live = await citizen(office)
    clock.advance(42.5)
    kept = await citizen(office)

    assert kept.record == live.record
    assert kept.record
    assert kept.answer.provenance == replace(live.answer.provenance, via="cache", age_s=42)
    assert (kept.answer.attempts, kept.answer.fetched_by) == ((), live.lookup_id)
    assert kept.lookup_id != live.lookup_id


async def test_a_kept_answer_leaves_the_registry_alone_and_needs_one_flush(office: Office, stand_ins: Running) -> None:
    """Nothing is asked, so that both records of the question may become durable together."""
    await citizen(office)
    asked = len(stand_ins.journal)
    await citizen(office)

    assert len(stand_ins.journal) == asked
    assert office.told.asked_ == ["dancu.citizen"] * 2
    assert office.told.noted_ == ["dancu.citizen"]


async def test_an_absence_is_kept_as_one(office: Office) -> None:
    """`absent` from the cache is the registry's own, never a guess."""
    live, kept = await citizen(office, query=NOBODY), await citizen(office, query=NOBODY)

    assert isinstance(live.answer.outcome, Absent)
    assert isinstance(kept.answer.outcome, Absent)
    assert (via(live), via(kept), kept.record) == ("live", "cache", None)


async def test_what_is_kept_is_what_was_granted(office: Office) -> None:
    """A field that was not granted is dropped before the answer is kept: no memory holds it."""
    result = await citizen(office, fields=["full_name"])
    (kept,) = office.core.cache._kept._answers.values()  # type: ignore[union-attr]

    assert orjson.loads(kept.record or b"") == {"full_name": "NGUYỄN VĂN MẪU"} == result.record.values
    assert "NGUYỄN" not in repr(kept)


# --- how long --------------------------------------------------------------------------------------


async def test_zero_always_asks_anew(office: Office) -> None:
    """`max_age_s` 0, which is what a question says that does not name it, never takes a kept answer."""
    assert [via(await citizen(office, age)) for age in (600, 0, 0)] == ["live"] * 3


async def test_an_answer_that_was_asked_anew_takes_the_older_ones_place(office: Office, clock: MovableClock) -> None:
    """Whoever insisted on a new answer is not given an older one afterwards."""
    await citizen(office)
    clock.advance(100)
    await citizen(office, 0)
    clock.advance(5)

    assert (await citizen(office)).answer.provenance.age_s == 5


async def test_an_answer_that_nobody_would_take_again_is_not_kept(office: Office) -> None:
    """While every question insists on a new answer nothing is kept about anybody."""
    await citizen(office, 0)
    assert len(office.core.cache._kept) == 0  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("query", "age_s", "max_age_s", "expected"),
    [
        (MAU, 29, 30, "cache"),
        (MAU, 31, 30, "live"),
        (MAU, 600, 100_000, "cache"),
        (MAU, 601, 100_000, "live"),
        (NOBODY, 60, 100_000, "cache"),
        (NOBODY, 61, 100_000, "live"),
    ],
)
async def test_an_answer_is_given_no_longer_than_question_and_dataset_say(
    query: Any, age_s: int, max_age_s: int, expected: str, office: Office, clock: MovableClock
) -> None:
    """The question's own bound or the dataset's rule, whichever is shorter; `absent` a tenth of that."""
    await citizen(office, query=query)
    clock.advance(age_s)
    assert via(await citizen(office, max_age_s, query=query)) == expected


async def test_settings_may_shorten_a_rule(stand_ins: Running, clock: MovableClock) -> None:
    """Per instance and dataset; zero keeps nothing."""
    async with at_work(under(stand_ins, dkdn={"freshness_s": {"enterprise": 50}}), clock) as office:
        await firm(office)
        clock.advance(51)
        assert via(await firm(office)) == "live"
    async with at_work(under(stand_ins, dkdn={"freshness_s": {"enterprise": 0}}), clock) as office:
        assert [via(await firm(office)) for _ in range(2)] == ["live"] * 2


WRONG = {
    "longer": ({"freshness_s": {"enterprise": DAY_S + 1}}, "registries.dkdn.freshness_s.enterprise: at most 86400"),
    "more stale": ({"stale_s": {"enterprise": DAY_S + 1}}, "registries.dkdn.stale_s.enterprise: at most 86400"),
    "stranger": ({"freshness_s": {"enterprize": 1}}, "registries.dkdn.freshness_s.enterprize: no such dataset"),
}


@pytest.mark.parametrize(("change", "message"), WRONG.values(), ids=WRONG.keys())
def test_settings_cannot_lengthen_a_rule(change: dict[str, Any], message: str) -> None:
    """A longer time, or one for a dataset that is not there, stops the start and is named."""
    with pytest.raises(SettingsError, match=message):
        app.build(settings_for("http://registry.invalid", dkdn=change))


async def test_nothing_is_kept_where_the_cache_is_off(stand_ins: Running, clock: MovableClock) -> None:
    """Every question is asked, and the catalogue says that nothing is kept."""
    async with at_work(under(stand_ins, store="off"), clock) as office:
        assert [via(await firm(office)) for _ in range(2)] == ["live"] * 2
        assert {entry.freshness.found_s for entry in office.core.catalogue} == {0}


async def test_unknown_is_never_kept(office: Office, stand_ins: Running) -> None:
    """What failed is asked again by the next question."""
    stand_ins.faults.set("dancu", Fault("error", times=2))
    failed, live = await citizen(office), await citizen(office)

    assert isinstance(failed.answer.outcome, Unknown)
    assert (via(live), live.answer.outcome.word) == ("live", "found")


async def test_f21_an_answer_about_somebody_else_is_never_kept(office: Office, stand_ins: Running) -> None:
    """A mismatched answer leaves nothing behind: neither under the one's key nor under the other's."""
    stand_ins.faults.set("dkdn", Fault("swap", path="chiTiet"))
    failed = await firm(office)
    assert failed.answer.outcome == Unknown(Reason.MISMATCHED)
    assert len(office.core.cache._kept) == 0  # type: ignore[union-attr]


# --- for whom --------------------------------------------------------------------------------------

PERSON_CHANGES: dict[str, dict[str, Any]] = {
    "officer": {"officer": OTHER},
    "case": {"case_id": "H08.12-260301-0002"},
    "agency": {"agency": "H08.13"},
    "procedure": {"procedure": "1.004884"},
    "consumer": {"consumer": "portal"},
    "fields": {"fields": ["full_name"]},
    "query": {"query": MAU | {"birth_date": "1999"}},
}


@pytest.mark.parametrize("change", PERSON_CHANGES.values(), ids=PERSON_CHANGES.keys())
async def test_a_persons_data_are_kept_for_one_officer_and_case(change: dict[str, Any], office: Office) -> None:
    """Whatever else differs, the registry is asked anew; the same question has its own answer still."""
    await citizen(office)

    assert via(await citizen(office, **change)) == "live"
    assert via(await citizen(office)) == "cache"


async def test_another_purpose_is_another_question(stand_ins: Running, clock: MovableClock) -> None:
    """What was kept for one purpose serves no other, not even of what is public."""
    both = rule({"dkdn.enterprise": ["*"], "dancu.citizen": ["*"]}, purposes=("verify_identity", "verify_residence"))
    async with at_work(under(stand_ins, both), clock) as office:
        for ask in (firm, citizen):
            await ask(office)
            assert via(await ask(office, purpose="verify_residence")) == "live"


async def test_what_is_public_is_shared_by_all(office: Office) -> None:
    """Another officer, case, agency and system get the one answer, each with a record of its own."""
    live = await firm(office)
    kept = await firm(office, consumer="portal", officer=OTHER, case_id="H08.13-260301-0002", agency="H08.13")

    assert (via(live), via(kept)) == ("live", "cache")
    assert kept.answer.fetched_by == live.lookup_id
    assert len(office.told.asked_) == 2


async def test_a13_fewer_rights_never_get_a_kept_answer_with_more(stand_ins: Running, clock: MovableClock) -> None:
    """
    What was kept for somebody with more rights is not found by somebody with fewer, nor the other way round; and who
    has none is refused before anything is looked for.
    """
    rules = (
        rule({"dkdn.enterprise": ["*", "legal_representatives.document"]}, name="much"),
        rule({"dkdn.enterprise": ["enterprise_code", "name"]}, name="little", consumers=("portal",)),
    )
    async with at_work(under(stand_ins, *rules), clock) as office:
        much = await firm(office)
        little = await firm(office, consumer="portal")
        again = await firm(office, consumer="portal")
        with pytest.raises(Forbidden):
            await firm(office, consumer="portal", fields=["legal_representatives"])
        with pytest.raises(Forbidden):
            await citizen(office)

    assert _fields(much) > {"enterprise_code", "name"} == _fields(little) == _fields(again)
    assert (via(little), via(again)) == ("live", "cache")
    assert "legal_representatives" in little.grant.withheld


async def test_a13_another_policy_is_another_question(stand_ins: Running, clock: MovableClock) -> None:
    """When the policy has changed nothing is given that was kept under the old one."""
    async with at_work(under(stand_ins), clock) as office:
        await firm(office)
        policy_now = office.core.rules.policy
        policy_now.current = replace(policy_now.current, version="another")
        assert via(await firm(office)) == "live"


async def test_each_agency_has_a_fetch_of_its_own(office: Office, stand_ins: Running) -> None:
    """Equal questions of one agency share a fetch; another asks for itself, and nobody is refused for its sake."""
    agencies = ["H08.12", "H08.12", "H08.13"]
    told = await asyncio.gather(*(firm(office, agency=agency) for agency in agencies))

    assert {one.answer.outcome.word for one in told} == {"found"}
    assert sum(one.registry == "dkdn" and "token" not in one.operation for one in stand_ins.journal) == 2
    assert told[1].answer.fetched_by == told[0].lookup_id
    assert told[2].answer.fetched_by in {None, "", told[2].lookup_id}


async def test_each_officer_code_has_a_fetch_of_its_own(office: Office) -> None:
    """What is asked as one officer is shared with nobody whom the registry knows as another."""
    asked: list[Any] = []
    office.lookup._cache = Spy(office.core.cache, asked)
    await firm(office)
    assert office.core.cache is not None
    wanted = office.core.cache.wanted(asked[0], 600)
    assert wanted is not None
    one, same, other = (
        _flight(replace(wanted, asking=replace(asked[0], grant=replace(asked[0].grant, officer_code=code))))
        for code in ("A", "A", "B")
    )

    assert one == same
    assert one != other


async def test_what_was_found_does_not_outlive_an_absence(office: Office, clock: MovableClock) -> None:
    """The registry has it no more: the earlier answer is never given again, though the absence itself grows old."""
    asked: list[Any] = []
    office.lookup._cache = Spy(office.core.cache, asked)
    found = (await firm(office)).answer
    cache = office.core.cache
    assert cache is not None
    lasting, anew = cache.wanted(asked[0], 10 * DAY_S), cache.wanted(asked[0], 0)
    assert lasting is not None
    assert anew is not None

    async def gone() -> Any:
        return replace(found, outcome=Absent())

    assert isinstance(cache.find(lasting).outcome, Found)  # type: ignore[union-attr]
    await cache.ask(anew, clock.monotonic() + 5, gone)
    seen = []
    for _ in range(60):  # an hour at a time, over two days and a half
        kept = cache.find(lasting)
        seen.append(None if kept is None else kept.outcome.word)
        silent = cache.instead(lasting, replace(found, outcome=Unknown(Reason.TIMEOUT)))
        assert not isinstance(silent.outcome, Found)
        clock.advance(3600)

    assert set(seen) <= {"absent", None}


@pytest.mark.parametrize("max_age_s", [0, 600])
async def test_what_is_sensitive_is_neither_kept_nor_shared(
    max_age_s: int, office: Office, clock: MovableClock
) -> None:
    """Whatever the dataset declares beside its class."""
    one = office.core.catalogue.instances["dkdn"]
    dataset = next(each for each in one.datasets if each.noun == "enterprise")
    hidden = replace(dataset, sensitivity=Sensitivity.SENSITIVE)
    rule_of_it = freshness_of(hidden, {}, {}, place="registries.dkdn")
    instance = Instance(
        name="dkdn",
        adapter=replace(one.adapter, datasets=(hidden,)),
        channel=one.channel,
        connected=True,
        route="lgsp",
        basis=one.basis,
        freshness={"enterprise": rule_of_it},
    )
    catalogue = Catalogue([instance])
    asked: list[Any] = []
    office.lookup._cache = Spy(office.core.cache, asked)
    await firm(office)
    cache = AnswerCache(
        catalogue,
        secrets=office.core.cache._secrets,  # type: ignore[union-attr]
        clock=clock,
        metrics=office.metrics,
        entries=10,
        size=100_000,
    )

    assert rule_of_it.found_s == 0
    assert cache.wanted(replace(asked[0], entry=catalogue.find("dkdn.enterprise")), max_age_s) is None


class Spy:
    """Stands in front of a cache and remembers what was asked."""

    def __init__(self, cache: Any, asked: list[Any]) -> None:
        self._cache, self._asked = cache, asked

    def wanted(self, asking: Any, max_age_s: int) -> Any:
        self._asked.append(asking)
        return self._cache.wanted(asking, max_age_s)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cache, name)


def test_a_persons_data_are_kept_for_ten_minutes_at_most() -> None:
    """Whatever a dataset declares, its class bounds it."""
    (dataset,) = [one for one in app.installed_adapters()["dancu"].datasets if one.noun == "citizen"]
    assert freshness_of(replace(dataset, freshness_s=3600), {}, {}, place="").found_s == 600


# --- where the registry gives no answer ------------------------------------------------------------


@pytest.mark.parametrize("fault", [Fault("down"), Fault("error"), Fault("throttle")], ids=lambda one: one.kind)
async def test_an_old_answer_is_given_where_the_registry_gives_none(
    fault: Fault, office: Office, stand_ins: Running, clock: MovableClock
) -> None:
    """It says that it is `stale` and how old it is; the attempts that failed stand with it."""
    live = await firm(office)
    clock.advance(DAY_S + 60)
    stand_ins.faults.set("dkdn", fault)
    stale = await firm(office)

    assert (via(stale), stale.answer.provenance.age_s) == ("stale", DAY_S + 60)
    assert isinstance(stale.answer.outcome, Found)
    assert (stale.record, stale.answer.fetched_by) == (live.record, live.lookup_id)
    assert stale.answer.attempts
    assert office.count("gateway_cache_questions_total", registry="dkdn", result="stale") == 1


async def test_an_old_answer_is_given_while_the_breaker_is_open(
    office: Office, stand_ins: Running, clock: MovableClock
) -> None:
    """A registry that is left in peace is not asked, and the old answer is there at once."""
    await firm(office)
    clock.advance(DAY_S + 60)
    stand_ins.faults.set("dkdn", Fault("error"))
    for _ in range(12):
        await firm(office, query=NO_FIRM)
    asked = len(stand_ins.journal)
    assert via(await firm(office)) == "stale"
    assert len(stand_ins.journal) == asked


async def test_an_answer_is_never_older_than_the_question_allows(
    office: Office, stand_ins: Running, clock: MovableClock
) -> None:
    """`max_age_s` bounds an old answer too, and the dataset's rule bounds it where that is shorter."""
    await firm(office)
    stand_ins.faults.set("dkdn", Fault("error"))
    clock.advance(DAY_S + 60)
    assert isinstance((await firm(office, DAY_S)).answer.outcome, Unknown)
    clock.advance(DAY_S)
    assert isinstance((await firm(office)).answer.outcome, Unknown)


async def test_an_absence_is_never_given_when_it_is_old(
    office: Office, stand_ins: Running, clock: MovableClock
) -> None:
    """Who was not registered yesterday may be today, even where the dataset allows old answers."""
    await firm(office, query=NO_FIRM)
    clock.advance(601)
    stand_ins.faults.set("dkdn", Fault("error"))
    assert isinstance((await firm(office, query=NO_FIRM)).answer.outcome, Unknown)


async def test_no_old_answer_about_a_person(office: Office, stand_ins: Running, clock: MovableClock) -> None:
    """A dataset that allows none gives none: `unknown` stays `unknown`."""
    await citizen(office)
    clock.advance(601)
    stand_ins.faults.set("dancu", Fault("error"))
    assert isinstance((await citizen(office, DAY_S)).answer.outcome, Unknown)


async def test_no_old_answer_where_asking_again_would_not_help(
    office: Office, stand_ins: Running, clock: MovableClock
) -> None:
    """A registry that lies, or refuses us, is no reason to look away: somebody must act."""
    await firm(office)
    clock.advance(DAY_S + 60)
    stand_ins.faults.set("dkdn", Fault("garbage", path="chiTiet"))
    result = await firm(office)
    assert isinstance(result.answer.outcome, Unknown)
    assert result.answer.outcome.reason is Reason.MALFORMED


# --- how much, and what can be seen of it ----------------------------------------------------------


async def test_the_one_used_longest_ago_goes_first(stand_ins: Running, clock: MovableClock) -> None:
    """The bound on entries holds, and what is asked for stays."""
    async with at_work(under(stand_ins, entries=2), clock) as office:
        names = [["name"], ["enterprise_code"], ["status"]]
        for fields in (names[0], names[1], names[0], names[2]):
            await firm(office, fields=fields)
        assert [via(await firm(office, fields=fields)) for fields in (names[0], names[2], names[1])] == [
            "cache",
            "cache",
            "live",
        ]
        assert office.count("gateway_cache_entries") == 2


def kept_answer(record: bytes, ends: float) -> KeptAnswer:
    """Something that is kept."""
    now = datetime(2026, 3, 1, tzinfo=UTC)
    provenance = Provenance(
        registry="dkdn",
        operation="op",
        route="lgsp",
        via="live",
        request_id="1",
        asked_at=now,
        answered_at=now,
        contract="dkdn@ngsp",
        basis="observed",
    )
    return KeptAnswer(record=record, provenance=provenance, fetched_by="1", subject=None, at=0.0, ends=ends)


def test_no_more_bytes_are_kept_than_were_said() -> None:
    """Large answers push out small ones, and one that is larger than all there is room for is not kept at all."""
    kept = KeptAnswers(entries=1_000, size=100_000)
    for number in range(200):
        kept.put(b"%d" % number, kept_answer(b"x" * (number * 10), ends=10.0 + number % 7))
        assert kept.size <= 100_000
    kept.put(b"large", kept_answer(b"x" * 100_000, ends=10.0))

    assert b"large" not in kept
    assert b"199" in kept
    assert kept.size == sum(one.size for one in kept._answers.values())


def test_what_has_ended_is_dropped_though_nobody_asks() -> None:
    """Within seconds after its end, and nothing before it; what was renewed meanwhile stays."""
    kept = KeptAnswers(entries=10, size=100_000)
    kept.put(b"old", kept_answer(b"", ends=100.0))
    kept.put(b"renewed", kept_answer(b"", ends=100.0))
    kept.put(b"renewed", kept_answer(b"", ends=200.0))
    kept.sweep(99.9)
    assert b"old" in kept
    kept.sweep(104.0)
    assert (b"old" in kept, b"renewed" in kept) == (False, True)
    kept.sweep(204.0)
    assert (len(kept), kept.size, kept._ending) == (0, 0, {})


async def test_forgetting_somebody_drops_all_that_is_kept_about_him(office: Office, clock: MovableClock) -> None:
    """By his number; what is kept about others stays."""
    await citizen(office)
    await citizen(office, fields=["full_name"])
    await firm(office)
    cache = office.core.cache
    assert cache is not None

    assert await cache.forget("person", MAU["citizen_id"]) == 2
    assert (via(await citizen(office)), via(await firm(office))) == ("live", "cache")


async def test_each_question_counts_once(office: Office) -> None:
    """Metrics say how many kept answers were given, how many were missed, and how much is kept."""
    for _ in range(3):
        await citizen(office)
    await citizen(office, 0)
    labels = {"registry": "dancu"}

    assert [
        office.count("gateway_cache_questions_total", result=result, **labels)
        for result in ("hit", "miss", "stale", "collapsed")
    ] == [2, 1, 0, 0]
    assert office.count("gateway_cache_entries") == 1
    assert 0 < office.count("gateway_cache_bytes") < 5_000


async def test_the_log_says_that_an_answer_was_kept(office: Office) -> None:
    """One line for each question, with `via` and the request id of the one exchange."""
    stream = io.BytesIO()
    configure_logs("info", stream)
    live, _ = await citizen(office), await citizen(office)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]

    assert [line["via"] for line in lines] == ["live", "cache"]
    assert {line["request_id"] for line in lines} == {live.answer.provenance.request_id}
    assert INQUIRY["officer"]["id"] not in stream.getvalue().decode()  # type: ignore[index]


def test_a_kept_record_takes_no_more_room_than_it_is_long() -> None:
    """What orjson has written is copied: its own bytes may hold the room of 8 KiB in which they were written."""
    values = {"name": "x" * 1500}
    tracemalloc.start()
    try:
        kept = [trimmed(orjson.dumps(values)) for _ in range(100)]
        size, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert kept[0] == orjson.dumps(values)
    assert size < 100 * 2 * len(kept[0])
