"""Tickets through the front door: a paper that is pending is asked about again by itself, and somebody is told."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer.testing import CliRunner

from gateway import app
from gateway.cli import cli
from gateway.clock import SystemClock
from gateway.errors import SettingsError
from gateway.keyring import read_key_set
from gateway.kit.check import check_callbacks
from gateway.ledger.evidence import verified
from gateway.ledger.reading import LogReader
from gateway.lookup.planning import Planner
from gateway.settings import load
from gateway.stores.outages import Outages
from gateway.stores.ticket_file import TicketFile
from gateway.stores.tickets import Claim, Delivery, End, State
from gateway.telemetry import Metrics
from gateway.tickets.asking import Asker
from gateway.tickets.schedule import Schedule
from gateway.tickets.seal import Seal
from gateway.tickets.store_thread import StoreThread
from mocks.faults import Fault
from mocks.server import Running
from tests.certificates import Authority
from tests.conftest import INQUIRY, KEY, MAU, Desk, open_desk
from tests.policies import policy, rule
from tests.test_ticket_file import ticket as one_ticket
from tests.ticketing import OneStop, eventually, one_stop, tickets_file

HOME = {"province_code": "52", "commune_code": "99903", "detail": "Số 1 phố Mẫu"}
APPLICANT = {"role": "applicant", "claims": MAU | {"sex": "1", "permanent_residence": HOME}}
FIRM = {"role": "firm", "claims": {"enterprise_code": "9900000023", "name": "Công ty TNHH Ví Dụ Minh Họa"}}
BODY = {"inquiry": INQUIRY | {"procedure": "9.000001"}, "subjects": [APPLICANT, FIRM], "deadline_s": 0.5}
QUICK = "first_s = 0.2\nlongest_s = 0.5"
RATHER_LATER = "first_s = 3600\nlongest_s = 3600"
SILENT = Fault("silence", path="dancu")


@pytest.fixture
async def receiver() -> AsyncIterator[OneStop]:
    async with one_stop() as system:
        yield system


def called_back(system: OneStop) -> str:
    return f'[consumers.one-stop.callback]\nurl = "{system.url}"'


@asynccontextmanager
async def office(
    stand_ins: Running, folder: Path, *, tickets: str = QUICK, more: str = "", days: int = 0
) -> AsyncIterator[Desk]:
    """A gateway with tickets; `days` ahead of the machine's clock."""
    file = folder / "gateway.toml"
    if not file.exists():
        tickets_file(folder, stand_ins.base_url, tickets=tickets, more=more)
    async with open_desk(load(file), Ahead(days)) as desk:
        yield desk


class Ahead(SystemClock):
    """The machine's clock, so many days ahead."""

    def __init__(self, days: int) -> None:
        self._more = timedelta(days=days)

    def now(self) -> datetime:
        return super().now() + self._more


async def plan(desk: Desk, **more: Any) -> dict[str, Any]:
    status, answer = await desk.post("/v1/paper-plans", BODY | more)
    assert status == 200, answer
    return answer


def paper(answer: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in answer["papers"] if one["id"] == name]
    return dict(found)


async def ticket(desk: Desk, ticket_id: str) -> dict[str, Any]:
    status, found = await desk.get(f"/v1/tickets/{ticket_id}")
    assert status == 200, found
    return dict(found)


async def ended(desk: Desk, ticket_id: str) -> dict[str, Any]:
    async def is_over() -> dict[str, Any] | None:
        found = await ticket(desk, ticket_id)
        return found if found["state"] != "open" else None

    return dict(await eventually(is_over))


def entries(folder: Path) -> list[dict[str, Any]]:
    return [
        orjson.loads(one.record) for one in LogReader(folder / "ledger" / "0").entries(flushed_only=False) if one.record
    ]


# --- asked again ---------------------------------------------------------------------------------


async def test_a_pending_paper_is_answered_by_itself(stand_ins: Running, tmp_path: Path) -> None:
    """While the registry is silent the dossier is blocked; once it answers the decision follows, with evidence."""
    stand_ins.faults.set("dancu", Fault("silence"))
    async with office(stand_ins, tmp_path) as desk:
        answer = await plan(desk)
        identity, firm = paper(answer, "identity"), paper(answer, "firm")
        waiting = await ticket(desk, identity["ticket_id"])
        stand_ins.faults.clear("dancu")
        found = await ended(desk, identity["ticket_id"])
        _, keys = await desk.get("/.well-known/jwks.json")

    assert (identity["decision"], identity["decision_blocked_until_verified"]) == ("pending", True)
    assert (firm["decision"], firm["decision_blocked_until_verified"], firm["ticket_id"]) == ("waived", False, None)
    assert answer["decision_blocked_until_verified"] is True
    assert (waiting["state"], waiting["decision"], waiting["decision_blocked_until_verified"]) == (
        "open",
        "pending",
        True,
    )
    assert identity["retry_at"] == waiting["retry_at"]
    assert (found["state"], found["decision"], found["situation"]) == ("answered", "waived", "matching")
    assert found["decision_blocked_until_verified"] is False
    assert {one["field"] for one in found["verdicts"]} == {"full_name", "birth_date", "sex"}
    (lookup,) = found["lookups"]
    evidence = verified(lookup["evidence"], read_key_set(orjson.dumps(keys)))
    assert evidence["lookup_id"] == lookup["lookup_id"]


async def test_papers_of_one_plan_share_one_question_again(stand_ins: Running, tmp_path: Path) -> None:
    """Two tickets of one subject are asked about together: one question of the registry, two decisions."""
    stand_ins.faults.set("dancu", Fault("silence"))
    async with office(stand_ins, tmp_path) as desk:
        answer = await plan(desk)
        stand_ins.faults.clear("dancu")
        identity = await ended(desk, paper(answer, "identity")["ticket_id"])
        residence = await ended(desk, paper(answer, "residence")["ticket_id"])

    assert identity["ticket_id"] != residence["ticket_id"]
    assert [one["lookup_id"] for one in identity["lookups"]] == [one["lookup_id"] for one in residence["lookups"]]
    assert {identity["decision"], residence["decision"]} == {"waived"}


async def test_each_asking_stands_in_the_ledger(stand_ins: Running, tmp_path: Path) -> None:
    """A question that is asked again has records of its own, in the officer's name, and says that it was asked so."""
    stand_ins.faults.set("dancu", Fault("silence"))
    async with office(stand_ins, tmp_path) as desk:
        answer = await plan(desk)
        stand_ins.faults.clear("dancu")
        found = await ended(desk, paper(answer, "identity")["ticket_id"])

    asked = [one for one in entries(tmp_path) if one["type"] == "asked" and one["dataset"] == "dancu.citizen"]
    assert [one["by"] for one in asked] == ["api_key"] + ["ticket"] * (found["attempts"] - 1)
    assert {one["account"] for one in asked} == {"canbo.mau"}
    assert {one["case_id"] for one in asked} == {INQUIRY["case_id"]}
    assert found["lookups"][0]["lookup_id"] == asked[-1]["lookup_id"]


async def test_the_same_plan_again_has_the_same_tickets(stand_ins: Running, tmp_path: Path) -> None:
    """A plan that is sent twice, and another for the same dossier, are told apart."""
    stand_ins.faults.set("dancu", Fault("silence"))
    async with office(stand_ins, tmp_path, tickets=RATHER_LATER) as desk:
        first, second = await plan(desk), await plan(desk)
        other = await plan(desk, subjects=[APPLICANT | {"claims": APPLICANT["claims"] | {"sex": "2"}}])
        _, listed = await desk.post("/v1/ticket-queries", {"case_id": INQUIRY["case_id"]})

    assert paper(first, "identity")["ticket_id"] == paper(second, "identity")["ticket_id"]
    assert paper(first, "identity")["ticket_id"] != paper(other, "identity")["ticket_id"]
    assert listed["decision_blocked_until_verified"] is True
    assert {one["ticket_id"] for one in listed["tickets"]} == {
        paper(one, name)["ticket_id"] for one in (first, other) for name in ("identity", "residence")
    }


async def test_a_plan_that_is_sent_again_and_decided_ends_its_tickets(
    stand_ins: Running, tmp_path: Path, receiver: OneStop
) -> None:
    """A paper has one final answer: the ticket says what the later plan says, and the callback tells it."""
    stand_ins.faults.set("dancu", Fault("silence"))
    async with office(stand_ins, tmp_path, tickets=RATHER_LATER, more=called_back(receiver)) as desk:
        first = await plan(desk)
        stand_ins.faults.clear("dancu")
        second = await plan(desk)
        found = await ticket(desk, paper(first, "identity")["ticket_id"])
        await eventually(lambda: len(receiver.bodies) == 2)
        _, keys = await desk.get("/.well-known/jwks.json")

    identity = paper(second, "identity")
    assert (found["state"], found["decision"]) == ("answered", identity["decision"]) == ("answered", "waived")
    assert [one["lookup_id"] for one in found["lookups"]] == identity["lookups"]
    assert found["ticket_id"] in {one["jti"] for one in receiver.read(keys)}


async def test_a_plan_that_is_sent_again_brings_its_tickets_the_case_token(stand_ins: Running, tmp_path: Path) -> None:
    """The first token is over in an hour: what is asked again goes with the last that came."""
    stand_ins.faults.set("dancu", Fault("silence"))
    async with office(stand_ins, tmp_path, tickets=RATHER_LATER) as desk:
        first = await plan(desk, case_token="first")
        await plan(desk, case_token="second")
        await plan(desk)
        assert desk.core.keys is not None
        seal, kept = Seal.of(desk.core.keys.secrets), TicketFile(tmp_path / "tickets.db")
        found = kept.find(paper(first, "identity")["ticket_id"])
        kept.close()

    assert found is not None
    assert orjson.loads(seal.asked(found.ticket_id, found.question) or b"")["case_token"] == "second"


async def test_a_registry_that_answers_others_is_asked_at_once(stand_ins: Running, tmp_path: Path) -> None:
    """However long the wait still is: when the registry answers anybody, what waits for it becomes due."""
    stand_ins.faults.set("dancu", Fault("silence"))
    async with office(stand_ins, tmp_path, tickets="first_s = 0.2\nlongest_s = 3600") as desk:
        answer = await plan(desk)
        ticket_id = paper(answer, "identity")["ticket_id"]

        async def waits_long() -> bool:
            found = await ticket(desk, ticket_id)
            return bool(found["attempts"] > 2)

        await eventually(waits_long)
        stand_ins.faults.clear("dancu")
        assert (await desk.ask("dancu.citizen", MAU))[0] == 200
        found = await ended(desk, ticket_id)

    assert found["decision"] == "waived"


async def test_rights_are_decided_anew(stand_ins: Running, tmp_path: Path) -> None:
    """Where the right has gone since, the ticket ends as refused, an officer looks, and the refusal is recorded."""
    stand_ins.faults.set("dancu", Fault("silence"))
    async with office(stand_ins, tmp_path) as desk:
        answer = await plan(desk)
        (tmp_path / "policy.toml").write_text(policy(rule({"dkdn.enterprise": ["*"]})))
        assert not [one.error for one in await desk.core.reloader.reload() if one.error]
        stand_ins.faults.clear("dancu")
        stand_ins.journal.clear()
        found = await ended(desk, paper(answer, "identity")["ticket_id"])

    assert (found["state"], found["refusal"], found["decision"]) == ("refused", "forbidden", "officer")
    assert found["lookups"] == []
    assert [one["refusal"] for one in entries(tmp_path) if one["type"] == "refused"]


async def test_what_the_gateway_asks_by_itself_is_not_held_against_the_officer(
    stand_ins: Running, tmp_path: Path
) -> None:
    """One question an hour is all the officer has, and he has asked it; the ticket asks again all the same."""
    stand_ins.faults.set("dancu", Fault("silence"))
    limits = '[limits.many_questions]\nmost = 1\nthen = "refuse"'
    async with office(stand_ins, tmp_path) as desk:
        rules = rule({"dancu.citizen": ["*"], "dkdn.enterprise": ["*"]})
        (tmp_path / "policy.toml").write_text(policy(rules, more=limits))
        assert not [one.error for one in await desk.core.reloader.reload() if one.error]
        answer = await plan(desk, subjects=[APPLICANT])
        status, _ = await desk.ask("dancu.citizen", MAU)
        stand_ins.faults.clear("dancu")
        found = await ended(desk, paper(answer, "identity")["ticket_id"])

    assert status == 429
    assert found["decision"] == "waived"


async def test_what_was_refused_before_it_counted_counts_when_it_is_first_asked(
    stand_ins: Running, tmp_path: Path
) -> None:
    """
    The system's own limit kept a plan's question from being asked; its ticket asks it, and only the first time counts
    for the officer.
    """
    file = tickets_file(tmp_path, stand_ins.base_url, tickets=QUICK)
    file.write_text(re.sub(r"questions_per_minute = [0-9_]+", "questions_per_minute = 2", file.read_text()))
    limits = '[limits.many_questions]\nmost = 2\nthen = "note"'
    async with office(stand_ins, tmp_path) as desk:
        rules = rule({"dancu.citizen": ["*"], "dkdn.enterprise": ["*"]})
        (tmp_path / "policy.toml").write_text(policy(rules, more=limits))
        assert not [one.error for one in await desk.core.reloader.reload() if one.error]
        for _ in range(2):
            await desk.ask("dancu.citizen", MAU)
        stand_ins.faults.set("dancu", Fault("silence"))
        answer = await plan(desk, subjects=[APPLICANT])

        ticket_id, kept = paper(answer, "identity")["ticket_id"], TicketFile(tmp_path / "tickets.db")

        def by_itself() -> list[dict[str, Any]]:
            return [one for one in entries(tmp_path) if one["type"] == "asked" and one["by"] == "ticket"]

        for times in (1, 2):
            kept.retry(ticket_id, SystemClock().now())  # sooner than the minute is over
            await eventually(lambda times=times: len(by_itself()) >= times)  # type: ignore[misc]
        kept.close()
        found = by_itself()

    identity = paper(answer, "identity")
    assert (identity["decision"], identity["situation"]) == ("pending", "overloaded")
    assert [one["findings"] for one in found[:2]] == [["many_questions"], []]


async def test_a_limit_of_conduct_is_not_walked_round_by_a_ticket(stand_ins: Running, tmp_path: Path) -> None:
    """What an officer may not ask any more within the hour is refused in a plan too: no ticket asks it for him."""
    limits = '[limits.many_questions]\nmost = 1\nthen = "refuse"'
    async with office(stand_ins, tmp_path) as desk:
        rules = rule({"dancu.citizen": ["*"], "dkdn.enterprise": ["*"]})
        (tmp_path / "policy.toml").write_text(policy(rules, more=limits))
        assert not [one.error for one in await desk.core.reloader.reload() if one.error]
        first, second = await plan(desk, subjects=[APPLICANT]), await plan(desk, subjects=[APPLICANT])

    refused = paper(second, "identity")
    assert paper(first, "identity")["decision"] == "waived"
    assert (refused["decision"], refused["situation"], refused["ticket_id"]) == ("officer", "not_asked", None)
    assert [one["code"] for one in second["lookups"][0]["problems"]] == ["many_questions"]


async def test_a_ticket_has_an_end(stand_ins: Running, tmp_path: Path) -> None:
    """Where nobody answers until then, the paper is required, and the reason is not the citizen's."""
    stand_ins.faults.set("dancu", Fault("silence"))
    async with office(stand_ins, tmp_path, tickets=RATHER_LATER) as desk:
        answer = await plan(desk)
    async with office(stand_ins, tmp_path, days=4) as desk:
        found = await ended(desk, paper(answer, "identity")["ticket_id"])

    assert (found["state"], found["decision"], found["cause"]) == ("expired", "required", "not_obtained")
    assert found["situation"] == "expired"
    assert "không phải lỗi của ông/bà" in found["citizen_vi"]
    assert found["attempts"] == 2  # once more at its end


async def test_a_ticket_survives_a_restart_and_a_new_secret(stand_ins: Running, tmp_path: Path) -> None:
    """What was sealed under the secret before is asked about by the next process, under the next secret."""
    stand_ins.faults.set("dkdn", Fault("silence"))
    async with office(stand_ins, tmp_path, tickets=RATHER_LATER) as desk:
        answer = await plan(desk)
    stand_ins.faults.clear("dkdn")
    (tmp_path / "keys" / "newer").write_text("q" * 43 + "=")
    file = tmp_path / "gateway.toml"
    both = 'secret_files = ["keys/newer", "keys/secret"]'
    file.write_text(file.read_text().replace('secret_files = ["keys/secret"]', both))
    async with office(stand_ins, tmp_path, days=1) as desk:
        found = await ended(desk, paper(answer, "firm")["ticket_id"])

    assert found["decision"] == "waived"


async def test_what_cannot_be_read_any_more_is_not_lost(stand_ins: Running, tmp_path: Path) -> None:
    """With its secret gone a ticket ends, and the paper is required: somebody is told."""
    stand_ins.faults.set("dancu", Fault("silence"))
    async with office(stand_ins, tmp_path, tickets=RATHER_LATER) as desk:
        answer = await plan(desk)
    (tmp_path / "keys" / "secret").write_text("q" * 43 + "=")
    async with office(stand_ins, tmp_path, days=1) as desk:
        found = await ended(desk, paper(answer, "identity")["ticket_id"])

    assert (found["state"], found["decision"]) == ("expired", "required")


async def test_a_bug_in_an_asking_keeps_no_ticket_open_for_ever(stand_ins: Running, tmp_path: Path) -> None:
    """What ends in an error nobody foresaw is asked about again, and once its time is over the paper is required."""
    clock = Ahead(0)
    store = StoreThread(lambda: TicketFile(tmp_path / "other.db"), Outages(Metrics(), clock))
    now = clock.now()
    fresh, over = (one_ticket(n, due_at=now, expires_at=now + timedelta(hours=hours)) for n, hours in ((1, 1), (2, -1)))
    async with office(stand_ins, tmp_path) as desk:
        core = desk.core
        assert core.keys is not None
        asker = Asker(
            Planner(core.lookup, core.procedures, clock, core.metrics),
            core.consumers,
            store,
            Seal.of(core.keys.secrets),
            Schedule(first_s=60, longest_s=60, open_s=60),
            told=lambda _, __: {},
            callbacks=frozenset(),
            new_id=core.lookup.new_id,
            deadline_s=1,
            clock=clock,
            metrics=core.metrics,
        )
        await store.start()
        await store.run(lambda kept: kept.open([fresh, over], most=10))
        claim = Claim("token", now + timedelta(minutes=1))
        for _ in range(2):
            claimed = await store.run(lambda kept: kept.claim(claim, now, after="", only_expired=False))
            await asker.later("token", claimed)
        found = await store.run(lambda kept: {one.ticket_id: one for one in kept.listed(state=None, most=10)})
        await store.close()

    assert found["t0001"].due_at > now + timedelta(seconds=30)
    assert (found["t0002"].state, found["t0002"].decision) == ("expired", "required")


# --- what is kept of it --------------------------------------------------------------------------


async def test_nothing_in_the_file_names_anybody(stand_ins: Running, tmp_path: Path) -> None:
    """An open ticket's question and an ended one's answer are sealed, each for its own place."""
    stand_ins.faults.set("dancu", Fault("silence"))
    async with office(stand_ins, tmp_path, tickets=RATHER_LATER) as desk:
        await plan(desk)
        await plan(desk, subjects=[APPLICANT | {"claims": APPLICANT["claims"] | {"sex": "2"}}])
        kept = b"".join((tmp_path / name).read_bytes() for name in ("tickets.db", "tickets.db-wal"))
        with sqlite3.connect(tmp_path / "tickets.db") as database:
            questions = [one for (one,) in database.execute("SELECT question FROM tickets")]

    assert all(questions)
    for secret in (MAU["citizen_id"], "Mẫu", "1999-01-31", "000080000009", "canbo.mau"):
        assert secret.encode() not in kept


async def test_a_question_does_not_open_in_another_tickets_place(stand_ins: Running, tmp_path: Path) -> None:
    """Who moves a sealed question to another ticket gets it asked for nobody: the seal is the ticket's."""
    stand_ins.faults.set("dancu", Fault("silence"))
    async with office(stand_ins, tmp_path, tickets=RATHER_LATER) as desk:
        first = paper(await plan(desk), "identity")["ticket_id"]
        other = await plan(desk, subjects=[APPLICANT | {"claims": APPLICANT["claims"] | {"sex": "2"}}])
        second = paper(other, "identity")["ticket_id"]
    with sqlite3.connect(tmp_path / "tickets.db") as database:
        move = "UPDATE tickets SET question = (SELECT question FROM tickets WHERE ticket_id = ?) WHERE ticket_id = ?"
        database.execute(move, (first, second))
    database.close()
    stand_ins.faults.clear("dancu")
    async with office(stand_ins, tmp_path, days=1) as desk:
        found = await ended(desk, second)

    assert (found["state"], found["decision"], found["lookups"]) == ("expired", "required", [])


async def test_the_question_goes_with_the_end_and_the_answer_with_its_delivery(
    stand_ins: Running, tmp_path: Path, receiver: OneStop
) -> None:
    """Once the one-stop was told, nothing sealed is left of a ticket, and how it ended is still known."""
    stand_ins.faults.set("dancu", Fault("silence"))
    receiver.status = 503
    async with office(stand_ins, tmp_path, more=called_back(receiver)) as desk:
        ticket_id = paper(await plan(desk), "identity")["ticket_id"]
        stand_ins.faults.clear("dancu")
        await ended(desk, ticket_id)
        before = sealed(tmp_path, ticket_id)
        receiver.status = 204
        await eventually(lambda: sealed(tmp_path, ticket_id) == (None, None, "delivered"))
        found = await ticket(desk, ticket_id)

    assert before[0] is None
    assert before[1] is not None
    assert (found["decision"], found["lookups"], found["verdicts"]) == ("waived", [], [])


def sealed(folder: Path, ticket_id: str) -> tuple[bytes | None, bytes | None, str]:
    kept = TicketFile(folder / "tickets.db")
    try:
        found = kept.find(ticket_id)
        assert found is not None
        return found.question, found.answer, found.delivery.value
    finally:
        kept.close()


async def test_a_ticket_can_be_cancelled_and_its_answer_deleted(stand_ins: Running, tmp_path: Path) -> None:
    """Whoever it belongs to ends it before it is asked about again, or deletes what it brought."""
    stand_ins.faults.set("dancu", Fault("silence"))
    async with office(stand_ins, tmp_path, tickets=RATHER_LATER) as desk:
        ticket_id = paper(await plan(desk), "identity")["ticket_id"]
        async with desk.session.delete(f"{desk.url}/v1/tickets/{ticket_id}", headers={"X-API-Key": KEY}) as reply:
            cancelled = await reply.json()
        again = await ticket(desk, ticket_id)

    assert (cancelled["state"], cancelled["decision"], cancelled["decision_blocked_until_verified"]) == (
        "cancelled",
        None,
        False,
    )
    assert again == cancelled
    assert sealed(tmp_path, ticket_id) == (None, None, "none")


async def test_a_ticket_shows_to_its_own_consumer_alone(stand_ins: Running, tmp_path: Path) -> None:
    """Another system, and whoever makes up an id, get the same typed 404."""
    other = 'api_key_sha256 = "ea7d78e8ac7b12ee1c4d0d2a6b5b5e1c1b0d8e4f3c4bbf0a3e3a2ad32f1f1e55"'
    stand_ins.faults.set("dancu", Fault("silence"))
    async with office(stand_ins, tmp_path, tickets=RATHER_LATER, more=f"[consumers.other]\n{other}") as desk:
        ticket_id = paper(await plan(desk), "identity")["ticket_id"]
        kept = TicketFile(tmp_path / "tickets.db")
        assert kept.cancel("other", ticket_id, datetime.now(UTC)) is None
        kept.close()
        status, problem = await desk.get("/v1/tickets/01a2137f-0000-7000-8000-000000000000")
        odd, _ = await desk.get("/v1/tickets/1")
        unknown, _ = await desk.get(f"/v1/tickets/{ticket_id}", key="wrong")

    assert (status, problem["type"]) == (404, "urn:onestop-gateway:problem:no_such_ticket")
    assert (odd, unknown) == (404, 401)


async def test_a_consumer_has_so_many_tickets_and_no_more(stand_ins: Running, tmp_path: Path) -> None:
    """What has no room says so, keeps `retry_at`, and is pending all the same."""
    stand_ins.faults.set("dancu", Fault("silence"))
    async with office(stand_ins, tmp_path, tickets=f"{RATHER_LATER}\nper_consumer = 1") as desk:
        answer = await plan(desk)

    identity, residence = paper(answer, "identity"), paper(answer, "residence")
    assert (identity["ticket_problem"], residence["ticket_problem"]) == (None, "too_many")
    assert residence["retry_at"]
    assert residence["decision_blocked_until_verified"] is True


async def test_a_plan_does_not_wait_for_a_file_that_is_locked(stand_ins: Running, tmp_path: Path) -> None:
    """Where tickets cannot be written the plan leaves all the same, and says that nobody will ask again."""
    stand_ins.faults.set("dancu", Fault("silence"))
    async with office(stand_ins, tmp_path, tickets=RATHER_LATER) as desk:
        held = sqlite3.connect(tmp_path / "tickets.db")
        held.execute("BEGIN IMMEDIATE")
        async with asyncio.timeout(8):
            answer = await plan(desk)
        held.close()

    identity = paper(answer, "identity")
    assert (identity["decision"], identity["ticket_id"], identity["ticket_problem"]) == ("pending", None, "unavailable")


async def test_a_ticket_does_not_wait_for_the_memory_of_plans(stand_ins: Running, tmp_path: Path) -> None:
    """While the measure's database is locked the ticket is written already: the plan waits once, for both together."""
    stand_ins.faults.set("dancu", Fault("silence"))
    async with office(stand_ins, tmp_path, tickets=RATHER_LATER, more="[impact]") as desk:
        await plan(desk, subjects=[FIRM])  # its tables are there
        with closing(sqlite3.connect(tmp_path / "ledger" / "impact.db")) as held:
            held.execute("BEGIN IMMEDIATE")
            asked = asyncio.create_task(plan(desk))
            kept = TicketFile(tmp_path / "tickets.db")
            await eventually(lambda: kept.listed(state=None, most=1))
            metrics = await desk.metrics()
            answer = await asked
            kept.close()

    assert "gateway_impact_failures_total 0.0" in metrics
    assert answer["remembered"] is False
    assert paper(answer, "identity")["ticket_id"]


# --- appointments --------------------------------------------------------------------------------


async def test_a_booked_visit_is_asked_about_the_evening_before(stand_ins: Running, tmp_path: Path) -> None:
    """Nobody is asked when the visit is booked; the answers are there when the citizen comes."""
    visit = datetime.now(UTC) + timedelta(days=5)
    async with office(stand_ins, tmp_path) as desk:
        answer = await plan(desk, appointment=visit.isoformat(timespec="seconds").replace("+00:00", "Z"))
        asked = len([one for one in stand_ins.journal if one.registry in {"dancu", "dkdn"}])
        waiting = await ticket(desk, paper(answer, "firm")["ticket_id"])
        stand_ins.faults.set("dkdn", Fault("silence"))
        now = paper(await plan(desk, subjects=[FIRM]), "firm")
        stand_ins.faults.clear("dkdn")
    async with office(stand_ins, tmp_path, days=5) as desk:
        firm = await ended(desk, paper(answer, "firm")["ticket_id"])
        await ended(desk, paper(answer, "identity")["ticket_id"])

    assert asked == 0
    assert answer["lookups"] == []
    assert (paper(answer, "identity")["decision"], paper(answer, "identity")["situation"]) == ("pending", "booked")
    assert paper(answer, "listed")["decision"] == "required"
    assert waiting["attempts"] == 0
    assert now["ticket_id"] not in {None, waiting["ticket_id"]}
    evening = datetime.fromisoformat(waiting["retry_at"])
    assert (evening.hour, evening.minute) == (12, 0)  # 19:00 in Vietnam
    assert timedelta(0) < visit - evening <= timedelta(days=2)
    assert firm["decision"] == "waived"
    assert {one["by"] for one in entries(tmp_path) if one["type"] == "asked"} >= {"appointment"}


async def test_a_visit_that_is_near_is_asked_about_at_once(stand_ins: Running, tmp_path: Path) -> None:
    """When the evening before has come the plan is asked for as any other."""
    async with office(stand_ins, tmp_path) as desk:
        answer = await plan(desk, appointment=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"))

    assert paper(answer, "identity")["decision"] == "waived"


@pytest.mark.parametrize("visit", ["2099-03-04T08:30:00Z", "9999-12-31T23:30:00Z"])
async def test_a_visit_too_far_ahead_is_refused(stand_ins: Running, tmp_path: Path, visit: str) -> None:
    """Nobody's numbers are kept for years because of a date that was typed wrong."""
    async with office(stand_ins, tmp_path) as desk:
        status, problem = await desk.post("/v1/paper-plans", BODY | {"appointment": visit})

    assert status == 422
    assert [one["field"] for one in problem["problems"]] == ["appointment"]


async def test_a_visit_long_past_is_asked_about_at_once(stand_ins: Running, tmp_path: Path) -> None:
    """However long: the first year there is has no evening before it."""
    async with office(stand_ins, tmp_path) as desk:
        answer = await plan(desk, appointment="0001-01-01T10:30:00Z")

    assert paper(answer, "identity")["decision"] == "waived"


# --- callbacks -----------------------------------------------------------------------------------


async def test_a_callback_is_signed_and_tells_the_whole_ticket(
    stand_ins: Running, tmp_path: Path, receiver: OneStop
) -> None:
    """With the published keys any JOSE library verifies it: whom it is for, which ticket, and with what evidence."""
    stand_ins.faults.set("dancu", Fault("silence"))
    async with office(stand_ins, tmp_path, more=called_back(receiver)) as desk:
        ticket_id = paper(await plan(desk), "identity")["ticket_id"]
        stand_ins.faults.clear("dancu")
        await eventually(lambda: len(receiver.bodies) == 2)
        _, keys = await desk.get("/.well-known/jwks.json")
        shown = await ticket(desk, ticket_id)

    told = {one["jti"]: one for one in receiver.read(keys)}[ticket_id]
    assert told["aud"] == "one-stop"
    assert told["ticket"]["lookups"][0]["evidence"]
    assert told["ticket"] | {"verdicts": [], "standings": [], "fetched": [], "withheld": [], "lookups": []} == shown
    headers = receiver.headers[0]
    assert headers["Content-Type"] == "application/jose"
    assert headers["Idempotency-Key"] in {one["jti"] for one in receiver.read(keys)}


async def test_a_dead_callback_loses_nothing(stand_ins: Running, tmp_path: Path, receiver: OneStop) -> None:
    """It is tried again, under the same id, until it is taken, and the ticket can be polled meanwhile."""
    stand_ins.faults.set("dancu", Fault("silence"))
    receiver.status = 500
    async with office(stand_ins, tmp_path, more=called_back(receiver)) as desk:
        ticket_id = paper(await plan(desk), "identity")["ticket_id"]
        stand_ins.faults.clear("dancu")
        found = await ended(desk, ticket_id)
        await eventually(lambda: attempts(tmp_path, ticket_id) >= 2)
        receiver.status = 200
        await eventually(lambda: len(receiver.bodies) == 2)
        _, keys = await desk.get("/.well-known/jwks.json")

        async def is_counted() -> bool:
            metrics = await desk.metrics()
            ends = 'gateway_tickets_ended_total{decision="waived",state="answered"} 2.0'
            return ends in metrics and 'gateway_ticket_deliveries_total{result="delivered"} 2.0' in metrics

        await eventually(is_counted)

    assert found["lookups"][0]["evidence"]
    assert ticket_id in {one["jti"] for one in receiver.read(keys)}


def attempts(folder: Path, ticket_id: str) -> int:
    kept = TicketFile(folder / "tickets.db")
    try:
        found = kept.find(ticket_id)
        return found.delivery_attempts if found is not None else 0
    finally:
        kept.close()


async def test_a_callback_that_nobody_takes_is_given_up(stand_ins: Running, tmp_path: Path, receiver: OneStop) -> None:
    """After its time nobody tries any more: the ticket says so to the operator, and its answer can still be polled."""
    stand_ins.faults.set("dancu", Fault("silence"))
    receiver.status = 500
    async with office(stand_ins, tmp_path, more=called_back(receiver)) as desk:
        ticket_id = paper(await plan(desk), "identity")["ticket_id"]
        stand_ins.faults.clear("dancu")
        await ended(desk, ticket_id)
    async with office(stand_ins, tmp_path, days=4) as desk:
        await eventually(lambda: sealed(tmp_path, ticket_id)[2] == "given_up")
        found = await ticket(desk, ticket_id)

    assert found["lookups"][0]["evidence"]


async def test_an_address_that_is_gone_is_waited_for_no_more(stand_ins: Running, tmp_path: Path) -> None:
    """Where a consumer has no callback any more, what it was to be told is given up at the start."""
    tickets_file(tmp_path, stand_ins.base_url, tickets=QUICK)
    kept = TicketFile(tmp_path / "tickets.db")
    kept.open([one_ticket(1)], most=10)
    kept.claim(Claim("w", datetime.now(UTC)), datetime.now(UTC), after="", only_expired=False)
    now, due = datetime.now(UTC), Delivery.DUE
    assert kept.end(
        "t0001", "w", End(state=State.EXPIRED, at=now, situation="expired", decision="required", delivery=due)
    )
    async with office(stand_ins, tmp_path) as desk:

        async def is_given_up() -> bool:
            return 'gateway_ticket_deliveries_total{result="given_up"} 1.0' in await desk.metrics()

        await eventually(is_given_up)
    found = kept.find("t0001")
    kept.close()

    assert found is not None
    assert found.delivery is Delivery.GIVEN_UP


async def test_a_callback_goes_to_whom_the_certificate_names(stand_ins: Running, tmp_path: Path) -> None:
    """Over TLS the whole ticket leaves only for a receiver whose authority the settings name; the check says so too."""
    authority, stranger = Authority(tmp_path), Authority(tmp_path)
    stand_ins.faults.set("dancu", Fault("silence"))
    async with one_stop(stranger.issue()) as wrong, one_stop(authority.issue()) as right:
        more = f'{called_back(wrong)}\ntls.ca_file = "{authority.file}"'
        file = tickets_file(tmp_path, stand_ins.base_url, tickets=QUICK, more=more)
        async with office(stand_ins, tmp_path) as desk:
            ticket_id = paper(await plan(desk), "identity")["ticket_id"]
            stand_ins.faults.clear("dancu")
            await eventually(lambda: attempts(tmp_path, ticket_id) > 0)
            refused = await check_callbacks(load(file))
        file.write_text(file.read_text().replace(wrong.url, right.url))
        async with office(stand_ins, tmp_path):
            await eventually(lambda: len(right.bodies) == 2)
            taken = await check_callbacks(load(file))

    assert wrong.bodies == []
    assert not all(one.probe.ok for one in refused)
    assert all(one.probe.ok for one in taken)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ('[consumers.one-stop.callback]\nurl = "http://one-stop.example/tickets"', "https://"),
        ('[consumers.one-stop.callback]\nurl = "http://127.1/tickets"', "IPv4"),
        ('[consumers.one-stop.callback]\nurl = "http://localhost@10.0.0.1/"', "plain ASCII"),
        (
            '[consumers.one-stop.callback]\nurl = "http://127.0.0.1/t"\nallowed_addresses = ["10.0.0.0/8"]',
            "allowed_addresses",
        ),
    ],
)
async def test_s02_an_address_to_call_back_is_the_operators_alone(
    more: str, message: str, stand_ins: Running, tmp_path: Path
) -> None:
    """No request names one; settings that name a doubtful one stop the start."""
    file = tickets_file(tmp_path, stand_ins.base_url, more=more)

    with pytest.raises(SettingsError, match=message):
        async with open_desk(load(file)):
            pass


async def test_tickets_want_keys(stand_ins: Running, tmp_path: Path) -> None:
    """Without keys nothing could be sealed or signed, so the gateway does not start."""
    settings = load(tickets_file(tmp_path, stand_ins.base_url)).model_copy(update={"keys": None, "ledger": None})
    core = app.build(settings)
    try:
        with pytest.raises(SettingsError, match=r"\[keys\]"):
            app.front_door(core, Ahead(0))
    finally:
        await core.close()


# --- for operators -------------------------------------------------------------------------------


async def test_an_operator_sees_tickets_and_nobody_in_them(
    stand_ins: Running, tmp_path: Path, receiver: OneStop
) -> None:
    """`list`, `show` and `retry` say how each stands, name no person and no dossier, and bring a ticket forward."""
    stand_ins.faults.set("dancu", Fault("silence"))
    async with office(stand_ins, tmp_path, tickets=RATHER_LATER, more=called_back(receiver)) as desk:
        ticket_id = paper(await plan(desk), "identity")["ticket_id"]
        stand_ins.faults.clear("dancu")
        listed = command(tmp_path, "list", "--state", "open", "--json")
        table = command(tmp_path, "list")
        shown = command(tmp_path, "show", ticket_id)
        command(tmp_path, "retry", ticket_id)
        found = await ended(desk, ticket_id)
        await eventually(lambda: receiver.bodies)
    over = CliRunner().invoke(cli, ["tickets", "retry", ticket_id, "-s", str(tmp_path / "gateway.toml")])

    assert {one["ticket_id"] for one in orjson.loads(listed)} >= {ticket_id}
    assert ticket_id in table.replace("\n", "")
    assert orjson.loads(shown)["situation"] in {"timeout", "circuit_open"}
    assert found["decision"] == "waived"
    assert over.exit_code == 2
    for secret in (MAU["citizen_id"], "Mẫu", "canbo.mau", INQUIRY["case_id"]):
        assert secret not in listed + table + shown


def command(folder: Path, *arguments: str) -> str:
    done = CliRunner(env={"COLUMNS": "200"}).invoke(
        cli, ["tickets", *arguments, "-s", str(folder / "gateway.toml")], catch_exceptions=False
    )
    assert done.exit_code == 0, done.output
    return done.output
