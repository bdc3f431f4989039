"""
Serves every stand-in below `/<registry>/` on one port, and below `/_mocks/` what tests ask of the server itself.

    GET    /_mocks/                      what is served
    GET    /_mocks/journal               the last requests, without identifiers
    POST   /_mocks/reset                 no faults, an empty journal, no tokens
    PUT    /_mocks/faults/{registry}     {"fault": "silence", "times": null, ...}: see mocks.faults.Fault
    DELETE /_mocks/faults/{registry}     let it work again
    POST   /_mocks/cases                 {"case_id": ...}: what the one-stop's case register says of a case
    PUT    /_mocks/cases                 enter a case there: see mocks.cases
    POST   /_mocks/{registry}/{command}  the stand-in's own commands, such as `expire-token`
"""

from __future__ import annotations

import argparse
import asyncio
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import orjson
from aiohttp import web

from mocks.cases import CaseRegister
from mocks.faults import KINDS, Fault, Faults, inflicted_on, parsed, response
from mocks.journal import Entry, Journal
from mocks.province import Province
from mocks.stand_in import Answer, Call, Open, StandIn, UnknownCommand, World, installed

__all__ = ["STATE", "Running", "State", "create_app", "main", "running"]

_LARGEST_BODY = 1 << 20
_SHUTDOWN_S = 1.0


@dataclass(frozen=True, slots=True)
class State:
    """What the server holds: the stand-ins by registry, their faults, the journal, the one-stop's cases."""

    stand_ins: Mapping[str, StandIn]
    faults: Faults
    journal: Journal
    cases: CaseRegister
    stopping: asyncio.Event
    now: Callable[[], float]

    def reset(self) -> None:
        """As if nothing had been asked, set or issued yet."""
        self.faults.clear()
        self.journal.clear()
        self.cases.reset()
        for stand_in in self.stand_ins.values():
            stand_in.admin("reset")


STATE: web.AppKey[State] = web.AppKey("state", State)


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
    province = province or Province()
    world = World(province, now)
    opened = {stand_in.registry: stand_in for stand_in in (open_one(world) for open_one in stand_ins)}
    dice = random.Random(province.seed)  # noqa: S311 (which request fails, no secret)
    state = State(opened, Faults(dice.random), Journal(journal_size), CaseRegister(), asyncio.Event(), now)
    app = web.Application(client_max_size=_LARGEST_BODY)
    app[STATE] = state
    app.on_shutdown.append(_stop)
    app.router.add_get("/_mocks/", _served)
    app.router.add_get("/_mocks/journal", _journal)
    app.router.add_post("/_mocks/reset", _reset)
    app.router.add_put("/_mocks/faults/{registry}", _set_fault)
    app.router.add_delete("/_mocks/faults/{registry}", _clear_fault)
    app.router.add_post("/_mocks/cases", _case)
    app.router.add_put("/_mocks/cases", _enter_case)
    app.router.add_post("/_mocks/{registry}/{command}", _command)
    for registry in opened:
        app.router.add_route("*", f"/{registry}{{path:(/.*)?}}", partial(_serve, registry))
    return app


@dataclass(frozen=True, slots=True)
class Running:
    """A server at work. `base_url` is `http://127.0.0.1:<port>`; a registry lies at `url(registry)`."""

    base_url: str
    state: State

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
) -> AsyncIterator[Running]:
    """
    Serve inside this process, on a port that the system chooses unless one is given. With no `stand_ins`
    every installed one is served.

    Raises:
        OSError: the port is taken.
    """
    app = create_app(stand_ins or tuple(installed().values()), province, now=now)
    # Handlers end with their client: a silent one would otherwise outlive it.
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_S)
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        taken = runner.addresses[0][1]
        yield Running(f"http://{f'[{host}]' if ':' in host else host}:{taken}", app[STATE])
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
        asyncio.run(_until_told(tuple(stand_ins.values()), province, options))
    except OSError as exc:
        sys.stderr.write(f"Cannot listen on {options.host}:{options.port}: {exc.strerror}\n")
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
    async with running(*stand_ins, province=province, host=options.host, port=options.port) as server:
        for registry, fault in options.fault:
            server.faults.set(registry, fault)
        for registry in sorted(server.state.stand_ins):
            sys.stdout.write(f"{registry:8} {server.url(registry)}\n")
        sys.stdout.flush()
        await told.wait()


async def _serve(registry: str, request: web.Request) -> web.StreamResponse:
    """One request to a registry: the stand-in's answer, or the fault that hits it."""
    state = request.app[STATE]
    stand_in = state.stand_ins[registry]
    path = request.match_info["path"]
    call = Call(request.method, path, request.query, request.headers, await request.read())
    fault = state.faults.draw(registry, path)
    if fault is None:
        answer = stand_in.answer(call)
        _note(state, registry, answer, answer.status)
        return response(answer)
    # Noted before it happens: silence has no after. The operation is told by the answer that was due.
    _note(state, registry, stand_in.answer(call), 0, fault.kind)
    return await inflicted_on(
        request,
        fault,
        answer=partial(stand_in.answer, call),
        another=partial(stand_in.another, call),
        stopping=state.stopping,
        crossing=state.faults.crossing(registry),
    )


def _note(state: State, registry: str, answer: Answer, status: int, fault: str = "") -> None:
    state.journal.add(Entry(state.now(), registry, answer.operation, status, answer.matched, fault))


async def _stop(app: web.Application) -> None:
    app[STATE].stopping.set()


async def _served(request: web.Request) -> web.Response:
    state = request.app[STATE]
    served = {
        registry: {
            "title": stand_in.contract.title,
            "cases": sum(1 for _ in stand_in.contract.cases()),
            "operations": [dataset.operation for dataset in stand_in.contract.datasets.values()],
        }
        for registry, stand_in in state.stand_ins.items()
    }
    faults = {registry: asdict(fault) for registry, fault in state.faults.current().items()}
    return _json({"registries": served, "faults": faults, "kinds": KINDS})


async def _journal(request: web.Request) -> web.Response:
    return _json({"entries": [asdict(entry) for entry in request.app[STATE].journal]})


async def _case(request: web.Request) -> web.Response:
    status, body = request.app[STATE].cases.answer(await request.read())
    return _json(body, status)


async def _enter_case(request: web.Request) -> web.Response:
    wrong = request.app[STATE].cases.enter(await request.read())
    return _json({"error": wrong}, 400) if wrong else web.Response(status=204)


async def _reset(request: web.Request) -> web.Response:
    request.app[STATE].reset()
    return web.Response(status=204)


async def _set_fault(request: web.Request) -> web.Response:
    registry = _registry(request)
    try:
        values = orjson.loads(await request.read())
        fault = Fault(**{"kind" if key == "fault" else key: value for key, value in values.items()})
    except (AttributeError, TypeError, ValueError) as exc:
        return _problem(400, f'Expected a fault, such as {{"fault": "silence"}}: {exc}')
    request.app[STATE].faults.set(registry, fault)
    return web.Response(status=204)


async def _clear_fault(request: web.Request) -> web.Response:
    request.app[STATE].faults.clear(_registry(request))
    return web.Response(status=204)


async def _command(request: web.Request) -> web.Response:
    stand_in = request.app[STATE].stand_ins[_registry(request)]
    try:
        stand_in.admin(request.match_info["command"])
    except UnknownCommand:
        return _problem(404, "The stand-in does not know this command.")
    return web.Response(status=204)


def _registry(request: web.Request) -> str:
    registry = request.match_info["registry"]
    if registry not in request.app[STATE].stand_ins:
        raise web.HTTPNotFound(text="No such registry is served.")
    return registry


def _json(value: Any, status: int = 200, content_type: str = "application/json") -> web.Response:
    return web.Response(status=status, body=orjson.dumps(value), content_type=content_type)


def _problem(status: int, detail: str) -> web.Response:
    body = {"type": "about:blank", "status": status, "detail": detail}
    return _json(body, status, "application/problem+json")
