"""The one door to aiohttp's server: the application, its one middleware, and how it listens."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from aiohttp import hdrs, web

from gateway import telemetry
from gateway.clock import Clock
from gateway.errors import QuestionRefused, SettingsError
from gateway.lookup.access import Consumer
from gateway.lookup.pipeline import Lookup
from gateway.telemetry import Metrics
from gateway.web import docs, openapi, problems
from gateway.web.body import refuse_odd
from gateway.web.connection import Door
from gateway.web.handlers import LOOKUP_ID, STOPPING, Handlers, Stopping
from gateway.web.limits import LIMITS, Limits
from gateway.web.part import Part

__all__ = ["Listening", "api", "listen", "metrics_page"]

METRICS: web.AppKey[Metrics] = web.AppKey("metrics", Metrics)
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def api(
    *,
    lookup: Lookup,
    consumers: Mapping[str, Consumer],
    metrics: Metrics,
    clock: Clock,
    limits: Limits,
    unready: Callable[[], str | None] = lambda: None,
    parts: Sequence[Part] = (),
) -> web.Application:
    """
    The front door's application, with whatever parts join it. `unready` says why no question should come here now,
    or None.
    """
    handlers = Handlers(lookup, consumers, clock, unready)
    app = web.Application(middlewares=[_typed_errors(lookup, metrics, clock)], client_max_size=limits.body_bytes)
    app[STOPPING] = Stopping()
    app[LIMITS] = limits
    app[METRICS] = metrics
    app.on_response_prepare.append(_without_banner)
    app.router.add_post("/v1/lookups", handlers.ask)
    app.router.add_get("/v1/registries", handlers.registries, allow_head=False)
    app.router.add_get("/v1/datasets", handlers.datasets, allow_head=False)
    app.router.add_get("/v1/datasets/{id}", handlers.dataset, allow_head=False)
    app.router.add_get("/healthz", handlers.healthy)
    app.router.add_get("/readyz", handlers.ready)
    for part in parts:
        part.add_routes(app)
    document = openapi.document(lookup.catalogue, parts)
    docs.add_routes(app, document)
    return app


def metrics_page(metrics: Metrics | None) -> web.Application:
    """What Prometheus reads; `None` in a parent process that only gathers its workers' files."""

    async def page(_: web.Request) -> web.Response:
        body = await asyncio.to_thread(telemetry.exposition, metrics)
        return web.Response(body=body, headers={"Content-Type": telemetry.METRICS_CONTENT_TYPE})

    app = web.Application()
    app.router.add_get("/metrics", page)
    return app


@dataclass(slots=True)
class Listening:
    """A running listener and the port it got."""

    app: web.AppRunner
    door: web.ServerRunner
    port: int

    async def stop(self) -> None:
        """Take no more, let what is open end, close."""
        app = self.app.app
        if STOPPING in app:
            app[STOPPING].is_set = True
        await self.door.cleanup()
        await self.app.cleanup()


async def listen(
    app: web.Application, host: str, port: int, *, shutdown_s: float = 15.0, shared_port: bool = False
) -> Listening:
    """Listen on an address; port 0 takes a free one. `shared_port` lets several workers have the same."""
    runner = web.AppRunner(app, handle_signals=False)
    await runner.setup()
    if runner.server is None:
        raise AssertionError("a runner that was set up has a server")
    guarded = Door(runner.server, app.get(LIMITS, Limits()), _counting(app.get(METRICS)))
    door = web.ServerRunner(guarded, handle_signals=False, shutdown_timeout=shutdown_s)
    await door.setup()
    site = web.TCPSite(door, host, port, reuse_port=shared_port or None)
    try:
        await site.start()
    except OSError as exc:
        await door.cleanup()
        raise SettingsError(f"cannot listen on {host}:{port}: {exc.strerror or exc}") from exc
    bound = door.addresses[0][1]
    return Listening(runner, door, bound)


def _counting(metrics: Metrics | None) -> Callable[[str], None]:
    """What counts problems that were no question; nothing does where there are no metrics."""
    if metrics is None:
        return lambda _: None
    return lambda word: (metrics.bugs if word == "bug" else metrics.http_problems.labels(word)).inc()


async def _without_banner(_: web.Request, response: web.StreamResponse) -> None:
    response.headers.pop("Server", None)


def _typed_errors(lookup: Lookup, metrics: Metrics, clock: Clock) -> Callable[..., Awaitable[web.StreamResponse]]:
    @web.middleware
    async def middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
        lookup_id = request[LOOKUP_ID] = lookup.new_id()
        try:
            refuse_odd(request)
            return await handler(request)
        except QuestionRefused as refusal:
            return problems.for_refusal(lookup_id, refusal, clock)
        except web.HTTPException as exc:
            return problems.for_status(exc.status, allow=exc.headers.get(hdrs.ALLOW))
        except Exception as exc:
            metrics.bugs.inc()
            telemetry.log().error("web.bug", lookup_id=lookup_id, **telemetry.where(exc))
            return problems.for_bug(lookup_id)

    return middleware
