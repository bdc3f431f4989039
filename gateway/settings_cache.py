"""Kept answers, as settings: where, how many, and what becomes of a fetch for which nobody waits."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from gateway.settings_credentials import Section
from gateway.settings_redis import Prefix, RedisSettings

__all__ = ["CacheRedisSettings", "CacheSettings"]


class CacheRedisSettings(RedisSettings):
    """A Redis or Valkey of kept answers, all of them sealed."""

    timeout_s: float = Field(0.1, gt=0, le=5, description="How long one command to it may take, in seconds.")
    prefix: Prefix = Field("gateway-answers:", description="What every key of kept answers begins with.")
    places: int = Field(50_000, ge=1, le=10_000_000, description="Most answers kept there.")
    answer_bytes: int = Field(16_384, ge=1024, le=1024 * 1024, description="Largest answer kept there.")


class CacheSettings(Section):
    """Answers that are kept for callers who accept them (`max_age_s`), and fetches that equal questions share."""

    store: Literal["off", "memory", "file", "redis"] = Field(
        "memory", description="Where answers are kept; `off` neither keeps nor shares any."
    )
    file: Path | None = Field(None, description="The file of `file`, sealed, on a local disk.")
    file_bytes: int = Field(256 * 1024 * 1024, ge=1024 * 1024, description="Largest size of it.")
    redis: CacheRedisSettings | None = Field(None, description="The Redis of `redis`.")
    entries: int = Field(10_000, ge=1, le=1_000_000, description="Most answers kept in each worker's memory.")
    size_bytes: int = Field(32 * 1024 * 1024, ge=64 * 1024, description="Most bytes of them.")
    nobody_waits: Literal["cancel", "finish"] = Field(
        "cancel", description="What becomes of a shared fetch for which nobody waits any more."
    )

    @model_validator(mode="after")
    def _file_is_named(self) -> Self:
        if (self.store == "file") != (self.file is not None):
            raise ValueError('store = "file" and file go together: set both or neither')
        if (self.store == "redis") != (self.redis is not None and self.redis.url is not None):
            raise ValueError('store = "redis" and redis.url go together: set both or neither')
        return self
