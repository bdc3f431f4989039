"""The clock, as an argument: the only place that reads the machine's time."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Protocol

__all__ = ["VIETNAM", "Clock", "SystemClock"]

VIETNAM = timezone(timedelta(hours=7))
"""The province's time: what an office's day and hours are read in. No summer time since 1975."""


class Clock(Protocol):
    """`now` is for what people and registries read; durations come from `monotonic` alone."""

    def now(self) -> datetime:
        """The present moment in UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back."""

    async def sleep(self, seconds: float) -> None:
        """Let that much time pass."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    # The function itself: a question looks at it twenty to thirty times.
    monotonic = staticmethod(time.monotonic)

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
