"""
Every alert is fired by a real fault and goes away after it: `make faults PART=alerts`, about nine minutes.

A real Prometheus reads two gateways, with our own rules in which a minute takes half a second. What they compare (an
hour of clock, a minute without a checkpoint) is as it is. The figures go to var/faults/alerts.json.
"""

from __future__ import annotations

import asyncio
import json
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import aiohttp
import pytest

from gateway.clock import VIETNAM
from mocks.dancu import DancuStandIn
from mocks.dkdn import DkdnStandIn
from mocks.faults import Fault
from mocks.server import Running, running
from tests.accelerated import Prometheus, watching
from tests.certificates import Authority
from tests.conftest import FIRM, INQUIRY, KEY, MAU
from tests.gateway_process import GatewayProcess
from tests.ports import free_port
from tests.postgresql_server import postgresql_server
from tests.recorded import settings_file
from tests.rules import ALERTS, needs
from tests.sharing import RIGHTS, instances
from tests.test_dashboards import filled, targets
from tests.test_faults_shared import ITEMS, brought, done
from tests.test_faults_tickets import QUICK, Opened
from tests.ticketing import one_stop, tickets_file

pytestmark = [pytest.mark.faults, needs("prometheus")]

RESULTS = Path(__file__).parents[1] / "var" / "faults" / "alerts.json"
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
FAKED = {"LD_PRELOAD": str(FAKETIME), "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
NO_SUCH_FIRM = {"enterprise_code": "9900000030"}
MORE_THAN_THE_CONTRACT = {"enterprise_code": "9900000087"}
TOKEN_S = 8
EVERY_S = 0.1
# These want a witness, a database: have tests of their own. Of files refused, tests/test_reload.py shows the series.
ELSEWHERE = {"LedgerContested", "StoreLost", "ReloadRejected"}
LEFT_BEHIND = {"TicketsHeld", "CallbacksFail", "BatchStands"}  # of what nobody waits for at a counter: as those
A_DAY_AND_AN_HOUR_S = 90_000
GATEWAY = (sys.executable, "-m", "gateway")
BY_THE_FIRST = {
    "RegistryDown",
    "ErrorBudgetBurnsFast",
    "ErrorBudgetBurnsSlowly",
    "ContractDrift",
    "AbsentShareJumps",
    "LogInFails",
    "CheckpointLate",
    "LedgerNotDurable",
}
BY_THE_SECOND = {"GatewayDown", "ClockOff", "CertificateExpires", "CertificateExpiresSoon", "QuotaRunsOut"}


class Asking:
    """Somebody who asks the same questions over and over, whatever comes back."""

    def __init__(self, url: str, *questions: tuple[str, Mapping[str, Any]]) -> None:
        self.url = url
        self.questions = questions

    @asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        async with aiohttp.ClientSession(headers={"X-API-Key": KEY}) as session:
            tasks = [asyncio.create_task(self._ask(session, *question)) for question in self.questions]
            try:
                yield
            finally:
                for task in tasks:
                    task.cancel()
                await asyncio.gather(*tasks, return_exceptions=True)

    async def _ask(self, session: aiohttp.ClientSession, dataset: str, query: Mapping[str, Any]) -> None:
        body = {"dataset": dataset, "query": query, "inquiry": INQUIRY}
        while True:
            try:
                async with session.post(f"{self.url}/v1/lookups", json=body) as reply:
                    await reply.read()
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(EVERY_S)


@asynccontextmanager
async def stand_ins() -> AsyncIterator[Running]:
    """A registry of people, and one of firms whose tokens end after seconds."""
    async with running(DancuStandIn, partial(DkdnStandIn, lifetime_s=TOKEN_S)) as both:
        yield both


def gateway(folder: Path, mocks_url: str, metrics_port: int, **environment: str) -> GatewayProcess:
    folder.mkdir()
    settings = settings_file(folder, mocks_url, ledger="checkpoint_s = 1", deadline_s=2)
    port = free_port()
    places = {"GATEWAY_WEB__PORT": str(port), "GATEWAY_METRICS__PORT": str(metrics_port)}
    return GatewayProcess(settings, port, environment=places | environment)


def bound(process: GatewayProcess, largest_file: int) -> None:
    """Let a process write no file larger than that: every write beyond fails as on a full disk."""
    assert process.child is not None
    resource.prlimit(process.child.pid, resource.RLIMIT_FSIZE, (largest_file, resource.RLIM_INFINITY))


async def dashboards(prometheus: Prometheus) -> dict[str, str]:
    """What each panel shows of dkdn, after Prometheus has evaluated its expressions: how many series."""
    shown = {}
    for board, title, expression in targets():
        shown[f"{board}: {title}: {expression}"] = str(len(await prometheus.value(filled(expression))))
    return shown


@pytest.mark.skipif(not FAKETIME.exists(), reason="libfaketime is not installed (Debian: libfaketime)")
async def test_every_alert_but_one_is_fired_by_a_fault_and_goes_away_after_it(tmp_path: Path) -> None:
    """
    A registry that is down, one that says more than its contract or suddenly knows nobody, a platform that gives no
    token, a full disk, a checkpoint that cannot be written, a clock an hour ahead, a certificate and a quota near
    their ends, a killed gateway: each fires its alerts, and nothing fires once all is mended.
    """
    assert set(ALERTS) == BY_THE_FIRST | BY_THE_SECOND | ELSEWHERE | LEFT_BEHIND
    ports = {"first": free_port(), "second": free_port()}
    pair = Authority(tmp_path).issue(until=timedelta(days=2))
    renewed = Authority(tmp_path).issue(until=timedelta(days=90))
    (tmp_path / "clock").write_text("+3600s\n")

    def second(name: str, certificate: Any, per_day: int, **more: str) -> GatewayProcess:
        tls = {"CERTIFICATE_FILE": str(certificate.certificate), "KEY_FILE": str(certificate.key)}
        environment = {f"GATEWAY_REGISTRIES__DKDN__TLS__{key}": value for key, value in tls.items()}
        environment["GATEWAY_REGISTRIES__DKDN__QUOTA__PER_DAY"] = str(per_day)
        return gateway(tmp_path / name, both.base_url, ports["second"], **environment, **more)

    ahead = FAKED | {"FAKETIME": "+3600s"}
    async with stand_ins() as both, watching(tmp_path, ports) as prometheus:
        one, two = gateway(tmp_path / "one", both.base_url, ports["first"]), second("two", pair, 20_000, **ahead)
        firm, citizen = ("dkdn.enterprise", FIRM), ("dancu.citizen", MAU)
        with one.running(), two.running():
            async with Asking(one.url, firm, citizen).going_on(), Asking(two.url, firm).going_on():
                figures = await _faults(prometheus, both, one)
                shown = await dashboards(prometheus)
                two.kill()
                figures["GatewayDown"] = await prometheus.until(lambda _: "GatewayDown" in prometheus.fired, 60)
            assert prometheus.fired >= set(ALERTS) - ELSEWHERE - LEFT_BEHIND, sorted(prometheus.fired)
            mended = second("three", renewed, 100_000_000)
            with mended.running():
                async with Asking(one.url, firm, citizen).going_on(), Asking(mended.url, firm).going_on():
                    figures["all over after"] = await prometheus.until(lambda now: not now, 300)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps({"seconds": figures, "series": shown}, ensure_ascii=False, indent=1))
    empty = [name for name, series in shown.items() if series == "0" and name.startswith(("overview", "registry"))]
    unasked = ("refusals", "tickets", "batches", "batch_items")
    assert [name for name in empty if not any(word in name for word in unasked)] == []


@contextmanager
def witness(folder: Path, settings: Path) -> Iterator[None]:
    """Somebody else's witness, as a process of its own."""
    with (folder / "witness.log").open("ab") as log:
        child = subprocess.Popen([*GATEWAY, "witness", "serve", "-s", str(settings)], stdout=log, stderr=log)
    try:
        yield
    finally:
        child.terminate()
        child.wait(30)


def published(one: GatewayProcess, file: Path) -> None:
    """The keys that a gateway publishes, for its witness."""
    with urlopen(f"{one.url}/.well-known/jwks.json", timeout=10) as reply:  # noqa: S310  it is our own, on loopback
        file.write_bytes(reply.read())


async def test_a_ledger_that_was_cut_is_contested_until_the_right_one_is_back(tmp_path: Path) -> None:
    """
    An old copy of the ledger is put in place of the one that a witness has cosigned, and goes on: the alert fires when
    the witness is there again, and is over with the right ledger.
    """
    made = subprocess.run(  # noqa: ASYNC221  nothing else goes on yet
        [*GATEWAY, "witness", "new-key", "archive.test/witness", "--folder", str(tmp_path / "witness")],
        capture_output=True,
        text=True,
        check=True,
    )
    (vkey,) = re.findall(r"archive\.test/witness\+[0-9a-f]+\+[\w+/=-]+", made.stdout.replace("\n", ""))
    witness_port, metrics_port = free_port(), free_port()
    (tmp_path / "witness.toml").write_text(
        f'[witness]\nfolder = "witness"\nport = {witness_port}\n'
        '[witness.logs.test]\norigin = "gateway.test/ledger"\nkeys_file = "keys.json"\n'
    )
    async with stand_ins() as both, watching(tmp_path, {"one": metrics_port}) as prometheus:
        one = gateway(tmp_path / "one", both.base_url, metrics_port)
        section = "[ledger]\nwitness_every_s = 0.5\n"
        witnesses = f'\n[ledger.witnesses.archive]\nurl = "http://127.0.0.1:{witness_port}"\nvkey = "{vkey}"\n'
        one.settings.write_text(one.settings.read_text().replace("[ledger]\n", section) + witnesses)
        ledger, right, early = (tmp_path / "one" / name for name in ("ledger", "right", "early"))
        asking = Asking(one.url, ("dkdn.enterprise", FIRM))
        with one.running():
            published(one, tmp_path / "keys.json")
            async with asking.going_on():
                await asyncio.sleep(2)
            one.stop()
        shutil.copytree(ledger, early)
        with witness(tmp_path, tmp_path / "witness.toml"), one.running():
            async with asking.going_on():
                await asyncio.sleep(5)
            assert await prometheus.value('gateway_ledger_witness_answers_total{result="cosigned"} > 0')
            one.stop()
        ledger.rename(right)
        early.rename(ledger)
        with one.running():
            async with asking.going_on():
                await asyncio.sleep(2)
            with witness(tmp_path, tmp_path / "witness.toml"):
                await prometheus.until(lambda now: "LedgerContested" in now, 60)
            one.stop()
        shutil.rmtree(ledger)
        right.rename(ledger)
        with witness(tmp_path, tmp_path / "witness.toml"), one.running():
            await prometheus.until(lambda now: not now, 60)
            one.stop()


async def test_a_database_that_was_killed_is_told_of_until_it_is_back(tmp_path: Path) -> None:
    """The alert fires while PostgreSQL is down, names tickets and batches, and is over once it runs again."""
    metrics_port = free_port()
    with postgresql_server() as server:
        async with stand_ins() as both, watching(tmp_path, {"one": metrics_port}) as prometheus:
            (file,) = instances(tmp_path, both.base_url, server.url, count=1)
            port = free_port()
            places = {"GATEWAY_WEB__PORT": str(port), "GATEWAY_METRICS__PORT": str(metrics_port)}
            with GatewayProcess(file, port, environment=places).running():
                await prometheus.until(lambda now: not now, 60)
                assert "StoreLost" not in prometheus.fired
                server.kill()
                await prometheus.until(lambda now: "StoreLost" in now, 60)
                lost = await prometheus.value("gateway_store_up == 0")
                server.start()
                await prometheus.until(lambda now: not now, 60)

    assert {one["metric"]["part"] for one in lost} == {"batches", "tickets"}


@pytest.mark.skipif(not FAKETIME.exists(), reason="libfaketime is not installed (Debian: libfaketime)")
async def test_what_is_left_behind_is_told_of_until_it_is_done(tmp_path: Path) -> None:
    """
    A one-stop that takes no callback, a batch whose registry is down, a ticket that is a day old because its hours were
    set wrong: each fires its alert while other questions are answered, and each alert goes away when that is mended.
    """
    metrics_port, port = free_port(), free_port()
    places = {"GATEWAY_WEB__PORT": str(port), "GATEWAY_METRICS__PORT": str(metrics_port)}
    async with stand_ins() as both, one_stop() as receiver, watching(tmp_path, {"one": metrics_port}) as prometheus:
        more = f'[consumers.one-stop.callback]\nurl = "{receiver.url}"\n[batches]\nfile = "batches.db"\n'
        file = tickets_file(tmp_path, both.base_url, tickets=QUICK, more=more)
        policy = tmp_path / "policy.toml"
        policy.write_text(policy.read_text() + RIGHTS)

        def gateway_with(**environment: str) -> GatewayProcess:
            return GatewayProcess(file, port, environment=places | environment)

        opened, asked = Opened(), ("dancu.citizen", MAU)
        both.faults.set("dancu", Fault("reset"))
        yesterday = gateway_with(**FAKED, FAKETIME=f"-{A_DAY_AND_AN_HOUR_S}s")
        with yesterday.running():
            await opened.open(yesterday.url, 1)
            yesterday.stop()
        both.faults.clear("dancu")
        wrong = f"{datetime.now(VIETNAM) + timedelta(hours=7):%H:00-%H:30}"
        held = gateway_with(GATEWAY_TICKETS__HOURS=f'["{wrong}"]')
        with held.running():
            async with Asking(held.url, asked).going_on():
                await prometheus.until(lambda now: "TicketsHeld" in now, 120)
            held.stop()
        assert not prometheus.fired & {"CallbacksFail", "BatchStands"}
        receiver.status = 500
        both.faults.set("dkdn", Fault("reset"))
        mended = gateway_with()
        with mended.running():
            async with aiohttp.ClientSession(headers={"X-API-Key": KEY}) as session:
                batch = await brought(session, mended.url, "left-behind")
                async with Asking(mended.url, asked).going_on():
                    others = {"CallbacksFail", "BatchStands"}
                    await prometheus.until(lambda now: now & LEFT_BEHIND == others, 120)
                    receiver.status = 204
                    both.faults.clear("dkdn")
                    await prometheus.until(lambda now: not now & LEFT_BEHIND, 120)
                assert len(await done(session, mended.url, batch)) == ITEMS
            mended.stop()
        assert {one["Idempotency-Key"] for one in receiver.headers} == set(opened.tickets.values())


async def _faults(prometheus: Prometheus, both: Running, one: GatewayProcess) -> dict[str, float]:
    """Each fault in turn at the first gateway until its alerts fire; then all of them are mended."""
    figures = {}

    async def wait(what: str, *names: str, within_s: float = 90) -> None:
        figures[what] = await prometheus.until(lambda _: prometheus.fired >= set(names), within_s)

    await asyncio.sleep(20)  # yesterday, in which all was well
    well = await prometheus.firing()
    assert not well & BY_THE_FIRST, well
    checkpoint = one.settings.parent / "ledger" / "0" / "checkpoint"
    checkpoint.rename(checkpoint.with_suffix(".away"))
    checkpoint.mkdir()
    both.faults.set("dancu", Fault("down"))
    many = [("dkdn.enterprise", NO_SUCH_FIRM)] * 3
    async with Asking(one.url, ("dkdn.enterprise", MORE_THAN_THE_CONTRACT), *many).going_on():
        await wait("drift", "ContractDrift")
        await wait("absent", "AbsentShareJumps")
        await wait("down", "RegistryDown", "ErrorBudgetBurnsFast")
        await wait("slowly", "ErrorBudgetBurnsSlowly")
    both.faults.set("dkdn", Fault("down", path="token"))
    await wait("token", "LogInFails")
    both.faults.clear()
    await wait("checkpoint", "CheckpointLate", within_s=120)
    bound(one, 1)
    await wait("ledger", "LedgerNotDurable")
    bound(one, resource.RLIM_INFINITY)
    checkpoint.rmdir()
    await wait("clock, certificates, quota", *(BY_THE_SECOND - {"GatewayDown"}))
    return figures
