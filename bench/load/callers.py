"""Connections that ask now and then: idle ones first, new ones as far as there may be more."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import dataclass
from time import perf_counter

from bench.figures import percentile
from bench.load.reading import Reading

__all__ = ["Answers", "Callers"]

_RETRY_AFTER = b"\r\nretry-after:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """How many answers of one status there were, and how long they took."""

    count: int
    p50_ms: float
    p99_ms: float
    with_retry_after: int


class Callers:
    """All connections of one stream."""

    def __init__(self, port: int, request: bytes, most: int) -> None:
        self._port = port
        self._request = request
        self._left = most
        self._idle: list[_Caller] = []
        self._open: set[_Caller] = set()
        self._connecting: set[asyncio.Task[None]] = set()
        self._latencies_s: dict[int, list[float]] = {}
        self._with_retry_after: Counter[int] = Counter()
        self.failures: Counter[str] = Counter()
        self.sent = self.unsent = 0

    def ask(self) -> None:
        while self._idle:
            caller = self._idle.pop()
            if not caller.transport.is_closing():
                self.sent += 1
                caller.ask(self._request)
                return
        if not self._left:
            self.unsent += 1
            return
        self._left -= 1
        self.sent += 1
        task = asyncio.ensure_future(self._connected(perf_counter()))
        self._connecting.add(task)
        task.add_done_callback(self._connecting.discard)

    def answered(self, caller: _Caller, status: int, elapsed_s: float, *, retry_after: bool) -> None:
        self._latencies_s.setdefault(status, []).append(elapsed_s)
        self._with_retry_after[status] += retry_after
        self._idle.append(caller)

    def gone(self, caller: _Caller, kind: str | None) -> None:
        """A connection has ended, with a question open where there is a `kind` of failure."""
        if caller not in self._open:
            return
        self._open.discard(caller)
        self._left += 1
        if kind is not None:
            self.failures[kind] += 1

    async def ended(self, patience_s: float) -> None:
        """Come back when every question has its end."""
        until = perf_counter() + patience_s
        # What is waited for happens in many places.
        while perf_counter() < until and (  # noqa: ASYNC110
            self._connecting or any(one.is_asking for one in self._open)
        ):
            await asyncio.sleep(0.02)
        for task in tuple(self._connecting):
            task.cancel()
            self.failures["connect"] += 1
        for caller in tuple(self._open):
            self.gone(caller, "silence" if caller.is_asking else None)
            caller.transport.abort()

    def count(self, status: int) -> int:
        return len(self._latencies_s.get(status, ()))

    def by_status(self) -> dict[int, Answers]:
        told = {}
        for status, latencies_s in self._latencies_s.items():
            ordered = sorted(latencies_s)
            p50, p99 = (percentile(ordered, percent) * 1000 for percent in (50, 99))
            told[status] = Answers(
                count=len(ordered), p50_ms=p50, p99_ms=p99, with_retry_after=self._with_retry_after[status]
            )
        return told

    async def _connected(self, asked: float) -> None:
        loop = asyncio.get_running_loop()
        try:
            _, caller = await loop.create_connection(lambda: _Caller(self), "127.0.0.1", self._port)
        except OSError:
            self._left += 1
            self.failures["connect"] += 1
            return
        self._open.add(caller)
        caller.ask(self._request, since=asked)


class _Caller(Reading):
    """One connection, with one question at most."""

    def __init__(self, callers: Callers) -> None:
        super().__init__()
        self._callers = callers
        self.is_asking = False

    def ask(self, request: bytes, since: float | None = None) -> None:
        self.is_asking = True
        self._asked = since if since is not None else perf_counter()
        self.transport.write(request)

    def answered(self, answer: bytearray) -> None:
        self.is_asking = False
        elapsed_s, status = perf_counter() - self._asked, int(answer[9:12])
        retry_after = status != 200 and _RETRY_AFTER in answer.lower()
        self._callers.answered(self, status, elapsed_s, retry_after=retry_after)

    def failed(self, kind: str) -> None:
        self._callers.gone(self, kind if self.is_asking else None)
        self.is_asking = False
        self.transport.abort()
