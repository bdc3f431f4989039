"""What the front door shows of the ledger: a citizen's lookups, an incident, one lookup's explanation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, get_args

import aiohttp
import pytest
from aiohttp import web
from openapi_spec_validator import validate

from gateway import app
from gateway.channel.answer import Layer
from gateway.crypto import Secrets
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.errors import Forbidden, LedgerUnavailable, QuestionRefused, Refusal, Unauthenticated
from gateway.ledger.follower import Follower
from gateway.ledger.index import Index
from gateway.ledger.questions import Questions
from gateway.ledger.records import Record
from gateway.lookup import explanation
from gateway.lookup.access import Consumer
from gateway.lookup.limits import Finding
from gateway.lookup.policy import Right
from gateway.lookup.titles import FIELDS, Titles
from gateway.stores.sql import Store
from gateway.telemetry import Metrics
from gateway.web import openapi, server
from gateway.web.authentication import Method
from gateway.web.limits import Limits
from gateway.web.views import Views
from tests.conftest import MovableClock, settings_for
from tests.index_parts import KINDS, START, SegmentLog, answered, asked, lookup_id, lookups, opened, refused

ME, MY_OLD_NUMBER, MOTHER, OFFICER = "000099000001", "000000001", "000180000002", "000080000009"
SECRETS = Secrets((b"n" * 32, b"o" * 32))
RIGHTS = {"portal": {"subject_views"}, "security": {"incident_queries", "explanations"}, "one-stop": set()}
DAY = {"from": "2026-03-01T00:00:00Z", "until": "2026-03-02T00:00:00Z"}
SELF = {"subject": {"citizen_id": ME}, "asserted": {"as": "self", "requester": ME}}
PURPOSES = {"verify_identity": ("Xác minh danh tính", "Verification of identity")}


@dataclass
class Window:
    """The views of a running gateway, over one log and one database."""

    url: str
    session: aiohttp.ClientSession
    log: SegmentLog
    index: Index
    views: Views
    clock: MovableClock
    recorded: list[Record] = field(default_factory=list)
    refusals: list[tuple[str | None, Refusal]] = field(default_factory=list)
    ledger_is_down: bool = False

    async def post(self, path: str, body: Any, *, key: str = "portal") -> tuple[int, Any]:
        async with self.session.post(self.url + path, json=body, headers={"X-API-Key": key}) as reply:
            return reply.status, await reply.json(content_type=None)

    async def get(self, path: str, *, key: str = "one-stop") -> tuple[int, Any]:
        async with self.session.get(self.url + path, headers={"X-API-Key": key}) as reply:
            return reply.status, await reply.json(content_type=None)

    async def feed(self) -> None:
        await asyncio.to_thread(self.index.feed, self.log)


@cache
def built() -> app.Core:
    """The rest of the gateway, which is asked nothing here and so holds nothing open."""
    return app.build(settings_for("http://127.0.0.1:9"))


@asynccontextmanager
async def window_over(store: Store, folder: Path) -> AsyncIterator[Window]:
    log, index, clock = SegmentLog(folder / "ledger"), Index(store), MovableClock()
    core = built()

    async def authenticate(request: web.Request) -> Consumer:
        name = request.headers.get("X-API-Key", "")
        if name not in RIGHTS:
            raise Unauthenticated
        return Consumer(name=name, questions_per_minute=1)

    def require(consumer: Consumer, right: Right) -> None:
        if right.value not in RIGHTS[consumer.name]:
            raise Forbidden(f"{consumer.name}: no right {right}")

    async def record(one: Record) -> None:
        if window.ledger_is_down:
            raise LedgerUnavailable
        window.recorded.append(one)

    async def refuse(_: str, consumer: Consumer | None, refusal: QuestionRefused) -> None:
        if window.ledger_is_down:
            raise LedgerUnavailable
        window.refusals.append((consumer.name if consumer else None, refusal.refusal))

    views = Views(
        questions=Questions(store),
        secrets=SECRETS,
        titles=Titles(
            agencies={"H08.12": "UBND phường Mẫu"},
            systems={"one-stop": "Hệ thống một cửa"},
            purpose=PURPOSES.get,
            dataset={"dancu.citizen": ("Thông tin công dân", "One person as registered now")}.get,
        ),
        clock=clock,
        authenticate=authenticate,
        require=require,
        record=record,
        refuse=refuse,
    )
    front = server.api(
        lookup=core.lookup,
        authenticator=core.authenticator,
        idempotency=core.idempotency,
        metrics=Metrics(),
        clock=clock,
        limits=Limits(),
        parts=[views],
    )
    listening = await server.listen(front, "127.0.0.1", 0, shutdown_s=0.1)
    try:
        async with aiohttp.ClientSession() as session:
            window = Window(f"http://127.0.0.1:{listening.port}", session, log, index, views, clock)
            yield window
    finally:
        await listening.stop()


@pytest.fixture(params=KINDS)
async def window(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Window]:
    with opened(request.param, tmp_path) as store:
        async with window_over(store, tmp_path) as one:
            yield one


def mine(kind: str = "person", number: str = ME) -> str:
    return SECRETS.pseudonym(kind, number)


# --- a citizen's view ----------------------------------------------------------------------------


async def test_e01_a_citizen_sees_each_lookup_in_words(window: Window) -> None:
    """Time, agency, system, procedure, case, purpose, dataset and fields stand there in words a person understands."""
    lookups(window.log, range(1), subject=mine())
    await window.feed()

    status, body = await window.post("/v1/subject-views", SELF)

    assert status == 200
    assert body == {
        "entries": [
            {
                "at": "2026-03-01T01:00:00Z",
                "lookup_id": lookup_id(0),
                "agency": {"code": "H08.12", "name": "UBND phường Mẫu"},
                "system": {"code": "one-stop", "name": "Hệ thống một cửa"},
                "procedure": {"code": "1.001193", "name": None},
                "case_id": "H08.12-260301-0000",
                "purpose": {
                    "code": "verify_identity",
                    "title": "Xác minh danh tính",
                    "title_en": "Verification of identity",
                },
                "dataset": {
                    "code": "dancu.citizen",
                    "title": "Thông tin công dân",
                    "title_en": "One person as registered now",
                },
                "fields": [
                    {"code": "birth_date", "title": "Ngày sinh", "title_en": "Date of birth"},
                    {"code": "full_name", "title": "Họ, chữ đệm và tên", "title_en": "Full name"},
                ],
                "outcome": {"code": "given", "title": "Đã cung cấp dữ liệu", "title_en": "Data was given"},
            }
        ],
        "next": None,
    }


async def test_e02_each_registry_of_one_case_is_an_entry_of_its_own(window: Window) -> None:
    """What asks several registries at once shows once for each of them."""
    for nth, dataset in enumerate(("dancu.citizen", "dancu.household", "dkdn.enterprise")):
        window.log.append(asked(nth, subject=mine(), dataset=dataset, case_id="H08.12-260301-0001"))
    await window.feed()

    _, body = await window.post("/v1/subject-views", SELF)

    assert [one["dataset"]["code"] for one in body["entries"]] == [
        "dkdn.enterprise",
        "dancu.household",
        "dancu.citizen",
    ]


@pytest.mark.parametrize("as_", ["parent", "guardian"])
async def test_e03_a_representative_sees_by_right_and_is_recorded(window: Window, as_: str) -> None:
    """Who sees for somebody else is asserted by the portal, and both stand in the ledger as pseudonyms."""
    lookups(window.log, range(2), subject=mine())
    await window.feed()

    status, body = await window.post(
        "/v1/subject-views", {"subject": {"citizen_id": ME}, "asserted": {"as": as_, "requester": MOTHER}}
    )

    assert (status, len(body["entries"])) == (200, 2)
    (record,) = window.recorded
    assert record["type"] == "viewed"
    assert (record["consumer"], record["as"], record["shown"]) == ("portal", as_, 2)
    assert (record["subject"], record["requester"]) == (mine(), mine(number=MOTHER))
    assert MOTHER not in str(record)
    assert ME not in str(record)


@pytest.mark.parametrize(
    ("as_", "requester"), [("self", MOTHER), ("parent", ME), ("guardian", ME)], ids=["self", "parent", "guardian"]
)
async def test_an_assertion_that_contradicts_itself_is_refused(window: Window, as_: str, requester: str) -> None:
    """Nobody is himself under another number, and nobody his own parent."""
    status, body = await window.post(
        "/v1/subject-views", {"subject": {"citizen_id": ME}, "asserted": {"as": as_, "requester": requester}}
    )

    assert (status, body["reason"], body["problems"][0]["field"]) == (422, "invalid", "asserted.requester")
    assert window.refusals == [("portal", Refusal.INVALID)]


async def test_whose_lookups_were_seen_is_recorded_for_the_old_number_too(window: Window) -> None:
    """Nobody checks that an old number is the same person's: who was seen by it is told in the ledger."""
    subject = SELF["subject"] | {"old_number": "012345678"}
    await window.post("/v1/subject-views", SELF | {"subject": subject})
    await window.post("/v1/subject-views", SELF)

    by_both, by_one = window.recorded
    assert by_both["old_subject"] not in {None, by_both["subject"]}
    assert "012345678" not in str(by_both)
    assert by_one["old_subject"] is None


async def test_a_body_is_read_for_nobody_who_is_not_known(window: Window) -> None:
    """A stranger who sends his body for ever is told at once that he is one."""

    async def endless() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    headers = {"X-API-Key": "stranger"}
    async with window.session.post(window.url + "/v1/subject-views", data=endless(), headers=headers) as reply:
        assert reply.status == 401


async def test_an_entry_reveals_nothing_about_anybody_else(window: Window) -> None:
    """No number and no pseudonym of anybody, no officer and no account; absent, unknown and refused look alike."""
    for nth, outcome in enumerate(("absent", "unknown")):
        (index,) = window.log.append(asked(nth, subject=mine(), officer=mine(number=OFFICER)))
        window.log.append(answered(nth, index, outcome, reason="timeout" if outcome == "unknown" else None))
    window.log.append(refused(2, subject=mine(), account="canbo.mau", officer=mine(number=OFFICER)))
    await window.feed()

    _, body = await window.post("/v1/subject-views", SELF)

    assert [one["outcome"]["code"] for one in body["entries"]] == ["not_given"] * 3
    text = json.dumps(body)
    for secret in (ME, MOTHER, OFFICER, mine(), mine(number=OFFICER), "canbo.mau", "absent", "timeout", "forbidden"):
        assert secret not in text


async def test_a_question_that_is_still_open_shows(window: Window) -> None:
    """A lookup shows from its question on, before its answer is recorded."""
    window.log.append(asked(0, subject=mine()))
    await window.feed()

    _, body = await window.post("/v1/subject-views", SELF)

    assert [one["outcome"]["code"] for one in body["entries"]] == ["pending"]


async def test_pages_go_back_in_time_without_gap_or_overlap(window: Window) -> None:
    """Newest first; `next` of one page is `before` of the one behind it, also while new lookups come in."""
    lookups(window.log, range(5), subject=mine())
    await window.feed()

    _, first = await window.post("/v1/subject-views", SELF | {"limit": 2})
    lookups(window.log, range(5, 7), subject=mine())
    await window.feed()
    _, second = await window.post("/v1/subject-views", SELF | {"limit": 2, "before": first["next"]})
    _, third = await window.post("/v1/subject-views", SELF | {"limit": 2, "before": second["next"]})

    pages = [[one["lookup_id"] for one in page["entries"]] for page in (first, second, third)]
    assert pages == [[lookup_id(4), lookup_id(3)], [lookup_id(2), lookup_id(1)], [lookup_id(0)]]
    assert third["next"] is None


async def test_a_person_is_found_under_older_secrets_and_the_old_number(window: Window) -> None:
    """Pseudonyms of an earlier secret and of the nine-digit number belong to the same person, where it is named."""
    old = SECRETS.pseudonyms("person", ME)[1]
    window.log.append(asked(0, subject=old), asked(1, subject=mine("old_number", MY_OLD_NUMBER)))
    await window.feed()

    _, without = await window.post("/v1/subject-views", SELF)
    _, both = await window.post(
        "/v1/subject-views", SELF | {"subject": {"citizen_id": ME, "old_number": MY_OLD_NUMBER}}
    )

    assert [len(one["entries"]) for one in (without, both)] == [1, 2]


async def test_a_period_may_be_given_in_any_zone(window: Window) -> None:
    """`from` belongs to the period, `until` does not; both are moments with a zone."""
    lookups(window.log, range(3), subject=mine())
    await window.feed()

    _, body = await window.post(
        "/v1/subject-views", SELF | {"from": "2026-03-01T08:01:00+07:00", "until": "2026-03-01T01:02:00Z"}
    )

    assert [one["lookup_id"] for one in body["entries"]] == [lookup_id(1)]


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"from": "2026-03-01T08:00:00"}, "from"),
        ({"from": "2026-03-01"}, "from"),
        ({"from": 1772323200}, "from"),
        ({"until": "2026-02-30T00:00:00Z"}, "until"),
        ({"from": "2026-03-01T08:00:00Z", "until": "2026-03-01T08:00:00Z"}, "until"),
        ({"limit": 0}, "limit"),
        ({"limit": 201}, "limit"),
        ({"before": "nonsense"}, "before"),
        ({"subject": {"citizen_id": "0000990000"}}, "subject.citizen_id"),
        ({"officer": OFFICER}, "officer"),
        ({"asserted": {"as": "neighbour", "requester": MOTHER}}, "asserted.as"),
    ],
)
async def test_what_is_wrong_is_named(tmp_path: Path, change: dict[str, Any], place: str) -> None:
    """Each wrong member is named with what to do, and no value is quoted."""
    with opened("sqlite", tmp_path) as store:
        async with window_over(store, tmp_path) as window:
            status, body = await window.post("/v1/subject-views", SELF | change)

    assert status in {400, 422}
    assert place in [one["field"] for one in body["problems"]]
    assert "2026" not in json.dumps([one for one in body["problems"] if one["code"] != "instant"])


async def test_e01_one_round_of_the_follower_makes_all_workers_lookups_visible(window: Window) -> None:
    """What any worker recorded shows after the follower's next round, which begins every second."""
    other = SegmentLog(window.log._folder.parent, "gateway.test/1")
    lookups(window.log, range(1), subject=mine())
    lookups(other, range(1, 2), subject=mine())
    follower = Follower(window.index, lambda: [window.log, other], metrics=Metrics(), clock=window.clock)

    assert await asyncio.to_thread(follower.once)
    _, body = await window.post("/v1/subject-views", SELF)

    assert [one["lookup_id"] for one in body["entries"]] == [lookup_id(1), lookup_id(0)]


# --- who may -------------------------------------------------------------------------------------

QUESTIONS = {
    "/v1/subject-views": SELF,
    "/v1/incident-queries": DAY,
}


@pytest.mark.parametrize("path", QUESTIONS)
async def test_a15_a_data_role_gets_no_view(window: Window, path: str) -> None:
    """Without the right a view is refused with a typed problem and a record, and nothing is asked of the database."""
    status, body = await window.post(path, QUESTIONS[path], key="one-stop")

    assert (status, body["reason"], body["actor"]) == (403, "forbidden", "operator")
    assert window.refusals == [("one-stop", Refusal.FORBIDDEN)]
    assert window.recorded == []


@pytest.mark.parametrize("path", QUESTIONS)
async def test_a01_nobody_unknown_gets_a_view(window: Window, path: str) -> None:
    """Without credentials there is a typed problem and a record."""
    status, body = await window.post(path, QUESTIONS[path], key="stranger")

    assert (status, body["reason"]) == (401, "unauthenticated")
    assert window.refusals == [(None, Refusal.UNAUTHENTICATED)]


@pytest.mark.parametrize(("path", "key"), [("/v1/subject-views", "portal"), ("/v1/incident-queries", "security")])
async def test_no_view_leaves_without_its_record(window: Window, path: str, key: str) -> None:
    """While the ledger takes no record there is neither a view nor a refusal without one, but 503."""
    lookups(window.log, range(1), subject=mine())
    await window.feed()
    window.ledger_is_down = True

    status, body = await window.post(path, QUESTIONS[path], key=key)
    refused_status, refused_body = await window.post(path, QUESTIONS[path], key="one-stop")

    assert (status, body["reason"]) == (503, "ledger_unavailable")
    assert "entries" not in body
    assert (refused_status, refused_body["reason"]) == (503, "ledger_unavailable")


async def test_without_its_database_a_view_says_so_and_lookups_go_on(tmp_path: Path) -> None:
    """A database that is away is a typed 503 on all three routes; the front door's other routes do not notice."""
    store = Store.open("postgresql+psycopg://gateway@127.0.0.1:1/ledger")
    async with window_over(store, tmp_path) as window:
        answers = [
            await window.post("/v1/subject-views", SELF),
            await window.post("/v1/incident-queries", DAY, key="security"),
            await window.get(f"/v1/lookups/{lookup_id(0)}/explanation"),
        ]
        healthy, _ = await window.get("/healthz")

    assert [(status, body["type"]) for status, body in answers] == [
        (503, "urn:onestop-gateway:problem:store_unavailable")
    ] * 3
    assert all(body["detail"] and body["actor"] == "operator" for _, body in answers)
    assert healthy == 200


# --- incidents -----------------------------------------------------------------------------------


async def test_an_incident_is_told_by_people_fields_and_officers(window: Window) -> None:
    """Who was looked up, which fields left, and which officers asked; a question without an answer gave nothing."""
    lookups(window.log, range(2), subject=mine())
    lookups(window.log, range(2, 3), "absent", subject=mine(number=MOTHER), account="canbo.hai")
    window.log.append(asked(3, subject=None))
    await window.feed()

    status, body = await window.post("/v1/incident-queries", DAY, key="security")

    assert status == 200
    assert (body["lookups"], body["given"], body["people"], body["complete"]) == (4, 2, 2, True)
    assert {(one["account"], one["given"], one["lookups"]) for one in body["by_officer"]} == {
        ("canbo.mau", True, 2),
        ("canbo.mau", False, 1),
        ("canbo.hai", False, 1),
    }
    by_subject = {one["subject"]: one for one in body["subjects"]}
    assert by_subject[mine()] == {
        "subject": mine(),
        "lookups": 2,
        "given": 2,
        "fields": ["dancu.citizen.birth_date", "dancu.citizen.full_name"],
        "accounts": ["canbo.mau"],
        "first_at": "2026-03-01T01:00:00Z",
        "last_at": "2026-03-01T01:01:00Z",
    }
    assert by_subject[mine(number=MOTHER)]["fields"] == []
    assert [record["type"] for record in window.recorded] == ["incident_queried"]


async def test_a_large_incident_comes_in_pieces(window: Window) -> None:
    """An answer of many pieces is one whole document."""
    for nth in range(500):
        window.log.append(asked(nth, subject=mine(number=f"{nth:012d}")))
    await window.feed()

    status, body = await window.post("/v1/incident-queries", DAY | {"account": "canbo.mau"}, key="security")

    assert status == 200
    assert body["people"] == len({one["subject"] for one in body["subjects"]}) == 500


async def test_an_incident_with_nobody_is_an_answer(window: Window) -> None:
    """Nothing between the two instants: an empty answer, which is complete."""
    status, body = await window.post("/v1/incident-queries", DAY | {"agency": "H99"}, key="security")

    assert status == 200
    assert (body["lookups"], body["subjects"], body["by_officer"], body["complete"]) == (0, [], [], True)


# --- explanations --------------------------------------------------------------------------------


async def test_an_answered_lookup_is_explained_step_by_step(window: Window) -> None:
    """Who was let in and why, each attempt with who answered it, what came of it: in both languages, and no person."""
    attempts = [
        {"result": "timeout", "layer": "network", "status": None, "elapsed_ms": 900, "fresh": False, "request_id": "a"},
        {"result": "found", "layer": "registry", "status": 200, "elapsed_ms": 80, "fresh": True, "request_id": "b"},
    ]
    (index,) = window.log.append(asked(0, subject=mine(), findings=["off_hours"], case_checks="off"))
    window.log.append(answered(0, index, attempts=attempts, clock_skew_s=-2.5, quota_left=17))
    await window.feed()

    status, body = await window.get(f"/v1/lookups/{lookup_id(0)}/explanation")

    assert status == 200
    assert [one["step"] for one in body["steps"]] == [
        "authenticated",
        "checked",
        "allowed",
        "asked",
        "attempt",
        "attempt",
        "answered",
    ]
    assert all(one["text"] and one["text_en"] for one in body["steps"])
    allowed, first, last = body["steps"][2], body["steps"][4], body["steps"][-1]
    assert (allowed["policy"], allowed["rules"], allowed["findings"]) == ("2026-03-01", ["birth"], ["off_hours"])
    assert (first["result"], first["layer"], first["status"]) == ("timeout", "network", None)
    assert (last["clock_skew_s"], last["quota_left"], last["kid"], last["ledger"]["index"]) == (-2.5, 17, "key-1", 1)
    assert body["result"]["outcome"] == "found"
    text = json.dumps(body)
    for secret in (ME, mine(), "canbo.mau", "0f" * 16, "H08.12-260301"):
        assert secret not in text


@pytest.mark.parametrize(
    ("records", "steps", "result"),
    [
        ([refused(0)], ["authenticated", "refused"], {"reason": "forbidden", "actor": "operator"}),
        (
            [asked(0), answered(0, 0, "unknown", reason="throttled")],
            ["authenticated", "allowed", "asked", "answered"],
            {"reason": "throttled", "actor": "registry", "retryable": True},
        ),
        (
            [asked(0), answered(0, 0, "unknown", reason="interrupted", attempts=None)],
            ["authenticated", "allowed", "asked", "answered"],
            {"reason": "interrupted"},
        ),
        ([asked(0)], ["authenticated", "allowed", "asked"], {"outcome": None}),
        (
            [asked(0), answered(0, 0), {"type": "undelivered", "at": START, "lookup_id": lookup_id(0)}],
            ["authenticated", "allowed", "asked", "answered", "undelivered"],
            {"outcome": "unknown", "delivered": False},
        ),
    ],
    ids=["refused", "unknown", "interrupted", "open", "undelivered"],
)
async def test_every_end_of_a_lookup_is_explained(
    tmp_path: Path, records: list[Record], steps: list[str], result: dict[str, Any]
) -> None:
    """Refused, without an answer, cut off by a crash, still open, recorded too late: each says who must act."""
    with opened("sqlite", tmp_path) as store:
        async with window_over(store, tmp_path) as window:
            window.log.append(*records)
            await window.feed()
            status, body = await window.get(f"/v1/lookups/{lookup_id(0)}/explanation")

    assert status == 200
    assert [one["step"] for one in body["steps"]] == steps
    assert body["result"] | result == body["result"]
    assert body["result"]["text"]


async def test_a_lookup_is_explained_to_whose_it_is(window: Window) -> None:
    """A consumer sees its own lookups, one with the right all of them; another one's looks as if it were not there."""
    window.log.append(asked(0), refused(1, consumer=None, by=None))
    await window.feed()
    own, nobodys = (f"/v1/lookups/{lookup_id(nth)}/explanation" for nth in (0, 1))

    seen = {(path, key): (await window.get(path, key=key))[0] for path in (own, nobodys) for key in RIGHTS}

    assert seen == {
        (own, "one-stop"): 200,
        (own, "portal"): 404,
        (own, "security"): 200,
        (nobodys, "one-stop"): 404,
        (nobodys, "portal"): 404,
        (nobodys, "security"): 200,
    }


@pytest.mark.parametrize("path", [lookup_id(7), "nonsense", "0" * 36])
async def test_an_unknown_lookup_is_a_typed_problem(window: Window, path: str) -> None:
    """What is no lookup is 404 with a word of its own: this is no question to a registry."""
    status, body = await window.get(f"/v1/lookups/{path}/explanation")

    assert status == 404
    assert (body["type"], body["actor"]) == ("urn:onestop-gateway:problem:no_such_lookup", "consumer")


# --- descriptions --------------------------------------------------------------------------------


def test_every_field_of_a_record_has_a_name_for_people() -> None:
    """What a citizen reads of which fields were given is never a bare code, for any dataset of ours."""
    fields = {
        name
        for adapter in app.installed_adapters().values()
        if adapter.registry in {"dancu", "dkdn", "taichinh"}
        for dataset in adapter.datasets
        for name in dataset.record.model_fields
    }

    assert fields <= set(FIELDS)


def test_every_word_of_an_explanation_has_a_sentence() -> None:
    """Ways to authenticate, findings, layers and outcomes: whatever the ledger may say of them is in the tables."""
    assert set(explanation.BY) == set(get_args(Method))
    assert set(explanation.FINDINGS) == {finding.value for finding in Finding}
    assert set(explanation.LAYERS) == set(get_args(Layer))
    assert set(explanation.OUTCOMES) == {Found.word, Absent.word, Unknown.word}


async def test_the_views_are_described(tmp_path: Path) -> None:
    """The OpenAPI document with the views in it is valid, and describes each of their routes."""
    with opened("sqlite", tmp_path) as store:
        async with window_over(store, tmp_path) as window:
            document = openapi.document(built().catalogue, [window.views])
            front = web.Application()
            window.views.add_routes(front)

    validate(document)
    routes = {(route.method.lower(), route.resource.canonical) for route in front.router.routes() if route.resource}
    assert {(method, path) for path, item in window.views.paths.items() for method in item} == routes
    assert set(window.views.paths) <= set(document["paths"])
