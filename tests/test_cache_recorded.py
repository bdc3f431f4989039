"""Kept and shared answers over HTTP, with ledger and evidence: each question has its own records, of one fetch."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway.ledger.evidence import matches_record, verified
from gateway.ledger.reading import LogReader
from gateway.settings import load
from mocks.faults import Fault
from mocks.server import Running
from tests.conftest import FIRM, INQUIRY, MAU, Desk, open_desk
from tests.load import until
from tests.recorded import settings_file

DAY_S = 24 * 3600


@pytest.fixture
async def desk(tmp_path: Path, stand_ins: Running) -> AsyncIterator[Desk]:
    async with open_desk(load(settings_file(tmp_path, stand_ins.base_url))) as opened:
        yield opened


def records(desk: Desk, kind: str) -> list[dict[str, Any]]:
    """The records of one type, as the log has them."""
    assert desk.core.ledger is not None
    entries = LogReader(desk.core.ledger.folder).entries(flushed_only=False)
    found = [orjson.loads(entry.record) for entry in entries if entry.record]
    return [record for record in found if record["type"] == kind]


def asked_of(stand_ins: Running, operation: str) -> int:
    """How many requests of that kind a registry saw."""
    return sum(entry.operation == operation for entry in stand_ins.journal)


@pytest.mark.parametrize(
    ("dataset", "query", "operation"),
    [("dkdn.enterprise", FIRM, "chiTietDoanhNghiep"), ("dancu.citizen", MAU, "TraCuuThongTinCongDan")],
)
async def test_f38_fifty_equal_questions_at_once_are_asked_once(
    dataset: str, query: Any, operation: str, desk: Desk, stand_ins: Running
) -> None:
    """One request at the registry, fifty equal answers, and fifty pairs of records that point to the one fetch."""
    stand_ins.faults.set(dataset.partition(".")[0], Fault("slow", delay_s=0.2))
    answers = await asyncio.gather(*(desk.ask(dataset, query, max_age_s=600) for _ in range(50)))

    assert asked_of(stand_ins, operation) == 1
    assert {status for status, _ in answers} == {200}
    assert len({orjson.dumps(answer["record"]) for _, answer in answers}) == 1
    assert len({answer["evidence"] for _, answer in answers}) == 50
    asked, answered = records(desk, "asked"), records(desk, "answered")
    assert {record["lookup_id"] for record in asked} == {answer["lookup_id"] for _, answer in answers}
    assert sorted(record["asked"] for record in answered) == sorted(record["index"] for record in asked)
    assert len({record["request_id"] for record in answered}) == 1
    (own,) = [record for record in answered if record["fetched_by"] is None]
    assert {record["fetched_by"] for record in answered if record is not own} == {own["lookup_id"]}
    assert [len(record["attempts"]) for record in answered if record["attempts"]] == [1]


async def test_questions_that_want_an_answer_of_their_own_are_asked_each(desk: Desk, stand_ins: Running) -> None:
    """`max_age_s` 0 shares with nobody: five equal questions at once are five requests."""
    stand_ins.faults.set("dkdn", Fault("slow", delay_s=0.1, path="chiTiet"))
    await asyncio.gather(*(desk.ask("dkdn.enterprise", FIRM) for _ in range(5)))
    assert asked_of(stand_ins, "chiTietDoanhNghiep") == 5


async def test_a_kept_answer_has_evidence_of_its_own(desk: Desk) -> None:
    """Bound to this inquiry, signed anew, and honest about where it comes from; the ledger's record says the same."""
    _, live = await desk.ask("dkdn.enterprise", FIRM, max_age_s=DAY_S)
    inquiry = INQUIRY | {"case_id": "H08.12-260301-0002"}
    _, kept = await desk.ask("dkdn.enterprise", FIRM, inquiry=inquiry, max_age_s=DAY_S)
    assert desk.core.keys is not None
    document = verified(kept["evidence"], desk.core.keys.published)
    record = records(desk, "answered")[-1]

    assert document["inquiry"]["case_id"] == inquiry["case_id"]
    assert document["record"] == live["record"] == kept["record"]
    assert document["provenance"] == kept["provenance"] == live["provenance"] | {"via": "cache"}
    matches_record(document, orjson.dumps(record))
    assert (record["via"], record["fetched_by"]) == ("cache", live["lookup_id"])
    assert (record["request_id"], record["attempts"]) == (live["provenance"]["request_id"], [])


async def test_f31_fifty_callers_of_one_fetch_hang_up(desk: Desk, stand_ins: Running) -> None:
    """The one fetch is broken off with the last of them; each has its end in the ledger, and nothing is left over."""
    stand_ins.faults.set("dkdn", Fault("silence", path="chiTiet"))
    callers = [asyncio.create_task(desk.ask("dkdn.enterprise", FIRM, max_age_s=DAY_S)) for _ in range(50)]
    await until(lambda: len(records(desk, "asked")) == 50 and asked_of(stand_ins, "chiTietDoanhNghiep") == 1)
    for caller in callers:
        caller.cancel()
    await asyncio.wait(callers)
    await until(lambda: Counter(one["reason"] for one in records(desk, "answered"))["caller_gone"] == 50)

    cache = desk.core.cache
    assert cache is not None
    await until(lambda: not cache._flights._tasks)
    stand_ins.faults.clear()
    status, answer = await desk.ask("dkdn.enterprise", FIRM, max_age_s=DAY_S)
    assert (status, answer["provenance"]["via"]) == (200, "live")


async def test_a_caller_in_a_hurry_does_not_end_the_question_of_another(desk: Desk, stand_ins: Running) -> None:
    """He is told `timeout` when his own time is over; the other gets the answer, of one request."""
    stand_ins.faults.set("dkdn", Fault("slow", delay_s=0.5, path="chiTiet"))
    patient = asyncio.create_task(desk.ask("dkdn.enterprise", FIRM, max_age_s=DAY_S))
    await until(lambda: asked_of(stand_ins, "chiTietDoanhNghiep") == 1)
    status, problem = await desk.ask("dkdn.enterprise", FIRM, max_age_s=DAY_S, deadline_s=0.1)

    assert (status, problem["reason"]) == (504, "timeout")
    assert (await patient)[0] == 200
    assert asked_of(stand_ins, "chiTietDoanhNghiep") == 1


async def test_the_catalogue_says_how_long_answers_are_kept(desk: Desk) -> None:
    """Of what was found, of what was absent, and where the registry gives no answer."""
    _, listed = await desk.get("/v1/datasets")
    told = {one["id"]: (one["freshness_s"], one["absent_s"], one["stale_s"]) for one in listed["datasets"]}

    assert told["dkdn.enterprise"] == (DAY_S, 600, DAY_S)
    assert told["dancu.citizen"] == (600, 60, 0)
    assert told["dancu.verification"] == (0, 0, 0)
