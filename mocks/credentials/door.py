"""What doors share: a server around one, and the answers that platforms give."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Protocol

import orjson
from aiohttp import web

from mocks.stand_in import Answer, Call

__all__ = ["JSON", "OPEN", "Door", "Issued", "answered", "fault", "opened"]

JSON = {"Content-Type": "application/json; charset=UTF-8"}


class Door(Protocol):
    """
    One guarded service. `call.path` is the request's target as it came, query and escapes included.
    """

    def answer(self, call: Call) -> Answer:
        """What is guarded, a log-in, or a refusal."""


def answered(body: object, status: int = 200) -> Answer:
    """A JSON answer."""
    return Answer(status, orjson.dumps(body), JSON)


OPEN = answered({"error_code": "0", "data": "open"})
"""What every door guards."""


def fault(status: int, code: int) -> Answer:
    """An API manager's refusal."""
    return answered({"fault": {"code": code, "message": "Invalid Credentials", "description": "mock"}}, status)


class Issued:
    """Words that were given out, such as tokens: the newest opens until it is ended."""

    def __init__(self, stem: str) -> None:
        self._stem = stem
        self.count = 0
        self._alive = False

    def new(self) -> str:
        """The next word; the one before no longer opens."""
        self.count += 1
        self._alive = True
        return self.newest

    @property
    def newest(self) -> str:
        """The word given out last."""
        return f"{self._stem}-{self.count}"

    def end(self) -> None:
        """The newest opens no more."""
        self._alive = False

    def opens(self, word: str) -> bool:
        """Whether this is the newest, and alive."""
        return self._alive and word == self.newest


@asynccontextmanager
async def opened(door: Door, *, gate: asyncio.Event | None = None) -> AsyncIterator[str]:
    """Serve a door on a free port of the loopback; gives its address. Every answer waits for the gate."""

    async def handle(request: web.Request) -> web.Response:
        if gate is not None:
            await gate.wait()
        call = Call(request.method, request.raw_path, request.query, request.headers, await request.read())
        answer = door.answer(call)
        return web.Response(status=answer.status, body=answer.body, headers=answer.headers)

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", handle)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
