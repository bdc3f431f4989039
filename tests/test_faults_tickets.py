"""Tickets under kill -9: a whole gateway, a registry that mostly fails, a one-stop that takes what it is told."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import time
from base64 import urlsafe_b64decode
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import pytest

from bench.stage import free_port
from mocks.faults import Fault
from mocks.server import Running
from tests.campaign import Campaign
from tests.conftest import INQUIRY, KEY, MAU
from tests.gateway_process import GatewayProcess
from tests.sharing import records_in
from tests.ticketing import OneStop, eventually, one_stop, tickets_file

QUICK = "first_s = 0.2\nlongest_s = 0.5\ncallback_timeout_s = 1\ncallback_longest_s = 1\nin_flight = 8"
# A registry that fails four times of five is asked all the same: what is tried here is the gateway's own death.
ENVIRONMENT = {
    "GATEWAY_REGISTRIES__DANCU__ATTEMPTS": "1",
    "GATEWAY_REGISTRIES__DANCU__BREAKER__IN_A_ROW": "1000000",
    "GATEWAY_REGISTRIES__DANCU__BREAKER__MINIMUM": "1000000",
    "GATEWAY_REGISTRIES__DANCU__BREAKER__THROTTLES": "1000000",
}
OPENERS = 8


@dataclass
class Opened:
    """
    The tickets that the one-stop was told of in a plan's answer, by the dossier. `sends_again` a plan whose tickets
    could not be kept, as the one-stop is asked to.
    """

    sends_again: bool = False
    tickets: dict[str, str] = field(default_factory=dict)
    number: int = 0

    async def open(self, url: str, most: int) -> None:
        """Send plans, some at a time, until so many more have a ticket; what was cut off is sent again."""
        until = len(self.tickets) + most

        async def some(session: aiohttp.ClientSession) -> None:
            while len(self.tickets) < until:
                self.number += 1
                await self._filed(session, url, f"H08.12-260301-{self.number:08}")

        async with aiohttp.ClientSession(headers={"X-API-Key": KEY}) as session, asyncio.TaskGroup() as together:
            for _ in range(OPENERS):
                together.create_task(some(session))

    async def _filed(self, session: aiohttp.ClientSession, url: str, case_id: str) -> None:
        applicant = {"role": "applicant", "claims": MAU | {"sex": "1"}}
        body = {"inquiry": INQUIRY | {"procedure": "9.000001", "case_id": case_id}, "subjects": [applicant]}
        while True:
            try:
                async with session.post(f"{url}/v1/paper-plans", json=body) as reply:
                    answer = await reply.json(content_type=None)
            except (aiohttp.ClientError, OSError):
                await asyncio.sleep(0.05)
                continue
            assert reply.status == 200, answer
            (identity,) = [one for one in answer["papers"] if one["id"] == "identity"]
            if self.sends_again and identity["ticket_problem"] == "unavailable":
                await asyncio.sleep(0.1)
                continue
            if identity["decision"] == "pending":
                assert identity["ticket_id"], identity
                self.tickets[case_id] = identity["ticket_id"]
            return


def count(file: Path, where: str) -> int:
    with sqlite3.connect(file, timeout=10) as database:
        found = database.execute(f"SELECT count(*) FROM tickets WHERE {where}").fetchone()  # noqa: S608  # ours
    database.close()
    return int(found[0])


async def killed(
    folder: Path,
    stand_ins: Running,
    receiver: OneStop,
    *,
    tickets: int,
    kills: int,
    dice: random.Random,
    arguments: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Keep so many tickets open, kill the gateway so often, then let all of them end; what came of it, in figures."""
    port = free_port()
    environment = ENVIRONMENT | {"GATEWAY_WEB__PORT": str(port)}
    gateway = GatewayProcess(folder / "gateway.toml", port, environment=environment, arguments=arguments)
    opened, file = Opened(), folder / "tickets.db"
    stand_ins.faults.set("dancu", Fault("reset"))
    open_at_kills: list[int] = []
    await asyncio.to_thread(gateway.start)
    try:
        await opened.open(gateway.url, tickets)
        stand_ins.faults.set("dancu", Fault("reset", percent=80))
        for _ in range(kills):
            filing = asyncio.create_task(opened.open(gateway.url, max(tickets - count(file, "state = 'open'"), 0)))
            await asyncio.sleep(dice.uniform(0.0, 0.6))
            open_at_kills.append(count(file, "state = 'open'"))
            await asyncio.to_thread(gateway.kill)
            await asyncio.to_thread(gateway.start)
            await filing
        stand_ins.faults.clear("dancu")
        left = "state = 'open' OR delivery = 'due'"
        await eventually(lambda: count(file, left) == 0, within_s=120)
    finally:
        await asyncio.to_thread(gateway.stop)
    figures = told_of(receiver, opened, lambda where: count(file, where))
    figures["recorded"] = recorded(records_in(folder), receiver)
    return figures | {"kills": kills, "least_open": min(open_at_kills)}


def told_of(receiver: OneStop, opened: Opened, kept: Callable[[str], int]) -> dict[str, Any]:
    """Which tickets were lost or answered twice, by what the one-stop was told; `kept` counts those that are kept."""
    told: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for body in receiver.bodies:
        payload = orjson.loads(_payload(body))
        told[payload["jti"]].append(payload["ticket"])
    ends = {
        ticket_id: {orjson.dumps([one["decision"], one["ended_at"], one["lookups"]]) for one in times}
        for ticket_id, times in told.items()
    }
    return {
        "opened": len(opened.tickets),
        "lost": len(set(opened.tickets.values()) - told.keys()),
        "twice": sum(len(different) > 1 for different in ends.values()),
        "delivered_again": sum(len(times) - 1 for times in told.values()),
        "decisions": dict(Counter(times[0]["decision"] for times in told.values())),
        "kept": kept("question IS NOT NULL OR answer IS NOT NULL"),
        "not_ended": kept("state <> 'answered'"),
    }


def recorded(records: Iterable[dict[str, Any]], receiver: OneStop) -> bool:
    """Whether every question that a decision rests on stands in the ledger as answered."""
    answered = {one["lookup_id"]: one["outcome"] for one in records if one["type"] == "answered"}
    told = [orjson.loads(_payload(body))["ticket"]["lookups"] for body in receiver.bodies]
    return all(answered.get(one["lookup_id"]) == one["outcome"] for lookups in told for one in lookups)


def _payload(body: bytes) -> bytes:
    part = body.split(b".")[1]
    return urlsafe_b64decode(part + b"=" * (-len(part) % 4))


def check(figures: dict[str, Any]) -> None:
    assert (figures["lost"], figures["twice"], figures["not_ended"]) == (0, 0, 0), figures
    assert figures["recorded"], figures
    assert figures["kept"] == 0, figures
    assert set(figures["decisions"]) == {"waived"}, figures


@pytest.mark.faults
async def test_no_ticket_is_lost_or_answered_twice_by_kill_9(stand_ins: Running, tmp_path: Path) -> None:
    """Twice killed while plans come in, registries are asked and callbacks go out: each ticket has one end."""
    async with one_stop() as receiver:
        more = f'[consumers.one-stop.callback]\nurl = "{receiver.url}"'
        tickets_file(tmp_path, stand_ins.base_url, tickets=QUICK, more=more)
        figures = await killed(tmp_path, stand_ins, receiver, tickets=20, kills=2, dice=random.Random(7))

    check(figures)
    assert figures["least_open"] > 0


@pytest.mark.faults
async def test_tickets_under_100_kills(stand_ins: Running, tmp_path: Path) -> None:
    """A hundred times killed, one worker or two, with about a thousand tickets open: none lost, none answered twice."""
    campaign = Campaign("tickets_kill", rounds=4)
    for number in campaign:
        folder = tmp_path / str(number)
        folder.mkdir()
        began = time.monotonic()
        async with one_stop() as receiver:
            more = f'[consumers.one-stop.callback]\nurl = "{receiver.url}"'
            tickets_file(folder, stand_ins.base_url, tickets=QUICK, more=more)
            workers = number % 2 + 1
            figures = await killed(
                folder,
                stand_ins,
                receiver,
                tickets=1050,
                kills=25,
                dice=random.Random(number),
                arguments=("--workers", str(workers)),
            )
        check(figures)
        campaign.note(**figures, workers=workers, seconds=round(time.monotonic() - began))

    assert campaign.total("kills") == 25 * campaign.rounds, "not yet done: run it once more"
