"""Two instances behind a real HAProxy, with the shipped file: restarts fail no question, a kill loses no record."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.request import urlopen

import aiohttp
import orjson
import pytest

from bench.stage import free_port
from gateway.ledger.reading import LogReader
from mocks.faults import Fault
from mocks.server import Running
from tests.conftest import FIRM, INQUIRY, KEY
from tests.gateway_process import GatewayProcess
from tests.recorded import settings_file

CONFIGURATION = Path(__file__).parents[1] / "deploy" / "haproxy" / "haproxy.cfg"
HAPROXY = shutil.which("haproxy") or shutil.which("haproxy", path="/usr/sbin:/usr/local/sbin")
_CALLERS = 6
pytestmark = pytest.mark.skipif(HAPROXY is None, reason="no haproxy on this machine")


@dataclass
class Pair:
    """Both instances and the address in front of them."""

    url: str
    metrics_url: str
    instances: tuple[GatewayProcess, GatewayProcess]
    told: Counter[str] = field(default_factory=Counter)
    received: list[str] = field(default_factory=list)

    async def ask(self, session: aiohttp.ClientSession) -> None:
        """One question; what came of it is counted, and what was found is kept by its id."""
        body = {"dataset": "dkdn.enterprise", "query": FIRM, "inquiry": INQUIRY}
        try:
            async with session.post(f"{self.url}/v1/lookups", json=body) as reply:
                answer = orjson.loads(await reply.read())
        except aiohttp.ClientError as exc:
            self.told[type(exc).__name__] += 1
        except orjson.JSONDecodeError:
            self.told[f"{reply.status} without a problem document"] += 1
        else:
            self.told[str(answer.get("reason") or answer.get("outcome") or answer["type"])] += 1
            if reply.status == 200:
                self.received.append(answer["lookup_id"])

    async def ask_until(self, done: asyncio.Event, callers: int = _CALLERS) -> None:
        """Ask from several connections until it is done."""
        async with aiohttp.ClientSession(headers={"X-API-Key": KEY}) as session:

            async def asking() -> None:
                while not done.is_set():
                    await self.ask(session)

            await asyncio.gather(*(asking() for _ in range(callers)))

    def recorded(self) -> set[str]:
        """Every question that either ledger says was answered."""
        logs = [log for one in self.instances for log in (one.settings.parent / "ledger").glob("[0-9]*")]
        records = [
            orjson.loads(entry.record)
            for log in logs
            for entry in LogReader(log).entries(flushed_only=False)
            if entry.record
        ]
        return {one["lookup_id"] for one in records if one["type"] == "answered"}


@contextmanager
def haproxy(ports: dict[str, int]) -> Iterator[None]:
    """The shipped configuration at work, as soon as it takes connections."""
    addresses = {name: f"127.0.0.1:{port}" for name, port in ports.items()}
    assert HAPROXY is not None
    child = subprocess.Popen(
        [HAPROXY, "-f", str(CONFIGURATION), "-q"], env=os.environ | addresses, stdout=subprocess.DEVNULL
    )
    try:
        _wait_for(f"http://127.0.0.1:{ports['STATS']}/metrics", child)
        _wait_for(f"http://127.0.0.1:{ports['FRONT']}/readyz", child)
        yield
    finally:
        child.terminate()
        child.wait(10)


def _wait_for(url: str, child: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        assert child.poll() is None
        try:
            with urlopen(url, timeout=1):  # noqa: S310  it is our own, on loopback
                return
        except (HTTPError, URLError, OSError):
            time.sleep(0.02)
    raise AssertionError(url)


@pytest.fixture
async def pair(tmp_path: Path, stand_ins: Running) -> AsyncIterator[Pair]:
    stand_ins.faults.set("dkdn", Fault("slow", delay_s=0.02, path="chiTiet"))
    ports = {name: free_port() for name in ("FRONT", "STATS", "ONE", "TWO")}
    with ExitStack() as stack:
        instances = []
        for name in ("ONE", "TWO"):
            folder = tmp_path / name.lower()
            folder.mkdir()
            settings = settings_file(folder, stand_ins.base_url)
            environment = {"GATEWAY_WEB__PORT": str(ports[name]), "GATEWAY_METRICS__PORT": "0"}
            instance = GatewayProcess(settings, ports[name], environment=environment)
            await asyncio.to_thread(lambda one=instance: stack.enter_context(one.running()))
            instances.append(instance)
        await asyncio.to_thread(lambda: stack.enter_context(haproxy(ports)))
        one, two = instances
        urls = (f"http://127.0.0.1:{ports['FRONT']}", f"http://127.0.0.1:{ports['STATS']}/metrics")
        yield Pair(*urls, instances=(one, two))


async def _restarted(pair: Pair, times: int) -> None:
    done = asyncio.Event()
    load = asyncio.create_task(pair.ask_until(done))
    for number in range(times):
        await asyncio.sleep(0.5)
        instance = pair.instances[number % 2]
        await asyncio.to_thread(instance.stop)
        await asyncio.to_thread(instance.start)
        await asyncio.sleep(0.5)  # HAProxy looks twice before it asks it again
    done.set()
    await load


@pytest.mark.faults
async def test_rolling_restarts_fail_no_question(pair: Pair) -> None:
    """Each instance is told to stop and started again under load: every question is answered, and recorded."""
    await _restarted(pair, 2)

    assert set(pair.told) == {"found"}
    assert set(pair.received) <= pair.recorded()


@pytest.mark.faults
async def test_instances_a_killed_one_takes_no_record_with_it(pair: Pair) -> None:
    """kill -9 under load: what was answered is recorded, and the other instance goes on alone."""
    done = asyncio.Event()
    load = asyncio.create_task(pair.ask_until(done))
    await asyncio.sleep(1)
    await asyncio.to_thread(pair.instances[0].kill)
    await asyncio.sleep(0.5)
    before = pair.told["found"]
    await asyncio.sleep(0.5)
    done.set()
    await load

    failed = pair.told.total() - pair.told["found"]
    assert pair.told["found"] > before
    assert failed <= _CALLERS, pair.told  # those under way at that moment, which nobody repeats
    assert set(pair.received) <= pair.recorded()


@pytest.mark.faults
async def test_a_registry_that_fails_takes_no_instance_out(pair: Pair, stand_ins: Running) -> None:
    """An answer of 502 to 504 speaks of a registry: it comes through as it was written, and both stay in."""
    stand_ins.faults.set("dkdn", Fault("down", path="chiTiet"))
    async with aiohttp.ClientSession(headers={"X-API-Key": KEY}) as session:
        for _ in range(20):
            await pair.ask(session)
        async with session.get(pair.metrics_url) as reply:
            metrics = await reply.text()

    up = [line for line in metrics.splitlines() if line.startswith("haproxy_server_status") and 'state="UP"' in line]
    assert set(pair.told) <= {"unreachable", "not_connected", "circuit_open"}
    assert pair.told.total() == 20
    assert [line.split()[-1] for line in up] == ["1", "1"]


@pytest.mark.faults
async def test_instances_twenty_rolling_restarts(pair: Pair) -> None:
    """Twenty restarts, one after the other, under load: no question fails."""
    await _restarted(pair, 20)

    assert set(pair.told) == {"found"}
    assert set(pair.received) <= pair.recorded()
