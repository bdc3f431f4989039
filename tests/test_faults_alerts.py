"""
Every alert is fired by a real fault and goes away after it: `make faults PART=alerts`, about six minutes.

A real Prometheus reads two gateways, with our own rules in which a minute takes half a second. What they compare (an
hour of clock, a minute without a checkpoint) is as it is. The figures go to var/faults/alerts.json.
"""

from __future__ import annotations

import asyncio
import json
import resource
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from mocks.dancu import DancuStandIn
from mocks.dkdn import DkdnStandIn
from mocks.faults import Fault
from mocks.server import Running, running
from tests.accelerated import Prometheus, watching
from tests.certificates import Authority
from tests.conftest import FIRM, INQUIRY, KEY, MAU
from tests.gateway_process import GatewayProcess
from tests.ports import free_port
from tests.recorded import settings_file
from tests.rules import ALERTS, needs
from tests.test_dashboards import filled, targets

pytestmark = [pytest.mark.faults, needs("prometheus")]

RESULTS = Path(__file__).parents[1] / "var" / "faults" / "alerts.json"
FAKETIME = Path("/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1")
NO_SUCH_FIRM = {"enterprise_code": "9900000030"}
MORE_THAN_THE_CONTRACT = {"enterprise_code": "9900000087"}
TOKEN_S = 8
EVERY_S = 0.1
NEEDS_A_WITNESS = {"LedgerContested"}  # a log that was cut, before a witness: tests/test_ledger_witness.py
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
async def test_every_alert_is_fired_by_a_fault_and_goes_away_after_it(tmp_path: Path) -> None:
    """
    A registry that is down, one that says more than its contract or suddenly knows nobody, a platform that gives no
    token, a full disk, a checkpoint that cannot be written, a clock an hour ahead, a certificate and a quota near
    their ends, a killed gateway: each fires its alerts, and nothing fires once all is mended.
    """
    assert set(ALERTS) == BY_THE_FIRST | BY_THE_SECOND | NEEDS_A_WITNESS
    ports = {"first": free_port(), "second": free_port()}
    pair = Authority(tmp_path).issue(until=timedelta(days=2))
    renewed = Authority(tmp_path).issue(until=timedelta(days=90))
    (tmp_path / "clock").write_text("+3600s\n")

    def second(name: str, certificate: Any, per_day: int, **more: str) -> GatewayProcess:
        tls = {"CERTIFICATE_FILE": str(certificate.certificate), "KEY_FILE": str(certificate.key)}
        environment = {f"GATEWAY_REGISTRIES__DKDN__TLS__{key}": value for key, value in tls.items()}
        environment["GATEWAY_REGISTRIES__DKDN__QUOTA__PER_DAY"] = str(per_day)
        return gateway(tmp_path / name, both.base_url, ports["second"], **environment, **more)

    ahead = {"LD_PRELOAD": str(FAKETIME), "FAKETIME": "+3600s", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
    async with stand_ins() as both, watching(tmp_path, ports) as prometheus:
        one, two = gateway(tmp_path / "one", both.base_url, ports["first"]), second("two", pair, 20_000, **ahead)
        firm, citizen = ("dkdn.enterprise", FIRM), ("dancu.citizen", MAU)
        with one.running(), two.running():
            async with Asking(one.url, firm, citizen).going_on(), Asking(two.url, firm).going_on():
                figures = await _faults(prometheus, both, one)
                shown = await dashboards(prometheus)
                two.kill()
                figures["GatewayDown"] = await prometheus.until(lambda _: "GatewayDown" in prometheus.fired, 60)
            assert prometheus.fired >= set(ALERTS) - NEEDS_A_WITNESS, sorted(prometheus.fired)
            mended = second("three", renewed, 100_000_000)
            with mended.running():
                async with Asking(one.url, firm, citizen).going_on(), Asking(mended.url, firm).going_on():
                    figures["all over after"] = await prometheus.until(lambda now: not now, 300)
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps({"seconds": figures, "series": shown}, ensure_ascii=False, indent=1))
    empty = [name for name, series in shown.items() if series == "0" and name.startswith(("overview", "registry"))]
    assert [name for name in empty if "refusals" not in name] == []


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
