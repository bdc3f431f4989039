"""The Redis of this machine, in a corner of its own, and a Redis of a test's own that may be killed and held."""

from __future__ import annotations

import asyncio
import os
import secrets
import shutil
import signal
import socket
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.stores.redis import RedisState
from gateway.stores.redis_link import RedisLink
from tests.ports import free_port

__all__ = ["SHARED_URL", "OwnRedis", "new_prefix", "own_redis", "state_in", "until"]

SHARED_URL = "redis://127.0.0.1:6379/0"


def new_prefix() -> str:
    """A corner of the machine's Redis that nobody else has; skips where there is no Redis."""
    try:
        socket.create_connection(("127.0.0.1", 6379), timeout=0.5).close()
    except OSError:
        pytest.skip("no Redis on the standard port")
    return f"test-{secrets.token_hex(8)}:"


def state_in(url: str, *, prefix: str = "gateway:", password: str | None = None, timeout_s: float = 2.0) -> RedisState:
    """State there; with more patience than a gateway has, for machines that are busy."""
    link = RedisLink(url, setting="state.url", password=password, timeout_s=timeout_s)
    return RedisState(link, prefix=prefix)


async def until(holds: object, *, within_s: float = 15.0) -> None:
    """Wait until it holds: something to call, that may have to be awaited."""
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        said = holds()  # type: ignore[operator]
        if await said if asyncio.iscoroutine(said) else said:
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it does not come to hold")


class OwnRedis:
    """One redis-server on a port of its own; it keeps what it is told in a log, so that a restart forgets nothing."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self._folder = folder
        self._options = options
        self._running: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.skip("no redis-server on this machine")
        known = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self._folder), "--save", ""]
        known += ["--appendonly", "yes", "--appendfsync", "always", *self._options]
        self._running = await asyncio.create_subprocess_exec(program, *known, stdout=asyncio.subprocess.PIPE)
        assert self._running.stdout is not None
        said = b""
        while line := await self._running.stdout.readline():
            said += line
            if b"Ready to accept connections" in line:
                return
        raise AssertionError(said.decode(errors="replace")[-2000:])

    async def kill(self) -> None:
        """As a power cut to it: no farewell."""
        assert self._running is not None
        self._running.kill()
        await self._running.communicate()

    def hold(self) -> None:
        """It hangs: connections are taken, nothing is answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        assert self._running is not None
        os.kill(self._running.pid, number)

    async def end(self) -> None:
        if self._running is not None and self._running.returncode is None:
            self.resume()
            await self.kill()


@asynccontextmanager
async def own_redis(folder: Path, *options: str) -> AsyncIterator[OwnRedis]:
    """A Redis of one's own, started."""
    redis = OwnRedis(folder, *options)
    await redis.start()
    try:
        yield redis
    finally:
        await redis.end()
