"""Tracing as settings have it; its packages are loaded only where there is a section."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gateway import __version__
from gateway.channel.observer import Counting, Observer
from gateway.channel.observer import Tracing as TracingObserver
from gateway.errors import SettingsError
from gateway.settings import Settings
from gateway.telemetry import Metrics
from gateway.transport.base import Transport
from gateway.transport.traced import Traced

if TYPE_CHECKING:
    from gateway.tracing import Tracing

__all__ = ["observer", "tracing", "transport"]


def tracing(settings: Settings) -> Tracing | None:
    """The tracer, with the thread that sends spans; None without a section. Raises SettingsError."""
    section = settings.tracing
    if section is None:
        return None
    strangers = sorted(set(section.to_registries) - set(settings.registries))
    if strangers:
        raise SettingsError(f"tracing.to_registries: there is no registry {', '.join(strangers)}")
    from gateway.tracing import Tracing

    return Tracing(endpoint=section.endpoint, version=__version__, share=section.share, ca_file=section.ca_file)


def observer(metrics: Metrics, tracer: Tracing | None) -> Observer:
    """What a channel tells: the metrics, and where it is on the trace."""
    return Counting(metrics) if tracer is None else TracingObserver(metrics, tracer.attempted)


def transport(way: Transport, registry: str, settings: Settings, tracer: Tracing | None) -> Transport:
    """The way to a registry; one on which requests say which trace they belong to where settings want that."""
    if tracer is None or settings.tracing is None or registry not in settings.tracing.to_registries:
        return way
    return Traced(way, tracer.outgoing)
