"""
What is read again while the gateway runs: each part by itself, tried before it counts, the last good one kept.

A part knows its files. It reads and tries them (`fresh`), and only then is told to `take` what it has read: no question
fails for a reload. Between the two the change is written to the ledger, with who asked for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from gateway.clock import Clock
from gateway.errors import GatewayError
from gateway.telemetry import Metrics, log, where

__all__ = ["SIGNAL", "Ended", "Fresh", "Reloadable", "Reloader", "Who"]


@dataclass(frozen=True, slots=True)
class Who:
    """
    Who asked for a reload, and what he has shown: a `signature` by a key of the settings, his name to the `command`, or
    nothing but the `signal`, whose `by` is `signal`.
    """

    by: str
    shown: Literal["signature", "command", "signal"]


SIGNAL = Who("signal", "signal")


async def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Fresh:
    """
    What a part has read and tried, and nobody goes by yet. `said` are members of the ledger's record besides, such as
    who approved it. Either `take` or `drop` is called, once.
    """

    version: str
    take: Callable[[], Awaitable[None]]
    drop: Callable[[], Awaitable[None]] = _nothing
    said: Mapping[str, Any] = field(default_factory=dict)


class Reloadable(Protocol):
    """Something that stands in files and may change while the gateway runs."""

    @property
    def name(self) -> str:
        """The setting that names its files, such as `policy` or `registries.dancu`."""

    @property
    def version(self) -> str:
        """Which content is in force. It gives nothing of a secret away."""

    async def fresh(self, *, probing: bool) -> Fresh | None:
        """
        The files as they stand now; None where that is what is in force. `probing` says to try it on others too.
        Raises GatewayError where it cannot be used, in words that name files and settings and no value.
        """


@dataclass(frozen=True, slots=True)
class Ended:
    """What became of one part: the version in force now, and why a newer one is not."""

    part: str
    version: str
    changed: bool = False
    error: str | None = None


class Reloader:
    """The parts of one process. Without a ledger (`record`) changes stand in the log alone."""

    def __init__(
        self,
        parts: Sequence[Reloadable],
        *,
        clock: Clock,
        metrics: Metrics,
        record: Callable[[Mapping[str, Any]], Awaitable[None]] | None = None,
    ) -> None:
        self._parts = list(parts)
        self._clock = clock
        self._metrics = metrics
        self._record = record
        for part in parts:
            self._stands(part.name)

    def add(self, part: Reloadable) -> None:
        """One more, read just now."""
        self._parts.append(part)
        self._stands(part.name)

    async def reload(self, who: Who = SIGNAL, *, only: Mapping[str, str] | None = None) -> tuple[Ended, ...]:
        """
        Read every part again. With `only`, what another process has tried: a part's content counts where its version
        is the one named there, and is not tried on others again.
        """
        read = await asyncio.gather(*(self._read(part, only) for part in self._parts))
        return tuple([await self._end(part, found, who) for part, found in zip(self._parts, read, strict=True)])

    async def _read(self, part: Reloadable, only: Mapping[str, str] | None) -> Fresh | str | None:
        """What is new of a part, None where nothing is, or why it cannot be used."""
        try:
            found = await part.fresh(probing=only is None)
        except GatewayError as exc:
            return str(exc)
        except Exception as exc:  # one part's bug is not another's, and nothing that works stops for it
            log().error("reload.bug", part=part.name, **where(exc))
            return type(exc).__name__
        if found is not None and only is not None and only.get(part.name) != found.version:
            await found.drop()
            return "the worker that tried the files has not taken this content"
        return found

    async def _end(self, part: Reloadable, found: Fresh | str | None, who: Who) -> Ended:
        if isinstance(found, Fresh):
            try:
                await self._note(
                    {"type": "reloaded", "before": part.version, "after": found.version, **found.said}, part, who
                )
            except GatewayError as exc:
                await found.drop()
                found = f"not taken, for it cannot be recorded: {exc}"
            else:
                await found.take()
                log().info("reload.loaded", part=part.name, version=part.version, by=who.by, shown=who.shown)
                self._count(part.name, "loaded")
                return Ended(part.name, part.version, changed=True)
        if found is None:
            self._metrics.reload_rejected_at.labels(part.name).set(0)
            return Ended(part.name, part.version)
        log().error("reload.rejected", part=part.name, version=part.version, detail=found, by=who.by, shown=who.shown)
        self._count(part.name, "rejected")
        try:
            await self._note({"type": "reload_refused", "in_force": part.version}, part, who)
        except GatewayError:
            log().error("ledger.record_lost", type="reload_refused", lookup_id=None)
        return Ended(part.name, part.version, error=found)

    async def _note(self, record: Mapping[str, Any], part: Reloadable, who: Who) -> None:
        if self._record is not None:
            await self._record({**record, "at": self._clock.now(), "part": part.name, "by": who.by, "shown": who.shown})

    def _count(self, part: str, result: Literal["loaded", "rejected"]) -> None:
        # All registries in one: what becomes of each stands in the gauges.
        self._metrics.reloads.labels("registries" if part.startswith("registries.") else part, result).inc()
        now = self._clock.now().timestamp()
        self._metrics.reload_rejected_at.labels(part).set(now if result == "rejected" else 0)
        if result == "loaded":
            self._metrics.reload_loaded_at.labels(part).set(now)

    def _stands(self, part: str) -> None:
        self._metrics.reload_loaded_at.labels(part).set(self._clock.now().timestamp())
        self._metrics.reload_rejected_at.labels(part).set(0)
