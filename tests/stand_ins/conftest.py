"""Stand-ins on a real socket, a session to ask them with, and a time that stands still."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from mocks import dancu, dkdn
from mocks.server import Running, running
from tests.stand_ins.client import DANCU, PROVINCE, Clock, ask_dancu, signed


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def server(clock: Clock) -> AsyncIterator[Running]:
    async with running(dancu.STAND_IN, dkdn.STAND_IN, province=PROVINCE, now=clock) as server:
        yield server


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


@pytest.fixture
async def ask(server: Running, http: aiohttp.ClientSession, clock: Clock) -> Any:
    """Asks the population stand-in about its first case, and gives status and text."""
    body = DANCU.datasets["citizen"].case("found").request.body or ""

    async def asked() -> tuple[int, str]:
        status, _, text = await ask_dancu(http, server, body, signed(clock.now_s))
        return status, text

    return asked
