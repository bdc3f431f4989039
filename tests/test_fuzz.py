"""Coverage-guided fuzzing of the wire layer: no bytes raise anything but an error of our tree."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from contracts.reader import installed

ROOT = Path(__file__).parent.parent
SECONDS = int(os.environ.get("FUZZ_SECONDS", "45"))
TARGETS = ["json", "xml", "status", "wrapper", *sorted(installed())]


@pytest.mark.faults
@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris is not installed on this platform")
@pytest.mark.parametrize("target", TARGETS)
def test_fuzz(target: str, tmp_path: Path) -> None:
    """From real answers outward, libFuzzer finds no input that a reader does not foresee."""
    for contract in installed().values():
        for case in contract.cases():
            (tmp_path / f"{contract.registry}-{case.dataset}-{case.name}").write_text(case.response.body)

    limits = [f"-max_total_time={SECONDS}", "-max_len=16384", "-rss_limit_mb=1024", f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", target, *limits, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=SECONDS + 120,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-4000:]
    assert "DONE" in done.stderr
