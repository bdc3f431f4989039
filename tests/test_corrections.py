"""Requests that a registry's owner correct its data: opened from a plan, sent, tracked until they are closed."""

from __future__ import annotations

import json
import re
import sqlite3
import stat
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

from gateway.impact.correction_book import Correction, CorrectionBook, CorrectionState, CorrectionWhy
from gateway.impact.corrections import CorrectionCounts
from gateway.impact.memory import Memory
from gateway.lookup.correction import CorrectionAbout, CorrectionRequest
from gateway.lookup.request import parse_as
from gateway.stores.sql import Store
from gateway.web.corrections import EXAMPLE, CorrectionLetterView
from mocks.server import Running
from tests.conftest import Desk
from tests.test_docs import page, section, tables
from tests.test_paper_plans import APPLICANT, changed
from tests.test_receipts import AT, counter, planned

ABOUT = {"citizen_id": "000099000001", "full_name": "Nguyễn Văn Mẫu", "right_value": "Tổ 9, phường Mẫu"}


async def opened(desk: Desk, plan_id: str, **more: Any) -> tuple[int, dict[str, Any]]:
    body = {"plan_id": plan_id, "dataset": "dancu.citizen", "field": "full_name", "why": "mismatch", "about": ABOUT}
    return await desk.post("/v1/corrections", body | more)


async def mismatched(desk: Desk) -> str:
    return str((await planned(desk, changed(APPLICANT, full_name="Trần Văn Khác")))["plan_id"])


async def test_a_correction_is_opened_sent_and_closed(stand_ins: Running, tmp_path: Path) -> None:
    """It stands in the list with its owner and state; the letter has what was sealed; closed, the numbers are gone."""
    async with counter(stand_ins, tmp_path) as desk:
        _, one = await opened(desk, await mismatched(desk))
        _, open_ones = await desk.get("/v1/corrections?state=open")
        place = f"/v1/corrections/{one['correction_id']}"
        _, letter = await desk.post(f"{place}/letter", b"")
        _, closed = await desk.post(f"{place}/close", {"result": "corrected"})
        _, after = await desk.post(f"{place}/letter", b"")
        _, left = await desk.get("/v1/corrections?state=open")
        metrics = await desk.metrics()

    assert open_ones["corrections"] == [one]
    assert (one["state"], one["owner"], one["field"]) == ("open", "Bộ Công an", "full_name")
    assert (letter["about"], letter["state"], letter["sent_at"] is not None) == (ABOUT, "sent", True)
    assert (closed["state"], after["about"], left["corrections"]) == ("corrected", None, [])
    assert closed["sent_at"] == letter["sent_at"]
    for state in ("open", "sent", "corrected"):
        assert f'gateway_corrections_total{{state="{state}"}} 1.0' in metrics


async def test_a_correction_is_asked_for_once(stand_ins: Running, tmp_path: Path) -> None:
    """The same again is the same request; closing it again changes nothing, and closing it otherwise is refused."""
    async with counter(stand_ins, tmp_path) as desk:
        plan_id = await mismatched(desk)
        first, second = await opened(desk, plan_id), await opened(desk, plan_id, why="incomplete")
        _, other = await opened(desk, plan_id, field=None, why="absent")
        place = f"/v1/corrections/{first[1]['correction_id']}/close"
        closed = [await desk.post(place, {"result": result}) for result in ("declined", "declined", "corrected")]

    assert first == second
    assert (other["field"], other["correction_id"] != first[1]["correction_id"]) == (None, True)
    assert closed[0] == closed[1]
    assert (closed[2][0], closed[2][1]["problems"][0]["code"]) == (422, "said_before")


async def test_a_correction_that_cannot_be_is_refused(stand_ins: Running, tmp_path: Path) -> None:
    """A plan or a request that is not there, a dataset that was not asked, nobody's number: each is named."""
    async with counter(stand_ins, tmp_path) as desk:
        plan_id = await mismatched(desk)
        answers = [
            await opened(desk, "01a206aa-6c64-76f9-87d0-d2e861e452ac"),
            await opened(desk, plan_id, dataset="lltp.certificate"),
            await opened(desk, plan_id, about={"full_name": "Nguyễn Văn Mẫu"}),
            await desk.post("/v1/corrections/nothing/letter", b""),
            await desk.post("/v1/corrections/nothing/close", {"result": "corrected"}),
            await desk.get("/v1/corrections?state=gone"),
        ]

    told = [(status, problem["type"].rpartition(":")[2]) for status, problem in answers]
    assert told == [
        (404, "no_such_plan"), (422, "invalid"), (422, "invalid"), (404, "no_such_correction"),
        (404, "no_such_correction"), (422, "invalid"),
    ]  # fmt: skip
    assert "Nguyễn" not in json.dumps(answers, ensure_ascii=False)


async def test_what_a_correction_is_about_lies_sealed(stand_ins: Running, tmp_path: Path) -> None:
    """No number, name or value stands in the database's files; nor does any in the text of the request."""
    async with counter(stand_ins, tmp_path) as desk:
        await opened(desk, await mismatched(desk))
    kept = b"".join(file.read_bytes() for file in (tmp_path / "ledger").glob("impact.db*"))
    assert stat.S_IMODE((tmp_path / "ledger" / "impact.db").stat().st_mode) == 0o600
    asked = CorrectionRequest.model_validate(EXAMPLE | {"about": ABOUT})

    assert b"dancu.citizen" in kept
    assert [value for value in ABOUT.values() if value.encode() in kept] == []
    assert not any(value in repr(asked) for value in ABOUT.values())


async def test_what_a_closed_correction_was_about_is_not_in_the_file(stand_ins: Running, tmp_path: Path) -> None:
    """What lay sealed there is overwritten, and not merely out of sight."""
    file = tmp_path / "ledger" / "impact.db"
    async with counter(stand_ins, tmp_path) as desk:
        about = ABOUT | {"document": "Giấy khai sinh, bản chính " * 7}  # longer than what else stands in its row
        _, one = await opened(desk, await mismatched(desk), about=about)
        with closing(sqlite3.connect(file)) as other:
            ((sealed,),) = other.execute("SELECT sealed FROM impact_corrections")
        await desk.post(f"/v1/corrections/{one['correction_id']}/close", {"result": "declined"})

    kept = file.read_bytes()
    assert b"dancu.citizen" in kept
    assert not any(sealed[nth : nth + 16] in kept for nth in range(len(sealed) - 15))


def correction(nth: int, **more: Any) -> Correction:
    values: dict[str, Any] = {"why": CorrectionWhy.DIFFERS, "field": "birth_date", "sealed": b"x"} | more
    return Correction(
        correction_id=f"c{nth}", at=AT, consumer="one-stop", agency="H08.12", plan_id=f"p{nth}", dataset="bhxh.card",
        **values,
    )  # fmt: skip


def test_corrections_of_a_month_are_counted_as_they_stand(tmp_path: Path) -> None:
    """Opened, sent, corrected and declined, and the days until half of those corrected were; another month has none."""
    memory = Memory(Store.open(f"sqlite:{tmp_path / 'impact.db'}"))
    book = CorrectionBook(memory)
    for nth in range(4):
        book.open(correction(nth))
    for nth in range(3):
        book.sent(f"c{nth}", "one-stop", AT + timedelta(hours=1))
    book.close("c0", "one-stop", CorrectionState.CORRECTED, AT + timedelta(days=2))
    book.close("c1", "one-stop", CorrectionState.CORRECTED, AT + timedelta(days=4))
    book.close("c2", "one-stop", CorrectionState.DECLINED, AT + timedelta(days=1))

    assert book.counts("2026-03") == CorrectionCounts(opened=4, sent=3, corrected=2, declined=1, median_days=3.0)
    assert book.counts("2026-04") == CorrectionCounts(opened=0, sent=0, corrected=0, declined=0, median_days=None)
    assert book.listed("another") == []
    assert [one.correction_id for one in book.listed("one-stop", CorrectionState.OPEN)] == ["c3"]
    memory.close()


def test_every_member_of_a_correction_is_documented() -> None:
    """The page has one row for each member of a request, and of what it is about; its example is one."""
    (members, states) = tables(section("docs/impact.md", "Đề nghị sửa dữ liệu / corrections"))
    sent = next(
        one for one in re.findall(r"```json\n(.*?)```", page("docs/impact.md"), re.DOTALL) if "right_value" in one
    )
    needed = {
        **{name: one.is_required() for name, one in CorrectionRequest.model_fields.items()},
        **{f"about.{name}": one.is_required() for name, one in CorrectionAbout.model_fields.items()},
    }

    assert {row["member"]: row["needed"] == "yes" for row in members} == needed
    assert {row["state"] for row in states} == set(CorrectionState)
    assert parse_as(CorrectionRequest, sent.encode()) == CorrectionRequest.model_validate(EXAMPLE)
    assert "about" in CorrectionLetterView.model_fields
