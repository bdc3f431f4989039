"""
Faults that no case file can show: silence, a stalled body, a reset, garbage, another person's answer.

A `Fault` is set for a registry and drawn for each of its requests; `inflict` carries it out on the connection.
`kinds` says how each one is done; the proxy puts the same faults in front of any server.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from mocks.kinds import CARRIED_OUT, SIZED, Crossing, Exchange, Stopped
from mocks.line import RequestLine
from mocks.stand_in import Answer

__all__ = ["KINDS", "Fault", "Faults", "inflict", "inflicted_on", "parsed", "response"]

KINDS = tuple(CARRIED_OUT)
_LARGEST = 1 << 40


@dataclass(frozen=True, slots=True)
class Fault:
    """
    One way to fail.

    Args:
        kind: a word of `KINDS`.
        times: how many requests it hits before it is over; None for every one until it is cleared.
        percent: how many of a hundred requests it hits.
        delay_s: how long whatever the kind delays takes; 0 is the kind's own measure.
        jitter_s: by how much `delay_s` may be more or less, drawn anew for each request.
        size: how many bytes, for kinds that count them; 0 is the kind's own measure.
        path: hits only requests whose path holds this, such as "token"; "" hits all.
    """

    kind: str
    times: int | None = None
    percent: int = 100
    delay_s: float = 0.0
    jitter_s: float = 0.0
    size: int = 0
    path: str = ""

    def __post_init__(self) -> None:
        if self.kind not in CARRIED_OUT:
            raise ValueError(f"fault must be one of {', '.join(KINDS)}")
        if self.times is not None and self.times < 1:
            raise ValueError("times must be 1 or more, or left out")
        if not 0 <= self.percent <= 100:
            raise ValueError("percent must be 0 to 100")
        if not 0 <= self.delay_s <= 3600:
            raise ValueError("delay_s must be 0 to 3600")
        if not 0 <= self.jitter_s <= 3600:
            raise ValueError("jitter_s must be 0 to 3600")
        if not isinstance(self.size, int) or not 0 <= self.size <= _LARGEST:
            raise ValueError(f"size must be a whole number, 0 to {_LARGEST}")
        if not isinstance(self.path, str):
            raise TypeError("path must be a text")


def parsed(text: str) -> Fault:
    """`drip:0.2` as a fault: the figure is what the kind measures, bytes or seconds. Raises ValueError."""
    kind, _, figure = text.partition(":")
    if kind in SIZED:
        return Fault(kind, size=int(figure or 0))
    return Fault(kind, delay_s=float(figure or 0))


class Faults:
    """Which registry fails, and how. At most one fault for each."""

    def __init__(self, dice: Callable[[], float]) -> None:
        """`dice` gives a number from 0 up to 1 for each draw of a fault that does not hit every request."""
        self._dice = dice
        self._faults: dict[str, Fault] = {}
        self._crossings: dict[str, Crossing] = {}

    def set(self, registry: str, fault: Fault) -> None:
        """Let `registry` fail from now on."""
        self._faults[registry] = fault

    def clear(self, registry: str | None = None) -> None:
        """Let one registry, or every one, work again. Requests already hit are not healed."""
        if registry is None:
            self._faults.clear()
        else:
            self._faults.pop(registry, None)

    def current(self) -> Mapping[str, Fault]:
        """The faults in force, by registry."""
        return dict(self._faults)

    def crossing(self, registry: str) -> Crossing:
        """Where answers of this registry change places."""
        return self._crossings.setdefault(registry, Crossing())

    def draw(self, registry: str, path: str) -> Fault | None:
        """The fault that hits this request, with its jitter decided; it counts towards `times`."""
        fault = self._faults.get(registry)
        if fault is None or fault.path not in path:
            return None
        if fault.percent < 100 and self._dice() * 100 >= fault.percent:
            return None
        if fault.times is not None:
            if fault.times == 1:
                del self._faults[registry]
            else:
                self._faults[registry] = replace(fault, times=fault.times - 1)
        if fault.jitter_s:
            late = fault.delay_s + fault.jitter_s * (2 * self._dice() - 1)
            return replace(fault, delay_s=max(0.0, late), jitter_s=0.0)
        return fault


async def inflict(fault: Fault, exchange: Exchange) -> None:
    """Fail as `fault` says. Ends when the client goes away or the server stops."""
    try:
        await CARRIED_OUT[fault.kind](fault, exchange)
    except (Stopped, ConnectionError):
        exchange.line.cut()


async def inflicted_on(
    request: web.Request,
    fault: Fault,
    *,
    answer: Callable[[], Answer],
    another: Callable[[], Answer],
    stopping: asyncio.Event,
    crossing: Crossing,
) -> web.StreamResponse:
    """Fail at a request to an aiohttp server, by cancellation too when its client goes away."""

    async def due() -> Answer:
        return answer()

    async def other() -> Answer:
        return another()

    with suppress(ConnectionError):
        await inflict(fault, Exchange(due, other, RequestLine(request), stopping, crossing))
    return _Written()


def response(answer: Answer) -> web.Response:
    """An answer as aiohttp sends it."""
    return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


class _Written(web.StreamResponse):
    """Nothing more to write: the fault has seen to that."""

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        return None

    async def write_eof(self, data: bytes = b"") -> None:
        return None

    @property
    def keep_alive(self) -> bool:
        return True
