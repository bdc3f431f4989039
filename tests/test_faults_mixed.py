"""
Half a million questions of every kind through faults, restarts and kills: `make faults PART=mixed`.

A round is a gateway with a ledger of its own. One life is long and uninterrupted: what it holds in memory and how many
files it has open is compared after its first cycle of troubles and after its last. Then come short lives that end by
SIGTERM and by kill -9 in turn. `MIXED_QUESTIONS` and `MIXED_LIVES` make a round
shorter.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from bench.processes import ROOT, memory_mb, tree
from gateway.ledger.reading import LogReader
from mocks.faults import Fault
from mocks.incidents import INCIDENTS
from mocks.province import Province
from tests.campaign import Campaign
from tests.gateway_process import GatewayProcess
from tests.mixed_load import BATCH_ITEMS, PEOPLE, Load
from tests.policies import policy, rule
from tests.ports import free_port
from tests.test_faults_tickets import Opened, count, told_of
from tests.ticketing import OneStop, eventually, one_stop, tickets_file

QUESTIONS = int(os.environ.get("MIXED_QUESTIONS", "100000"))
CALLERS = 24
LIVES = int(os.environ.get("MIXED_LIVES", "6"))
GROWTH = 1.05
FAULT_S, HEALTHY_S = 5.0, 60.0
TICKETS = "first_s = 0.2\nlongest_s = 0.5\ncallback_timeout_s = 1\ncallback_longest_s = 1\nin_flight = 8"
ENVIRONMENT = {
    "GATEWAY_REGISTRIES__DANCU__DEADLINE_S": "1",
    "GATEWAY_REGISTRIES__DKDN__DEADLINE_S": "1",
    # A minute of the field lasts a second here.
    "GATEWAY_REGISTRIES__DANCU__BREAKER__PROBE_S": "0.2",
    "GATEWAY_REGISTRIES__DKDN__BREAKER__PROBE_S": "0.2",
}
NONSENSE = {
    "dancu": (Fault("html", percent=20), Fault("garbage", percent=20), Fault("shorter", percent=20)),
    "dkdn": (Fault("schema", percent=30, path="chiTiet"), Fault("reset", percent=20), Fault("stall", percent=5)),
}
KILLED = "killed"
TROUBLES = (
    "dancu-monday-at-eight",
    "dkdn-log-ins-fail",
    "nonsense",
    "dancu-somebody-else",
    KILLED,
    "platform-down",
)


class StandIns:
    """The stand-ins as a process of their own, which can be killed and come back."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._child: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        arguments = ["--port", str(self.port), "--citizens", str(PEOPLE), "--enterprises", str(PEOPLE)]
        self._child = subprocess.Popen(  # noqa: ASYNC220  it is only started here
            [sys.executable, "-m", "mocks", *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True
        )
        await eventually(self._are_up, within_s=30)

    def kill(self) -> None:
        if self._child is not None and self._child.poll() is None:
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()

    async def trouble(self, name: str) -> None:
        """Let it begin, with all its faults at once."""
        if name == KILLED:
            self.kill()
            return
        faults = NONSENSE if name == "nonsense" else INCIDENTS[name].faults
        for target, several in faults.items():
            body = [_told(fault) for fault in several]
            assert await self._ask("PUT", f"faults/{target}", body) == 204, target

    async def heal(self) -> None:
        """No faults, and whoever was killed is back."""
        if self._child is None or self._child.poll() is not None:
            await self.start()
        assert await self._ask("POST", "reset") == 204

    async def _are_up(self) -> bool:
        with suppress(aiohttp.ClientError):
            return await self._ask("GET", "") == 200
        return False

    async def _ask(self, method: str, path: str, body: Any = None) -> int:
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, f"{self.url}/_mocks/{path}", json=body) as reply,
        ):
            return reply.status


@dataclass
class Round:
    """One gateway, who asks it, who fails behind it, who is told."""

    folder: Path
    gateway: GatewayProcess
    stand_ins: StandIns
    receiver: OneStop
    load: Load
    ends: Counter[str] = field(default_factory=Counter)

    async def cycle(self, share: float, troubles: tuple[str, ...] = TROUBLES) -> None:
        """Each trouble, and after each of them a while in which everybody works."""
        questions = int(QUESTIONS * share / len(troubles))
        for name in troubles:
            with suppress(aiohttp.ClientError):
                await self.load.bring_batch()
            await self.stand_ins.trouble(name)
            await self.load.reach(questions // 3, within_s=FAULT_S)
            await self.stand_ins.heal()
            await self.load.reach(questions - questions // 3, within_s=HEALTHY_S)

    async def quiet(self) -> None:
        """Nobody asks, no ticket is open, no callback is due, every batch has ended."""
        await self.load.rest()
        await eventually(lambda: count(self.folder / "tickets.db", "state = 'open' OR delivery = 'due'") == 0, 120)
        for batch_id in self.load.told.batches:
            await eventually(partial(self.load.read_batch, batch_id), 120)

    def held(self) -> dict[str, float]:
        """What the gateway's processes hold now, all together: megabytes and open files."""
        pids = tree(self.gateway.child.pid) if self.gateway.child is not None else []
        each = [memory_mb(pid) for pid in pids]
        files = sum(len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids)
        rss, pss = sum(one[0] for one in each), sum(one[1] for one in each)
        return {"pids": hash(tuple(pids)), "rss_mb": round(rss, 1), "pss_mb": round(pss, 1), "files": files}

    async def end(self, number: int) -> None:
        """The gateway ends while it is asked, by SIGTERM or by kill -9, and is started again."""
        gently = number % 2 == 0
        await asyncio.to_thread(self.gateway.stop if gently else self.gateway.kill)
        self.ends["SIGTERM" if gently else "kill -9"] += 1
        await asyncio.to_thread(self.gateway.start)


@asynccontextmanager
async def a_round(folder: Path, dice: random.Random, workers: int) -> AsyncIterator[Round]:
    """Everything at work, and nobody asking yet."""
    stand_ins = StandIns()
    await stand_ins.start()
    try:
        async with one_stop() as receiver:
            callback = f'[consumers.one-stop.callback]\nurl = "{receiver.url}"'
            batches = '[batches]\nfile = "batches.db"\nlease_s = 1\nturn_s = 1\nunfinished = 100'
            settings = tickets_file(folder, stand_ins.url, tickets=TICKETS, more=f"{callback}\n{batches}")
            granted = rule({"dancu.citizen": ["*"], "dkdn.enterprise": ["*"]})
            (folder / "policy.toml").write_text(policy(granted, more='[rights]\nbatches = ["one-stop"]\n'))
            port = free_port()
            environment = ENVIRONMENT | {"GATEWAY_WEB__PORT": str(port)}
            arguments = ("--workers", str(workers))
            gateway = GatewayProcess(settings, port, environment=environment, arguments=arguments)
            province = Province(citizens=PEOPLE, enterprises=PEOPLE)
            await asyncio.to_thread(gateway.start)
            try:
                async with Load.opened(gateway.url, province, dice, CALLERS) as load:
                    yield Round(folder, gateway, stand_ins, receiver, load)
            finally:
                await asyncio.to_thread(gateway.stop)
    finally:
        stand_ins.kill()


async def lived(folder: Path, *, workers: int, dice: random.Random) -> dict[str, Any]:
    """One round from its start to its ledger; figures."""
    async with a_round(folder, dice, workers) as one:
        began = time.monotonic()
        await one.cycle(0.25)
        await one.quiet()
        before = one.held()
        for _ in range(2):
            await one.cycle(0.25)
        await one.quiet()
        after = one.held()
        for number in range(LIVES):
            trouble = TROUBLES[number % len(TROUBLES)]
            ending = asyncio.create_task(one.cycle(0.25 / LIVES, (trouble,)))
            await asyncio.sleep(dice.uniform(0.1, 1.0))
            await one.end(number)
            await ending
        while one.load.told.asked < QUESTIONS:
            await one.load.reach(QUESTIONS - one.load.told.asked, within_s=HEALTHY_S)
        await one.quiet()
        seconds = time.monotonic() - began
        told = one.load.told
        batches = [await one.load.read_batch(batch_id) or [] for batch_id in told.batches]
        opened = Opened(tickets={name: name for name in told.tickets})
        tickets = told_of(one.receiver, opened, partial(count, folder / "tickets.db"))
    records = recorded(folder)
    lost = {name for name, outcome in told.lookups.items() if records.get(name) != outcome}
    results = [line["answer"]["lookup_id"] for batch in batches for line in batch if "answer" in line]
    return {
        "workers": workers,
        "seconds": round(seconds),
        "questions": told.asked,
        "told": len(told.lookups),
        "by_kind": dict(told.by_kind),
        "by_end": dict(told.by_end.most_common()),
        "ends": dict(one.ends),
        "wrong": told.wrong[:10],
        "without_record": len(lost) + len(set(results) - records.keys()),
        "batches": len(batches),
        "batches_odd": sum([line["line"] for line in batch] != list(range(2, BATCH_ITEMS + 2)) for batch in batches),
        "tickets": tickets["opened"],
        "tickets_lost": tickets["lost"],
        "tickets_twice": tickets["twice"],
        "before": before,
        "after": after,
        "records": len(records),
        "verified": await verifies(folder),
    }


def recorded(folder: Path) -> dict[str, str]:
    """Outcome by lookup, of every question that the ledger says was answered."""
    slots = [LogReader(slot) for slot in sorted((folder / "ledger").iterdir()) if slot.name.isdigit()]
    found: dict[str, str] = {}
    for slot in slots:
        for entry in slot.entries(flushed_only=False):
            record = orjson.loads(entry.record) if entry.record else {}
            if record.get("type") == "answered":
                found[record["lookup_id"]] = record["outcome"]
    return found


async def verifies(folder: Path) -> bool:
    """Whether `gateway ledger verify` finds nothing wrong with any of its logs, signatures included."""
    keys = folder / "keys" / "public.json"
    command = [sys.executable, "-m", "gateway", "ledger", "verify", str(folder / "ledger"), "--keys", str(keys)]
    child = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=asyncio.subprocess.PIPE)
    said, _ = await child.communicate()
    assert child.returncode in (0, 1), said
    return child.returncode == 0


def check(figures: dict[str, Any]) -> None:
    """What must hold of a round, memory and files aside."""
    assert figures["wrong"] == [], figures
    assert figures["without_record"] == 0, figures
    assert (figures["tickets_lost"], figures["tickets_twice"], figures["batches_odd"]) == (0, 0, 0), figures
    assert figures["verified"], figures


def check_flat(figures: dict[str, Any]) -> None:
    """What the long life held after its last cycle of troubles is what it held after its first."""
    before, after = figures["before"], figures["after"]
    assert before["pids"] == after["pids"], figures
    assert after["rss_mb"] <= before["rss_mb"] * GROWTH, figures
    assert after["pss_mb"] <= before["pss_mb"] * GROWTH, figures
    assert after["files"] <= before["files"] + CALLERS, figures


def _told(fault: Fault) -> dict[str, Any]:
    """A fault as the stand-ins are told of it: what is not its default."""
    plain = Fault(fault.kind)
    names = ("times", "percent", "delay_s", "jitter_s", "size", "path", "profile", "after_s", "for_s")
    more = {name: getattr(fault, name) for name in names if getattr(fault, name) != getattr(plain, name)}
    return {"fault": fault.kind} | more


@pytest.mark.faults
async def test_mixed_load_through_faults_and_restarts(tmp_path: Path) -> None:
    """Memory and files stay flat, no ticket is lost, every answer has its record, the ledger verifies."""
    campaign = Campaign("mixed", rounds=5)
    for number in campaign:
        folder = tmp_path / str(number)
        folder.mkdir()
        figures = await lived(folder, workers=number % 2 + 1, dice=random.Random(number))
        check(figures)
        check_flat(figures)
        campaign.note(**figures)

    assert len(campaign.done) == campaign.rounds, "not yet done: run it once more"
    assert campaign.total("questions") >= QUESTIONS * campaign.rounds
