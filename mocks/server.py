"""
Serves every stand-in below `/<registry>/` on one port, and below `/_mocks/` what tests and the page ask of the server
itself: see `mocks.admin`.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from aiohttp import web

from mocks import admin
from mocks.certificates import BAD, Authority
from mocks.faults import KINDS, Fault, Faults, inflicted_on, parsed, response
from mocks.incidents import INCIDENTS
from mocks.journal import Journal
from mocks.province import Province
from mocks.stand_in import Answer, Call, Open, StandIn, UnknownCommand, installed
from mocks.state import STATE, State

if sys.platform == "win32":  # there is no uvloop for it
    from asyncio import run as _run
else:
    from uvloop import run as _run

__all__ = ["STATE", "Running", "State", "create_app", "main", "running"]

_LARGEST_BODY = 1 << 20
_SHUTDOWN_S = 1.0


def create_app(
    stand_ins: Sequence[Open],
    province: Province | None = None,
    *,
    now: Callable[[], float] = time.time,
    journal_size: int = 1000,
) -> web.Application:
    """
    The application that serves `stand_ins` for one province.

    Args:
        stand_ins: what opens each stand-in, such as `mocks.dancu.STAND_IN`.
        province: the people and firms; the default province when left out.
        now: the time in seconds since 1970 (UTC), for tokens and time stamps.
        journal_size: how many requests the journal keeps.
    """
    state = State(stand_ins, province or Province(), now, journal_size)
    app = web.Application(client_max_size=_LARGEST_BODY)
    app[STATE] = state
    app.on_shutdown.append(_stop)
    admin.add_routes(app.router)
    for registry in state.stand_ins:
        app.router.add_route("*", f"/{registry}{{path:(/.*)?}}", partial(_serve, registry))
    return app


@dataclass(frozen=True, slots=True)
class Running:
    """
    A server at work. `base_url` is `http://127.0.0.1:<port>`; a registry lies at `url(registry)`.

    `bad_urls` are the addresses with bad certificates, by what is wrong with them; there are none without TLS.
    """

    base_url: str
    state: State
    bad_urls: Mapping[str, str]

    @property
    def faults(self) -> Faults:
        """Where a test sets faults: `faults.set("dancu", Fault("silence"))`."""
        return self.state.faults

    @property
    def journal(self) -> Journal:
        """What was asked."""
        return self.state.journal

    def url(self, registry: str) -> str:
        """The address of one registry, without a slash at its end."""
        return f"{self.base_url}/{registry}"


@asynccontextmanager
async def running(
    *stand_ins: Open,
    province: Province | None = None,
    now: Callable[[], float] = time.time,
    host: str = "127.0.0.1",
    port: int = 0,
    authority: Authority | None = None,
) -> AsyncIterator[Running]:
    """
    Serve inside this process, on a port that the system chooses unless one is given. With no `stand_ins`
    every installed one is served. With an `authority` it is HTTPS, and the ports that follow have bad certificates.

    Raises:
        OSError: the port is taken.
    """
    app = create_app(stand_ins or tuple(installed().values()), province, now=now)
    # Handlers end with their client: a silent one would otherwise outlive it.
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    try:
        for nth, bad in enumerate(("", *BAD) if authority is not None else ("",)):
            context = authority.context(bad) if authority is not None else None
            await web.TCPSite(runner, host, port and port + nth, ssl_context=context).start()
        shown = f"{'http' if authority is None else 'https'}://{f'[{host}]' if ':' in host else host}"
        good, *others = (f"{shown}:{address[1]}" for address in runner.addresses)
        yield Running(good, app[STATE], dict(zip(BAD, others, strict=False)))
    finally:
        await runner.cleanup()


def main(argv: Sequence[str] | None = None) -> int:
    """Serve every installed stand-in until SIGINT or SIGTERM. Gives the exit code."""
    parser = _options()
    options = parser.parse_args(argv)
    stand_ins = installed()
    if not stand_ins:
        sys.stderr.write("No stand-in is installed: the entry point group gateway.mocks is empty.\n")
        return 1
    for registry, _ in options.fault:
        if registry not in stand_ins:
            parser.error(f"no stand-in is installed for {registry!r}")
    try:
        province = Province(options.seed, options.citizens, options.enterprises, disagreements=options.disagreements)
    except ValueError as exc:
        parser.error(str(exc))
    try:
        _run(_until_told(tuple(stand_ins.values()), province, options))
    except OSError as exc:
        place = exc.filename or f"{options.host}:{options.port}"
        sys.stderr.write(f"Cannot serve at or write to {place}: {exc.strerror}\n")
        return 1
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mocks", description="Serve stand-ins for the registries.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8090, help="port to listen on (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="which synthetic province (default: %(default)s)")
    parser.add_argument("--citizens", type=int, default=100_000, help="how many people (default: %(default)s)")
    parser.add_argument("--enterprises", type=int, default=10_000, help="how many firms (default: %(default)s)")
    parser.add_argument(
        "--disagreements",
        type=int,
        default=0,
        metavar="PERCENT",
        help="of how many citizens in a hundred one registry holds something else (default: %(default)s)",
    )
    parser.add_argument(
        "--tls",
        type=Path,
        metavar="FILE",
        help="serve HTTPS with an authority that is written there, and bad certificates on the ports that follow",
    )
    parser.add_argument(
        "--incident",
        choices=sorted(INCIDENTS),
        help="let an incident begin at the start",
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        type=_fault_option,
        metavar="REGISTRY=KIND[:FIGURE]",
        help=f"let a registry fail from the start; the figure is seconds or bytes; kinds: {', '.join(KINDS)}",
    )
    return parser


def _fault_option(text: str) -> tuple[str, Fault]:
    registry, _, rest = text.partition("=")
    try:
        return registry, parsed(rest)
    except ValueError as exc:
        raise argparse.ArgumentTypeError(str(exc)) from exc


async def _until_told(stand_ins: Sequence[Open], province: Province, options: argparse.Namespace) -> None:
    told = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    authority = Authority(options.host) if options.tls else None
    if authority is not None:
        options.tls.write_bytes(authority.certificate)
    async with running(
        *stand_ins, province=province, host=options.host, port=options.port, authority=authority
    ) as server:
        for registry, fault in options.fault:
            server.faults.set(registry, fault)
        if options.incident:
            server.state.begin(options.incident)
        for registry in sorted(server.state.stand_ins):
            sys.stdout.write(f"{registry:8} {server.url(registry)}\n")
        for bad, url in server.bad_urls.items():
            sys.stdout.write(f"{bad:10} {url}\n")
        sys.stdout.flush()
        await told.wait()


async def _serve(registry: str, request: web.Request) -> web.StreamResponse:
    """One request to a registry: the stand-in's answer, or the fault that hits it."""
    state = request.app[STATE]
    stand_in = state.stand_ins[registry]
    path = request.match_info["path"]
    call = Call(request.method, path, request.query, request.headers, await request.read())
    answer = stand_in.answer(call)
    fault = state.faults.draw(registry, path, answer.operation)
    if fault is None:
        state.note(registry, call, answer, answer.status)
        return response(answer)
    # Noted before it happens: silence has no after.
    state.note(registry, call, answer, 0, fault.kind)
    return await inflicted_on(
        request,
        fault,
        answer=lambda: answer,
        another=partial(stand_in.another, call),
        expired=partial(_expired, stand_in, call),
        stopping=state.stopping,
        crossing=state.faults.crossing(registry),
    )


def _expired(stand_in: StandIn, call: Call) -> Answer:
    """What is said to a token that has just ended; a bare 401 where the registry has none."""
    try:
        stand_in.admin("expire-token")
    except UnknownCommand:
        return Answer(401, b"Unauthorized", {"Content-Type": "text/plain; charset=utf-8"})
    return stand_in.answer(call)


async def _stop(app: web.Application) -> None:
    app[STATE].stopping.set()
