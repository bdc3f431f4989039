"""Is everything reachable that a question needs? Tries the way there, changes nothing, asks about nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from gateway import app, app_authentication, app_cache, app_keep, app_tickets
from gateway.app import Core
from gateway.app_approvals import Kind, persons_needed
from gateway.app_databases import databases
from gateway.app_index import store_of
from gateway.clock import SystemClock
from gateway.errors import CheckUnavailable, GatewayError
from gateway.ledger.notes import LogKey
from gateway.ledger.witnesses import last_witnessed
from gateway.lookup.access import Access
from gateway.lookup.catalogue import Catalogue
from gateway.settings import Settings
from gateway.stores.migration import INDEX, version
from gateway.telemetry import Metrics
from gateway.transport.base import Probe

__all__ = [
    "Check",
    "check_access",
    "check_approvals",
    "check_cache",
    "check_callbacks",
    "check_callers",
    "check_instances",
    "check_keeping",
    "check_shared_cache",
    "check_stores",
]

OURSELVES = "gateway"


@dataclass(frozen=True, slots=True)
class Check:
    """One step of one instance, or of the gateway itself."""

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
    return [Check(OURSELVES, found), Check(OURSELVES, cases), *(Check("one-stop", probe) for probe in tried)]


def check_approvals(settings: Settings) -> list[Check]:
    """How many persons a change of rights wants. That two have approved what is in force was checked to come here."""
    kinds: tuple[Kind, ...] = ("policy", "officers")
    return [
        Check(OURSELVES, _persons(kind, persons_needed(settings, kind)))
        for kind in kinds
        if getattr(settings, kind).file is not None
    ]


def _persons(kind: Kind, persons: int) -> Probe:
    advice = (
        f"Một người đổi được quyền; đặt {kind}.approvals / one person suffices to change rights; set {kind}.approvals"
    )
    return Probe(f"{kind}_approvals", ok=True, detail=str(persons), advice=advice if persons == 1 else "")


async def check_callers(core: Core) -> list[Check]:
    """How callers are known, and whether what is needed for that can be had: the issuer's keys, the state."""
    ways = app_authentication.methods(core.settings)
    required = {name: one.require for name, one in core.settings.consumers.items() if one.require}
    said = [f"{method}: {', '.join(names)}" for method, names in ways.items()]
    said += [f"{name} must show {' and '.join(methods)}" for name, methods in required.items()]
    probes = [
        Probe(
            "authentication",
            ok=bool(ways),
            detail="; ".join(said) or "no consumer",
            advice="" if ways else "Khai báo [consumers.<name>] / add a section [consumers.<name>]",
        )
    ]
    advice = "Kiểm tra [state] / check [state]: address, password file, firewall"
    probes.append(await _tried("state", core.state.probe, advice))
    if core.authenticator.tokens is not None:
        advice = "Kiểm tra [tokens] jwks_url, jwks_file / check jwks_url, its TLS and the issuer"
        probes.append(await _tried("tokens", core.authenticator.tokens.probe, advice))
    return [Check(OURSELVES, probe) for probe in probes]


async def check_callbacks(settings: Settings) -> list[Check]:
    """The way to each consumer that is called back; nothing is sent there."""
    found = []
    for name, transport in app_tickets.callbacks(settings, SystemClock()).items():
        try:
            found += [Check(f"callback {name}", probe) for probe in await transport.probe()]
        finally:
            await transport.close()
    return found


def check_cache(core: Core) -> list[Check]:
    """Whether answers are kept, where, and of which datasets."""
    section = core.settings.cache
    kept = [f"{entry.id} {entry.freshness.found_s} s" for entry in core.catalogue if entry.freshness.found_s]
    if core.cache is not None and core.cache.is_damaged:
        advice = f"Dừng cổng, xóa tệp rồi chạy lại / stop the gateway, delete {section.file} and start again"
        return [Check(OURSELVES, Probe("cache", ok=False, detail="file: damaged", advice=advice))]
    said = "off" if core.cache is None else f"{section.store}: {', '.join(kept) or 'no dataset'}"
    return [Check(OURSELVES, Probe("cache", ok=True, detail=said))]


async def check_shared_cache(core: Core) -> list[Check]:
    """Whether the Redis of kept answers can be reached, where there is one; nothing is written there."""
    answers = app_cache.shared_answers(core.settings, Metrics())
    if answers is None:
        return []
    advice = "Kiểm tra [cache.redis] / check [cache.redis]: address, password file, firewall"
    try:
        return [Check(OURSELVES, await _tried("shared_cache", answers.probe, advice))]
    finally:
        await answers.close()


async def check_keeping(settings: Settings) -> list[Check]:
    """Whether the second place and the witnesses of the ledger can be reached; nothing is written there."""
    section, ring = settings.ledger, app.key_ring(settings)
    if section is None or ring is None:
        return []
    probes = []
    if section.shipping is not None:
        advice = "Kiểm tra [ledger.shipping]: nơi thứ hai / check it: mount the folder or make it, password, firewall"
        try:
            second = app_keep.second_place(section.shipping)
            if second is not None:
                await asyncio.to_thread(second.place.logs)
                second.place.close()
            probes.append(Probe("second_place", ok=True))
        except GatewayError as exc:
            probes.append(Probe("second_place", ok=False, detail=str(exc), advice=advice))
    keys = list(ring.published.values())
    asked = app_keep.witnesses(section, keys, SystemClock())
    origin = f"{section.origin}/0"
    _, silent = await last_witnessed(asked, origin, [LogKey(origin, key) for key in keys])
    for one in asked:
        detail = str(silent.get(one.name, ""))
        advice = f"Kiểm tra / check [ledger.witnesses.{one.name}]" if detail else ""
        probes.append(Probe(f"witness {one.name}", ok=not detail, detail=detail, advice=advice))
        await one.close()
    return [Check(OURSELVES, probe) for probe in probes]


async def check_stores(settings: Settings) -> list[Check]:
    """Whether each PostgreSQL that settings name can be reached, and what tables it has; nothing is written."""
    named = databases(settings)
    if settings.store.url is not None:
        named.insert(0, ("store", store_of(settings), INDEX))
    probes = []
    for name, store, tables in named:
        try:
            found = await asyncio.to_thread(version, store, tables)
            probes.append(Probe(name, ok=True, detail=f"{store.kind}: {found or 'no tables yet'}"))
        except GatewayError as exc:
            advice = f"Kiểm tra / check [{name}]: url, password_file, firewall"
            probes.append(Probe(name, ok=False, detail=str(exc), advice=advice))
        finally:
            await asyncio.to_thread(store.close)
    return [Check(OURSELVES, probe) for probe in probes]


async def _tried(step: str, trying: Callable[[], Awaitable[str]], advice: str) -> Probe:
    try:
        return Probe(step, ok=True, detail=await trying())
    except CheckUnavailable as exc:
        return Probe(step, ok=False, detail=str(exc), advice=advice)


async def check_instances(catalogue: Catalogue) -> list[Check]:
    """Every instance at once; the order is that of the settings."""
    instances = list(catalogue.instances.values())
    probes = await asyncio.gather(*(instance.channel.probe() for instance in instances))
    return [
        Check(instance.name, probe)
        for instance, found in zip(instances, probes, strict=True)
        for probe in (Probe("settings", ok=True, detail=instance.adapter.registry), *found)
    ]
