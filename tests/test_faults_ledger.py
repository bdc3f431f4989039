"""The ledger under a whole gateway: kill -9, the order of system calls, power cuts, a full disk, a stalled writer."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import orjson
import pytest

from gateway.clock import SystemClock
from gateway.commands.keys import Algorithm, make
from gateway.crypto import FileSigner
from gateway.ledger.log import Log
from gateway.ledger.reading import LogReader
from gateway.ledger.verify import verify_log
from mocks.server import Running
from tests import trace
from tests.campaign import Campaign
from tests.conftest import settings_file
from tests.gateway_process import Client, GatewayProcess, Received

CUTS = 12
KILLS = 3


@pytest.fixture
async def place(tmp_path: Path, stand_ins: Running) -> AsyncIterator[Path]:
    """A folder with settings, keys and a ledger to be."""
    make(tmp_path / "keys", Algorithm.ES256)
    settings_file(tmp_path, stand_ins.base_url)
    yield tmp_path


def gateway(place: Path, port: int, *prefix: str) -> GatewayProcess:
    return GatewayProcess(place / "gateway.toml", port, prefix, environment={"GATEWAY_WEB__PORT": str(port)})


def answers(slot: Path) -> dict[str, dict[str, object]]:
    """The `answered` records of a log that brought evidence, by lookup."""
    found = {}
    for entry in LogReader(slot).entries():
        assert entry.record is not None
        record = orjson.loads(entry.record)
        if record["type"] == "answered" and record.get("digest"):
            found[record["lookup_id"]] = record | {"index": entry.index}
    return found


def missing(received: list[Received], ledger: Path) -> list[Received]:
    """Answers that a client has and of which the log has no record, or another."""
    logs = {slot.name: answers(slot) for slot in ledger.iterdir() if slot.is_dir()}
    return [
        one
        for one in received
        if (record := logs[one.log.rpartition("/")[2]].get(one.lookup_id)) is None
        or record["index"] != one.index
        or record["outcome"] != one.outcome
    ]


def opened_and_closed(slot: Path, key: Path) -> None:
    """A start and a stop, as the gateway's next start would do it."""

    async def run() -> None:
        opened = Log.open(
            slot, origin=LogReader(slot).origin, signer=FileSigner.load(key), clock=SystemClock()
        )
        await opened.close()

    asyncio.run(run())


async def killed_at_random(place: Path, port: int, random: Random) -> tuple[int, int]:
    """One round: start, ask, kill -9 in the middle. Gives how many answers were received, and how many were lost."""
    with gateway(place, port).running() as running:
        client = Client(running.url)
        asking = asyncio.create_task(client.ask_for(30))
        await asyncio.sleep(random.uniform(0.05, 0.6))
        running.kill()
        await asking
    return len(client.received), len(missing(client.received, place / "ledger"))
