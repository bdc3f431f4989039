"""What is shipped beside the program: the audit's proof, the list of parts, a wheel that is the same twice."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tools.audit import locked, problems

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements.lock"
TWO = {"aiohttp": "3.14.5", "lxml": "6.1.3"}
with_tools = pytest.mark.skipif(find_spec("cyclonedx_py") is None, reason="`make shipped` has not installed its tools")


def report(*dependencies: dict[str, object]) -> dict[str, object]:
    """As `pip-audit -f json` writes it."""
    return {"dependencies": list(dependencies), "fixes": []}


CLEAN = {"name": "aiohttp", "version": "3.14.5", "vulns": []}


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (None, "it is not in the report"),
        ({"name": "lxml", "skip_reason": "not found on PyPI"}, "not found on PyPI"),
        ({"name": "lxml", "version": "6.1.2", "vulns": []}, "another version was audited: 6.1.2"),
        ({"name": "lxml", "version": "6.1.3"}, "does not say what is known"),
        ({"name": "lxml", "version": "6.1.3", "vulns": [{"id": "X-1", "fix_versions": ["6.1.4"]}]}, "X-1"),
        ({"name": "lxml", "version": "6.1.3", "vulns": [{"id": "X-1", "fix_versions": []}]}, "X-1"),
    ],
)
def test_what_was_not_audited_or_is_known_is_said(second: dict[str, object] | None, said: str) -> None:
    """A locked package that is missing, skipped, of another version or faulty is one problem, named by its package."""
    (problem,) = problems(report(CLEAN, *([second] if second else [])), TWO)

    assert problem.startswith("lxml 6.1.3: ")
    assert said in problem


def test_a_report_on_everything_that_is_locked_is_a_proof() -> None:
    """Each locked package audited and clean: no problem, however names are spelt, and whatever else is in it."""
    whole = report(CLEAN, {"name": "LXML", "version": "6.1.3", "vulns": []}, {"name": "more", "skip_reason": "local"})

    assert list(problems(whole, TWO)) == []


def test_the_lock_is_read_whole() -> None:
    """Every pinned line of the lock is a package to be audited, save those that markers keep from this platform."""
    text = LOCK.read_text(encoding="utf-8")
    pinned = re.findall(r"^\S+==", text, re.MULTILINE)

    everywhere = set(locked(text)) | set(locked(text, {"sys_platform": "win32", "python_full_version": "3.11.2"}))
    assert len(everywhere) == len(pinned)
    assert "colorama" in locked(text, {"sys_platform": "win32"})
    assert "colorama" not in locked(text, {"sys_platform": "linux"})


@pytest.mark.faults
@pytest.mark.skipif(find_spec("pip_audit") is None, reason="`make shipped` has not installed its tools")
def test_an_audit_that_cannot_ask_proves_nothing(tmp_path: Path) -> None:
    """Without a service of known faults the command says so and ends with 2: it is never green by silence."""
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    lock = tmp_path / "requirements.lock"
    lock.write_text(f"aiohttp==3.14.5 --hash=sha256:{'0' * 64}\n")

    done = subprocess.run(
        [sys.executable, "-m", "tools.audit", str(lock), "osv"],
        cwd=ROOT, env=os.environ | nowhere | {"NO_PROXY": "", "no_proxy": ""},
        capture_output=True, text=True, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert "nothing is proven" in done.stderr


@pytest.mark.faults
@with_tools
def test_the_list_of_parts_names_what_is_locked(tmp_path: Path) -> None:
    """The SBOM holds each locked package in its version with the hashes of the lock, and no other."""
    file = tmp_path / "parts.json"
    program = Path(sys.executable).parent / "cyclonedx-py"
    subprocess.run(
        [program, "requirements", LOCK, "--output-reproducible", "--of", "JSON", "-o", file],
        check=True, capture_output=True,
    )  # fmt: skip

    parts = json.loads(file.read_text())["components"]
    text = LOCK.read_text(encoding="utf-8")
    assert {f"{one['name']}=={one['version']}" for one in parts} == set(re.findall(r"^\S+==\S+", text, re.MULTILINE))
    hashes = {one["content"] for part in parts for ref in part["externalReferences"] for one in ref["hashes"]}
    assert hashes == set(re.findall(r"sha256:(\w+)", text))


@pytest.mark.faults
def test_a_wheel_is_made_of_its_sources_alone(tmp_path: Path) -> None:
    """Two copies of the sources, with other times and other rights to their files, give the same bytes."""
    made = []
    for number, mask in enumerate((0o022, 0o077)):
        tree = tmp_path / str(number)
        tree.mkdir()
        for name in ("LICENSE", "README.md", "pyproject.toml"):
            shutil.copyfile(ROOT / name, tree / name)
        for name in ("gateway", "contracts", "mocks", "demo"):
            shutil.copytree(ROOT / name, tree / name, copy_function=shutil.copyfile, ignore=_not_sources)
        for file in tree.rglob("*"):
            os.utime(file, (10**9 + number, 10**9 + number))
            file.chmod((0o777 if file.is_dir() else 0o666) & ~mask)
        subprocess.run(
            [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path / f"out{number}"],
            cwd=tree, env=os.environ | {"SOURCE_DATE_EPOCH": "1700000000"}, check=True, capture_output=True,
        )  # fmt: skip
        (wheel,) = (tmp_path / f"out{number}").glob("*.whl")
        made.append(wheel.read_bytes())

    assert made[0] == made[1]


def _not_sources(_: str, names: list[str]) -> set[str]:
    return {name for name in names if name in {"__pycache__", "all.toml"}}
