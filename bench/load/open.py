"""
Load in open loop: questions leave at their times, however late the answers are, so nobody asks less of a server that
is slow. Several streams at once, in a process of its own.

A question takes a connection that is idle, or a new one; beyond `connections` it is not asked and counted as `unsent`.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
from base64 import b64decode, b64encode
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from time import perf_counter
from typing import Any

import uvloop

from bench.figures import percentile
from bench.load import program
from bench.load.callers import Answers, Callers
from bench.row import Ask

__all__ = ["Heard", "Stream", "ask", "run"]

_PATIENCE_S = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stream:
    """One kind of question at a steady rate. `after_s`: how long after the start the first one leaves."""

    name: str
    ask: Ask
    per_s: float
    seconds: float
    after_s: float = 0.0
    connections: int = 1000
    patience_s: float = _PATIENCE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """
    What came of a stream.

    `by_status` has the answers; `failures` the questions without one (`closed`, `connect`, `unreadable`, `silence`
    where none came in time). `right_meanwhile` counts the answers of status 200 that came before the last question had
    left: what a server does under load, without what it does afterwards. `late_ms` is the 99th percentile of how much
    later than meant a question left: what the generator itself adds to an open loop.
    """

    meant: int
    sent: int
    right_meanwhile: int
    unsent: int
    seconds: float
    late_ms: float
    by_status: Mapping[int, Answers] = field(default_factory=dict)
    failures: Mapping[str, int] = field(default_factory=dict)

    @property
    def right(self) -> Answers:
        """The answers of status 200."""
        return self.by_status.get(200, Answers(count=0, p50_ms=0.0, p99_ms=0.0, with_retry_after=0))

    @property
    def wrong(self) -> int:
        """Questions that no answer of status 200 came to, those without a connection among them."""
        return self.meant - self.right.count


def run(port: int, streams: Sequence[Stream], *, core: int | None) -> dict[str, Heard]:
    """What was heard on each stream, by name. Runs this module as a program."""
    order = {"port": port, "streams": [_order(one, port) for one in streams]}
    longest = max(one.after_s + one.seconds + one.patience_s for one in streams)
    command = (sys.executable, "-m", "bench.load.open")
    told = program.said(command, seconds=longest, core=core, stdin=json.dumps(order).encode())
    return {name: _heard(one) for name, one in told.items()}


def _order(stream: Stream, port: int) -> dict[str, Any]:
    told = asdict(stream) | {"request": b64encode(stream.ask.http(port)).decode()}
    del told["ask"]
    return told


def _heard(told: dict[str, Any]) -> Heard:
    by_status = {int(status): Answers(**answers) for status, answers in told.pop("by_status").items()}
    return Heard(by_status=by_status, **told)


async def ask(port: int, stream: Stream, request: bytes) -> Heard:
    """One stream from its first question until its last answer, or the end of its patience."""
    await asyncio.sleep(stream.after_s)
    callers = Callers(port, request, stream.connections)
    started, late, number = perf_counter(), [], 0
    meant = round(stream.per_s * stream.seconds)
    while number < meant:
        due = started + number / stream.per_s
        now = perf_counter()
        if due > now:
            await asyncio.sleep(due - now)
            continue
        late.append(now - due)
        callers.ask()
        number += 1
        if number % 64 == 0:
            await asyncio.sleep(0)  # answers are read meanwhile
    took_s, right_meanwhile = perf_counter() - started, callers.count(200)
    await callers.ended(stream.patience_s)
    return Heard(
        meant=meant,
        sent=callers.sent,
        unsent=callers.unsent,
        right_meanwhile=right_meanwhile,
        seconds=took_s,
        late_ms=percentile(sorted(late), 99) * 1000,
        by_status=callers.by_status(),
        failures=dict(callers.failures),
    )


async def _all(order: dict[str, Any]) -> dict[str, Heard]:
    async def one(told: dict[str, Any]) -> Heard:
        request = b64decode(told.pop("request"))
        return await ask(order["port"], Stream(ask=Ask(), **told), request)

    heard = await asyncio.gather(*(one(told) for told in order["streams"]))
    return {told["name"]: each for told, each in zip(order["streams"], heard, strict=True)}


def main() -> None:
    """The program: an order as JSON in, what was heard as JSON out."""
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    order = json.load(sys.stdin)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        heard = runner.run(_all(order))
    sys.stderr.write(json.dumps({name: asdict(one) for name, one in heard.items()}) + "\n")


if __name__ == "__main__":
    main()
