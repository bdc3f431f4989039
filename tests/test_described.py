"""/openapi.json against the gateway: what is asked as it describes is answered as it describes."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from gateway.settings import load
from gateway.settings_batches import BatchSettings
from gateway.settings_impact import ImpactSettings
from gateway.settings_tickets import TicketsSettings
from mocks.server import Running
from tests.conftest import KEY, open_desk
from tests.recorded import settings_file

CHECKS = ",".join(
    (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
        "missing_required_header",
        "unsupported_method",
        "ignored_auth",
    )
)


@pytest.mark.parametrize(
    ("phases", "examples"),
    [
        pytest.param("examples,fuzzing", 1, id="short"),
        pytest.param("examples,coverage,fuzzing", 50, id="whole", marks=pytest.mark.faults),
    ],
)
async def test_every_answer_is_one_that_the_description_has(
    stand_ins: Running, tmp_path: Path, phases: str, examples: int
) -> None:
    """
    Questions made from the description, right and wrong ones: no answer has a status, a form or a header that it does
    not describe, and nothing that it forbids is taken. Not a new batch: the tool writes no JSON Lines.
    """
    changes = {
        "impact": ImpactSettings(),
        "tickets": TicketsSettings(file=tmp_path / "tickets.db"),
        "batches": BatchSettings(file=tmp_path / "batches.db"),
    }
    async with open_desk(load(settings_file(tmp_path, stand_ins.base_url)).model_copy(update=changes)) as desk:
        asking = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{desk.url}/openapi.json", "--phases", phases),
            *("--header", f"X-API-Key: {KEY}", "--checks", CHECKS, "--max-examples", str(examples), "--seed", "1"),
            *("--exclude-operation-id", "bring_batch", "--suppress-health-check", "all"),
            *("--continue-on-failure", "--warnings", "off"),
            cwd=tmp_path,
            env=os.environ | {"LC_ALL": "C.UTF-8"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        told, _ = await asking.communicate()
    assert asking.returncode == 0, told.decode()[-6000:]
