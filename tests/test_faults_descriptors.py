"""What a whole process does when somebody wants all of its file descriptors, and whom it talks to at all."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.request import Request, urlopen

from tests.conftest import INQUIRY, MAU
from tests.ports import free_port
from tests.test_cli import DEMO, ROOT, mocks_process, towards

IDLE = 300
KEY = (DEMO / "secrets" / "one-stop-key").read_text().strip()
LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
from gateway.cli import main
sys.argv[0] = "gateway"
main()
"""
WATCHED = """
import json, sys
reached = set()
def note(event, arguments):
    if event == "socket.connect":
        reached.add(str(arguments[1]))
    elif event in ("socket.getaddrinfo", "socket.gethostbyname"):
        reached.add(f"name {arguments[0]!r}")
sys.addaudithook(note)
from gateway.cli import main
sys.argv = ["gateway", *sys.argv[1:]]
try:
    main()
finally:
    print(json.dumps(sorted(reached)), file=sys.stderr)
"""


@contextmanager
def limited_gateway(mocks: str) -> Iterator[tuple[int, subprocess.Popen[bytes]]]:
    """A gateway with 128 file descriptors in a process of its own: its port, and the process."""
    port = free_port()
    environment = towards(mocks) | {"GATEWAY_WEB__PORT": str(port), "GATEWAY_METRICS__PORT": "0"}
    child = subprocess.Popen(
        [sys.executable, "-c", LIMITED, "serve"], stderr=subprocess.PIPE, cwd=ROOT, env=os.environ | environment
    )
    try:
        assert child.stderr is not None
        assert any(b"gateway.started" in line for line in iter(child.stderr.readline, b""))
        yield port, child
    finally:
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=20)


def _answered(port: int) -> bool:
    """Whether a question over a connection of its own finds its citizen."""
    body = json.dumps({"dataset": "dancu.citizen", "query": MAU, "inquiry": INQUIRY, "fields": ["full_name"]})
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("POST", "/v1/lookups", body, {"X-API-Key": KEY, "Content-Type": "application/json"})
    reply = connection.getresponse()
    found = reply.status == 200 and json.loads(reply.read())["outcome"] == "found"
    connection.close()
    return found


def _let_be_slow(mocks: str, delay_s: float) -> None:
    body = json.dumps({"fault": "slow", "delay_s": delay_s, "times": 1}).encode()
    urlopen(Request(f"{mocks}/_mocks/faults/dancu", body, method="PUT"), timeout=2).close()  # noqa: S310 (loopback)


def _is_slow_no_more(mocks: str) -> bool:
    """True when the one request that the fault hits has come."""
    with urlopen(f"{mocks}/_mocks/", timeout=2) as reply:  # noqa: S310 (loopback)
        return not json.loads(reply.read())["faults"]


def _until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 5
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_f28_idle_callers_cannot_take_the_last_file_descriptor() -> None:
    """With 128 descriptors and 300 idle connections a question under way and new ones are answered, and all is well."""
    with mocks_process() as mocks, limited_gateway(mocks) as (port, child), ThreadPoolExecutor(1) as pool:
        _let_be_slow(mocks, 0.5)
        under_way = pool.submit(_answered, port)
        _until(lambda: _is_slow_no_more(mocks))
        idle = [socket.create_connection(("127.0.0.1", port), timeout=2) for _ in range(IDLE)]
        meanwhile = [_answered(port) for _ in range(5)]
        first = under_way.result(5)
        _until(lambda: len(select.select(idle, [], [], 0)[0]) >= IDLE - 64)
        for one in idle:
            one.close()
        over = time.monotonic()
        after = _answered(port)
        recovered_s = time.monotonic() - over
        child.send_signal(signal.SIGTERM)
        assert child.stderr is not None
        log = child.stderr.read().decode()

    assert first
    assert meanwhile == [True] * 5
    assert after
    assert recovered_s < 2
    assert "Too many open files" not in log
    assert len(log.splitlines()) < 20


HALF = """
import resource
from gateway.descriptors import for_callers
resource.setrlimit(resource.RLIMIT_NOFILE, (100, 400))
print(for_callers(10), for_callers(150), for_callers(500), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def test_f28_callers_get_half_of_the_descriptors() -> None:
    """A process affords callers what it wants, or half of what it may open; it may open more when it asks for it."""
    done = subprocess.run([sys.executable, "-c", HALF], capture_output=True, text=True, cwd=ROOT, check=True)

    assert done.stdout.split() == ["10", "150", "200", "400"]


def test_s12_nothing_is_contacted_but_the_configured_endpoint() -> None:
    """A whole run of the gateway, start to answer, connects to the registry's address alone and asks for no name."""
    with mocks_process() as mocks:
        done = subprocess.run(
            [sys.executable, "-c", WATCHED, "lookup", "--json"],
            input=json.dumps({"dataset": "dancu.citizen", "query": MAU, "inquiry": INQUIRY}),
            capture_output=True,
            text=True,
            cwd=ROOT,
            env=os.environ | towards(mocks),
            timeout=30,
            check=False,
        )

    host, _, port = mocks.removeprefix("http://").rpartition(":")
    reached = json.loads(done.stderr.splitlines()[-1])
    assert json.loads(done.stdout)["outcome"] == "found"
    assert reached == [f"('{host}', {port})"]
