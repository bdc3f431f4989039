"""The one door to aiohttp's server: the application, its one middleware, and how it listens."""

from __future__ import annotations

import asyncio
import hmac
import os
import socket
import ssl
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

from aiohttp import hdrs, web

from gateway import telemetry
from gateway.clock import Clock
from gateway.errors import QuestionRefused, SettingsError
from gateway.lookup.idempotency import Idempotency
from gateway.lookup.pipeline import Lookup
from gateway.lookup.planning import Planner
from gateway.telemetry import Metrics
from gateway.tickets.opening import Opening
from gateway.web import docs, openapi, problems
from gateway.web.authentication import HEADER, ONLY_KEYS, Authenticator, Method
from gateway.web.authentication.keys import digest
from gateway.web.body import refuse_odd
from gateway.web.connection import Door
from gateway.web.handlers import LOOKUP_ID, STOPPING, Handlers, Stopping
from gateway.web.inbound import INBOUND, Inbound
from gateway.web.limits import LIMITS, Limits
from gateway.web.part import Part

if TYPE_CHECKING:
    from gateway.tracing import Tracing

__all__ = ["Listening", "api", "listen", "metrics_page"]

METRICS: web.AppKey[Metrics] = web.AppKey("metrics", Metrics)
_FAREWELL_S = 2.0
_LATECOMERS_S = 0.2
"""Who got a connection in the last moment may still send his question."""
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def api(
    *,
    lookup: Lookup,
    authenticator: Authenticator,
    idempotency: Idempotency,
    metrics: Metrics,
    clock: Clock,
    limits: Limits,
    methods: Collection[Method] = ONLY_KEYS,
    show_docs: Literal["open", "authenticated", "off"] = "open",
    unready: Callable[[], str | None] = lambda: None,
    unavailable: Callable[[], Sequence[str]] = tuple,
    parts: Sequence[Part] = (),
    planner: Planner | None = None,
    tickets: Opening | None = None,
    tracing: Tracing | None = None,
) -> web.Application:
    """
    The front door's application, with whatever parts join it. `methods` are the ways to authenticate that its
    description tells of; `unready` says why no question should come here now, or None; `unavailable` which parts
    answer 503 just now while lookups go on.
    """
    inbound = Inbound(limits.questions, metrics, clock)
    handlers = Handlers(
        lookup, authenticator, clock, inbound, metrics, idempotency, unready, unavailable, planner, tickets
    )
    middlewares = [_typed_errors(lookup, metrics, clock)]
    if tracing is not None:
        middlewares.insert(0, _traced(tracing))
    app = web.Application(middlewares=middlewares, client_max_size=limits.body_bytes)
    app[STOPPING] = Stopping()
    app[LIMITS] = limits
    app[INBOUND] = inbound
    app[METRICS] = metrics
    app.on_response_prepare.append(_without_banner)
    app.router.add_post("/v1/lookups", handlers.ask)
    app.router.add_post("/v1/lookup-sets", handlers.ask_set)
    app.router.add_post("/v1/verifications", handlers.verify)
    if planner is not None:
        app.router.add_post("/v1/paper-plans", handlers.plan)
    app.router.add_get("/v1/registries", handlers.registries, allow_head=False)
    app.router.add_get("/v1/datasets", handlers.datasets, allow_head=False)
    app.router.add_get("/v1/datasets/{id}", handlers.dataset, allow_head=False)
    app.router.add_get("/healthz", handlers.healthy)
    app.router.add_get("/readyz", handlers.ready)
    for part in parts:
        part.add_routes(app)
    if show_docs != "off":
        guard = authenticator.consumer_of if show_docs == "authenticated" else None
        described = partial(openapi.document, lookup.catalogue, parts, methods, set_lookups=limits.set_lookups)
        docs.add_routes(app, described, guard)
    return app


def metrics_page(metrics: Metrics | None, *, key_sha256: str | None = None) -> web.Application:
    """
    What Prometheus reads; `None` in a parent process that only gathers its workers' files. With `key_sha256` it
    must show the key with that digest, as `X-API-Key` or as a bearer token.
    """

    async def page(request: web.Request) -> web.Response:
        if key_sha256 is not None and not any(hmac.compare_digest(digest(key), key_sha256) for key in _keys(request)):
            return problems.for_status(401)
        accept = request.headers.get(hdrs.ACCEPT, "")
        body, content_type = await asyncio.to_thread(telemetry.exposition, metrics, accept)
        return web.Response(body=body, headers={hdrs.CONTENT_TYPE: content_type})

    app = web.Application()
    app.router.add_get("/metrics", page)
    return app


def _keys(request: web.Request) -> list[str]:
    """What might be the key: Prometheus finds it easier to send it as a bearer token."""
    scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
    keys = [request.headers.get(HEADER, ""), token.strip() if scheme.lower() == "bearer" else ""]
    return [key for key in keys if key]


@dataclass(slots=True)
class Listening:
    """A running listener and the port it got."""

    app: web.AppRunner
    door: web.ServerRunner
    guard: Door
    sockets: asyncio.Server
    port: int
    drain_s: float
    tls: ssl.SSLContext | None

    def reconnect(self) -> None:
        """Let each connection end after the request that it carries: what it was checked against has changed."""
        self.guard.renew()

    async def stop(self) -> None:
        """
        Say that this is the end, take no more after `drain_s`, let what is open end, close.

        Until then connections are taken and close after one answer: whoever balances load sees /readyz, and no
        question is lost on a connection that closes under it.
        """
        app = self.app.app
        if STOPPING in app:
            app[STOPPING].is_set = True
        self.guard.is_draining = True
        await asyncio.sleep(self.drain_s)
        await self._close_sockets()
        await asyncio.sleep(min(self.drain_s, _LATECOMERS_S))
        await self.door.cleanup()
        await self.app.cleanup()

    async def _close_sockets(self) -> None:
        """
        Take nobody any more, but whoever the kernel has taken for us already: closing a socket resets those.
        """
        held = [socket.socket(fileno=os.dup(one.fileno())) for one in self.sockets.sockets]
        self.sockets.close()
        loop = asyncio.get_running_loop()
        for one in held:
            one.setblocking(False)
            with one, suppress(BlockingIOError):
                while True:
                    taken, _ = one.accept()
                    taken.setblocking(False)
                    with suppress(OSError):
                        await loop.connect_accepted_socket(self.guard, taken, ssl=self.tls)


async def listen(
    app: web.Application,
    host: str,
    port: int,
    *,
    tls: ssl.SSLContext | None = None,
    drain_s: float = 0.0,
    shutdown_s: float = 15.0,
    shared_port: bool = False,
) -> Listening:
    """
    Listen on an address; port 0 takes a free one. `shared_port` lets several workers have the same.

    With `tls` the handshake has as long as a request's head.
    """
    runner = web.AppRunner(app, handle_signals=False)
    await runner.setup()
    if runner.server is None:
        raise AssertionError("a runner that was set up has a server")
    limits = app.get(LIMITS, Limits())
    guarded = Door(runner.server, limits, _counting(app.get(METRICS)))
    door = web.ServerRunner(guarded, handle_signals=False, shutdown_timeout=shutdown_s)
    await door.setup()
    try:
        sockets = await asyncio.get_running_loop().create_server(
            guarded,
            host,
            port,
            ssl=tls,
            ssl_handshake_timeout=limits.header_timeout_s if tls else None,
            ssl_shutdown_timeout=_FAREWELL_S if tls else None,
            backlog=128,
            reuse_port=shared_port or None,
        )
    except OSError as exc:
        await door.cleanup()
        raise SettingsError(f"cannot listen on {host}:{port}: {exc.strerror or exc}") from exc
    return Listening(runner, door, guarded, sockets, sockets.sockets[0].getsockname()[1], drain_s, tls)


def _counting(metrics: Metrics | None) -> Callable[[str], None]:
    """What counts problems that were no question; nothing does where there are no metrics."""
    if metrics is None:
        return lambda _: None
    return lambda word: (metrics.bugs if word == "bug" else metrics.http_problems.labels(word)).inc()


async def _without_banner(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.pop("Server", None)


def _traced(tracing: Tracing) -> Callable[..., Awaitable[web.StreamResponse]]:
    """A span around each request, of the route's pattern: no part of an address that a caller chose stands in it."""

    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else "unknown"
        method = request.method if request.method in {"GET", "HEAD", "POST"} else "OTHER"
        with tracing.request(method, route, request.headers.get("traceparent")) as answered:
            response = await handler(request)
            answered(response.status)
            return response

    return middleware


def _typed_errors(lookup: Lookup, metrics: Metrics, clock: Clock) -> Callable[..., Awaitable[web.StreamResponse]]:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        lookup_id = request[LOOKUP_ID] = lookup.new_id()
        try:
            refuse_odd(request)
            return await handler(request)
        except QuestionRefused as refusal:
            await lookup.refuse(lookup_id, None, refusal)
            return problems.for_refusal(lookup_id, refusal, clock)
        except web.HTTPException as exc:
            return problems.for_status(exc.status, allow=exc.headers.get(hdrs.ALLOW))
        except Exception as exc:
            metrics.bugs.inc()
            telemetry.log().error("web.bug", lookup_id=lookup_id, **telemetry.where(exc))
            return problems.for_bug(lookup_id)

    return middleware
