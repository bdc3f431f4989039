"""Running the gateway: one process, or several workers on one port under a parent that only watches."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import os
import shutil
import signal
import socket
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType

import uvloop

from gateway import app, app_authentication, telemetry
from gateway.app_index import feeding
from gateway.app_reload import FrontDoorFiles, desk_of
from gateway.app_standing import Standing
from gateway.clock import Clock, SystemClock
from gateway.errors import SettingsError, SetupError
from gateway.reload_role import Role
from gateway.settings import Settings
from gateway.telemetry import Metrics, log
from gateway.web import server
from gateway.web.tls import Revocations

__all__ = ["run_many", "run_one", "told_to_stop", "watch"]

_CONFIG_ERROR = 78  # EX_CONFIG of sysexits.h: starting again cannot help
_QUICK_DEATH_S = 1.0
_COLLECT_AFTER = (20_000, 50, 50)
_REVOCATIONS_EVERY_S = 60.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_HEARD = (*_SIGNALS, signal.SIGHUP, signal.SIGUSR1)


def run_one(settings: Settings) -> None:
    """Serve in this process until SIGTERM or SIGINT. Raises SetupError for what settings get wrong."""
    role = Role(desk_of(settings))
    with role.at_its_desk():
        _run(lambda: _gateway(settings, settings.web.port, role, with_metrics=True, closes_beyond=1))


def run_many(settings: Settings, workers: int) -> int:
    """
    Serve with several workers and one process for metrics; start again what dies. Gives the exit code: 2
    when no worker can start with these settings.

    PROMETHEUS_MULTIPROC_DIR must name a folder of our own and have been set before anything was imported.
    """
    app.installed_adapters()  # what can be read once is read before the fork
    gc.collect()
    gc.freeze()
    lead = Role(desk_of(settings), passed_on=Path(os.environ["PROMETHEUS_MULTIPROC_DIR"]) / "reload.json")
    with _reserved(settings.web.host, settings.web.port) as reserved, lead.at_its_desk():
        port = reserved.getsockname()[1]
        tasks: list[Callable[[], Awaitable[None]]] = [
            _worker(
                _unfed(settings),
                port,
                lead if place == 0 else replace(lead, follows=True),
                closes_beyond=workers if place == 0 else None,
            )
            for place in range(workers)
        ]
        return _Parent([*tasks, lambda: _metrics_only(settings)]).run()


def _unfed(settings: Settings) -> Settings:
    """The same, but the index is fed elsewhere: in the process of metrics, where it takes no time from answers."""
    return settings.model_copy(update={"store": settings.store.model_copy(update={"feed": False})})


def _worker(settings: Settings, port: int, role: Role, *, closes_beyond: int | None) -> Callable[[], Awaitable[None]]:
    return lambda: _gateway(settings, port, role, with_metrics=False, closes_beyond=closes_beyond)


async def _gateway(settings: Settings, port: int, role: Role, *, with_metrics: bool, closes_beyond: int | None) -> None:
    """Serve until told to stop. `closes_beyond`: close the logs that more processes than these had left behind."""
    clock, metrics = SystemClock(), Metrics()
    metrics.build.labels(app.version()).set(1)
    # Before the files are read, so that no change of them is missed.
    told_to_read = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, told_to_read.set)
    core = await app.opened(settings, clock=clock, metrics=metrics)
    telemetry.trace_logs(core.tracing.ids if core.tracing is not None else None)
    try:
        if closes_beyond is not None:
            await app.close_abandoned(core, clock, processes=closes_beyond)
        await _serve(core, port, clock, role, with_metrics=with_metrics, told_to_read=told_to_read)
    finally:
        await core.close()


async def _serve(
    core: app.Core, port: int, clock: Clock, role: Role, *, with_metrics: bool, told_to_read: asyncio.Event
) -> None:
    settings, metrics = core.settings, core.metrics
    standing = Standing(core, clock)
    standing.begin()
    background = [asyncio.create_task(standing.keep_telling())]
    renewed = app_authentication.renewed_tls(settings, metrics)
    front = await server.listen(
        app.front_door(core, clock),
        settings.web.host,
        port,
        tls=renewed.listening if renewed is not None else None,
        drain_s=settings.web.drain_s,
        shutdown_s=settings.web.shutdown_s,
        shared_port=not with_metrics,
    )
    if renewed is not None and settings.web.tls is not None:
        made = partial(app_authentication.server_tls, settings, metrics)
        core.reloader.add(FrontDoorFiles(settings.web.tls, renewed, made, front.reconnect))
    background.append(asyncio.create_task(role.keep_reloading(core.reloader, told_to_read, clock, standing.reloaded)))
    side = await _metrics_listener(settings, metrics) if with_metrics else None
    # What is there now stays: the collector need not look through it again, nor after every few questions.
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_COLLECT_AFTER)
    log().info(
        "gateway.started",
        host=settings.web.host,
        port=front.port,
        metrics_port=side.port if side else None,
        pid=os.getpid(),
        registries=sorted(settings.registries),
    )
    revocations = app_authentication.revocations(settings, renewed)
    if revocations is not None:
        background.append(asyncio.create_task(watch(revocations, front, clock)))
    await told_to_stop()
    log().info("gateway.stopping", pid=os.getpid())
    for task in background:
        task.cancel()
    await front.stop()
    if side is not None:
        await side.stop()


async def watch(revocations: Revocations, front: server.Listening, clock: Clock) -> None:
    """Read new revocation lists within a minute, and let every caller shake hands again."""
    while True:
        await clock.sleep(_REVOCATIONS_EVERY_S)
        try:
            if not await asyncio.to_thread(revocations.reload):
                continue
        except SettingsError as exc:
            log().error("tls.revocations_not_read", detail=str(exc))
            continue
        front.reconnect()
        log().info("tls.revocations_read")


async def _metrics_only(settings: Settings) -> None:
    side = await _metrics_listener(settings, None)
    log().info("metrics.started", host=settings.metrics.host, port=side.port, pid=os.getpid())
    with feeding(settings, Metrics(), SystemClock()):
        await told_to_stop()
    await side.stop()


async def _metrics_listener(settings: Settings, metrics: Metrics | None) -> server.Listening:
    section = settings.metrics
    page = server.metrics_page(metrics, key_sha256=section.api_key_sha256)
    return await server.listen(page, section.host, section.port)


async def told_to_stop() -> None:
    """Return when SIGTERM or SIGINT comes."""
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, told.set)
    await told.wait()


def _run(task: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        await task()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main())


def _reserved(host: str, port: int) -> socket.socket:
    """A socket that holds the address without listening, so that every worker can take it."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    held = socket.socket(family, socket.SOCK_STREAM)
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        held.bind((host, port))
    except OSError as exc:
        held.close()
        raise SettingsError(f"web.host, web.port: cannot listen on {host}:{port}: {exc.strerror}") from exc
    return held


def _end_with(parent: int) -> None:
    """
    Be told SIGTERM when the parent dies, however it dies: a worker that nobody watches would hold the port, and
    nobody would start it again. Linux only; elsewhere a killed parent leaves its workers.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
        if os.getppid() != parent:  # it died before it could be told
            os.kill(os.getpid(), signal.SIGTERM)


class _Parent:
    """Forks one process a task, starts again what dies, and ends them all when told."""

    def __init__(self, tasks: list[Callable[[], Awaitable[None]]]) -> None:
        self._tasks = tasks
        self._children: dict[int, tuple[int, float]] = {}
        self._stopping = False
        self._started_again: set[int] = set()

    def run(self) -> int:
        exit_code = 0
        for number in _SIGNALS:
            signal.signal(number, self._stop)
        signal.signal(signal.SIGHUP, self._to_the_lead)
        signal.signal(signal.SIGUSR1, self._to_the_others)
        for place in range(len(self._tasks)):
            self._start(place)
        while self._children:
            pid, status = os.wait()
            place, started = self._children.pop(pid)
            telemetry.forget_process(pid)
            if self._stopping:
                continue
            code = os.waitstatus_to_exitcode(status)
            log().error("worker.died", pid=pid, code=code)
            if code == _CONFIG_ERROR and place not in self._started_again:
                exit_code = 2
                self._stop(signal.SIGTERM, None)
                continue
            # Of files that have gone bad since, the others know nothing yet: they go on with what they have read.
            self._started_again.add(place)
            if time.monotonic() - started < _QUICK_DEATH_S:
                time.sleep(_QUICK_DEATH_S)
            if not self._stopping:
                self._start(place)
        shutil.rmtree(os.environ["PROMETHEUS_MULTIPROC_DIR"], ignore_errors=True)
        return exit_code

    def _start(self, place: int) -> None:
        # A signal between the fork and the note of it would miss the child.
        signal.pthread_sigmask(signal.SIG_BLOCK, _HEARD)
        try:
            if self._stopping:
                return
            parent = os.getpid()
            pid = os.fork()
            if pid == 0:
                self._be_a_child(self._tasks[place], parent)
            self._children[pid] = (place, time.monotonic())
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)

    def _stop(self, _: int, __: FrameType | None) -> None:
        self._stopping = True
        for pid in self._children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGTERM)

    def _to_the_lead(self, _: int, __: FrameType | None) -> None:
        self._hang_up(lambda place: place == 0)

    def _to_the_others(self, _: int, __: FrameType | None) -> None:
        """The lead has tried the files and said what came of it."""
        self._hang_up(lambda place: place != 0)

    def _hang_up(self, meant: Callable[[int], bool]) -> None:
        for pid, (place, _) in self._children.items():
            if meant(place):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGHUP)

    @staticmethod
    def _be_a_child(task: Callable[[], Awaitable[None]], parent: int) -> None:
        code = 1
        try:
            _end_with(parent)
            for number in _SIGNALS:
                signal.signal(number, signal.SIG_DFL)
            # Until a worker listens for it, and in the process of metrics, it must not be deadly: files are read then.
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            signal.signal(signal.SIGUSR1, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _HEARD)
            _run(task)
            code = 0
        except SetupError as exc:
            sys.stderr.write(f"{exc}\n")
            code = _CONFIG_ERROR
        except BaseException as exc:
            log().error("worker.bug", **telemetry.where(exc))
        finally:
            sys.stderr.flush()
            os._exit(code)
