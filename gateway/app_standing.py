"""
What stands rather than happens: told to the metrics once a second, so that no question pays for it.

Also the series that must be there before anything has happened: whoever looks for an increase sees none in a counter
that begins with its first one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from gateway.app import Core
from gateway.clock import Clock
from gateway.crypto import certificates
from gateway.errors import SettingsError
from gateway.reloading import Ended

__all__ = ["Standing", "own_certificates"]

_EVERY_S = 1.0
_LEDGER_FAILURES = ("write", "flush", "full", "checkpoint", "tiles", "manifest")


class Standing:
    """One process's."""

    def __init__(self, core: Core, clock: Clock) -> None:
        self._core = core
        self._clock = clock

    def begin(self) -> None:
        """Tell what is known from the start."""
        core, metrics = self._core, self._core.metrics
        self._tell_certificates(lambda _: True)
        for entry in core.catalogue:
            metrics.drift.labels(entry.instance.name, entry.dataset.noun)
        if core.ledger is not None:
            for what in _LEDGER_FAILURES:
                metrics.ledger_failures.labels(what)
        self.tell()

    def reloaded(self, ended: Iterable[Ended]) -> None:
        """Tell of the certificates that have just been taken; those that were refused are not in use."""
        changed = tuple(f"{one.part}." for one in ended if one.changed)
        self._tell_certificates(lambda setting: f"{setting}.".startswith(changed))

    def _tell_certificates(self, meant: Callable[[str], bool]) -> None:
        for setting, file in own_certificates(self._core.settings):
            if meant(setting):
                self._core.metrics.certificate_ends.labels(setting).set(_ends_at(setting, file))

    def tell(self) -> None:
        """Tell what stands now."""
        for instance in self._core.catalogue.instances.values():
            instance.channel.tell()
        if self._core.ledger is not None:
            self._core.metrics.clock_suspect.set(self._core.ledger.clock_is_suspect)

    async def keep_telling(self) -> None:
        """Until cancelled."""
        while True:
            await self._clock.sleep(_EVERY_S)
            self.tell()


def own_certificates(section: BaseModel, above: str = "") -> Iterator[tuple[str, Path]]:
    """The files of every certificate by which others know us, by the section that names it: `registries.dancu.tls`."""
    for name in type(section).model_fields:
        value: Any = getattr(section, name)
        if name == "certificate_file" and value is not None:
            yield above, value
        inner = value.items() if isinstance(value, dict) else [("", value)]
        if isinstance(value, tuple):
            inner = [(str(number), one) for number, one in enumerate(value)]
        for key, one in inner:
            if isinstance(one, BaseModel):
                yield from own_certificates(one, ".".join(part for part in (above, name, key) if part))


def _ends_at(setting: str, file: Path) -> float:
    """Unix time at which the first certificate of the file ends: those after it are its issuers'."""
    try:
        return certificates(file)[0].not_valid_after_utc.timestamp()
    except IndexError:
        raise SettingsError(f"{setting}.certificate_file {file}: holds no certificate") from None
