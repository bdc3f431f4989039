"""
Sealed rows in Redis that all instances share: so many places and no more, each row with an end of its own.

A row lies at its place's number modulo the number of places, so there is no list of them that could grow or go wrong: a
row that comes where another lies takes its place. Who was forgotten is noted by Redis' own clock, so that instances
whose clocks differ hear of the same.
"""

from __future__ import annotations

import secrets
from collections.abc import Collection, Sequence
from typing import NamedTuple

from gateway.errors import CheckUnavailable
from gateway.stores.redis_link import RedisAway, RedisLink, Script
from gateway.stores.sealed_file import Row

__all__ = ["Found", "Put", "SharedAnswers"]

_PLACE, _NUMBER, _SUBJECT = 32, 16, 32
_HEAD = _PLACE + 2 * _NUMBER + _SUBJECT
_CHUNK = 2_000
_DAY_S = 86_400
_LONGEST_S = 40 * _DAY_S
"""No row is kept for longer, and nobody's being forgotten is forgotten before."""
_MARGIN = 5_000_000
"""Microseconds: clocks of instances may differ by so much, and a row written just now may be one read just before."""

# For each row: its key and that of its turn (or its own again); row, place, instant, life, whether only in the place of
# an older one, and whose the turn is, or nothing.
_PUT = Script.of(
    """
    for number = 0, #KEYS / 2 - 1 do
      local key, turn, at = KEYS[2 * number + 1], KEYS[2 * number + 2], 6 * number
      local there = redis.call('GETRANGE', key, 0, 47)
      local same = string.sub(there, 1, 32) == ARGV[at + 2]
      local newer = same and (tonumber(string.sub(there, 33, 48)) or 0) > tonumber(ARGV[at + 3])
      if not newer and (same or ARGV[at + 5] == '0') then
        redis.call('SET', key, ARGV[at + 1], 'PX', ARGV[at + 4])
      end
      if ARGV[at + 6] ~= '' and redis.call('GET', turn) == ARGV[at + 6] then
        redis.call('DEL', turn)
      end
    end
    """
)
_LEAVE = Script.of(
    """
    if redis.call('GET', KEYS[1]) == ARGV[1] then
      redis.call('DEL', KEYS[1])
    end
    """
)
_NOTE = Script.of(
    """
    local time = redis.call('TIME')
    local now = time[1] * 1000000 + time[2]
    redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1] * 1000000)
    for number = 3, #ARGV do
      redis.call('SET', KEYS[number - 1], string.format('%.0f', now + ARGV[2]), 'EX', ARGV[1])
      redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[number])
    end
    redis.call('EXPIRE', KEYS[1], ARGV[1])
    return string.format('%.0f', now)
    """
)
_DELETE = Script.of(
    """
    local wanted = {}
    for number = 4, #ARGV do wanted[ARGV[number]] = true end
    local deleted = 0
    for number = tonumber(ARGV[2]), tonumber(ARGV[3]) do
      local key = ARGV[1] .. number
      local subject = redis.call('GETRANGE', key, 64, 95)
      if wanted[subject] then deleted = deleted + redis.call('DEL', key) end
    end
    return deleted
    """
)
_NEWS = Script.of(
    """
    local time = redis.call('TIME')
    local now = string.format('%.0f', time[1] * 1000000 + time[2])
    redis.call('ZADD', KEYS[2], now, ARGV[2])
    redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now - ARGV[3] * 1000000)
    redis.call('EXPIRE', KEYS[2], ARGV[3])
    return {now, redis.call('ZRANGEBYSCORE', KEYS[1], ARGV[1], '+inf')}
    """
)


class Found(NamedTuple):
    """What lies in one place: a row, nothing (both are not there), or something that is no row of this place."""

    row: Row | None
    is_strange: bool = False


class Put(NamedTuple):
    """A row to be written, perhaps only in the place of an older one, and the turn that ends with it."""

    row: Row
    only_instead: bool
    turn: bytes | None


class SharedAnswers:
    """The rows of one Redis under `prefix`, in `places` places. Every method raises RedisAway."""

    def __init__(self, link: RedisLink, *, prefix: str, places: int) -> None:
        self._link = link
        self._prefix = prefix
        # Instances with another number of places look elsewhere, and take nothing there for moved.
        self._rows = f"{prefix}answer:{places}:"
        self._places = places
        self._news, self._workers = f"{prefix}forgotten", f"{prefix}workers"
        self.me = secrets.token_hex(8)
        """What this process calls itself there; of no meaning elsewhere."""

    async def look(self, places: Sequence[bytes], subjects: Sequence[str]) -> tuple[list[Found], int]:
        """What lies in each of these places, and until when (microseconds) these subjects are forgotten; 0 if not."""
        keys = [self._key(place) for place in places]
        told = await self._link.run("MGET", *keys, *(f"{self._prefix}forgotten:{one}" for one in subjects))
        found = [self._found(place, value) for place, value in zip(places, told, strict=False)]
        return found, max((_number(value) for value in told[len(keys) :] if value is not None), default=0)

    async def put(self, puts: Sequence[Put]) -> None:
        """Write each, unless a newer one of its place lies there; others wait no longer for its turn."""
        keys: list[str] = []
        values: list[bytes | int | str] = []
        for row, only_instead, turn in puts:
            life_ms = max(min((row.ends - row.at) // 1000, _LONGEST_S * 1000), 1)
            key = self._key(row.place)
            keys += (key, key if turn is None else self._turn(turn))
            values += (_bytes(row), row.place, row.at, life_ms, int(only_instead), "" if turn is None else self.me)
        await self._link.call(_PUT, keys, *values)

    async def drop(self, place: bytes) -> None:
        """Delete what lies there."""
        await self._link.run("DEL", self._key(place))

    async def forget(self, subjects: Collection[str]) -> tuple[int, int]:
        """Delete every row about these, and refuse older ones; how many there were, and when it was noted."""
        markers = [f"{self._prefix}forgotten:{one}" for one in subjects]
        at = int(await self._link.call(_NOTE, [self._news, *markers], _LONGEST_S, _MARGIN, *subjects))
        deleted = 0
        for first in range(0, self._places, _CHUNK):
            last = min(first + _CHUNK, self._places) - 1
            deleted += await self._link.call(_DELETE, [], self._rows, first, last, *subjects)
        return deleted, at

    async def news(self, since: int) -> tuple[int, set[str]]:
        """Who was forgotten since then, and the time now, both by Redis' clock; and that this process has heard."""
        now, subjects = await self._link.call(_NEWS, [self._news, self._workers], since, self.me, _DAY_S)
        return int(now), {one.decode() for one in subjects}

    async def silent_since(self, at: int) -> list[int]:
        """When each process was last heard of that has not asked for news since then, by Redis' clock."""
        told = await self._link.run("ZRANGEBYSCORE", self._workers, 0, f"({at}", "WITHSCORES")
        return [int(float(score)) for _, score in _pairs(told)]

    async def take_turn(self, turn: bytes, *, for_s: float) -> bool:
        """Whether nobody else is at it; if so, others are told that this process is, for so long at most."""
        return bool(await self._link.run("SET", self._turn(turn), self.me, "NX", "PX", max(1, round(for_s * 1000))))

    async def leave_turn(self, turn: bytes) -> None:
        """Others wait no longer."""
        await self._link.call(_LEAVE, [self._turn(turn)], self.me)

    async def probe(self) -> str:
        """A few words on the store. Raises CheckUnavailable instead."""
        try:
            return await self._link.probe()
        except RedisAway as exc:
            raise CheckUnavailable(f"cache: Redis: {exc}") from None

    async def leave(self) -> None:
        """This process keeps nothing any more."""
        await self._link.run("ZREM", self._workers, self.me)

    async def close(self) -> None:
        """Let go of it."""
        await self._link.close()

    def _number_of(self, place: bytes) -> int:
        return int.from_bytes(place[:8], "big") % self._places

    def _key(self, place: bytes) -> str:
        return f"{self._rows}{self._number_of(place)}"

    def _turn(self, turn: bytes) -> str:
        return f"{self._prefix}asking:{turn.hex()[:32]}"

    def _found(self, place: bytes, value: bytes | None) -> Found:
        if value is None:
            return Found(None)
        row = _row(value)
        if row is None or self._number_of(row.place) != self._number_of(place):
            return Found(None, is_strange=True)
        return Found(row if row.place == place else None)


def _bytes(row: Row) -> bytes:
    numbers = f"{row.at:0{_NUMBER}d}{row.ends:0{_NUMBER}d}"
    return row.place + numbers.encode() + row.subject.encode().ljust(_SUBJECT, b"\0") + row.sealed


def _row(value: bytes) -> Row | None:
    if len(value) < _HEAD:
        return None
    place, rest = value[:_PLACE], value[_PLACE:]
    try:
        at, ends = int(rest[:_NUMBER]), int(rest[_NUMBER : 2 * _NUMBER])
        subject = value[_HEAD - _SUBJECT : _HEAD].rstrip(b"\0").decode()
    except ValueError:
        return None
    return Row(place, subject, at, ends, value[_HEAD:])


def _number(value: bytes) -> int:
    try:
        return int(value)
    except ValueError:  # somebody else wrote it: whoever cannot be told apart from forgotten is
        return 1 << 62


def _pairs(told: list[object]) -> list[tuple[object, str]]:
    """Redis says members and scores one after another, or in pairs, as the protocol goes."""
    if told and isinstance(told[0], list | tuple):
        return [(one[0], str(one[1])) for one in told]  # type: ignore[index]
    scores = [one.decode() if isinstance(one, bytes) else str(one) for one in told[1::2]]
    return list(zip(told[::2], scores, strict=True))
