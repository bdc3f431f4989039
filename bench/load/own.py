"""
Our own load generator, for machines without wrk: a raw protocol, in a process of its own.

A request costs it about a fifth more CPU time than it costs wrk. It counts every question that it asked: those
still open when time is up are waited for.
"""

from __future__ import annotations

import asyncio
import json
import sys
from base64 import b64decode, b64encode
from collections import Counter
from dataclasses import asdict
from time import perf_counter  # the loop's own clock counts in milliseconds
from typing import cast

import uvloop

from bench.figures import percentile
from bench.load import program
from bench.load.generator import Tally
from bench.row import Ask

__all__ = ["Own", "measure"]

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"


class Own:
    """Runs this module as a program."""

    name = "our own (asyncio, uvloop)"

    def run(self, port: int, ask: Ask, *, connections: int, seconds: float, core: int | None) -> Tally:
        order = {
            "port": port,
            "request": b64encode(ask.http(port)).decode(),
            "connections": connections,
            "seconds": seconds,
        }
        command = (sys.executable, "-m", "bench.load.own")
        return program.run(command, seconds=seconds, core=core, stdin=json.dumps(order).encode())


async def measure(port: int, request: bytes, *, connections: int, seconds: float, patience_s: float = 10.0) -> Tally:
    """Ask for `seconds`, then wait up to `patience_s` for what is still open: every question is accounted for."""
    loop = asyncio.get_running_loop()
    run = _Run(request, loop)
    made = await asyncio.gather(
        *(loop.create_connection(lambda: _Connection(run), "127.0.0.1", port) for _ in range(connections)),
        return_exceptions=True,
    )
    open_ones = [one[1] for one in made if not isinstance(one, BaseException)]
    if len(open_ones) < connections:
        run.failures["connect"] = connections - len(open_ones)
    started = perf_counter()
    run.until = started + seconds
    for connection in open_ones:
        connection.ask()
    if open_ones:
        _, silent = await asyncio.wait([one.ended for one in open_ones], timeout=seconds + patience_s)
        if silent:
            run.failures["timeout"] = len(silent)
    for connection in open_ones:
        connection.close()
    return run.tally(perf_counter() - started)


class _Run:
    """What all connections of a run share."""

    def __init__(self, request: bytes, loop: asyncio.AbstractEventLoop) -> None:
        self.request = request
        self.loop = loop
        self.until = 0.0
        self.latencies_s: list[float] = []
        self.failures: Counter[str] = Counter()

    def tally(self, seconds: float) -> Tally:
        ordered = sorted(self.latencies_s)
        p50, p99 = (percentile(ordered, percent) * 1000 for percent in (50, 99))
        return Tally(len(ordered), seconds, p50, p99, dict(self.failures))


class _Connection(asyncio.Protocol):
    """Asks, reads one answer, asks again."""

    def __init__(self, run: _Run) -> None:
        self._run = run
        self._read = bytearray()
        self._length = 0
        self.ended = run.loop.create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def ask(self) -> None:
        self._asked = perf_counter()
        self._transport.write(self._run.request)

    def data_received(self, data: bytes) -> None:
        self._read += data
        if not self._length and not self._head():
            return
        if len(self._read) < self._length:
            return
        now = perf_counter()
        self._run.latencies_s.append(now - self._asked)
        if self._read[9:10] != b"2":
            self._run.failures["status"] += 1
        self._read.clear()
        self._length = 0
        if now < self._run.until:
            self.ask()
        else:
            self._end()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.ended.done():
            self._end("closed")

    def close(self) -> None:
        self._transport.abort()

    def _head(self) -> bool:
        """Read the answer's length once its head is there."""
        end = self._read.find(_HEAD_END)
        if end < 0:
            return False
        _, found, after = self._read[:end].lower().partition(_LENGTH)
        digits = after.partition(b"\r\n")[0].strip()
        if not found or not digits.isdigit():
            self._end("unreadable")
            return False
        self._length = end + len(_HEAD_END) + int(digits)
        return True

    def _end(self, failure: str | None = None) -> None:
        if failure:
            self._run.failures[failure] += 1
        if not self.ended.done():
            self.ended.set_result(None)
        self._transport.close()


def main() -> None:
    """The program: an order as JSON in, a tally as JSON out."""
    order = json.load(sys.stdin)
    request = b64decode(order.pop("request"))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        tally = runner.run(measure(request=request, **order))
    sys.stderr.write(json.dumps(asdict(tally)) + "\n")


if __name__ == "__main__":
    main()
