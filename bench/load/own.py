"""
Our own load generator in closed loop, for machines without wrk: a raw protocol, in a process of its own.

A request costs it about a fifth more CPU time than it costs wrk. It counts every question that it asked: those
still open when time is up are waited for. Unlike wrk it can ask many different questions, in turn.
"""

from __future__ import annotations

import asyncio
import json
import sys
from base64 import b64decode, b64encode
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from itertools import cycle
from time import perf_counter  # the loop's own clock counts in milliseconds

import uvloop

from bench.figures import percentile
from bench.load import program
from bench.load.generator import Tally
from bench.load.reading import Reading
from bench.row import Ask

__all__ = ["Own", "measure"]


class Own:
    """Runs this module as a program."""

    name = "our own (asyncio, uvloop)"

    def run(self, port: int, ask: Ask, *, connections: int, seconds: float, core: int | None) -> Tally:
        return self.run_all(port, [ask], connections=connections, seconds=seconds, core=core)

    def run_all(
        self,
        port: int,
        asks: Sequence[Ask],
        *,
        connections: int,
        seconds: float,
        core: int | None,
        most: int | None = None,
    ) -> Tally:
        """The same with several questions in turn, over all connections; no more than `most`."""
        order = {
            "port": port,
            "requests": [b64encode(ask.http(port)).decode() for ask in asks],
            "connections": connections,
            "seconds": seconds,
            "most": most,
        }
        command = (sys.executable, "-m", "bench.load.own")
        return program.run(command, seconds=seconds, core=core, stdin=json.dumps(order).encode())


async def measure(
    port: int,
    *requests: bytes,
    connections: int,
    seconds: float,
    most: int | None = None,
    patience_s: float = 10.0,
) -> Tally:
    """Ask for `seconds`, then wait up to `patience_s` for what is still open: every question is accounted for."""
    loop = asyncio.get_running_loop()
    run = _Run(requests, loop, most)
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

    def __init__(self, requests: Sequence[bytes], loop: asyncio.AbstractEventLoop, most: int | None) -> None:
        self.requests = cycle(requests)
        self.loop = loop
        self.left = most if most is not None else sys.maxsize
        self.until = 0.0
        self.latencies_s: list[float] = []
        self.failures: Counter[str] = Counter()

    def tally(self, seconds: float) -> Tally:
        ordered = sorted(self.latencies_s)
        p50, p99 = (percentile(ordered, percent) * 1000 for percent in (50, 99))
        return Tally(len(ordered), seconds, p50, p99, dict(self.failures))


class _Connection(Reading):
    """Asks, reads one answer, asks again."""

    def __init__(self, run: _Run) -> None:
        super().__init__()
        self._run = run
        self.ended = run.loop.create_future()

    def ask(self) -> None:
        if not self._run.left:
            self._end()
            return
        self._run.left -= 1
        self._asked = perf_counter()
        self.transport.write(next(self._run.requests))

    def answered(self, answer: bytearray) -> None:
        now = perf_counter()
        self._run.latencies_s.append(now - self._asked)
        if answer[9:10] != b"2":
            self._run.failures["status"] += 1
        if now < self._run.until:
            self.ask()
        else:
            self._end()

    def failed(self, kind: str) -> None:
        if not self.ended.done():
            self._run.failures[kind] += 1
            self._end()

    def close(self) -> None:
        self.transport.abort()

    def _end(self) -> None:
        if not self.ended.done():
            self.ended.set_result(None)
        self.transport.close()


def main() -> None:
    """The program: an order as JSON in, a tally as JSON out."""
    order = json.load(sys.stdin)
    requests = map(b64decode, order.pop("requests"))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        tally = runner.run(measure(order.pop("port"), *requests, **order))
    sys.stderr.write(json.dumps(asdict(tally)) + "\n")


if __name__ == "__main__":
    main()
