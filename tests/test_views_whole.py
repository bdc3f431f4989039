"""From a question at the counter to the citizen's view of it, through the whole gateway and its own log."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import orjson
import pytest

from gateway.app_index import store_of
from gateway.clock import SystemClock
from gateway.ledger.follower import Follower
from gateway.ledger.index import Index
from gateway.ledger.reading import LogReader, slots
from gateway.settings import load
from gateway.telemetry import Metrics
from mocks.server import Running
from tests.conftest import INQUIRY, MAU, Desk, open_desk
from tests.load import until
from tests.recorded import settings_file

RIGHTS = '[rights]\nsubject_views = ["one-stop"]\nincident_queries = ["one-stop"]\n'
SELF = {
    "subject": {"citizen_id": MAU["citizen_id"]},
    "asserted": {"as": "self", "requester": MAU["citizen_id"]},
}


@pytest.fixture
async def desk(tmp_path: Path, stand_ins: Running) -> AsyncIterator[Desk]:
    file = settings_file(tmp_path, stand_ins.base_url, more=RIGHTS)
    with file.open("a", encoding="utf-8") as settings:
        settings.write('\n[names.agencies]\n"H08.12" = "UBND phường Mẫu"\n')
    async with open_desk(load(file)) as one:
        yield one


async def fed(desk: Desk) -> None:
    """What a follower does each second, once everything is signed for; the gateway's own is at it too."""
    assert desk.core.ledger is not None
    await desk.core.ledger.sign_checkpoint()
    settings = desk.core.settings
    assert settings.ledger is not None
    folder, store = settings.ledger.folder, store_of(settings)
    index = Index(store)
    follower = Follower(index, lambda: slots(folder).values(), metrics=Metrics(), clock=SystemClock())
    assert await asyncio.to_thread(follower.once)
    await until(lambda: all(index.position(one.origin) == one.size for one in slots(folder).values()))
    store.close()


async def test_e01_a_lookup_at_the_counter_shows_to_the_citizen(desk: Desk) -> None:
    """Who asked, for which case and why: as words, from the policy, the datasets and the settings; seen by name."""
    status, answer = await desk.ask("dancu.citizen", MAU, fields=["full_name"])
    await fed(desk)

    seen_status, seen = await desk.post("/v1/subject-views", SELF)

    assert (status, seen_status) == (200, 200)
    (entry,) = seen["entries"]
    assert entry["lookup_id"] == answer["lookup_id"]
    assert entry["agency"] == {"code": "H08.12", "name": "UBND phường Mẫu"}
    assert (entry["case_id"], entry["procedure"]["code"]) == (INQUIRY["case_id"], INQUIRY["procedure"])
    assert entry["purpose"]["title"] == "Xác minh nhân thân"
    assert entry["dataset"]["title"] == "Thông tin công dân"
    assert [one["title"] for one in entry["fields"]] == ["Họ, chữ đệm và tên"]
    assert entry["outcome"]["code"] == "given"


async def test_e03_the_view_is_in_the_ledger(desk: Desk) -> None:
    """A view by a parent is a record of its own in the log, with pseudonyms and no number."""
    await fed(desk)  # at the very first start the tables are made meanwhile
    asserted = {"as": "parent", "requester": "000180000002"}
    status, _ = await desk.post("/v1/subject-views", SELF | {"asserted": asserted})

    assert status == 200
    assert desk.core.ledger is not None
    raw = [entry.record or b"" for entry in LogReader(desk.core.ledger.folder).entries(flushed_only=False)]
    (record,) = [one for one in map(orjson.loads, raw) if one["type"] == "viewed"]
    assert (record["consumer"], record["as"]) == ("one-stop", "parent")
    assert not any(number.encode() in line for line in raw for number in (MAU["citizen_id"], "000180000002"))


async def test_a_lookup_is_explained_from_the_real_records(desk: Desk) -> None:
    """Answered and refused questions are told step by step, with what each attempt met, and without any person."""
    _, answer = await desk.ask("dancu.citizen", MAU)
    _, refusal = await desk.ask("dancu.citizen", MAU, inquiry=INQUIRY | {"purpose": "curiosity"})
    await fed(desk)

    _, told = await desk.get(f"/v1/lookups/{answer['lookup_id']}/explanation")
    _, refused = await desk.get(f"/v1/lookups/{refusal['lookup_id']}/explanation")

    assert [one["step"] for one in told["steps"]] == [
        "authenticated",
        "checked",
        "allowed",
        "asked",
        "attempt",
        "answered",
    ]
    attempt, end = told["steps"][-2:]
    assert (attempt["result"], attempt["layer"], attempt["status"]) == ("found", "registry", 200)
    assert abs(end["clock_skew_s"]) <= 2
    assert refused["result"]["reason"] == "purpose_unknown"
    text = json.dumps([told, refused])
    for secret in (MAU["citizen_id"], INQUIRY["case_id"], "canbo.mau", "000080000009"):
        assert secret not in text


async def test_an_incident_is_told_from_the_real_records(desk: Desk) -> None:
    """The people, fields and officers of a day, from the gateway's own log."""
    await desk.ask("dancu.citizen", MAU, fields=["full_name"])
    await fed(desk)

    status, told = await desk.post(
        "/v1/incident-queries", {"from": "2020-01-01T00:00:00Z", "until": "2100-01-01T00:00:00Z"}
    )

    assert status == 200
    assert (told["people"], told["lookups"], told["given"]) == (1, 1, 1)
    assert told["subjects"][0]["fields"] == ["dancu.citizen.full_name"]
    assert told["by_officer"][0]["account"] == "canbo.mau"
