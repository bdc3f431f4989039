"""A witness's listener: C2SP tlog-witness, and what was cosigned last. No personal data passes here."""

from __future__ import annotations

import asyncio

from aiohttp import web

from gateway import telemetry
from gateway.errors import WitnessConflict, WitnessRefused
from gateway.ledger.submission import MOST_BYTES, SIZE_MEDIA_TYPE
from gateway.ledger.witness import Witness
from gateway.web.body import body_of, refuse_odd
from gateway.web.limits import LIMITS, Limits

__all__ = ["application"]

_TEXT = "text/plain"


def application(witness: Witness, limits: Limits | None = None) -> web.Application:
    """The application: `POST /add-checkpoint` and `GET /logs/{id}/checkpoint`, where the id is `witness.log_id`."""

    async def add_checkpoint(request: web.Request) -> web.Response:
        refuse_odd(request)
        body = await body_of(request)
        try:
            lines = await asyncio.to_thread(witness.add, body)
        except WitnessConflict as conflict:
            return web.Response(status=409, text=f"{conflict.size}\n", content_type=SIZE_MEDIA_TYPE)
        except WitnessRefused as refused:
            return web.Response(status=refused.status, text=f"{refused}\n", content_type=_TEXT)
        except OSError as exc:
            telemetry.log().error("witness.unwritable", error=type(exc).__name__)
            return web.Response(status=503, text="nothing can be remembered, so nothing is cosigned\n")
        return web.Response(text=lines, content_type=_TEXT)

    async def checkpoint(request: web.Request) -> web.Response:
        refuse_odd(request)
        note = await asyncio.to_thread(witness.latest_by_id, request.match_info["id"])
        if note is None:
            return web.Response(status=404, text="nothing was cosigned for that log\n", content_type=_TEXT)
        return web.Response(text=note, content_type=_TEXT)

    app = web.Application(client_max_size=MOST_BYTES)
    app[LIMITS] = limits or Limits(body_bytes=MOST_BYTES)
    app.on_response_prepare.append(_without_banner)
    app.router.add_post("/add-checkpoint", add_checkpoint)
    app.router.add_get("/logs/{id}/checkpoint", checkpoint, allow_head=False)
    return app


async def _without_banner(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.pop("Server", None)
