"""The systemd unit that is shipped: tight by systemd's own measure, and the gateway works inside what it allows."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest

from bench.stage import free_port
from mocks.server import Running
from tests.gateway_process import Client, GatewayProcess
from tests.recorded import settings_file
from tests.trace import can_trace

FOLDER = Path(__file__).parents[1] / "deploy" / "systemd"
UNIT = FOLDER / "gateway.service"
WORST_EXPOSURE = 1.5
# prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN), what MemoryDenyWriteExecute= is on Linux 6.3 and later; elsewhere -1.
_REFUSING = "import ctypes, os, sys; ctypes.CDLL(None).prctl(65, 1, 0, 0, 0); os.execv(sys.argv[1], sys.argv[1:])"
# SQLite gives its journal to the owner of its file where it runs as root, which the unit's user is not.
_AS_ROOT = {"fchown"} if os.geteuid() == 0 else set()
_CALL = re.compile(r"^(?:\[pid +)?\d+\]? +(\w+)\(", re.MULTILINE)
with_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze on this machine")


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], check=False, capture_output=True, text=True)


@with_systemd
def test_the_unit_is_exposed_less_than_the_bound() -> None:
    """systemd's own measure of what a service could do, from 0 to 10, is at most 1.5."""
    told = analyze("security", "--offline=true", str(UNIT))

    (level,) = re.findall(r"Overall exposure level for gateway\.service: ([0-9.]+)", told.stdout)
    assert float(level) <= WORST_EXPOSURE


@with_systemd
def test_systemd_reads_every_line_of_the_unit(tmp_path: Path) -> None:
    """No key is unknown, no value is ignored, and the program is where the unit says."""
    program = tmp_path / "gateway"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    unit = tmp_path / UNIT.name
    unit.write_text(UNIT.read_text().replace("/opt/gateway/bin/gateway", str(program)))

    told = analyze("verify", "--man=no", str(unit))

    assert [line for line in told.stderr.splitlines() if str(unit) in line or "gateway.service" in line] == []


@with_systemd
@pytest.mark.skipif(not can_trace(), reason="strace is not installed, or may not trace here")
async def test_the_gateway_works_inside_what_the_unit_allows(tmp_path: Path, stand_ins: Running) -> None:
    """Two workers start, answer and end by calls that the unit's filter lets through alone."""
    trace = tmp_path / "trace"
    strace = ("strace", "-f", "-q", "-o", str(trace), "-e", "signal=none", "-s", "0")
    port = free_port()
    gateway = GatewayProcess(
        settings_file(tmp_path, stand_ins.base_url),
        port,
        prefix=(*strace, sys.executable, "-c", _REFUSING),
        arguments=("--workers", "2"),
        environment={"GATEWAY_WEB__PORT": str(port), "GATEWAY_METRICS__PORT": str(free_port())},
    )
    with gateway.running():
        client = Client(gateway.url, connections=2)
        await client.ask_times(6)
        gateway.stop()

    made = set(_CALL.findall(trace.read_text(errors="replace")))
    assert {one.outcome for one in client.received} == {"found", "absent"}
    assert made >= {"execve", "fdatasync", "openat"}
    assert made - allowed() - _AS_ROOT == set()


def allowed() -> set[str]:
    """The system calls that the unit's filter lets through, its sets written out."""
    lines = [line.split("=", 1)[1] for line in UNIT.read_text().splitlines() if line.startswith("SystemCallFilter=")]
    found = members("@default")
    for line in lines:
        if line.startswith("~"):
            found -= {call for one in line[1:].split() for call in members(one)} - members("@default")
        else:
            found |= {call for one in line.split() for call in members(one)}
    return found


def members(name: str) -> set[str]:
    """The system calls of a set, or the one that is named."""
    if not name.startswith("@"):
        return {name}
    lines = [line.strip() for line in analyze("syscall-filter", name).stdout.splitlines()[1:]]
    return {call for line in lines if line and not line.startswith("#") for call in members(line)}


def test_the_user_of_the_unit_is_made_beside_it() -> None:
    """The unit runs as a user of its own, which the file beside it makes."""
    unit = RawConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(UNIT)

    assert f"u {unit['Service']['User']} " in (FOLDER / "gateway.sysusers").read_text()
