"""The gateway as a process of its own, with a ledger, and clients that write down every answer that reached them."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

import aiohttp

from tests.conftest import FIRM, INQUIRY, KEY, MAU, NOBODY

__all__ = ["Client", "GatewayProcess", "Received"]

ROOT = Path(__file__).parents[1]
QUESTIONS: tuple[tuple[str, Mapping[str, Any]], ...] = (
    ("dancu.citizen", MAU),
    ("dkdn.enterprise", FIRM),
    ("dancu.citizen", NOBODY),
)
_START_S = 30.0


@dataclass(frozen=True, slots=True)
class Received:
    """One whole answer that a client has read."""

    lookup_id: str
    outcome: str
    log: str
    index: int


@dataclass
class GatewayProcess:
    """`gateway serve` with these settings; `prefix` runs it under another program, such as a tracer."""

    settings: Path
    port: int
    prefix: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    child: subprocess.Popen[bytes] | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start, and come back when it is ready for questions."""
        with (self.settings.parent / "gateway.log").open("ab") as log:
            self.child = subprocess.Popen(
                [*self.prefix, sys.executable, "-m", "gateway", "serve", "-s", str(self.settings), *self.arguments],
                cwd=ROOT,
                env=os.environ | dict(self.environment),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        until = time.monotonic() + _START_S
        while time.monotonic() < until:
            assert self.child.poll() is None, (self.settings.parent / "gateway.log").read_text()[-3000:]
            if _is_ready(self.url):
                return
            time.sleep(0.02)
        raise AssertionError((self.settings.parent / "gateway.log").read_text()[-3000:])

    def kill(self) -> None:
        """kill -9 of it and everything below it."""
        assert self.child is not None
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()

    def stop(self) -> None:
        """SIGTERM, and wait until it has ended by itself."""
        assert self.child is not None
        if self.child.poll() is None:
            os.killpg(self.child.pid, signal.SIGTERM)
            self.child.wait(30)

    @contextmanager
    def running(self) -> Iterator[GatewayProcess]:
        self.start()
        try:
            yield self
        finally:
            if self.child is not None and self.child.poll() is None:
                self.kill()


class Client:
    """Asks over several connections at once, and keeps what it has received."""

    def __init__(self, url: str, *, connections: int = 16) -> None:
        self.url = url
        self.connections = connections
        self.received: list[Received] = []
        self.problems: list[dict[str, Any]] = []

    async def ask_for(self, seconds: float) -> None:
        """Ask until the time is over or the gateway is gone."""
        until = time.monotonic() + seconds
        async with aiohttp.ClientSession(headers={"X-API-Key": KEY}) as session:
            await asyncio.gather(*(self._ask(session, number, until) for number in range(self.connections)))

    async def ask_times(self, times: int) -> None:
        """Ask so many questions in all."""
        left = iter(range(times))
        async with aiohttp.ClientSession(headers={"X-API-Key": KEY}) as session:

            async def some() -> None:
                for number in left:
                    await self._one(session, number)

            await asyncio.gather(*(some() for _ in range(self.connections)))

    async def _ask(self, session: aiohttp.ClientSession, number: int, until: float) -> None:
        while time.monotonic() < until:
            try:
                await self._one(session, number)
            except aiohttp.ClientError:
                return
            number += 1

    async def _one(self, session: aiohttp.ClientSession, number: int) -> None:
        dataset, query = QUESTIONS[number % len(QUESTIONS)]
        body = {"dataset": dataset, "query": query, "inquiry": INQUIRY}
        async with session.post(f"{self.url}/v1/lookups", json=body) as reply:
            answer = json.loads(await reply.read())
        if reply.status == 200:
            at = answer["ledger"]
            self.received.append(Received(answer["lookup_id"], answer["outcome"], at["log"], at["index"]))
        else:
            self.problems.append(answer)


def _is_ready(url: str) -> bool:
    try:
        with urlopen(f"{url}/readyz", timeout=1) as reply:  # noqa: S310  it is our own, on loopback
            return bool(reply.status == 200)
    except (URLError, OSError):
        return False
