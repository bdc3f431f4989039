"""Is every instance reachable, and who may ask? Tries the way there, changes nothing, asks about nobody."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

from gateway.lookup.access import Access
from gateway.lookup.catalogue import Catalogue
from gateway.transport.base import Probe

__all__ = ["Check", "check_access", "check_instances"]


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


async def check_access(access: Access) -> list[Check]:
    """What decides who may ask: a policy there must be; that cases are not checked is said, and is no fault."""
    tried = [] if access.cases is None else await access.cases.probe()
    policy = access.policy.current
    advice = "Đặt policy.file: không có thì không ai được hỏi / set policy.file: without it nobody may ask anything"
    found = Probe("policy", ok=bool(policy.version), detail=policy.version, advice="" if policy.version else advice)
    checks = access.case_checks
    unchecked = (
        "Hồ sơ không được kiểm tra; đặt cases.url / cases are not checked; set cases.url or cases.token_key_file"
    )
    cases = Probe("case_checks", ok=True, detail=checks, advice=unchecked if checks == "off" else "")
    return [Check("gateway", found), Check("gateway", cases), *(Check("one-stop", probe) for probe in tried)]


async def check_instances(catalogue: Catalogue) -> list[Check]:
    """Every instance at once; the order is that of the settings."""
    instances = list(catalogue.instances.values())
    probes = await asyncio.gather(*(instance.channel.probe() for instance in instances))
    return [
        Check(instance.name, probe)
        for instance, found in zip(instances, probes, strict=True)
        for probe in (Probe("settings", ok=True, detail=instance.adapter.registry), *found)
    ]
