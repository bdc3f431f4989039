"""
A second attempt beside the first, where that takes longer than a registry's answers nearly always do.

The first good answer of the two counts; the other attempt is cut off and ends as `overtaken`. Off unless settings say
so: it costs the registry up to its budget for retries.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable
from typing import TypeVar

from gateway.errors import RegistryError

__all__ = ["Late", "race"]

T = TypeVar("T")
_KEPT = 128
_KNOWN = 20
_NEARLY_ALL = 0.95


class Late:
    """
    From when on an answer is late: the time within which 95 of 100 of a dataset's last answers came. Pure.

    An attempt that was overtaken counts with the time that it had taken: without the slow ones the rest would look
    quicker and quicker.
    """

    def __init__(self) -> None:
        self._taken_s: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_KEPT))

    def note(self, dataset: str, elapsed_s: float) -> None:
        """An attempt took so long."""
        self._taken_s[dataset].append(elapsed_s)

    def after_s(self, dataset: str) -> float | None:
        """Seconds from the beginning of an attempt; None while too few answers are known."""
        taken_s = self._taken_s[dataset]
        if len(taken_s) < _KNOWN:
            return None
        return sorted(taken_s)[int(len(taken_s) * _NEARLY_ALL)]


async def race(
    first: Callable[[], Awaitable[T]],
    second: Callable[[], Awaitable[T]],
    *,
    after_s: float,
    may: Callable[[], bool],
    won: Callable[[bool], None],
) -> T:
    """
    What the first or, from `after_s` on and where it `may` begin, the second comes to: whichever is there sooner. One
    that fails leaves it to the other; where both fail, the first one's failure is raised.

    `won` is told before the other is cut off whether it was the second. Both have ended when this returns.
    """
    running = [asyncio.ensure_future(first())]
    try:
        await asyncio.wait(running, timeout=after_s)
        if running[0].done() or not may():
            return await running[0]
        running.append(asyncio.ensure_future(second()))
        waiting = set(running)
        while waiting:
            done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for one in done:
                if isinstance(one.exception(), RegistryError):
                    continue
                won(one is running[1])
                return one.result()  # or whatever nobody foresaw
        return await running[0]
    finally:
        for one in running:
            one.cancel()
        await asyncio.gather(*running, return_exceptions=True)
