"""
Kept answers that all instances share, in Redis: sealed as in a file, behind each process' own memory.

Whatever is wrong with Redis or a row is a miss, never an answer. While Redis is away nothing is read or written there,
and nobody waits for it; memories go on. What a row is, and what is believed of one, says `kept_row`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from contextlib import suppress
from typing import Any

from gateway.clock import Clock
from gateway.crypto_sealing import Sealer
from gateway.errors import StoreUnavailable
from gateway.lookup.kept_answers import KeptAnswer
from gateway.lookup.kept_row import RowForm, Unbelievable
from gateway.stores.redis_link import RedisAway
from gateway.stores.shared_answers import Put, SharedAnswers

__all__ = ["KeptShared"]

_MOST_WAITING = 1_000
_TOGETHER = 100
_GATHER_S = 0.05
"""How long a row may wait for others, to be written with them: a command costs as much as all of the rest."""
_OVERLAP = 5_000_000
"""Microseconds: what was noted while the last look was made is told by the next one."""


class KeptShared:
    """What one process sees of the shared answers. Nothing but `forget` raises; `alarm` is told what is wrong."""

    is_usable = True

    def __init__(
        self,
        answers: SharedAnswers,
        *,
        sealer: Sealer,
        clock: Clock,
        answer_bytes: int,
        alarm: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.answers = answers
        self._form = RowForm(sealer, clock)
        self._answer_bytes = answer_bytes
        self._alarm = alarm
        self._heard = 0
        self._puts: list[Put] = []
        self._timer: asyncio.TimerHandle | None = None
        self._writing: set[asyncio.Task[None]] = set()

    async def get(self, places: Sequence[bytes], subjects: Sequence[str]) -> KeptAnswer | None:
        """What is kept in the first of these places that has something which can be believed."""
        try:
            found, forgotten = await self.answers.look(places, subjects)
        except RedisAway:
            return None
        for place, one in zip(places, found, strict=True):
            if one.is_strange:
                self._unbelievable(place, "altered")
            elif one.row is not None and one.row.at > forgotten:
                try:
                    return self._form.read(one.row)
                except Unbelievable as exc:
                    self._unbelievable(place, exc.what)
        return None

    async def turn(self, key: bytes, *, for_s: float) -> bool:
        """Whether this process may ask now, for so long; where Redis is away everybody may."""
        try:
            return await self.answers.take_turn(key, for_s=for_s)
        except RedisAway:
            return True

    def leave(self, key: bytes) -> None:
        """Others need not wait any longer."""
        self._later(self.answers.leave_turn(key))

    def put(self, place: bytes, kept: KeptAnswer, *, only_instead: bool = False, turn: bytes | None = None) -> None:
        """
        Write it, where wanted only in the place of an older one; nobody waits for it. One that is too large is kept by
        nobody else, and takes nothing away.
        """
        row = self._form.row(place, kept)
        if len(row.sealed) > self._answer_bytes:
            if turn is not None:
                self.leave(turn)
            return
        if len(self._puts) >= _MOST_WAITING:
            self._alarm("unavailable")
            return
        self._puts.append(Put(row, only_instead, turn))
        if turn is not None or len(self._puts) >= _TOGETHER:
            self._write()
        elif self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_GATHER_S, self._write)

    async def forget(self, subjects: Collection[str]) -> int:
        """Delete every row about these pseudonyms; how many there were. Raises StoreUnavailable."""
        try:
            deleted, _ = await self.answers.forget(subjects)
        except RedisAway as exc:
            raise StoreUnavailable(f"cache: Redis: {exc}") from None
        return deleted

    async def news(self) -> set[str]:
        """Who was forgotten, here or by another process, since this was last told."""
        try:
            now, subjects = await self.answers.news(self._heard - _OVERLAP)
        except RedisAway:
            return set()
        self._heard = now
        return subjects

    async def flush(self) -> None:
        """Return once what waits is written, as far as it can be."""
        self._write()
        while self._writing:
            await asyncio.wait(self._writing)

    async def close(self) -> None:
        """Write what waits, and let go of Redis."""
        await self.flush()
        with suppress(RedisAway):
            await self.answers.leave()
        await self.answers.close()

    def _write(self) -> None:
        """Write what waits, together."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        puts, self._puts = self._puts, []
        if puts:
            self._later(self._put(puts))

    async def _put(self, puts: Sequence[Put]) -> None:
        await self.answers.put(puts)
        for row, only_instead, _ in puts:
            if not only_instead:
                self._form.written(row)

    def _unbelievable(self, place: bytes, what: str) -> None:
        if what:
            self._alarm(what)
        self._later(self.answers.drop(place))

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        if len(self._writing) >= _MOST_WAITING:
            work.close()
            self._alarm("unavailable")
            return
        task = asyncio.create_task(_done(work))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)


async def _done(work: Coroutine[Any, Any, None]) -> None:
    with suppress(RedisAway):
        await work
