"""docs/growing.md: every command of the page, from the clone to two verified ledgers."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
import uuid
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
import redis

from bench.stage import free_port
from tests.index_parts import POSTGRESQL
from tests.test_docs import page

ROOT = Path(__file__).parents[1]
PAGE = "docs/growing.md"
REDIS = os.environ.get("GATEWAY_TEST_REDIS", "redis://127.0.0.1:6379/0")
TOOLS = ("git", "make", "curl", "haproxy", "prometheus", "promtool", "createdb")
_PATH = f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin"


def blocks() -> list[str]:
    return re.findall(r"^```sh\n(.*?)^```$", page(PAGE), re.MULTILINE | re.DOTALL)


def needed() -> None:
    """Skips where something is missing that the page names."""
    missing = [tool for tool in TOOLS if shutil.which(tool, path=_PATH) is None]
    if missing:
        pytest.skip(f"not on this machine: {', '.join(missing)}")
    try:
        psycopg.connect(POSTGRESQL, connect_timeout=2).close()
        redis.Redis.from_url(REDIS, socket_timeout=2).ping()
    except (psycopg.OperationalError, redis.RedisError) as exc:
        pytest.skip(f"no PostgreSQL or no Redis is reachable: {type(exc).__name__}")


def names() -> dict[str, str]:
    """Free ports, a database and keys of Redis that nobody else has."""
    mark = f"grown_{uuid.uuid4().hex[:12]}"
    mocks = f"http://127.0.0.1:{(port := free_port())}"
    server = urlsplit(POSTGRESQL)
    found = {name: f"127.0.0.1:{free_port()}" for name in ("ONE", "TWO", "FRONT", "STATS", "PROMETHEUS")}
    return found | {
        "ONE_METRICS": str(free_port()),
        "TWO_METRICS": str(free_port()),
        "MOCKS": str(port),
        "DATABASE": mark,
        "PREFIX": f"{mark}:",
        "REDIS": REDIS,
        "SOURCE": str(ROOT),
        "PGHOST": server.hostname or "127.0.0.1",
        "PGUSER": server.username or "postgres",
        "GATEWAY_REGISTRIES__DANCU__ENDPOINT": f"{mocks}/dancu",
        "GATEWAY_REGISTRIES__DKDN__ENDPOINT": f"{mocks}/dkdn",
        "GATEWAY_REGISTRIES__DKDN__CREDENTIALS__TOKEN_URL": f"{mocks}/dkdn/token",
        "PATH": _PATH,
    }


def run(script: str, folder: Path, environment: dict[str, str]) -> str:
    """What a shell says that stops at the first command that fails; nothing that it started outlives it."""
    with (folder / "told").open("w+") as told:
        child = subprocess.Popen(
            ["bash", "-eu", "-c", script], cwd=folder, env=os.environ | environment,
            stdout=told, stderr=subprocess.STDOUT, start_new_session=True,
        )  # fmt: skip
        try:
            child.wait(400)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
        told.seek(0)
        said = told.read()
    logs = "".join(f"\n{log.name}: {log.read_text()[-800:]}" for log in folder.glob("var/grown/*.log"))
    assert child.returncode == 0, said[-3000:] + logs
    return said


def forgotten(environment: dict[str, str]) -> None:
    """The test's database and keys, taken away."""
    with psycopg.connect(POSTGRESQL, autocommit=True) as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{environment["DATABASE"]}" WITH (FORCE)')
    client = redis.Redis.from_url(REDIS)
    for key in client.scan_iter(f"{environment['PREFIX']}*"):
        client.delete(key)


def test_the_page_has_what_the_test_replaces() -> None:
    """The first two blocks fetch and install the program; each name that the test sets is one of the page's."""
    first, second, *rest = blocks()

    assert first == 'git clone "$SOURCE" gateway\n'
    assert second == "cd gateway\nmake .venv/.runtime\n"
    ours = {name for name in names() if not name.startswith("GATEWAY_")} - {"PATH", "SOURCE"}
    assert ours <= set(re.findall(r"\$\{(\w+):=", rest[0]))


@pytest.mark.faults
def test_growing_by_the_page(tmp_path: Path) -> None:
    """
    Whoever follows the page has two instances behind HAProxy on PostgreSQL and Redis, both seen by Prometheus:
    questions are answered while one is away, and both ledgers verify.
    The virtual environment is this one, already up to date.
    """
    needed()
    first, *rest = blocks()
    environment = names()
    run(first, tmp_path, environment)
    clone = tmp_path / "gateway"
    for name in ("requirements.lock", "pyproject.toml"):
        os.utime(clone / name, (0, 0))
    (clone / ".venv").symlink_to(Path(sys.prefix))
    try:
        told = run("".join(rest).removeprefix("cd gateway\n"), clone, environment)
    finally:
        forgotten(environment)

    assert told.count('"outcome":"found"') == 3
    assert "postgresql" in told
    ledgers = [clone / "var" / "grown" / name for name in ("one", "two")]
    assert all(list(ledger.glob("0/*")) for ledger in ledgers)
