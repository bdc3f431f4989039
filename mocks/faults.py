"""
Faults that no case file can show: silence, a stalled body, a reset, garbage, another person's answer.

A `Fault` is set for a registry, or for one of its datasets, and drawn for each request; `inflict` carries it out on the
connection.
`kinds` says how each one is done; the proxy puts the same faults in front of any server.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from statistics import NormalDist

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

from mocks.kinds import CARRIED_OUT, SIZED, Crossing, Exchange, Stopped
from mocks.line import RequestLine
from mocks.stand_in import Answer

__all__ = ["KINDS", "PROFILES", "Fault", "Faults", "inflict", "inflicted_on", "parsed", "response"]

KINDS = tuple(CARRIED_OUT)
_LARGEST = 1 << 40
_LONGEST_S = 3600

PROFILES: Mapping[str, tuple[float, float]] = {
    "near": (0.03, 0.4),
    "usual": (0.25, 0.6),
    "busy": (1.5, 0.8),
    "overloaded": (6.0, 1.0),
}
"""Latencies as they are spread: median in seconds, sigma of the logarithm. Invented: no registry's are published."""


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
        profile: a word of `PROFILES`, by which `delay_s` is drawn for each request; "" takes `delay_s` as it is.
        after_s: when it begins, counted from when it is set.
        for_s: how long it lasts from then on; None until it is cleared.
    """

    kind: str
    times: int | None = None
    percent: int = 100
    delay_s: float = 0.0
    jitter_s: float = 0.0
    size: int = 0
    path: str = ""
    profile: str = ""
    after_s: float = 0.0
    for_s: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in CARRIED_OUT:
            raise ValueError(f"fault must be one of {', '.join(KINDS)}")
        if self.times is not None and (not isinstance(self.times, int) or self.times < 1):
            raise ValueError("times must be a whole number, 1 or more, or left out")
        if not 0 <= self.percent <= 100:
            raise ValueError("percent must be 0 to 100")
        if not 0 <= self.delay_s <= _LONGEST_S:
            raise ValueError("delay_s must be 0 to 3600")
        if not 0 <= self.jitter_s <= _LONGEST_S:
            raise ValueError("jitter_s must be 0 to 3600")
        if not isinstance(self.size, int) or not 0 <= self.size <= _LARGEST:
            raise ValueError(f"size must be a whole number, 0 to {_LARGEST}")
        if not isinstance(self.path, str):
            raise TypeError("path must be a text")
        if self.profile not in {"", *PROFILES}:
            raise ValueError(f"profile must be one of {', '.join(PROFILES)}, or left out")
        if not 0 <= self.after_s <= 24 * _LONGEST_S:
            raise ValueError("after_s must be 0 to 86400")
        if self.for_s is not None and not 0 < self.for_s <= 24 * _LONGEST_S:
            raise ValueError("for_s must be above 0 and at most 86400, or left out")


def parsed(text: str) -> Fault:
    """`drip:0.2` as a fault: the figure is what the kind measures, bytes or seconds. Raises ValueError."""
    kind, _, figure = text.partition(":")
    if kind in SIZED:
        return Fault(kind, size=int(figure or 0))
    return Fault(kind, delay_s=float(figure or 0))


class Faults:
    """
    Who fails, and how. A target is a registry, or one of its datasets (`dancu.household`); it may have several faults,
    of which the first that hits is carried out. Those of a dataset come before its registry's.

    Args:
        dice: gives a number from 0 up to 1 for each draw of a fault that does not hit every request.
        operations: by registry and dataset what the dataset is called on the wire. Datasets of one name fail together.
        clock: seconds, for faults that begin later or end by themselves.
    """

    def __init__(
        self,
        dice: Callable[[], float],
        operations: Mapping[str, Mapping[str, frozenset[str]]] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._dice = dice
        self._operations = operations or {}
        self._clock = clock
        self._faults: dict[str, list[tuple[Fault, float]]] = {}
        self._crossings: dict[str, Crossing] = {}

    def knows(self, target: str) -> bool:
        """Whether there is such a registry or dataset."""
        registry, _, dataset = target.partition(".")
        return registry in self._operations and (not dataset or dataset in self._operations[registry])

    def set(self, target: str, *faults: Fault) -> None:
        """Let the target fail from now on, in these ways and no other."""
        now = self._clock()
        self._faults[target] = [(fault, now) for fault in faults]

    def clear(self, target: str | None = None) -> None:
        """Let a registry with its datasets, one dataset, or everybody work again. Requests hit are not healed."""
        for each in [one for one in self._faults if target is None or one == target or one.startswith(f"{target}.")]:
            del self._faults[each]

    def current(self) -> Mapping[str, tuple[Fault, ...]]:
        """The faults that are in force or are to come, by target."""
        now = self._clock()
        left = {target: [one for one in faults if not _is_over(*one, now)] for target, faults in self._faults.items()}
        return {target: tuple(fault for fault, _ in faults) for target, faults in left.items() if faults}

    def crossing(self, registry: str) -> Crossing:
        """Where answers of this registry change places."""
        return self._crossings.setdefault(registry, Crossing())

    def draw(self, registry: str, path: str, operation: str = "") -> Fault | None:
        """The fault that hits this request, with its delay decided; it counts towards `times`."""
        if not self._faults:
            return None
        datasets = (name for name, called in self._operations.get(registry, {}).items() if operation in called)
        for target in (*(f"{registry}.{name}" for name in datasets), registry):
            for place, (fault, since) in enumerate(self._faults.get(target, ())):
                if self._hits(fault, since, path):
                    self._count(target, place, fault, since)
                    return self._decided(fault)
        return None

    def _hits(self, fault: Fault, since: float, path: str) -> bool:
        now = self._clock()
        if fault.path not in path or now < since + fault.after_s or _is_over(fault, since, now):
            return False
        return fault.percent == 100 or self._dice() * 100 < fault.percent

    def _count(self, target: str, place: int, fault: Fault, since: float) -> None:
        if fault.times == 1:
            del self._faults[target][place]
        elif fault.times is not None:
            self._faults[target][place] = (replace(fault, times=fault.times - 1), since)

    def _decided(self, fault: Fault) -> Fault:
        if fault.profile:
            median_s, sigma = PROFILES[fault.profile]
            # The dice may show 0, for which there is no quantile.
            drawn = NormalDist().inv_cdf(min(max(self._dice(), 1e-6), 1 - 1e-6))
            return replace(fault, delay_s=min(median_s * math.exp(sigma * drawn), _LONGEST_S), profile="")
        if fault.jitter_s:
            late = fault.delay_s + fault.jitter_s * (2 * self._dice() - 1)
            return replace(fault, delay_s=max(0.0, late), jitter_s=0.0)
        return fault


def _is_over(fault: Fault, since: float, now: float) -> bool:
    return fault.for_s is not None and now >= since + fault.after_s + fault.for_s


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
    expired: Callable[[], Answer],
    stopping: asyncio.Event,
    crossing: Crossing,
) -> web.StreamResponse:
    """Fail at a request to an aiohttp server, by cancellation too when its client goes away."""

    async def due() -> Answer:
        return answer()

    async def other() -> Answer:
        return another()

    async def late() -> Answer:
        return expired()

    with suppress(ConnectionError):
        await inflict(fault, Exchange(due, other, RequestLine(request), stopping, crossing, expired=late))
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
