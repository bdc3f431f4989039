"""What rows start their servers on: files, cores, free ports, and the stub that answers for the registries."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from bench import gateway_settings
from bench.errors import BenchError
from bench.processes import Cores, child, cpu_s

__all__ = ["Server", "Stage"]

_START_S = 30.0
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Server:
    """A running server: where it is asked, and whose CPU time counts."""

    port: int
    pids: tuple[int, ...]

    def cpu_s(self) -> float:
        """CPU time of its processes and their descendants so far, in seconds."""
        return sum(map(cpu_s, self.pids))

    def pause(self) -> None:
        """Let it do nothing, so that its own housekeeping takes no time from the one that is measured."""
        self._tell(signal.SIGSTOP)

    def go_on(self) -> None:
        """Let it work again."""
        self._tell(signal.SIGCONT)

    def _tell(self, number: signal.Signals) -> None:
        for pid in self.pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)


@dataclass(frozen=True, slots=True)
class _Program:
    """How a server was started."""

    process: subprocess.Popen[bytes]
    arguments: Sequence[str]
    load_side: bool
    environment: Mapping[str, str] | None


class Stage:
    """Starts servers and ends all of them when it closes."""

    def __init__(self, running: ExitStack, folder: Path, cores: Cores) -> None:
        self._running = running
        self.folder = folder
        self.cores = cores
        self._programs: dict[int, _Program] = {}
        self.stub = self.python("bench.stub", load_side=True)

    @classmethod
    @contextmanager
    def open(cls, cores: Cores) -> Iterator[Stage]:
        """A stage with the stub on it."""
        with tempfile.TemporaryDirectory(prefix="bench-") as folder, ExitStack() as running:
            yield cls(running, Path(folder), cores)

    @property
    def stub_url(self) -> str:
        """Where the stub answers; `/dkdn` and `/dancu` below it are the registries."""
        return f"http://127.0.0.1:{self.stub.port}"

    def keep(self, until_it_closes: AbstractContextManager[T]) -> T:
        """Enter something that is left when the stage closes."""
        return self._running.enter_context(until_it_closes)

    def program(
        self, *arguments: str, port: int, load_side: bool = False, environment: Mapping[str, str] | None = None
    ) -> Server:
        """Any program that will listen on `port`, on the servers' core or the other; comes back when it answers."""
        core = self.cores.load if load_side else self.cores.server
        log = self.folder / f"{port}.log"
        ours = {name: value for name, value in os.environ.items() if not name.startswith("GATEWAY_")}
        whole = ours | dict(environment or {})
        process = self._running.enter_context(child(arguments, core=core, log=log, environment=whole))
        self._programs[port] = _Program(process, arguments, load_side, environment)
        _wait(process, port, log)
        return Server(port, (process.pid,))

    def again(self, server: Server) -> Server:
        """End a server as SIGTERM ends it, and start the same once more on its port."""
        known = self._programs[server.port]
        known.process.terminate()
        known.process.wait(_START_S)
        return self.program(
            *known.arguments, port=server.port, load_side=known.load_side, environment=known.environment
        )

    def python(self, module: str, *arguments: str, load_side: bool = False) -> Server:
        """A module of ours that takes `--port`."""
        port = free_port()
        command = (sys.executable, "-m", module, *arguments, "--port", str(port))
        return self.program(*command, port=port, load_side=load_side)

    def gateway(
        self,
        *arguments: str,
        recorded: bool = True,
        indexed: bool = True,
        without: str | None = None,
        settings: Mapping[str, str] | None = None,
        firms: Mapping[str, str] | None = None,
        grants: Sequence[str] = (),
        under: Sequence[str] = (),
    ) -> Server:
        """
        The real gateway, all of it but for the ledger where it is not `recorded`, or for the index of the ledger where
        it is not `indexed`; its registries are the stub. `without` names a piece of `bench.pieces.without`, `settings`
        has settings by their path (`log.level`), `firms` further business registries: name to endpoint, `grants`
        further datasets that may be asked. `under` is a command that it is started with.
        """
        port = free_port()
        folder = self.folder / f"gateway-{port}"
        file = gateway_settings.write(
            folder,
            port=port,
            registries=self.stub_url,
            recorded=recorded,
            indexed=indexed,
            firms=firms or {},
            grants=grants,
        )
        how = () if recorded else ("--unrecorded",)
        what = ("bench.pieces.without", without) if without else ("gateway", "serve")
        command = (*under, sys.executable, "-m", *what, "--settings", str(file), *how, *arguments)
        return self.program(*command, port=port, environment=gateway_settings.environment(settings or {}))


def free_port() -> int:
    """A port of 127.0.0.1 that nobody has at this moment."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port


def _wait(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + _START_S
    while time.monotonic() < until:
        if process.poll() is not None:
            raise BenchError(f"{_name(process)} ended at once with code {process.returncode}: {_tail(log)}")
        if _answers(port):
            return
        time.sleep(0.05)
    raise BenchError(f"{_name(process)} does not answer on port {port} after {_START_S:g} s: {_tail(log)}")


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", "/")
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
    return True


def _name(process: subprocess.Popen[bytes]) -> str:
    return " ".join(map(str, process.args[:4])) if isinstance(process.args, (list, tuple)) else str(process.args)


def _tail(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:].strip() or "it said nothing"
