"""Receipts: what an officer really did about each paper, remembered without anybody's data."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway import app
from gateway.errors import NoSuchPlan, SettingsError
from gateway.impact.dossiers import dossiers
from gateway.impact.memory import Memory, month_before, month_of
from gateway.impact.rows import Done, PaperRow, PlanRow, QuestionRow, Remembered
from gateway.impact.words import GROUPS, NOT_REPLACEABLE, WHYS, Did, Group, Why, contradicts, group_of
from gateway.procedures.words import Clause, Decision, Situation
from gateway.settings import load
from gateway.settings_impact import ImpactSettings
from gateway.settings_papers import ProceduresSettings
from gateway.stores.sql import Store
from mocks.faults import Fault
from mocks.server import Running
from tests.conftest import INQUIRY, MAU, Desk, open_desk
from tests.index_parts import KINDS, address
from tests.recorded import settings_file
from tests.test_paper_plans import APPLICANT, FIRM, OWN

RECEIVED = "2026-03-01T08:30:00+07:00"
AT = datetime(2026, 3, 1, 2, tzinfo=UTC)


@asynccontextmanager
async def counter(stand_ins: Running, folder: Path, text: str = OWN, *, more: str = "") -> AsyncIterator[Desk]:
    """A gateway with keys, a ledger and a memory of plans."""
    (folder / "procedures").mkdir()
    (folder / "procedures" / "own.toml").write_text(text, encoding="utf-8")
    settings = load(settings_file(folder, stand_ins.base_url, more=more))
    changes = {"procedures": ProceduresSettings(folder=folder / "procedures"), "impact": ImpactSettings()}
    async with open_desk(settings.model_copy(update=changes)) as desk:
        yield desk


async def planned(desk: Desk, *subjects: Any, **inquiry: Any) -> dict[str, Any]:
    body = {"inquiry": INQUIRY | {"procedure": "9.000001"} | inquiry, "subjects": list(subjects)}
    status, answer = await desk.post("/v1/paper-plans", body)
    assert status == 200, answer
    return answer


async def receipt(desk: Desk, plan_id: str, *papers: dict[str, str], **more: Any) -> tuple[int, dict[str, Any]]:
    return await desk.post(f"/v1/paper-plans/{plan_id}/receipt", {"received_at": RECEIVED, "papers": papers} | more)


def done(answer: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = [one for one in answer["papers"] if one["paper"] == name]
    return dict(found)


async def test_a_receipt_says_what_was_done_about_each_paper(stand_ins: Running, tmp_path: Path) -> None:
    """Accepted and asked for are told back beside the plan's decision; what nobody named stays open."""
    async with counter(stand_ins, tmp_path) as desk:
        plan = await planned(desk, APPLICANT, FIRM)
        status, answer = await receipt(
            desk, plan["plan_id"],
            {"paper": "identity", "did": "accepted"},
            {"paper": "residence", "did": "asked", "why": "law_asks"},
            {"paper": "listed", "did": "asked"},
        )  # fmt: skip
        metrics = await desk.metrics()

    assert (status, plan["remembered"]) == (200, True)
    assert done(answer, "identity") == {
        "paper": "identity", "decision": "waived", "did": "accepted", "why": None, "shows": None, "overridden": False,
    }  # fmt: skip
    assert (done(answer, "residence")["overridden"], done(answer, "residence")["why"]) == (True, "law_asks")
    assert done(answer, "listed")["overridden"] is False
    assert done(answer, "firm")["did"] is None
    expected = 'gateway_paper_receipts_total{clause="A",decision="waived",did="accepted",registry="dancu"} 1.0'
    assert expected in metrics


async def test_the_same_receipt_again_changes_nothing(stand_ins: Running, tmp_path: Path) -> None:
    """It is answered alike and counted once; another paper of the same plan may follow later."""
    accepted = {"paper": "identity", "did": "accepted"}
    async with counter(stand_ins, tmp_path) as desk:
        plan_id = (await planned(desk, APPLICANT, FIRM))["plan_id"]
        first, second = await receipt(desk, plan_id, accepted), await receipt(desk, plan_id, accepted)
        third = await receipt(desk, plan_id, {"paper": "firm", "did": "accepted"})
        metrics = await desk.metrics()

    assert first == second
    assert done(third[1], "identity")["did"] == done(third[1], "firm")["did"] == "accepted"
    counts = [line.rpartition(" ")[2] for line in metrics.splitlines() if line.startswith("gateway_paper_receipts")]
    assert counts == ["1.0", "1.0"]


async def test_an_earlier_receipt_stands(stand_ins: Running, tmp_path: Path) -> None:
    """Another word about the same paper, or another reception, is refused and named, and nothing of it is kept."""
    async with counter(stand_ins, tmp_path) as desk:
        plan_id = (await planned(desk, APPLICANT, FIRM))["plan_id"]
        await receipt(desk, plan_id, {"paper": "identity", "did": "accepted"})
        status, problem = await receipt(
            desk, plan_id,
            {"paper": "identity", "did": "asked", "why": "other"}, {"paper": "firm", "did": "accepted"},
            received_at="2026-03-01T09:00:00+07:00",
        )  # fmt: skip
        _, again = await receipt(desk, plan_id, {"paper": "identity", "did": "accepted"})

    assert status == 422
    assert [one["field"] for one in problem["problems"]] == ["received_at", "papers.0.did"]
    assert done(again, "firm")["did"] is None


WRONG = {
    "a paper that is not there": ({"paper": "passport", "did": "asked"}, "papers.0.paper"),
    "no reason for an override": ({"paper": "identity", "did": "asked"}, "papers.0.why"),
    "a reason for none": ({"paper": "identity", "did": "accepted", "why": "other"}, "papers.0.why"),
    "what a paper shows that nobody saw": ({"paper": "identity", "did": "accepted", "shows": "claim_wrong"},
                                           "papers.0.shows"),
    "a word that is none": ({"paper": "identity", "did": "kept"}, "papers.0.did"),
}  # fmt: skip


async def test_a_receipt_that_cannot_be_is_refused(stand_ins: Running, tmp_path: Path) -> None:
    """Each fault is named by its place; a moment to come is one, and one before the months that are kept."""
    async with counter(stand_ins, tmp_path) as desk:
        plan_id = (await planned(desk, APPLICANT, FIRM))["plan_id"]
        for paper, place in WRONG.values():
            status, problem = await receipt(desk, plan_id, paper)
            assert (status // 100, problem["problems"][0]["field"]) == (4, place)
        twice = {"paper": "identity", "did": "accepted"}
        status, problem = await receipt(desk, plan_id, twice, twice, received_at="2199-01-01T00:00:00Z")

        early = await receipt(desk, plan_id, twice, received_at="1999-01-01T00:00:00+07:00")

    assert [one["code"] for one in problem["problems"]] == ["future", "twice"]
    assert (early[0], early[1]["problems"][0]["code"]) == (422, "too_old")


async def test_a_plan_of_somebody_else_is_none(stand_ins: Running, tmp_path: Path) -> None:
    """An id that nobody made, and one that is no id, are answered alike: 404 with its word."""
    async with counter(stand_ins, tmp_path) as desk:
        for plan_id in ("01a206aa-6c64-76f9-87d0-d2e861e452ac", "nothing"):
            status, problem = await receipt(desk, plan_id, {"paper": "identity", "did": "accepted"})
            assert (status, problem["type"].rpartition(":")[2]) == (404, "no_such_plan")


async def test_the_sync_fields_follow_from_what_was_done(stand_ins: Running, tmp_path: Path) -> None:
    """A component whose data was accepted is re-used, with its result code where it has one."""
    coded = OWN.replace(
        'id = "identity", kind = "identity"', 'id = "identity", kind = "identity", component = "TP01"'
    ).replace('title_en = "Certificate of business registration"',
              'title_en = "Certificate of business registration"\nresult = "KQ.G12.000001"')  # fmt: skip
    coded += """
[registries.dkdn]
title = "Đăng ký doanh nghiệp"
title_en = "business registration"
owner = "Bộ Tài chính"
owner_en = "the Ministry of Finance"
source = "portal"
national_code = "7"
"""
    async with counter(stand_ins, tmp_path, coded) as desk:
        plan = await planned(desk, APPLICANT, FIRM)
        _, answer = await receipt(
            desk, plan["plan_id"],
            *({"paper": name, "did": "accepted"} for name in ("identity", "firm")), {"paper": "land", "did": "asked"},
        )  # fmt: skip

    sync = answer["national_sync"]
    assert (sync["MaTTHC"], sync["DSKetNoiCSDL"], sync["without_code"]) == ("9.000001", [{"MaCSDL": "7"}], ["dancu"])
    components = {one["paper"]: one for one in sync["TaiLieuNop"]}
    assert components["identity"] == {
        "paper": "identity", "MaThanhPhanHoSo": "TP01",
        "DuocTaiSuDung": 1, "DuocLayTuKhoDMQG": 0, "MaKetQuaThayThe": None,
    }  # fmt: skip
    assert components["firm"]["DuocTaiSuDung"] == 2
    assert components["firm"]["MaKetQuaThayThe"] == "KQ.G12.000001"
    assert (components["land"]["DuocTaiSuDung"], components["residence"]["DuocTaiSuDung"]) == (0, 0)


async def test_nothing_of_anybody_is_remembered(stand_ins: Running, tmp_path: Path) -> None:
    """No number, name, address, case or officer of a plan stands in the database's files."""
    async with counter(stand_ins, tmp_path) as desk:
        plan = await planned(desk, APPLICANT, FIRM)
        await receipt(desk, plan["plan_id"], {"paper": "identity", "did": "accepted"})

    kept = b"".join(file.read_bytes() for file in (tmp_path / "ledger").glob("impact.db*"))
    told = [*MAU.values(), "9900000023", "Ví Dụ Minh Họa", "Số 1 phố Mẫu", INQUIRY["case_id"], "canbo.mau"]
    assert plan["plan_id"].encode() in kept
    assert [one for one in told if one.encode() in kept] == []


async def test_a_memory_that_fails_takes_no_plan_along(stand_ins: Running, tmp_path: Path) -> None:
    """The decisions leave all the same, say that no receipt can follow, and the failure is counted."""
    async with counter(stand_ins, tmp_path) as desk:
        with closing(sqlite3.connect(tmp_path / "ledger" / "impact.db")) as other:
            other.execute("CREATE TABLE impact_plans (x)")
        plan = await planned(desk, APPLICANT, FIRM)
        status, problem = await receipt(desk, plan["plan_id"], {"paper": "identity", "did": "accepted"})
        metrics = await desk.metrics()

    assert plan["remembered"] is False
    assert next(one for one in plan["papers"] if one["id"] == "identity")["decision"] == "waived"
    assert (status, problem["type"].rpartition(":")[2]) == (503, "measure_unavailable")
    assert "gateway_impact_failures_total 2.0" in metrics


async def test_pending_and_then_waived_is_one_dossier(stand_ins: Running, tmp_path: Path) -> None:
    """A plan that is made again for the same case stands under the same digest, and in the month of the reception."""
    async with counter(stand_ins, tmp_path) as desk:
        stand_ins.faults.set("dancu", Fault("garbage", times=1))
        first = await planned(desk, APPLICANT)
        stand_ins.faults.clear("dancu")
        second = await planned(desk, APPLICANT)
        await receipt(desk, second["plan_id"], {"paper": "identity", "did": "accepted"})
        assert desk.core.remembering is not None
        kept = await desk.core.remembering.run(lambda memory: list(memory.month("2026-03")))

    assert [one.plan.plan_id for one in kept] == [first["plan_id"], second["plan_id"]]
    assert len({(one.plan.dossier, one.plan.applicant) for one in kept}) == 1
    assert kept[0].plan.applicant != kept[0].plan.dossier


async def test_a_receipt_is_judged_by_the_last_decision(stand_ins: Running, tmp_path: Path) -> None:
    """What was pending and is waived since may be accepted without a reason, under the first plan's id as well."""
    async with counter(stand_ins, tmp_path) as desk:
        stand_ins.faults.set("dancu", Fault("garbage", times=1))
        first = await planned(desk, APPLICANT)
        stand_ins.faults.clear("dancu")
        await planned(desk, APPLICANT)
        status, answer = await receipt(desk, first["plan_id"], {"paper": "identity", "did": "accepted"})
        assert desk.core.remembering is not None
        (dossier,) = dossiers(await desk.core.remembering.run(lambda memory: list(memory.month("2026-03"))))

    assert {one["id"]: one["decision"] for one in first["papers"]}["identity"] == "required"
    assert (status, done(answer, "identity")["decision"], done(answer, "identity")["overridden"]) == (
        200,
        "waived",
        False,
    )
    assert dossier.papers["identity"].is_replaced


def test_a_measure_wants_keys(tmp_path: Path) -> None:
    """Without secrets in files one dossier would be several: the start says so."""
    with pytest.raises(SettingsError, match="keys"):
        app.build(load_with_impact(tmp_path))


def load_with_impact(folder: Path) -> Any:
    (folder / "gateway.toml").write_text('[impact]\nurl = "sqlite:impact.db"\n')
    return load(folder / "gateway.toml")


def row(plan_id: str, at: datetime = AT, dossier: str = "d") -> Remembered:
    plan = PlanRow(
        plan_id=plan_id, at=at, consumer="one-stop", agency="H08.12", procedure="9.000001", case="general",
        dossier=dossier, applicant="a",
    )  # fmt: skip
    paper = PaperRow(paper="p", clause=Clause.A, decision=Decision.WAIVED, situation=Situation.MATCHING, via="live")
    return Remembered(plan=plan, papers=(paper,), questions=())


def test_workers_that_begin_together_lose_no_plan(tmp_path: Path) -> None:
    """Eight of them open a new file at once and remember at once: everything is there, once."""
    memories = [Memory(Store.open(f"sqlite:{tmp_path / 'impact.db'}")) for _ in range(8)]
    begin = threading.Barrier(8)

    def work(nth: int) -> None:
        begin.wait()
        for one in range(5):
            memories[nth].remember(row(f"{nth}-{one}", dossier=f"{nth}-{one}"))

    threads = [threading.Thread(target=work, args=(nth,)) for nth in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(list(memories[0].month("2026-03"))) == 40
    for memory in memories:
        memory.close()


@pytest.mark.parametrize("kind", KINDS)
def test_a_long_month_comes_whole_and_dossier_by_dossier(kind: str, tmp_path: Path) -> None:
    """More plans than are read at once: each comes once with its papers, those of a dossier together and in order."""
    with address(kind, tmp_path) as url:
        memory = Memory(Store.open(url))
        for nth in range(601):
            memory.remember(row(f"{nth:03}", AT + timedelta(seconds=nth), dossier=f"{nth % 300:03}"))
        kept = list(memory.month("2026-03"))
        memory.close()

    order = sorted(range(601), key=lambda nth: (nth % 300, nth))
    assert [one.plan.plan_id for one in kept] == [f"{nth:03}" for nth in order]
    assert {len(one.papers) for one in kept} == {1}


def test_consumers_with_one_number_of_a_case_do_not_see_each_other(tmp_path: Path) -> None:
    """A plan has no decision or question of another consumer's, and its reception and month are its own."""
    memory = Memory(Store.open(f"sqlite:{tmp_path / 'impact.db'}"))
    one, two = row("p1"), row("p2", AT + timedelta(seconds=1))
    paper = replace(two.papers[0], decision=Decision.REQUIRED, situation=Situation.ABSENT)
    asked = QuestionRow(registry="dkdn", dataset="dkdn.enterprise", outcome="absent")
    memory.remember(one)
    memory.remember(replace(two, plan=replace(two.plan, consumer="two"), papers=(paper,), questions=(asked,)))
    memory.receive("p2", "two", AT - timedelta(days=40), {"p": Done(did=Did.ASKED)})

    seen = memory.plan("p1", "one-stop")
    assert (seen.papers, seen.questions, seen.plan.received_at) == (one.papers, (), None)
    assert memory.receive("p1", "one-stop", AT, {"p": Done(did=Did.ACCEPTED)}).plan.received_at == AT
    assert [[kept.plan.plan_id for kept in memory.month(month)] for month in ("2026-01", "2026-03")] == [["p2"], ["p1"]]
    late = replace(row("p3").plan, consumer="three")
    memory.remember(Remembered(plan=late, papers=(), questions=()))
    assert memory.plan("p3", "three").plan.received_at is None
    memory.close()


def test_old_months_are_forgotten(tmp_path: Path) -> None:
    """What lies before the month is gone with its papers; what is of it stays."""
    memory = Memory(Store.open(f"sqlite:{tmp_path / 'impact.db'}"))
    memory.remember(row("old", AT - timedelta(days=60), "old"))
    memory.remember(row("new"))

    assert memory.forget_before("2026-02") == 1
    assert (memory.months(), [one.papers[0].paper for one in memory.month("2026-03")]) == (["2026-03"], ["p"])
    with pytest.raises(NoSuchPlan):
        memory.receive("old", "one-stop", AT, {"p": Done(did=Did.ACCEPTED)})
    with pytest.raises(NoSuchPlan):
        memory.plan("new", "another")
    memory.close()


def test_a_month_is_that_of_viet_nam() -> None:
    """The evening of the last day in UTC is the next month there; months go back over a year's end."""
    assert month_of(datetime(2026, 2, 28, 17, tzinfo=UTC)) == "2026-03"
    assert (month_before("2026-03", 3), month_before("2026-12", 24)) == ("2025-12", "2024-12")


def test_every_word_of_a_receipt_has_its_texts() -> None:
    """Reasons and groups each have both languages, and every situation of a replaceable paper a group."""
    assert set(WHYS) == set(Why)
    assert set(GROUPS) == set(Group) == {group_of(one) for one in Situation if one not in NOT_REPLACEABLE}
    assert contradicts(Decision.WAIVED, Did.ASKED)
    assert contradicts(Decision.PENDING, Did.ACCEPTED)
    assert not contradicts(Decision.OFFICER, Did.ASKED)
