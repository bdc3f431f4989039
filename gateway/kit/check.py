"""Is every instance reachable? Tries the way there, changes nothing, asks about nobody."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from gateway.lookup.catalogue import Catalogue
from gateway.transport.base import Probe

__all__ = ["Check", "check_instances"]


@dataclass(frozen=True, slots=True)
class Check:
    """One step of one instance."""

    registry: str
    probe: Probe

    def view(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "registry": self.registry,
            "step": self.probe.step,
            "ok": self.probe.ok,
            "detail": self.probe.detail,
            "advice": self.probe.advice,
        }


async def check_instances(catalogue: Catalogue) -> list[Check]:
    """Every instance at once; the order is that of the settings."""
    instances = list(catalogue.instances.values())
    probes = await asyncio.gather(*(instance.channel.probe() for instance in instances))
    return [
        Check(instance.name, probe)
        for instance, found in zip(instances, probes, strict=True)
        for probe in (Probe("settings", ok=True, detail=instance.adapter.registry), *found)
    ]
