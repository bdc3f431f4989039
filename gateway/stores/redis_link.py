"""
The way to one Redis or Valkey: each command has a short time, and while there is no answer nobody waits for one.

The first command without an answer closes the way. From then on every command fails at once, and a task of its own
looks again until Redis answers: so a Redis that hangs delays those who are under way, once, and nobody after them.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from gateway.errors import SettingsError

__all__ = ["RedisAway", "RedisLink", "Script", "Told", "Untold"]

_CONNECTIONS = 64
_LOOK_AGAIN_S = (0.05, 0.1, 0.25, 0.5, 1.0)
"""How long after each vain look the next one comes; the last one stays."""
_REFUSED_AGAIN_S = 60.0


class RedisAway(Exception):
    """Redis did not do it: it does not answer, or refuses. The message is the kind of failure alone."""


class Told(Protocol):
    """Who hears how the way is. Must be quick and must not raise."""

    def lost(self, kind: str) -> None:
        """Redis does not answer any more. Once for each outage."""

    def back(self, away_s: float, refused: int) -> None:
        """It does again: after how long, and how many commands nobody tried meanwhile."""

    def failed(self) -> None:
        """One command was not done."""

    def refused(self, kind: str) -> None:
        """Redis answers, and does not do what it is told, such as a full one. At most once a minute."""


class Untold:
    """Nobody listens."""

    def lost(self, kind: str) -> None: ...

    def back(self, away_s: float, refused: int) -> None: ...

    def failed(self) -> None: ...

    def refused(self, kind: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Script:
    """What Redis does in one step, in Lua."""

    text: str
    digest: str

    @classmethod
    def of(cls, text: str) -> Script:
        """The script with the digest that Redis knows it by."""
        return cls(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


class RedisLink:
    """Commands to one Redis. `run` and `call` raise RedisAway and nothing else."""

    def __init__(
        self,
        url: str,
        *,
        setting: str,
        username: str | None = None,
        password: str | None = None,
        ca_file: Path | None = None,
        timeout_s: float = 0.25,
        told: Told | None = None,
    ) -> None:
        """`setting` names where the address stands. Raises SettingsError; contacts nobody."""
        self._timeout_s = timeout_s
        self._told = told or Untold()
        self._away_since: float | None = None
        self._not_tried = 0
        self._refused_until = 0.0
        self._looking: asyncio.Task[None] | None = None
        options: dict[str, Any] = {"ssl_ca_certs": str(ca_file)} if ca_file is not None else {}
        try:
            pool = ConnectionPool.from_url(
                url,
                username=username,
                password=password,
                socket_timeout=None,  # the whole command has one time, which is kept here
                socket_connect_timeout=None,
                # Nothing is sent twice: whoever counts would count twice, and a nonce would be its own replay.
                retry=Retry(NoBackoff(), 0),
                **options,
            )
        except ValueError as exc:
            raise SettingsError(f"{setting}: {exc}") from None
        self._places = asyncio.Semaphore(_CONNECTIONS)
        self._redis: Redis = Redis.from_pool(pool)
        self._execute: Callable[..., Awaitable[Any]] = self._redis.execute_command

    @property
    def is_away(self) -> bool:
        """Whether nothing is asked of it just now."""
        return self._away_since is not None

    async def run(self, *command: Any) -> Any:
        """What Redis says to the command."""
        if self._away_since is not None:
            self._not_tried += 1
            self._told.failed()
            raise RedisAway("away")
        try:
            async with asyncio.timeout(self._timeout_s), self._places:
                return await self._execute(*command)
        except NoScriptError:
            raise
        except (RedisConnectionError, RedisTimeoutError, OSError) as exc:
            self._told.failed()
            self._lost(type(exc).__name__)
            raise RedisAway(type(exc).__name__) from None
        except RedisError as exc:
            self._told.failed()
            self._refused(type(exc).__name__)
            # The kind alone: a message may quote the command.
            raise RedisAway(type(exc).__name__) from None

    async def call(self, script: Script, keys: list[str], *values: Any) -> Any:
        """What the script says."""
        try:
            return await self.run("EVALSHA", script.digest, len(keys), *keys, *values)
        except NoScriptError:  # Redis has been started again, or never heard of it
            return await self.run("EVAL", script.text, len(keys), *keys, *values)

    async def probe(self) -> str:
        """Try it, whether or not it was away; a few words on how it keeps what it is given. Raises RedisAway."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await self._redis.ping()
        except (RedisError, OSError) as exc:
            raise RedisAway(type(exc).__name__) from None
        told: dict[Any, Any] = {}
        try:
            async with asyncio.timeout(self._timeout_s):
                for name in ("maxmemory-policy", "appendonly"):
                    told |= await self._redis.config_get(name)
        except (RedisError, OSError):  # a hosted Redis may keep its settings to itself
            return "Redis (maxmemory-policy and appendonly unknown)"
        return "Redis, " + ", ".join(f"{_text(name)} {_text(value)}" for name, value in told.items())

    async def close(self) -> None:
        """Let go of every connection."""
        if self._looking is not None:
            self._looking.cancel()
            with suppress(asyncio.CancelledError):
                await self._looking
        with suppress(RedisError, OSError):
            async with asyncio.timeout(self._timeout_s):
                await self._redis.aclose(close_connection_pool=True)

    def _lost(self, kind: str) -> None:
        if self._away_since is not None:
            return
        loop = asyncio.get_running_loop()
        self._away_since, self._not_tried = loop.time(), 0
        self._told.lost(kind)
        self._looking = loop.create_task(self._look_again())

    async def _look_again(self) -> None:
        loop = asyncio.get_running_loop()
        for number in range(1 << 62):
            await asyncio.sleep(_LOOK_AGAIN_S[min(number, len(_LOOK_AGAIN_S) - 1)])
            with suppress(RedisError, OSError):
                async with asyncio.timeout(self._timeout_s):
                    await self._redis.ping()
                since, self._away_since = self._away_since or loop.time(), None
                self._told.back(loop.time() - since, self._not_tried)
                return

    def _refused(self, kind: str) -> None:
        now = asyncio.get_running_loop().time()
        if now >= self._refused_until:
            self._refused_until = now + _REFUSED_AGAIN_S
            self._told.refused(kind)


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value
