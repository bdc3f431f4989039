"""`gateway contract test` and `card`: every case file, in memory or over an instance's own way to its registry."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from importlib.metadata import entry_points

from contracts.reader import Contract, installed
from gateway.app import Core, installed_adapters
from gateway.clock import VIETNAM, SystemClock
from gateway.domain.dataset import Adapter
from gateway.errors import SettingsError
from gateway.kit.card import Card, card_of
from gateway.kit.cases import cases_of, run_in_instance, run_in_memory
from gateway.kit.claims import obstacle
from gateway.kit.report import Report

__all__ = ["run_all", "run_cards", "run_instance"]


async def run_all(adapters: Mapping[str, Adapter], contracts: Mapping[str, Contract], registry: str | None) -> Report:
    """Without a network. Raises SettingsError for a registry that is not installed."""
    if registry is not None and registry not in adapters:
        raise SettingsError(f"{registry}: not installed; there are {', '.join(sorted(adapters))}")
    results = [
        await run_in_memory(adapter, contracts[name], noun, case)
        for name, adapter in adapters.items()
        if registry in (None, name)
        for noun, case in cases_of(adapter, contracts[name])
    ]
    return Report(results, _today(), "without a network nobody answered but the contract itself")


async def run_cards(registry: str | None, *, own: bool = False) -> list[Card]:
    """
    The quality card of each registry, by name; only those of this distribution where `own`. Raises SettingsError for
    a registry that is not installed.
    """
    adapters, contracts = installed_adapters(), installed()
    if registry is not None and registry not in adapters:
        raise SettingsError(f"{registry}: not installed; there are {', '.join(sorted(adapters))}")
    ours = {point.name for point in entry_points(group="gateway.adapters") if point.value.startswith("gateway.")}
    return [
        await card_of(adapters[name], contracts[name])
        for name in sorted(adapters)
        if registry in (None, name) and (not own or name in ours)
    ]


def _today() -> date:
    return SystemClock().now().astimezone(VIETNAM).date()


async def run_instance(core: Core, name: str) -> Report:
    """Against what an instance of the settings is connected to: a mock, or a registry's test endpoint."""
    instance = core.catalogue.instances.get(name)
    if instance is None:
        raise SettingsError(f"{name}: no such instance; there are {', '.join(core.catalogue.instances)}")
    contract = installed()[instance.adapter.registry]
    try:
        in_the_way = await obstacle(name, core.settings.registries[name])
        results = [
            await run_in_instance(instance, contract, noun, case)
            for noun, case in cases_of(instance.adapter, contract)
            if case.contract == instance.channel.contract and not case.options  # its options are not the settings'
        ]
        return Report(results, _today(), in_the_way)
    finally:
        await core.close()
