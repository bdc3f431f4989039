"""Short-lived state in Redis: every worker and every instance shares it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from gateway.errors import CheckUnavailable, SettingsError

__all__ = ["RedisState"]

_PATIENCE_S = 1.0  # longer than any answer of a Redis that is well; a caller waits for it


class RedisState:
    """
    Values in one Redis under `prefix`. Redis itself lets them end.

    Redis must neither evict (`maxmemory-policy noeviction`) nor lose what it has said it keeps (`appendonly
    yes`): `probe` says so where it does.
    """

    is_shared = True

    def __init__(
        self,
        url: str,
        *,
        username: str | None = None,
        password: str | None = None,
        ca_file: Path | None = None,
        prefix: str = "gateway:",
    ) -> None:
        self._prefix = prefix
        options: dict[str, Any] = {"ssl_ca_certs": str(ca_file)} if ca_file is not None else {}
        try:
            self._redis: Redis = Redis.from_url(
                url,
                username=username,
                password=password,
                socket_timeout=_PATIENCE_S,
                socket_connect_timeout=_PATIENCE_S,
                # A connection that Redis closed while it was idle is opened again, once.
                retry=Retry(NoBackoff(), 1),
                **options,
            )
        except ValueError as exc:
            raise SettingsError(f"state.url: {exc}") from None

    async def get(self, key: str) -> bytes | None:
        return cast(bytes | None, await _said(self._redis.get(self._prefix + key)))

    async def put_if_absent(self, key: str, value: bytes, *, ttl_s: float) -> bool:
        return bool(await _said(self._redis.set(self._prefix + key, value, nx=True, px=_ms(ttl_s))))

    async def put(self, key: str, value: bytes, *, ttl_s: float) -> None:
        await _said(self._redis.set(self._prefix + key, value, px=_ms(ttl_s)))

    async def forget(self, key: str) -> None:
        await _said(self._redis.delete(self._prefix + key))

    async def incr(self, key: str, *, ttl_s: float) -> int:
        name = self._prefix + key
        both = self._redis.pipeline(transaction=True)
        both.set(name, 0, nx=True, px=_ms(ttl_s))
        both.incr(name)
        return int((await _said(both.execute()))[-1])

    async def probe(self) -> str:
        await _said(self._redis.ping())
        told: dict[Any, Any] = {}
        try:
            for name in ("maxmemory-policy", "appendonly"):
                told |= await self._redis.config_get(name)
        except RedisError:  # a hosted Redis may keep its settings to itself
            return "Redis (maxmemory-policy and appendonly unknown)"
        return "Redis, " + ", ".join(f"{_text(name)} {_text(value)}" for name, value in told.items())

    async def close(self) -> None:
        await self._redis.aclose()


async def _said(answer: Any) -> Any:
    try:
        return await answer
    except (RedisError, OSError) as exc:
        # The kind alone: a message may quote the address, and with some errors the command.
        raise CheckUnavailable(f"state: Redis: {type(exc).__name__}") from None


def _ms(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
