"""A plan over eight registries, of which one hangs: the other seven papers do not wait for it."""

from __future__ import annotations

import asyncio
from pathlib import Path

import orjson

from bench.scenarios.plan import EIGHT, catalogue, plan_asked, registries
from gateway.ledger.reading import LogReader
from gateway.settings import Settings, load
from gateway.settings_papers import ProceduresSettings
from mocks.faults import Fault
from mocks.server import Running
from tests.conftest import open_desk
from tests.policies import granting
from tests.recorded import settings_file


def eight_settings(folder: Path, url: str) -> Settings:
    """Eight registries at these stand-ins, and a procedure with a paper of each."""
    settings = load(settings_file(folder, url))
    found = Settings.model_validate({"registries": registries(url)}).registries
    procedures = ProceduresSettings(folder=catalogue(folder / "procedures"))
    return granting(settings.model_copy(update={"registries": found, "procedures": procedures}), *EIGHT)


async def test_one_that_hangs_holds_up_none_of_seven_others(tmp_path: Path, stand_ins: Running) -> None:
    """All eight are waived together; with one silent seven have their evidence first, and the whole its deadline."""
    async with open_desk(eight_settings(tmp_path, stand_ins.base_url)) as desk:
        _, before = await desk.post("/v1/paper-plans", plan_asked())
        stand_ins.faults.set("dkdn", Fault("silence"))
        async with asyncio.timeout(10):
            status, after = await desk.post("/v1/paper-plans", plan_asked(2.0))
        stand_ins.faults.clear()
        assert desk.core.ledger is not None
        entries = LogReader(desk.core.ledger.folder).entries(flushed_only=False)
        records = [orjson.loads(entry.record) for entry in entries if entry.record]

    assert {one["decision"] for one in before["papers"]} == {"waived"}
    assert len(before["papers"]) == len(before["lookups"]) == 8
    assert status == 200
    assert {one["id"]: one["decision"] for one in after["papers"]} == {
        dataset.partition(".")[0]: "pending" if dataset == "dkdn.enterprise" else "waived" for dataset in EIGHT
    }
    ended = [one["dataset"] for one in records if one["type"] == "answered"][-8:]
    assert ended[-1] == "dkdn.enterprise"
    assert sorted(ended) == sorted(EIGHT)
    assert all(one["evidence"] for one in after["lookups"] if one["dataset"] != "dkdn.enterprise")
