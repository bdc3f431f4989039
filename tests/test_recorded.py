"""A question through a gateway that records: `asked` before, `answered` before the answer leaves, evidence of it."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway import app
from gateway.clock import SystemClock
from gateway.keyring import read_key_set
from gateway.ledger.evidence import digest_of, matches_record, verified
from gateway.ledger.lease import Lease
from gateway.ledger.log import Log
from gateway.ledger.reading import LogReader
from gateway.settings import load
from gateway.stores.state import MemoryState
from mocks.faults import Fault
from mocks.server import Running
from tests.conftest import FIRM, INQUIRY, MAU, NOBODY, Desk, open_desk
from tests.recorded import settings_file

ROOT = Path(__file__).parents[1]


@pytest.fixture
async def recorded(tmp_path: Path, stand_ins: Running) -> AsyncIterator[Desk]:
    async with open_desk(load(settings_file(tmp_path, stand_ins.base_url))) as desk:
        yield desk


def records(desk: Desk) -> list[dict[str, Any]]:
    assert desk.core.ledger is not None
    return [
        orjson.loads(entry.record)
        for entry in LogReader(desk.core.ledger.folder).entries(flushed_only=False)
        if entry.record
    ]


def of(found: list[dict[str, Any]], kind: str) -> list[dict[str, Any]]:
    return [record for record in found if record["type"] == kind]


async def test_a_found_person_comes_with_evidence_that_the_public_key_verifies(recorded: Desk) -> None:
    """The evidence says what the answer says, and the ledger's record commits to it."""
    status, answer = await recorded.ask("dancu.citizen", MAU, fields=["full_name", "birth_date"])
    _, published = await recorded.get("/.well-known/jwks.json")

    document = verified(answer["evidence"], read_key_set(orjson.dumps(published)))

    assert status == 200
    assert document["record"] == answer["record"] == {"full_name": "NGUYỄN VĂN MẪU", "birth_date": "1999-01-31"}
    assert document["query"] == MAU
    assert document["inquiry"] == INQUIRY
    assert document["provenance"] == answer["provenance"]
    assert document["ledger"] == answer["ledger"]
    assert "religion" in document["withheld"]
    (entry,) = LogReader(recorded.core.ledger.folder).entries(  # type: ignore[union-attr]
        answer["ledger"]["index"], answer["ledger"]["index"] + 1, flushed_only=False
    )
    assert entry.record is not None
    matches_record(document, entry.record)


async def test_a_question_leaves_two_records_without_any_value(recorded: Desk) -> None:
    """`asked` says who, why and which fields, `answered` how it ended; neither holds a number, a name or a date."""
    _, answer = await recorded.ask("dancu.citizen", MAU, fields=["full_name"])

    asked, answered = records(recorded)

    assert (asked["type"], answered["type"]) == ("asked", "answered")
    assert asked["lookup_id"] == answered["lookup_id"] == answer["lookup_id"]
    assert (asked["consumer"], asked["by"], asked["account"]) == ("one-stop", "api_key", "canbo.mau")
    assert (asked["case_id"], asked["fields"]) == (INQUIRY["case_id"], ["full_name"])
    assert answered["asked"] == asked["index"]
    assert answered["outcome"] == "found"
    assert [attempt["result"] for attempt in answered["attempts"]] == ["found"]
    text = orjson.dumps([asked, answered]).decode()
    assert not re.search(r"[0-9]\.[0-9]+[,}]", text), "a number with a fraction has no one spelling"
    officer: Mapping[str, str] = INQUIRY["officer"]  # type: ignore[assignment]
    for value in (MAU["citizen_id"], MAU["full_name"], MAU["birth_date"], "NGUYỄN", officer["id"]):
        assert value not in text


async def test_an_absence_is_evidence_too(recorded: Desk) -> None:
    """`absent` is an answer: it is signed, dated, and says about whom the registry has nothing."""
    _, answer = await recorded.ask("dancu.citizen", NOBODY)
    _, published = await recorded.get("/.well-known/jwks.json")

    document = verified(answer["evidence"], read_key_set(orjson.dumps(published)))

    assert document["outcome"] == "absent"
    assert document["record"] is None
    assert document["query"]["citizen_id"] == NOBODY["citizen_id"]


async def test_no_answer_is_recorded_and_proves_nothing(recorded: Desk, stand_ins: Running) -> None:
    """An unknown outcome has its record, with the reason and each attempt, and no evidence."""
    stand_ins.faults.set("dkdn", Fault("throttle"))

    status, problem = await recorded.ask("dkdn.enterprise", FIRM)
    _, answered = records(recorded)

    assert (status, problem["reason"]) == (503, "throttled")
    assert "evidence" not in problem
    assert (answered["outcome"], answered["reason"], answered["digest"]) == ("unknown", "throttled", None)


async def test_a_refusal_is_recorded_with_what_could_be_read_of_it(recorded: Desk) -> None:
    """Who was refused what and why stands in the ledger; a stranger's refusal names nobody."""
    await recorded.ask("dkdn.household_business", {"tax_code": "9900000023"})
    await recorded.ask("dancu.citizen", MAU, key="wrong")

    known, stranger = of(records(recorded), "refused")

    assert (known["consumer"], known["account"], known["case_id"]) == ("one-stop", "canbo.mau", INQUIRY["case_id"])
    assert (stranger["consumer"], stranger["refusal"]) == (None, "unauthenticated")


async def test_strangers_cannot_fill_the_disk(recorded: Desk) -> None:
    """Beyond 120 a minute refusals of strangers are counted, and the next record says how many."""
    for _ in range(125):
        await recorded.ask("dancu.citizen", MAU, key="wrong")

    assert len(of(records(recorded), "refused")) == 120


async def test_a_caller_that_is_only_refused_cannot_fill_the_disk_either(recorded: Desk) -> None:
    """Of a consumer 1,200 refusals a minute are recorded; what goes beyond costs no record."""
    for _ in range(31):
        await asyncio.gather(*(recorded.ask("nobody.knows", {}) for _ in range(40)))

    assert len(of(records(recorded), "refused")) == 1_200


async def test_two_equal_answers_have_different_digests(recorded: Desk) -> None:
    """The salt keeps anybody from telling by the ledger that two answers were the same, or guessing one."""
    _, first = await recorded.ask("dkdn.enterprise", FIRM)
    _, second = await recorded.ask("dkdn.enterprise", FIRM)

    digests = [record["digest"] for record in of(records(recorded), "answered")]
    _, published = await recorded.get("/.well-known/jwks.json")
    keys = read_key_set(orjson.dumps(published))

    assert digests == [digest_of(verified(one["evidence"], keys)) for one in (first, second)]
    assert digests[0] != digests[1]


async def test_readiness_follows_the_ledger(recorded: Desk) -> None:
    """Once the ledger takes nothing more, no question should be sent here, and none is answered."""
    ready, _ = await recorded.get("/readyz")
    assert recorded.core.ledger is not None
    await recorded.core.ledger.close()

    status, body = await recorded.get("/readyz")
    asked, problem = await recorded.ask("dancu.citizen", MAU)

    assert ready == 200
    assert (status, body) == (503, {"status": "ledger: closed"})
    assert (asked, problem["reason"], problem["actor"]) == (503, "ledger_unavailable", "operator")


async def test_a_start_with_fewer_workers_closes_what_the_others_left_open(tmp_path: Path, stand_ins: Running) -> None:
    """A question of a worker that will not come back has an end; the log that this process writes is left alone."""
    settings = load(settings_file(tmp_path, stand_ins.base_url))
    ring = app.key_ring(settings)
    assert ring is not None
    folder, origin = tmp_path / "ledger" / "1", "gateway.test/ledger/1"
    left = Log.open(folder, origin=origin, signer=ring.signer, clock=SystemClock())
    await left.append({"type": "asked", "lookup_id": "1", "dataset": "dancu.citizen"}).durable(5)
    await left.close()

    async with open_desk(settings) as desk:
        await app.close_abandoned(desk.core, SystemClock(), processes=1)
        assert desk.core.ledger is not None
        assert (desk.core.ledger.state, desk.core.ledger.size) == ("open", 0)
    found = [orjson.loads(entry.record) for entry in LogReader(folder).entries() if entry.record]

    assert [(one["type"], one.get("reason")) for one in found] == [("asked", None), ("answered", "interrupted")]


async def test_the_ledger_is_closed_although_something_else_fails_to(tmp_path: Path, stand_ins: Running) -> None:
    """A state store that breaks while it is let go of leaves the log closed, and its lease free."""

    class Broken(MemoryState):
        async def close(self) -> None:
            raise RuntimeError

    core = await app.opened(load(settings_file(tmp_path, stand_ins.base_url)))
    broken = replace(core, state=Broken(SystemClock()))

    with pytest.raises(RuntimeError):
        await broken.close()

    assert core.ledger is not None
    assert core.ledger.state == "closed"
    Lease(core.ledger.folder, core.ledger.origin).release()


async def test_the_stand_alone_verifier_accepts_what_the_gateway_answers(recorded: Desk, tmp_path: Path) -> None:
    """A court needs nothing of ours: one file, the public keys, Python and cryptography."""
    _, answer = await recorded.ask("dancu.citizen", MAU)
    _, published = await recorded.get("/.well-known/jwks.json")
    (tmp_path / "evidence.jws").write_text(answer["evidence"])
    (tmp_path / "jwks.json").write_bytes(orjson.dumps(published))

    told = subprocess.run(  # noqa: ASYNC221  nothing else runs meanwhile
        [sys.executable, "-I", str(ROOT / "verifier/verify_evidence.py"), "evidence.jws", "--keys", "jwks.json"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
        text=True,
    )

    assert told.returncode == 0, told.stderr
