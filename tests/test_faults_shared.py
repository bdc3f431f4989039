"""Two instances over one PostgreSQL, both killed again and again: `make faults PART=shared`."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import psycopg
import pytest

from mocks.faults import Fault
from mocks.server import Running
from tests.campaign import Campaign
from tests.conftest import FIRM, INQUIRY, KEY
from tests.gateway_process import GatewayProcess
from tests.ports import free_port
from tests.postgresql_server import PostgreSQLServer, postgresql_server
from tests.sharing import instances, records_in
from tests.test_faults_tickets import ENVIRONMENT, QUICK, Opened, check, recorded, told_of
from tests.ticketing import OneStop, eventually, one_stop

TICKETS, ITEMS, BATCHES, KILLS = 250, 200, 2, 5
JOB = {"asks": "lookups", "dataset": "dkdn.enterprise", "inquiry": INQUIRY, "max_age_s": 0}
BODY = b"".join(orjson.dumps(one) + b"\n" for one in (JOB, *({"query": FIRM} for _ in range(ITEMS))))
pytestmark = pytest.mark.faults


def counting(server: PostgreSQLServer) -> Callable[[str], int]:
    """Counts tickets; waits for a database that is being started again."""

    def count(where: str) -> int:
        address = server.url.replace("+psycopg", "")
        until = time.monotonic() + 60
        while True:
            try:
                with psycopg.connect(address, connect_timeout=2) as connection:
                    found = connection.execute(f"SELECT count(*) FROM tickets WHERE {where}").fetchone()  # type: ignore[arg-type]  # noqa: S608  # ours
                return int(found[0]) if found else 0
            except psycopg.OperationalError:
                assert time.monotonic() < until
                time.sleep(0.1)

    return count


async def brought(session: aiohttp.ClientSession, url: str, key: str) -> str:
    """A batch that was taken, brought again under its key until it was."""
    headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": f'"{key}"'}
    while True:
        try:
            async with session.post(f"{url}/v1/batches", data=BODY, headers=headers) as reply:
                told = await reply.json(content_type=None)
            if reply.status in {200, 202}:
                return str(told["batch_id"])
            assert reply.status == 503, told
        except (aiohttp.ClientError, OSError):
            pass
        await asyncio.sleep(0.1)


async def done(session: aiohttp.ClientSession, url: str, batch_id: str) -> list[dict[str, Any]]:
    """Its results, once it is done."""

    async def is_done() -> bool:
        async with session.get(f"{url}/v1/batches/{batch_id}") as reply:
            return bool((await reply.json(content_type=None)).get("state") == "done")

    await eventually(is_done, within_s=120)
    async with session.get(f"{url}/v1/batches/{batch_id}/results") as reply:
        return [orjson.loads(line) for line in (await reply.read()).splitlines()]


async def round_of(
    folder: Path, stand_ins: Running, server: PostgreSQLServer, receiver: OneStop, dice: random.Random
) -> dict[str, Any]:
    """Kill either instance so often, and the database now and then, while plans and batches come in."""
    more = f'[consumers.one-stop.callback]\nurl = "{receiver.url}"'
    files = instances(folder, stand_ins.base_url, server.url, tickets=QUICK, more=more)
    ports = [free_port() for _ in files]
    gateways = [
        GatewayProcess(file, port, environment=ENVIRONMENT | {"GATEWAY_WEB__PORT": str(port)})
        for file, port in zip(files, ports, strict=True)
    ]
    opened, count, crashes, open_at_kills = Opened(sends_again=True), counting(server), 0, []
    stand_ins.faults.set("dkdn", Fault("slow", delay_s=0.1))
    stand_ins.faults.set("dancu", Fault("reset"))
    async with aiohttp.ClientSession(headers={"X-API-Key": KEY}) as session:
        try:
            await asyncio.gather(*(asyncio.to_thread(one.start) for one in gateways))
            await opened.open(gateways[0].url, TICKETS)
            stand_ins.faults.set("dancu", Fault("reset", percent=80))
            bringing = [
                asyncio.create_task(brought(session, gateways[number % 2].url, f"batch-{number}"))
                for number in range(BATCHES)
            ]
            for number in range(KILLS):
                killed, other = gateways[number % 2], gateways[1 - number % 2]
                left = await asyncio.to_thread(count, "state = 'open'")
                filing = asyncio.create_task(opened.open(other.url, max(TICKETS - left, 1)))
                await asyncio.sleep(dice.uniform(0.0, 0.8))
                open_at_kills.append(left)
                await asyncio.to_thread(killed.kill)
                if number % 5 == 4:
                    await asyncio.to_thread(server.kill)
                    await asyncio.sleep(dice.uniform(0.0, 1.0))
                    await asyncio.to_thread(server.start)
                    crashes += 1
                await asyncio.to_thread(killed.start)
                await filing
            stand_ins.faults.clear("dancu")
            batches = await asyncio.gather(*bringing)
            found = [await done(session, gateways[nth % 2].url, one) for nth, one in enumerate(batches)]
            await eventually(_none_left(count), within_s=120)
        finally:
            for one in gateways:
                await asyncio.to_thread(one.stop)
    records = records_in(folder)
    figures = told_of(receiver, opened, count)
    figures["recorded"] = recorded(records, receiver)
    return figures | items(found, records) | {"kills": KILLS, "crashes": crashes, "least_open": min(open_at_kills)}


def _none_left(count: Callable[[str], int]) -> Callable[[], Any]:
    async def none_left() -> bool:
        return await asyncio.to_thread(count, "state = 'open' OR delivery = 'due'") == 0

    return none_left


def items(batches: list[list[dict[str, Any]]], records: list[dict[str, Any]]) -> dict[str, Any]:
    """Whether each item has one result, which a ledger has too, and how many were asked more than once."""
    ends = {one["lookup_id"]: one["outcome"] for one in records if one["type"] == "answered"}
    asked = sum(one["type"] == "asked" and one["dataset"] == "dkdn.enterprise" for one in records)
    results = [one for batch in batches for one in batch]
    told = {one["answer"]["lookup_id"]: one["outcome"] for one in results if "answer" in one}
    return {
        "lines": all([one["line"] for one in batch] == list(range(2, ITEMS + 2)) for batch in batches),
        "items": len(told),
        "items_recorded": all(ends.get(lookup_id) == outcome for lookup_id, outcome in told.items()),
        "items_asked_again": asked - len(told),
    }


async def test_shared_stores_under_kills(stand_ins: Running, tmp_path: Path) -> None:
    """Sixty kill -9 of two instances and twelve crashes of their database: each ticket and each item ends once."""
    campaign = Campaign("shared_kill", rounds=12, longest_s=260)
    for number in campaign:
        folder = tmp_path / str(number)
        folder.mkdir()
        began = time.monotonic()
        with postgresql_server() as server:
            async with one_stop() as receiver:
                figures = await round_of(folder, stand_ins, server, receiver, random.Random(number))
        check(figures)
        assert figures["lines"], figures
        assert figures["items_recorded"], figures
        assert figures["items"] == ITEMS * BATCHES, figures
        campaign.note(**figures, seconds=round(time.monotonic() - began))

    assert campaign.total("kills") == KILLS * campaign.rounds, "not yet done: run it once more"
