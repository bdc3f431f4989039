"""The suite of an adapter, unchanged, against servers that share no code with this project."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from gateway.kit.registries import cases
from tests.test_third_party import environment

ROOT = Path(__file__).parents[1]
FOREIGN = ROOT / "tests" / "foreign"
SERVERS = {"population": "dancu@2025", "businesses": "dkdn@dkkd"}
SUITE = "tests/test_contracts.py::test_a_case_file_holds_over_a_real_socket"


@contextmanager
def foreign(name: str) -> Iterator[str]:
    """A server of its own, started by its path with nothing of ours to import; gives its address."""
    with subprocess.Popen(
        [sys.executable, "-P", str(FOREIGN / f"{name}.py")],
        cwd=FOREIGN,
        env=environment(FOREIGN),
        stdout=subprocess.PIPE,
        encoding="utf-8",
    ) as served:
        try:
            assert served.stdout is not None
            yield served.stdout.readline().strip()
        finally:
            served.terminate()


def test_the_suite_of_an_adapter_runs_unchanged_against_a_foreign_server() -> None:
    """By a switch on the command line, every case file of a contract version holds against somebody else's server."""
    with ExitStack() as stack:
        given = [f"--registry={registry}={stack.enter_context(foreign(name))}" for name, registry in SERVERS.items()]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", SUITE, *given],
            cwd=ROOT,
            env=environment(ROOT),
            capture_output=True,
            encoding="utf-8",
            timeout=180,
            check=False,
        )

    told = [one.id for one in cases([f"{registry}=http://somebody.invalid" for registry in SERVERS.values()])]
    assert done.returncode == 0, done.stdout[-3000:]
    assert int(re.findall(r"^(\d+) passed", done.stdout, re.MULTILINE)[0]) == len(told)
    assert {"dancu.citizen/found", "dancu.household/found", "dkdn.enterprise/found-dkkd"} <= set(told)


@pytest.mark.parametrize("name", SERVERS)
def test_a_foreign_server_shares_no_code(name: str) -> None:
    """What it imports is the standard library, or aiohttp; nothing of the gateway, the contracts or the stand-ins."""
    source = (FOREIGN / f"{name}.py").read_text(encoding="utf-8")
    imported = {
        (node.module or "").split(".")[0] if isinstance(node, ast.ImportFrom) else alias.name.split(".")[0]
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }

    assert imported - set(sys.stdlib_module_names) <= {"aiohttp"}
    assert not re.search(r"contracts/|\.toml", source)
