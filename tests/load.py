"""Load for whole gateways: questions in open loop, and a registry of known capacity that counts what it sees."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from aiohttp import web

from gateway.settings import Settings
from mocks.dkdn import STAND_IN
from mocks.province import Province
from mocks.stand_in import Call, World
from tests.conftest import FIRM, INQUIRY, KEY, Desk, settings_for

__all__ = ["Asked", "Registry", "busy_settings", "firm", "in_open_loop", "quantile", "registry_at", "until"]


@dataclass(frozen=True, slots=True)
class Asked:
    """What came of one question; status 0 where no answer came."""

    status: int
    reason: str
    elapsed_s: float
    retry_after: str | None
    begun: float


async def firm(
    desk: Desk, *, agency: str = "H08.12", dataset: str = "dkdn.enterprise", headers: Mapping[str, str] | None = None
) -> Asked:
    """One question about a firm on behalf of an agency."""
    begun = time.monotonic()
    body = {"dataset": dataset, "query": FIRM, "inquiry": INQUIRY | {"agency": agency}}
    sent = {"X-API-Key": KEY, **(headers or {})}
    try:
        async with desk.session.post(f"{desk.url}/v1/lookups", json=body, headers=sent) as reply:
            answer = await reply.json(content_type=None)
            reason = str(answer.get("reason") or answer.get("outcome") or answer["type"].rpartition(":")[2])
            after = reply.headers.get("Retry-After")
            return Asked(reply.status, reason, time.monotonic() - begun, after, begun)
    except aiohttp.ClientError as exc:
        return Asked(0, type(exc).__name__, time.monotonic() - begun, None, begun)


async def in_open_loop(ask: Callable[[], Awaitable[Asked]], *, per_s: float, seconds: float) -> list[Asked]:
    """Questions at their times, however late the answers are; all answers."""
    start = time.monotonic()
    tasks: list[asyncio.Task[Asked]] = []
    for number in range(int(per_s * seconds)):
        await asyncio.sleep(max(0.0, start + number / per_s - time.monotonic()))
        tasks.append(asyncio.ensure_future(ask()))
    return list(await asyncio.gather(*tasks))


def quantile(asked: Sequence[Asked], share: float) -> float:
    """How long that share of them took at most."""
    return sorted(one.elapsed_s for one in asked)[min(len(asked) - 1, int(len(asked) * share))] if asked else 0.0


async def until(true: Callable[[], bool], within_s: float = 5.0) -> None:
    """Return once it is true."""
    async with asyncio.timeout(within_s):
        while not true():  # noqa: ASYNC110  what is waited for happens in parts that tell nobody
            await asyncio.sleep(0.01)


@dataclass
class Registry:
    """A business registry that works on `at_once` questions, each for `service_s`, and lets all others wait."""

    at_once: int
    service_s: float
    seen: int = 0
    url: str = ""
    fails: bool = False
    stand_in: Any = field(default_factory=lambda: STAND_IN(World(Province(), time.time)))

    def __post_init__(self) -> None:
        self._places = asyncio.Semaphore(self.at_once)

    async def serve(self, request: web.Request) -> web.Response:
        path = request.path.removeprefix("/dkdn")
        call = Call(request.method, path, request.query, request.headers, await request.read())
        if "token" not in path:
            self.seen += 1
            async with self._places:
                await asyncio.sleep(self.service_s)
            if self.fails:
                return web.Response(status=503)
        answer = self.stand_in.answer(call)
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


@asynccontextmanager
async def registry_at(at_once: int, service_s: float) -> AsyncIterator[Registry]:
    """Such a registry on a port of its own; who hangs up leaves its queue."""
    registry = Registry(at_once, service_s)
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", registry.serve)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, backlog=1024)
    await site.start()
    registry.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield registry
    finally:
        await runner.cleanup()


def busy_settings(
    url: str, *, web_section: Mapping[str, Any] | None = None, consumer: Mapping[str, Any] | None = None, **dkdn: Any
) -> Settings:
    """The usual registries, no limit on how often the consumer asks, and changes to the business registry's section."""
    settings = settings_for(url, dkdn=dkdn)
    changed = {"questions_per_minute": 10**9, **(consumer or {})}
    one_stop = settings.consumers["one-stop"].model_copy(update=changed)
    front = settings.web.model_copy(update=dict(web_section or {}))
    return settings.model_copy(update={"consumers": {"one-stop": one_stop}, "web": front})
