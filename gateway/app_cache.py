"""Kept answers, from settings."""

from __future__ import annotations

import asyncio
import hashlib
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from gateway import __version__, app_redis
from gateway.clock import Clock, SystemClock
from gateway.crypto import Secrets
from gateway.crypto_sealing import Sealer
from gateway.domain.dataset import Dataset
from gateway.errors import SettingsError, StoreUnavailable
from gateway.lookup.cache import AnswerCache
from gateway.lookup.catalogue import Catalogue
from gateway.lookup.freshness import NEVER, Freshness, freshness_of
from gateway.lookup.kept_file import ALARMS, KeptFile, forgotten
from gateway.lookup.kept_further import KeptFurther
from gateway.settings import CacheSettings, RegistrySettings, Settings
from gateway.stores.sealed_file import SealedFile
from gateway.telemetry import Metrics, log

if TYPE_CHECKING:  # what is not configured is not loaded
    from gateway.stores.shared_answers import SharedAnswers

__all__ = ["Forgotten", "answer_cache", "forget", "freshness", "shared_answers"]

_HEARD_WITHIN_S = 12.0
"""Workers ask for news every five seconds."""
_LOOK_AGAIN_S = 0.25


def freshness(
    cache: CacheSettings, registry: RegistrySettings, datasets: Sequence[Dataset[Any, Any, Any]], *, place: str
) -> Mapping[str, Freshness]:
    """The rule of each dataset of an instance. Raises SettingsError naming the setting at fault."""
    nouns = {dataset.noun for dataset in datasets}
    for key, named in (("freshness_s", registry.freshness_s), ("stale_s", registry.stale_s)):
        strangers = sorted(named.keys() - nouns)
        if strangers:
            raise SettingsError(f"{place}.{key}.{strangers[0]}: no such dataset; there are {', '.join(sorted(nouns))}")
    rules = {
        dataset.noun: freshness_of(dataset, registry.freshness_s, registry.stale_s, place=place) for dataset in datasets
    }
    return dict.fromkeys(rules, NEVER) if cache.store == "off" else rules


def answer_cache(
    settings: Settings, catalogue: Catalogue, secrets: Secrets, clock: Clock, metrics: Metrics
) -> AnswerCache | None:
    """What keeps and shares answers; None where settings want none."""
    section = settings.cache
    if section.store == "off":
        return None
    return AnswerCache(
        catalogue,
        secrets=secrets,
        clock=clock,
        metrics=metrics,
        entries=section.entries,
        size=section.size_bytes,
        finish=section.nobody_waits == "finish",
        sources={name: _source(registry) for name, registry in settings.registries.items()},
        further=_further(settings, secrets, clock, metrics),
    )


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many answers were deleted; of each worker that has not been told, how many seconds it had been silent."""

    answers: int
    silent: tuple[int, ...] = ()


def forget(settings: Settings, kind: str, number: str, *, within_s: float = _HEARD_WITHIN_S) -> Forgotten:
    """
    Delete what is shared about a number, for all workers, and wait until those that share it in Redis have been told.

    Raises SettingsError where nothing is shared, StoreUnavailable where it cannot be written.
    """
    section = settings.cache
    if section.store not in {"file", "redis"} or settings.keys is None:
        raise SettingsError(
            "cache.store: câu trả lời nằm trong bộ nhớ của tiến trình, lệnh này không xóa được; khởi động lại cổng thì "
            "quên tất cả / answers lie in the workers' memory, which this command does not reach; a restart of the "
            "gateway forgets them all"
        )
    subjects = Secrets.load(settings.keys.secret_files).pseudonyms(kind, number)
    if section.file is None:
        return asyncio.run(_forgotten_by_all(_shared(settings, Metrics()), subjects, within_s))
    try:
        rows = SealedFile(section.file, size=section.file_bytes)
    except sqlite3.Error as exc:
        raise StoreUnavailable(f"cache: {type(exc).__name__}: stop the gateway and delete {section.file}") from None
    try:
        return Forgotten(forgotten(rows, subjects, SystemClock().now()))
    finally:
        rows.close()


async def _forgotten_by_all(answers: SharedAnswers, subjects: Sequence[str], within_s: float) -> Forgotten:
    from gateway.stores.redis_link import RedisAway

    loop = asyncio.get_running_loop()
    try:
        deleted, at = await answers.forget(subjects)
        until = loop.time() + within_s
        while (silent := await answers.silent_since(at)) and loop.time() < until:  # noqa: ASYNC110  # in other processes
            await asyncio.sleep(_LOOK_AGAIN_S)
    except RedisAway as exc:
        raise StoreUnavailable(
            f"cache: Redis ({exc}): chưa xóa hết, chạy lại khi Redis hoạt động / not all is deleted; run it again when "
            "Redis answers"
        ) from None
    finally:
        await answers.close()
    return Forgotten(deleted, tuple((at - heard) // 1_000_000 for heard in silent))


def shared_answers(settings: Settings, metrics: Metrics) -> SharedAnswers | None:
    """The shared answers, where settings have them in Redis."""
    return _shared(settings, metrics) if settings.cache.store == "redis" else None


def _shared(settings: Settings, metrics: Metrics) -> SharedAnswers:
    from gateway.stores.shared_answers import SharedAnswers

    section = settings.cache.redis
    if section is None:
        raise SettingsError("cache.redis.url: needed for store = 'redis'")
    way = app_redis.link(section, "cache", metrics, setting="cache.redis", timeout_s=section.timeout_s)
    return SharedAnswers(way, prefix=section.prefix, places=section.places)


def _further(settings: Settings, secrets: Secrets, clock: Clock, metrics: Metrics) -> KeptFurther | None:
    section = settings.cache
    if section.store in {"file", "redis"} and settings.keys is None:
        raise SettingsError(f"cache.{section.store}: what is shared is sealed, which wants the section [keys]")
    alarms = {what: metrics.cache_alarms.labels(what) for what in ALARMS}

    def alarm(what: str) -> None:
        _alarmed(what, alarms[what].inc)

    sealer = Sealer(secrets.sealing_keys)
    if section.redis is not None and section.store == "redis":
        from gateway.lookup.kept_shared import KeptShared

        return KeptShared(
            _shared(settings, metrics),
            sealer=sealer,
            clock=clock,
            answer_bytes=section.redis.answer_bytes,
            alarm=alarm,
        )
    if section.file is None:
        return None
    return KeptFile(section.file, sealer=sealer, clock=clock, size=section.file_bytes, alarm=alarm)


def _alarmed(what: str, count: Callable[[], None]) -> None:
    count()
    log().error("cache.alarm", what=what)


def _source(registry: RegistrySettings) -> str:
    """How an instance is configured: nothing that another version or another endpoint said is given as its own."""
    told = registry.model_dump_json(include={"endpoint", "endpoints", "wrapper", "options", "xroad"})
    return hashlib.sha256(f"{__version__}\0{told}".encode()).hexdigest()
