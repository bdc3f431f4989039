"""docs/one-stop-developer.md: its programs carry one dossier from reception to archive, as they stand on the page."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.settings import load
from gateway.settings_impact import ImpactSettings
from gateway.settings_papers import ProceduresSettings
from gateway.settings_tickets import TicketsSettings
from mocks.faults import Fault
from mocks.server import Running
from tests.conftest import KEY, Desk, open_desk
from tests.recorded import settings_file
from tests.test_docs import page
from tests.ticketing import eventually

ROOT = Path(__file__).parents[1]
PAGE = "docs/one-stop-developer.md"
PUBLISHED = '[published]\n"dancu.citizen" = 2026-01-01\n'


def program(language: str) -> str:
    """The one program of a language that is on the page; the shell's second block is not one."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page(PAGE), re.MULTILINE | re.DOTALL)[0]


def java() -> str:
    """Where a JDK of 17 or later is. Skips where there is none."""
    found = shutil.which("java")
    told = subprocess.run([found, "-version"], capture_output=True, text=True, check=False).stderr if found else ""
    version = re.search(r'version "([0-9]+)', told)
    if found is None or version is None or int(version[1]) < 17 or shutil.which("javac") is None:
        pytest.skip("no JDK of 17 or later on this machine")
    return found


def command(language: str, folder: Path) -> list[str]:
    """The program written out, and how it is started."""
    name = {"sh": "dossier.sh", "python": "dossier.py", "java": "Dossier.java"}[language]
    (folder / name).write_text(program(language), encoding="utf-8")
    if language == "java":
        return [java(), "-Dfile.encoding=UTF-8", name]
    if language == "python":
        return [sys.executable, name]
    for tool in ("curl", "jq"):
        if shutil.which(tool) is None:
            pytest.skip(f"no {tool} on this machine")
    return ["sh", name]


@asynccontextmanager
async def office(stand_ins: Running, folder: Path) -> AsyncIterator[Desk]:
    """A gateway with all that a dossier needs: a ledger, published data, tickets that are quick, a memory of plans."""
    (folder / "procedures").mkdir()
    (folder / "procedures" / "published.toml").write_text(PUBLISHED, encoding="utf-8")
    changes = {
        "procedures": ProceduresSettings(folder=folder / "procedures"),
        "impact": ImpactSettings(),
        "tickets": TicketsSettings(file=folder / "tickets.db", first_s=0.2, longest_s=0.5),
    }
    async with open_desk(load(settings_file(folder, stand_ins.base_url)).model_copy(update=changes)) as desk:
        yield desk


async def run(language: str, desk: Desk, stand_ins: Running, folder: Path) -> str:
    """What the program prints. The population registry is down until it has its plan."""
    stand_ins.faults.set("dancu", Fault("reset"))
    environment = os.environ | {"GATEWAY_URL": desk.url, "GATEWAY_KEY": KEY, "LC_ALL": "C.UTF-8"}
    child = await asyncio.create_subprocess_exec(
        *command(language, folder),
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )

    async def repaired() -> None:
        await eventually(lambda: (folder / "plan.json").exists() and (folder / "plan.json").stat().st_size)
        stand_ins.faults.clear("dancu")

    async with asyncio.timeout(50):
        repair = asyncio.create_task(repaired())
        told, _ = await child.communicate()
        repair.cancel()
    assert child.returncode == 0, told.decode()
    return told.decode()


def verify(evidence: Path, keys: Path) -> None:
    """As somebody who has nothing of ours but the verifier."""
    verifier = [sys.executable, "-I", str(ROOT / "verifier" / "verify_evidence.py"), str(evidence)]
    done = subprocess.run([*verifier, "--keys", str(keys)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("language", ["sh", "python", "java"])
async def test_the_program_carries_a_dossier_from_reception_to_archive(
    stand_ins: Running, tmp_path: Path, language: str
) -> None:
    """
    The plan is pending, its tickets are answered, the receipt says what the officer did and not what the plan said, and
    a stranger verifies the evidence.
    """
    folder = tmp_path / "one-stop"
    folder.mkdir()
    (folder / "officer.json").write_text(program("json"), encoding="utf-8")
    async with office(stand_ins, tmp_path) as desk:
        told = await run(language, desk, stand_ins, folder)

    plan, receipt = (json.loads((folder / f"{name}.json").read_text()) for name in ("plan", "receipt"))
    decisions = {paper["id"]: paper["decision"] for paper in plan["papers"]}
    assert decisions == {
        "identity": "pending", "residence": "pending", "parents_marriage": "officer", "medical_birth": "required",
    }  # fmt: skip
    assert {paper["paper"]: paper["did"] for paper in receipt["papers"]} == {
        "identity": "accepted", "residence": "asked", "parents_marriage": "asked", "medical_birth": "asked",
    }  # fmt: skip
    assert {paper["paper"]: paper["why"] for paper in receipt["papers"] if paper["overridden"]} == {
        "residence": "law_asks"
    }
    assert "waived\tresidence" in told
    kept = sorted(folder.glob("*.jws"))
    assert kept
    for evidence in kept:
        verify(evidence, folder / "jwks.json")
    assert "Bản sao giấy tờ tùy thân" in told
    assert "accepted\tidentity" in told
