"""
FastAPI and httpx as pass-through: `python -m bench.peers.fastapi_httpx --to URL --port 8080`.

The leanest form of both: no model, no log, the quickest loop and parser that uvicorn knows, connections kept without a
limit. It does nothing else.
"""

from __future__ import annotations

import argparse
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import uvicorn
from fastapi import FastAPI, Request, Response

__all__ = ["passing"]

UNLIMITED = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=240)


def passing(url: str) -> FastAPI:
    """POST in, one GET of `url` with httpx, its answer out."""
    client: httpx.AsyncClient

    @asynccontextmanager
    async def connected(_: FastAPI) -> AsyncIterator[None]:
        nonlocal client
        async with httpx.AsyncClient(limits=UNLIMITED, timeout=None, trust_env=False) as client:
            yield

    app = FastAPI(lifespan=connected)

    async def handle(request: Request) -> Response:
        await request.body()
        reply = await client.get(url)
        return Response(reply.content, status_code=reply.status_code, media_type="application/json")

    # The types stand as objects: FastAPI looks names of postponed annotations up in the module alone.
    app.add_api_route("/", handle, methods=["POST"], response_model=None)
    return app


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(prog="python -m bench.peers.fastapi_httpx")
    parser.add_argument("--to", required=True, help="where it gets its answers")
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    uvicorn.run(
        passing(options.to), port=options.port, loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )


if __name__ == "__main__":
    main()
