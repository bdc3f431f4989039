"""
Two instances that share state and answers in one Redis, under load, while that is killed and held: `make faults
PART=redis`, about two minutes.
"""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import orjson
import pytest

from gateway.ledger.reading import LogReader
from mocks.faults import Fault
from mocks.server import Running
from tests.conftest import FIRM, INQUIRY, KEY, MAU
from tests.gateway_process import GatewayProcess
from tests.ports import free_port
from tests.recorded import settings_file
from tests.redis_server import OwnRedis, own_redis

pytestmark = pytest.mark.faults

_ROUNDS = 6
_CALLERS = 4
_SHARED = """
[state]
store = "redis"
url = "{url}"

[cache]
store = "redis"
redis = {{ url = "{url}" }}
"""


@dataclass
class Asked:
    """What came of every question, and which were answered."""

    told: Counter[str] = field(default_factory=Counter)
    via: Counter[str] = field(default_factory=Counter)
    received: set[str] = field(default_factory=set)

    async def ask_until(self, done: asyncio.Event, urls: list[str]) -> None:
        """Ask both instances in turns from several connections; about the firm an answer of one second will do."""
        questions = [
            {"dataset": "dkdn.enterprise", "query": FIRM, "inquiry": INQUIRY, "max_age_s": 1},
            {"dataset": "dancu.citizen", "query": MAU, "inquiry": INQUIRY},
        ]

        async def asking(session: aiohttp.ClientSession, number: int) -> None:
            while not done.is_set():
                number += 1
                body = questions[number // 2 % 2]
                async with session.post(f"{urls[number % 2]}/v1/lookups", json=body) as reply:
                    answer = orjson.loads(await reply.read())
                self.told[str(answer.get("reason") or answer.get("outcome") or reply.status)] += 1
                if reply.status == 200:
                    self.via[answer["provenance"]["via"]] += 1
                    self.received.add(answer["lookup_id"])
                await asyncio.sleep(0.02)

        async with aiohttp.ClientSession(headers={"X-API-Key": KEY}) as session:
            await asyncio.gather(*(asking(session, number) for number in range(_CALLERS)))


@asynccontextmanager
async def pair(folder: Path, stand_ins: Running, redis: OwnRedis) -> AsyncIterator[list[GatewayProcess]]:
    """Two gateways with the same secrets and ledgers of their own."""
    instances = []
    with ExitStack() as stack:
        for name in ("one", "two"):
            (folder / name).mkdir()
            file = settings_file(folder / name, stand_ins.base_url)
            if name == "two":
                shutil.copy(folder / "one" / "keys" / "secret", folder / name / "keys" / "secret")
            file.write_text(file.read_text() + _SHARED.format(url=redis.url))
            port = free_port()
            environment = {"GATEWAY_WEB__PORT": str(port), "GATEWAY_METRICS__PORT": "0"}
            instances.append(GatewayProcess(file, port, environment=environment))
            await asyncio.to_thread(lambda: stack.enter_context(instances[-1].running()))
        yield instances


async def test_redis_restarts_and_hangs_fail_no_question(tmp_path: Path, stand_ins: Running) -> None:
    """
    It is killed and started, held and let go, over and over: each question at either instance is answered and recorded,
    and when all is over they share again.
    """
    stand_ins.faults.set("dkdn", Fault("slow", delay_s=0.02, path="chiTiet"))
    asked, done = Asked(), asyncio.Event()
    async with own_redis(tmp_path) as redis, pair(tmp_path, stand_ins, redis) as instances:
        load = asyncio.create_task(asked.ask_until(done, [one.url for one in instances]))
        try:
            for number in range(_ROUNDS):
                await asyncio.sleep(2)
                if number % 2:
                    await redis.kill()
                    await asyncio.sleep(2)
                    await redis.start()
                else:
                    redis.hold()
                    await asyncio.sleep(4)
                    redis.resume()
            await asyncio.sleep(3)
            before = asked.via["cache"]
            await asyncio.sleep(3)
        finally:
            done.set()
            await load  # before the instances end
        logs = [log for one in instances for log in (one.settings.parent / "ledger").glob("[0-9]*")]

    entries = [
        orjson.loads(one.record) for log in logs for one in LogReader(log).entries(flushed_only=False) if one.record
    ]
    answered = {one["lookup_id"] for one in entries if one["type"] == "answered"}
    assert set(asked.told) == {"found"}, asked.told
    assert asked.told.total() > 200
    assert asked.via["cache"] > before
    assert asked.received <= answered
