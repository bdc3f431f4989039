"""Every question that was recorded has an end in the ledger, whatever goes wrong between the two records."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from gateway import app
from gateway.channel.answer import Answer, Provenance
from gateway.clock import SystemClock
from gateway.crypto import Algorithm, PublicKey, Secrets
from gateway.domain.inquiry import Inquiry
from gateway.domain.outcome import Absent
from gateway.errors import LedgerUnavailable
from gateway.ledger.log import Log
from gateway.ledger.reading import LogReader
from gateway.lookup.recorder import Recorder
from gateway.lookup.request import parse, read
from gateway.lookup.seams import Asking, Caller
from gateway.settings import load
from mocks.server import Running
from tests.conftest import INQUIRY, MAU
from tests.ledgers import SIGNER, FaultyDisk, eventually, open_log
from tests.recorded import settings_file

WITHIN_S = 0.01


class BrokenSigner:
    """A key device that has gone."""

    alg: Algorithm = SIGNER.alg
    kid: str = SIGNER.kid
    public_key: PublicKey = SIGNER.public_key

    def sign(self, message: bytes) -> bytes:
        raise RuntimeError("no device")


@dataclass
class Desk:
    """A log on a disk that can hang, and a question that was granted."""

    log: Log
    disk: FaultyDisk
    asking: Asking

    def recorder(self, signer: Any = SIGNER) -> Recorder:
        return Recorder(self.log, signer, Secrets((bytes(32),)), SystemClock())

    def told(self) -> list[tuple[str, str | None]]:
        found = LogReader(self.log.folder).entries(flushed_only=False)
        records = [orjson.loads(entry.record) for entry in found if entry.record]
        return [(record["type"], record.get("reason")) for record in records]


@pytest.fixture
async def desk(tmp_path: Path, stand_ins: Running) -> AsyncIterator[Desk]:
    core = app.build(load(settings_file(tmp_path, stand_ins.base_url)))
    body = {"dataset": "dancu.citizen", "query": MAU, "inquiry": INQUIRY, "fields": ["full_name"]}
    request = parse(orjson.dumps(body))
    entry, consumer = core.catalogue.find(request.dataset), core.consumers["one-stop"]
    query = read(entry.dataset.query, request.query, above="query.")
    grant = await core.lookup.access.grant(consumer, entry, request, query)
    asking = Asking(
        lookup_id="1",
        consumer=consumer,
        entry=entry,
        query=query,
        inquiry=Inquiry.model_validate(INQUIRY),
        grant=grant,
        caller=Caller(arrived=0.0),
    )
    disk = FaultyDisk()
    log = open_log(tmp_path / "log", disk=disk)
    try:
        yield Desk(log, disk, asking)
    finally:
        disk.goes_on.set()
        await log.close()
        await core.close()


def absent() -> Answer:
    now = datetime.now(UTC)
    provenance = Provenance(
        registry="dancu",
        operation="TraCuu",
        route="xroad",
        via="live",
        request_id=None,
        asked_at=now,
        answered_at=now,
        reply_mac=None,
        contract="dancu@2025",
        basis="observed",
    )
    return Answer(outcome=Absent(), provenance=provenance)


async def settled(desk: Desk) -> None:
    """Everything that was appended is on the disk."""
    desk.disk.goes_on.set()
    await desk.log.append({"type": "note"}).durable(5)


async def test_a_question_whose_record_came_too_late_has_an_end_too(desk: Desk) -> None:
    """The caller is told `ledger_unavailable`; where the record becomes durable all the same, it says so as well."""
    desk.disk.goes_on.clear()
    with pytest.raises(LedgerUnavailable):
        await desk.recorder().asked(desk.asking, within_s=WITHIN_S)
    await settled(desk)

    assert desk.told() == [("asked", None), ("answered", "ledger_unavailable"), ("note", None)]


async def test_a_question_cut_off_while_it_is_recorded_has_an_end(desk: Desk) -> None:
    """Nobody waits for it any more, and it was never asked."""
    desk.disk.goes_on.clear()
    asking = asyncio.ensure_future(desk.recorder().asked(desk.asking, within_s=60))
    await asyncio.to_thread(desk.disk.hanging.wait)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    await settled(desk)

    assert desk.told() == [("asked", None), ("answered", "interrupted"), ("note", None)]


async def test_evidence_that_cannot_be_signed_is_recorded_as_not_delivered(desk: Desk) -> None:
    """The record of the answer stands already; that the answer never left stands behind it."""
    recorder = desk.recorder(BrokenSigner())
    asked = await recorder.asked(desk.asking, within_s=5)
    with pytest.raises(RuntimeError):
        await recorder.answered(desk.asking, asked, absent(), None, within_s=5)
    await settled(desk)

    assert desk.told() == [("asked", None), ("answered", None), ("undelivered", None), ("note", None)]


async def test_an_answer_of_which_no_evidence_can_be_made_closes_its_question(desk: Desk) -> None:
    """A fraction has no canonical form: that is a bug of ours, and the question still has an end."""
    recorder = desk.recorder()
    asked = await recorder.asked(desk.asking, within_s=5)
    odd = absent()
    odd = replace(odd, provenance=replace(odd.provenance, operation=0.5))
    with pytest.raises(ValueError, match=r"."):
        await recorder.answered(desk.asking, asked, odd, None, within_s=5)
    await settled(desk)

    assert desk.told() == [("asked", None), ("answered", "interrupted"), ("note", None)]


async def test_questions_under_way_while_the_disk_is_full_have_their_end_once_there_is_room(desk: Desk) -> None:
    """Their answers never left; the next question that is recorded brings the ends of those before it along."""
    recorder = desk.recorder()
    failed_commit, failed_append, never_durable = (replace(desk.asking, lookup_id=one) for one in ("a", "b", "c"))
    first = await recorder.asked(failed_commit, within_s=5)
    second = await recorder.asked(failed_append, within_s=5)
    desk.disk.fails = lambda kind, path: kind in {"write", "create"} and path.suffix != ".json"
    with pytest.raises(LedgerUnavailable):
        await recorder.answered(failed_commit, first, absent(), None, within_s=5)
    with pytest.raises(LedgerUnavailable):
        await recorder.answered(failed_append, second, absent(), None, within_s=5)
    recorder.cut_off(never_durable, 2)
    desk.disk.fails = lambda kind, path: False
    await eventually(lambda: desk.log.state == "open")

    await recorder.asked(desk.asking, within_s=5)
    await settled(desk)

    late = ("answered", "ledger_unavailable")
    assert desk.told() == [("asked", None), ("asked", None), late, late, ("asked", None), ("note", None)]
