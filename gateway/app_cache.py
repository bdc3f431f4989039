"""Kept answers, from settings."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gateway import __version__
from gateway.clock import Clock, SystemClock
from gateway.crypto import Secrets
from gateway.crypto_sealing import Sealer
from gateway.domain.dataset import Dataset
from gateway.errors import SettingsError, StoreUnavailable
from gateway.lookup.cache import AnswerCache
from gateway.lookup.catalogue import Catalogue
from gateway.lookup.freshness import NEVER, Freshness, freshness_of
from gateway.lookup.kept_file import ALARMS, KeptFile, forgotten
from gateway.settings import CacheSettings, RegistrySettings, Settings
from gateway.stores.sealed_file import SealedFile
from gateway.telemetry import Metrics, log

__all__ = ["answer_cache", "forget", "freshness"]


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
        file=_file(settings, secrets, clock, metrics),
    )


def forget(settings: Settings, kind: str, number: str) -> int:
    """
    Delete what the file keeps about a number, for all workers; how many answers there were.

    Raises SettingsError where no file is kept, StoreUnavailable where it cannot be written.
    """
    section = settings.cache
    if section.file is None or settings.keys is None:
        raise SettingsError(
            "cache.store: câu trả lời nằm trong bộ nhớ của tiến trình, lệnh này không xóa được; khởi động lại cổng thì "
            "quên tất cả / answers lie in the workers' memory, which this command does not reach; a restart of the "
            "gateway forgets them all"
        )
    subjects = Secrets.load(settings.keys.secret_files).pseudonyms(kind, number)
    try:
        rows = SealedFile(section.file, size=section.file_bytes)
    except sqlite3.Error as exc:
        raise StoreUnavailable(f"cache: {type(exc).__name__}: stop the gateway and delete {section.file}") from None
    try:
        return forgotten(rows, subjects, SystemClock().now())
    finally:
        rows.close()


def _file(settings: Settings, secrets: Secrets, clock: Clock, metrics: Metrics) -> KeptFile | None:
    section = settings.cache
    if section.file is None:
        return None
    if settings.keys is None:
        raise SettingsError("cache.file: what lies in a file is sealed, which wants the section [keys]")
    alarms = {what: metrics.cache_alarms.labels(what) for what in ALARMS}
    return KeptFile(
        section.file,
        sealer=Sealer(secrets.sealing_keys),
        clock=clock,
        size=section.file_bytes,
        alarm=lambda what: _alarmed(what, alarms[what].inc),
    )


def _alarmed(what: str, count: Callable[[], None]) -> None:
    count()
    log().error("cache.alarm", what=what)


def _source(registry: RegistrySettings) -> str:
    """How an instance is configured: nothing that another version or another endpoint said is given as its own."""
    told = registry.model_dump_json(include={"endpoint", "endpoints", "wrapper", "options", "xroad"})
    return hashlib.sha256(f"{__version__}\0{told}".encode()).hexdigest()
