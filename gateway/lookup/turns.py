"""
When each question of a plan may be asked: at once, or once those are over that it waits for.

A question waits for those that bring its keys, and for earlier results where another way of its paper goes first. For
earlier results it waits no longer than a while, so that a store that hangs takes no time from the registry.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import suppress

from gateway.lookup.asked import Asked
from gateway.lookup.plan_desk import Desk, Use

__all__ = ["Turns"]


class Turns:
    """The turns of one plan's questions. Whoever asks one says when it is over."""

    def __init__(self, desk: Desk, asked: Iterable[Asked], patience_s: float) -> None:
        """`patience_s` is how long earlier results are waited for, from now on."""
        self._desk = desk
        self._over = {one.lookup_id: asyncio.Event() for one in asked}
        self._until = asyncio.get_running_loop().time() + patience_s

    def over(self, one: Asked) -> None:
        """Nothing more becomes of it."""
        self._over[one.lookup_id].set()

    def waits(self, one: Asked) -> bool:
        """Whether its turn is not at once."""
        return bool(one.feeds) or all(use.behind for use in self._desk.uses(one))

    async def comes(self, one: Asked) -> bool:
        """
        Whether it is to be asked, as soon as that is known; its query is whole then. Of the papers that need it the
        first that is ready counts.
        """
        if not self.waits(one):
            return True
        ready = [asyncio.create_task(self._is_ready(one, use)) for use in self._desk.uses(one)]
        try:
            for known in asyncio.as_completed(ready):
                if await known:
                    return True
            return False
        finally:
            for task in ready:
                task.cancel()

    async def _is_ready(self, one: Asked, use: Use) -> bool:
        if use.behind:
            with suppress(TimeoutError):
                async with asyncio.timeout_at(self._until):
                    await self._ended(use.behind)
            if self._desk.is_replaced(use):
                return False
        await self._ended(feed.source for feed in one.feeds)
        return not one.feeds or self._desk.feed(one, use)

    async def _ended(self, several: Iterable[Asked]) -> None:
        for one in several:
            await self._over[one.lookup_id].wait()
