"""Short-lived state in Redis: every worker and every instance shares it."""

from __future__ import annotations

from typing import Any, cast

from gateway.errors import CheckUnavailable
from gateway.stores.redis_link import RedisAway, RedisLink, Script

__all__ = ["RedisState"]

# A count whose end was lost would never end: so the end is looked for each time, and set where there is none.
_ADD = Script.of(
    """
    local count = redis.call('INCRBY', KEYS[1], ARGV[1])
    local left = redis.call('PTTL', KEYS[1])
    if left < 0 then
      left = tonumber(ARGV[2])
      redis.call('PEXPIRE', KEYS[1], left)
    end
    return {count, left}
    """
)


class RedisState:
    """
    Values in one Redis under `prefix`. Redis itself lets them end.

    Redis must neither evict (`maxmemory-policy noeviction`) nor lose what it has said it keeps (`appendonly
    yes`): `probe` says so where it does.
    """

    is_shared = True

    def __init__(self, link: RedisLink, *, prefix: str = "gateway:") -> None:
        self._link = link
        self._prefix = prefix

    async def get(self, key: str) -> bytes | None:
        return cast(bytes | None, await self._run("GET", self._prefix + key))

    async def put_if_absent(self, key: str, value: bytes, *, ttl_s: float) -> bool:
        return bool(await self._run("SET", self._prefix + key, value, "NX", "PX", _ms(ttl_s)))

    async def put(self, key: str, value: bytes, *, ttl_s: float) -> None:
        await self._run("SET", self._prefix + key, value, "PX", _ms(ttl_s))

    async def forget(self, key: str) -> None:
        await self._run("DEL", self._prefix + key)

    async def incr(self, key: str, *, ttl_s: float) -> int:
        return (await self.add(key, 1, ttl_s=ttl_s))[0]

    async def add(self, key: str, number: int, *, ttl_s: float) -> tuple[int, float]:
        try:
            count, left_ms = await self._link.call(_ADD, [self._prefix + key], number, _ms(ttl_s))
        except RedisAway as exc:
            raise CheckUnavailable(f"state: Redis: {exc}") from None
        return int(count), left_ms / 1000

    async def probe(self) -> str:
        try:
            return await self._link.probe()
        except RedisAway as exc:
            raise CheckUnavailable(f"state: Redis: {exc}") from None

    async def close(self) -> None:
        await self._link.close()

    async def _run(self, *command: Any) -> Any:
        try:
            return await self._link.run(*command)
        except RedisAway as exc:
            raise CheckUnavailable(f"state: Redis: {exc}") from None


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))
