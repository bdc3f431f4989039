"""From settings to Redis, and what is told of it: one line when it goes, one when it is back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from gateway.errors import SettingsError
from gateway.settings import secret
from gateway.settings_redis import RedisSettings
from gateway.telemetry import Metrics, log

if TYPE_CHECKING:  # what is not configured is not loaded
    from gateway.stores.redis_link import RedisLink

__all__ = ["link"]

Use = Literal["state", "cache"]


def link(section: RedisSettings, use: Use, metrics: Metrics, *, setting: str, timeout_s: float) -> RedisLink:
    """The way to the Redis of this section. Raises SettingsError; contacts nobody."""
    from gateway.stores.redis_link import RedisLink

    if section.url is None:
        raise SettingsError(f"{setting}.url: needed for store = 'redis'")
    return RedisLink(
        section.url,
        setting=f"{setting}.url",
        username=section.username,
        password=secret(section.password_file) if section.password_file is not None else None,
        ca_file=section.ca_file,
        timeout_s=timeout_s,
        told=_Telling(use, metrics),
    )


class _Telling:
    """Metrics and log hear of it."""

    def __init__(self, use: Use, metrics: Metrics) -> None:
        self._use = use
        self._up = metrics.redis_up.labels(use)
        self._failures = metrics.redis_failures.labels(use)
        self._up.set(1)

    def lost(self, kind: str) -> None:
        self._up.set(0)
        log().warning("redis.lost", use=self._use, kind=kind)

    def back(self, away_s: float, refused: int) -> None:
        self._up.set(1)
        log().warning("redis.back", use=self._use, away_s=round(away_s, 3), not_tried=refused)

    def failed(self) -> None:
        self._failures.inc()

    def refused(self, kind: str) -> None:
        log().error("redis.refused", use=self._use, kind=kind)
