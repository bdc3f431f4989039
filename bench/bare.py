"""
The plainest aiohttp servers that could stand in the gateway's place, on the same event loop.

`python -m bench.bare echo --port 8080` reads a POST and answers 2 KiB. `python -m bench.bare pass --to URL
--port 8080` reads a POST, gets URL and hands on what comes: no rights, no checks, no mapping, no log.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator

import aiohttp
import uvloop
from aiohttp import web

__all__ = ["FIXED", "echo", "passing"]

FIXED = b'{"fixed":"' + b"x" * (2048 - 12) + b'"}'


def echo() -> web.Application:
    """POST in, 2 KiB out."""

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(body=FIXED, content_type="application/json")

    app = web.Application()
    app.router.add_post("/", handle)
    return app


def passing(url: str) -> web.Application:
    """POST in, one GET of `url` with aiohttp's client, its answer out."""
    session: aiohttp.ClientSession

    async def connected(_: web.Application) -> AsyncIterator[None]:
        nonlocal session
        # The leanest form of this client: no timers, no cookies, no limit, connections kept.
        connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=240)
        session = aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=None)
        )
        async with session:
            yield

    async def handle(request: web.Request) -> web.Response:
        await request.read()
        async with session.get(url) as reply:
            return web.Response(body=await reply.read(), status=reply.status, content_type="application/json")

    app = web.Application()
    app.cleanup_ctx.append(connected)
    app.router.add_post("/", handle)
    return app


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(prog="python -m bench.bare")
    parser.add_argument("what", choices=("echo", "pass"))
    parser.add_argument("--to", help="where `pass` gets its answers")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    app = echo() if options.what == "echo" else passing(options.to)
    loop = uvloop.new_event_loop()
    web.run_app(app, host="127.0.0.1", port=options.port, access_log=None, print=None, shutdown_timeout=1, loop=loop)


if __name__ == "__main__":
    main()
