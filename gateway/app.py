"""Where everything meets: settings become instances, channels and the pipeline."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any

import uuid_utils
from aiohttp import web
from pydantic import ValidationError

from contracts.reader import Contract
from contracts.reader import installed as installed_contracts
from gateway import __version__
from gateway.app_credentials import credentials, log_in_urls, xroad_names
from gateway.channel.breaker import BreakerPolicy
from gateway.channel.channel import Channel, Policy
from gateway.channel.observer import Counting
from gateway.clock import Clock, SystemClock
from gateway.descriptors import for_callers
from gateway.domain.dataset import Adapter, Options
from gateway.domain.exchange import Bounds
from gateway.errors import ContractError, SettingsError
from gateway.lookup.access import Access, Consumer
from gateway.lookup.catalogue import Catalogue, Instance
from gateway.lookup.pipeline import Lookup
from gateway.settings import ConsumerSettings, RegistrySettings, Settings
from gateway.stores.state import MemoryState
from gateway.telemetry import Metrics
from gateway.transport import tls
from gateway.transport.base import Transport, Unwrapping
from gateway.transport.endpoint import literal
from gateway.transport.http import HttpTransport
from gateway.transport.resolver import Addresses, Resolver
from gateway.transport.unconnected import Unconnected
from gateway.transport.xroad import XRoad
from gateway.web import server
from gateway.web.limits import Limits
from gateway.wire.wrappers import WRAPPERS

__all__ = ["Core", "build", "consumers", "front_door", "installed_adapters", "new_id", "options_for", "version"]


def version() -> str:
    """The gateway's version."""
    return __version__


def new_id() -> str:
    """A unique id that sorts by time (UUIDv7)."""
    return str(uuid_utils.uuid7())


@dataclass(frozen=True, slots=True)
class Core:
    """The running parts that web and command line share."""

    settings: Settings
    lookup: Lookup
    catalogue: Catalogue
    metrics: Metrics
    consumers: Mapping[str, Consumer]

    async def close(self) -> None:
        """Let go of every connection."""
        for instance in self.catalogue.instances.values():
            await instance.channel.close()


def build(settings: Settings, *, clock: Clock | None = None, metrics: Metrics | None = None) -> Core:
    """Everything, wired. Raises SetupError naming what is wrong; contacts nobody."""
    clock = clock or SystemClock()
    metrics = metrics or Metrics()
    adapters, contracts = installed_adapters(), installed_contracts()
    catalogue = Catalogue(
        [
            _instance(name, registry, adapters, contracts, clock, metrics)
            for name, registry in settings.registries.items()
        ]
    )
    known = {entry.id for entry in catalogue}
    for name, consumer in settings.consumers.items():
        for dataset in consumer.datasets:
            if dataset not in known:
                advice = "is no dataset of a configured registry in its contract version; there are"
                raise SettingsError(f"consumers.{name}.datasets: {dataset!r} {advice} {', '.join(sorted(known))}")
    lookup = Lookup(
        catalogue=catalogue, access=Access(MemoryState(clock), clock), clock=clock, metrics=metrics, new_id=new_id
    )
    return Core(settings, lookup, catalogue, metrics, consumers(settings.consumers))


def front_door(core: Core, clock: Clock) -> web.Application:
    """The web application of a core."""
    web_settings = core.settings.web
    return server.api(
        lookup=core.lookup,
        consumers=core.consumers,
        metrics=core.metrics,
        clock=clock,
        limits=Limits(
            header_timeout_s=web_settings.header_timeout_s,
            body_timeout_s=web_settings.body_timeout_s,
            body_bytes=web_settings.body_limit_bytes,
            connections=for_callers(web_settings.connections),
        ),
    )


def installed_adapters() -> dict[str, Adapter]:
    """Every adapter that an installed package offers. Raises ContractError naming the entry point at fault."""
    found: dict[str, Adapter] = {}
    for point in entry_points(group="gateway.adapters"):
        try:
            adapter = point.load()
        except (ImportError, AttributeError) as exc:
            raise ContractError(f"entry point gateway.adapters {point.name} = {point.value}: {exc}") from exc
        if not isinstance(adapter, Adapter):
            raise ContractError(f"entry point gateway.adapters {point.name} = {point.value}: is no Adapter")
        if adapter.registry in found:
            raise ContractError(f"two installed adapters call themselves {adapter.registry!r}")
        found[adapter.registry] = adapter
    return found


def consumers(sections: Mapping[str, ConsumerSettings]) -> dict[str, Consumer]:
    """Consumers by the SHA-256 of their key. Raises SettingsError where two share one."""
    by_key: dict[str, str] = {}
    for name, section in sections.items():
        other = by_key.setdefault(section.api_key_sha256, name)
        if other != name:
            raise SettingsError(f"consumers.{name}.api_key_sha256: the same as of consumers.{other}")
    return {
        section.api_key_sha256: Consumer(
            name=name,
            datasets=frozenset(section.datasets),
            questions_per_minute=section.questions_per_minute,
            weight=section.weight,
            batch=section.batch,
        )
        for name, section in sections.items()
    }


def options_for(adapter: Adapter, values: Mapping[str, Any], *, place: str) -> Options:
    """The adapter's options from settings. Raises SettingsError naming each key at fault."""
    try:
        return adapter.options.model_validate(dict(values))
    except ValidationError as exc:
        lines = [f"{place}.{'.'.join(map(str, error['loc']))}: {error['msg']}" for error in exc.errors()]
        raise SettingsError("\n".join(lines)) from None


def _instance(
    name: str,
    registry: RegistrySettings,
    adapters: Mapping[str, Adapter],
    contracts: Mapping[str, Contract],
    clock: Clock,
    metrics: Metrics,
) -> Instance:
    place = f"registries.{name}"
    adapter = adapters.get(registry.adapter)
    if adapter is None:
        raise SettingsError(f"{place}.adapter: {registry.adapter!r} is not installed; there are {', '.join(adapters)}")
    contract = registry.contract or adapter.default_contract
    if contract not in adapter.contracts:
        raise SettingsError(f"{place}.contract: {adapter.registry} knows {', '.join(adapter.contracts)}")
    described = contracts.get(adapter.registry)
    if described is None:
        raise ContractError(f"{adapter.registry}: no contract is installed (entry point group gateway.contracts)")
    offered = adapter.offered(contract)
    missing = [dataset.noun for dataset in offered if dataset.noun not in described.datasets]
    if missing:
        raise ContractError(f"{adapter.registry}: the contract does not describe {', '.join(missing)}")
    basis = {dataset.noun: described.datasets[dataset.noun].basis_in(contract) for dataset in offered}
    channel = Channel(
        registry=name,
        adapter=adapter.registry,
        contract=contract,
        basis=basis.__getitem__,
        route=registry.route,
        options=options_for(adapter, registry.options, place=f"{place}.options"),
        transport=_transport(place, name, registry, clock, metrics),
        policy=Policy(
            deadline_s=registry.deadline_s,
            attempts=registry.attempts,
            in_flight=registry.in_flight,
            in_flight_floor=registry.in_flight_floor,
            waiting=registry.waiting,
            retry_share=registry.retry_share,
            retry_burst=registry.retry_burst,
            breaker=BreakerPolicy(**registry.breaker.model_dump()),
        ),
        clock=clock,
        new_id=new_id,
        observer=Counting(metrics),
    )
    return Instance(
        name=name,
        adapter=adapter,
        channel=channel,
        connected=registry.endpoint is not None,
        route=registry.route,
        basis=basis,
    )


def _transport(place: str, name: str, registry: RegistrySettings, clock: Clock, metrics: Metrics) -> Transport:
    if registry.endpoint is None:
        return Unconnected(place)
    addresses = Addresses(registry.allowed_addresses)
    called = {"endpoint": registry.endpoint}
    called |= {f"credentials.{key}": url for key, url in log_in_urls(registry.credentials).items()}
    for key, url in called.items():
        address = literal(url)
        if address is not None and registry.allowed_addresses and not addresses.admit(address):
            raise SettingsError(f"{place}.{key}: {address} does not lie in {place}.allowed_addresses")
    transport: Transport = HttpTransport(
        endpoint=registry.endpoint,
        credentials=credentials(registry.credentials, clock),
        clock=clock,
        tls=_tls(place, registry) if any(url.startswith("https:") for url in called.values()) else None,
        resolver=Resolver(clock=clock, addresses=addresses),
        connections=registry.in_flight,
        bounds=Bounds(
            max_bytes=registry.max_answer_bytes,
            max_elements=registry.max_answer_elements,
            max_attributes=registry.max_answer_attributes,
            max_depth=registry.max_answer_depth,
            max_children=registry.max_answer_children,
        ),
        on_stray=metrics.stray_answers.labels(name).inc,
    )
    if registry.xroad is not None:
        transport = XRoad(transport, *xroad_names(registry.xroad))
    return transport if registry.wrapper == "plain" else Unwrapping(transport, WRAPPERS[registry.wrapper])


def _tls(place: str, registry: RegistrySettings) -> ssl.SSLContext:
    files = registry.tls
    try:
        return tls.context(
            ca_file=files.ca_file,
            certificate_file=files.certificate_file,
            key_file=files.key_file,
            crl_file=files.crl_file,
        )
    except SettingsError as exc:
        raise SettingsError(f"{place}.{exc}") from exc
