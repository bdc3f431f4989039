"""
A registry's quota that several processes use up together: each takes a share of what is left, and spends it by itself.

A share is a twentieth of what is left and at most a hundred requests, so that few requests wait for the shared count,
and the last ones are taken one by one: all together never make more than the registry allows. What a process has taken
and not spent is lost when its minute or day ends.

While the shared count is away each process keeps to its part of the quota by itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from gateway.channel.quota import MINUTE_S, Quota, QuotaPolicy, Window
from gateway.clock import Clock
from gateway.errors import CheckUnavailable
from gateway.stores.state import State

__all__ = ["Shares"]

_PARTS, _MOST = 20, 100


@dataclass(slots=True)
class _Period:
    """
    A minute or a day: `left` of its `limit` is nobody's yet, `own` this process may still spend, until `ends`
    (monotonic).
    """

    key: str
    limit: int
    lasts_s: Callable[[], float]
    left: int
    own: int = 0
    began: float = 0.0
    ends: float = 0.0
    taking: asyncio.Lock = field(default_factory=asyncio.Lock)

    def is_closed(self, batch: bool, counter_share: float) -> bool:
        """Whether nothing may be spent, by a batch not even what there is."""
        return self.left + self.own <= (self.limit * counter_share if batch else 0)

    def window(self) -> Window:
        """How it stands for all."""
        return Window(self.limit, self.began, self.ends, self.limit - self.left - self.own)


class Shares:
    """`take` before each request. Only what settings limit is shared; what a registry says itself it says to each."""

    def __init__(
        self,
        policy: QuotaPolicy,
        counts: State,
        clock: Clock,
        *,
        registry: str,
        day_left_s: Callable[[], float],
        sharers: int,
    ) -> None:
        """`sharers` says how many processes there are: the part of each while the shared count is away."""
        self._counts = counts
        self._clock = clock
        self._counter_share = policy.counter_share
        limits = (("minute", policy.per_minute, lambda: MINUTE_S), ("day", policy.per_day, day_left_s))
        self._periods = [
            _Period(f"quota:{registry}:{name}", limit, lasts_s, left=limit)
            for name, limit, lasts_s in limits
            if limit is not None
        ]
        self._alone = Quota(_part(policy, sharers), day_left_s)

    async def take(self, *, batch: bool) -> float | None:
        """None where a request may be made, which then counts; else the instant from which on there is room again."""
        try:
            while True:
                closed = [ends for period in self._periods if (ends := await self._closed(period, batch)) is not None]
                if closed:
                    return max(closed)
                if all(period.own > 0 for period in self._periods):
                    break  # nobody else has spent it while the other period was looked at
        except CheckUnavailable:
            return self._alone.take(self._clock.monotonic(), batch=batch)
        self.count(1)
        self._alone.take(self._clock.monotonic(), batch=False)  # it knows how much of its part is gone already
        return None

    def count(self, requests: int) -> None:
        """So many were made."""
        for period in self._periods:
            period.own -= requests

    def left(self) -> int | None:
        """The least that is left to all in any period, as far as this process knows; None where nothing is limited."""
        now = self._clock.monotonic()
        return min(
            (one.left + max(one.own, 0) if now < one.ends else one.limit for one in self._periods),
            default=None,
        )

    def runs_out_at(self, now: float) -> float | None:
        """The instant at which, at the present pace of all, the first limit is reached; None where it lasts."""
        times = [at for one in self._periods if now < one.ends and (at := one.window().runs_out_at(now)) is not None]
        return min(times, default=None)

    async def _closed(self, period: _Period, batch: bool) -> float | None:
        """Until when nothing may be spent; None once there is something to spend."""
        async with period.taking:
            now = self._clock.monotonic()
            if now >= period.ends:
                period.left, period.own = period.limit, min(period.own, 0)
            while period.own <= 0:
                if period.left <= 0:
                    return period.ends
                await self._more(period)
            return period.ends if period.is_closed(batch, self._counter_share) else None

    async def _more(self, period: _Period) -> None:
        share = max(1, min(period.left // _PARTS, _MOST))
        taken, left_s = await self._counts.add(period.key, share, ttl_s=period.lasts_s())
        now = self._clock.monotonic()
        if now >= period.ends:
            period.began = now
        period.ends = now + left_s
        period.own += share - min(share, max(taken - period.limit, 0))
        period.left = max(period.limit - taken, 0)


def _part(policy: QuotaPolicy, sharers: int) -> QuotaPolicy:
    def part(limit: int | None) -> int | None:
        return None if limit is None else max(limit // sharers, 1)

    return QuotaPolicy(
        per_minute=part(policy.per_minute), per_day=part(policy.per_day), counter_share=policy.counter_share
    )
