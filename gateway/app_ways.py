"""From settings to the ways to a registry: a transport each, made of files that may be read again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gateway.app_credentials import credentials, log_in_urls, signed, tls_context, xroad_names
from gateway.app_files import Contents
from gateway.clock import Clock
from gateway.domain.exchange import Bounds
from gateway.domain.signature import SignedForm
from gateway.errors import SettingsError
from gateway.reloading import Fresh
from gateway.settings import EndpointSettings, RegistrySettings
from gateway.telemetry import Metrics
from gateway.transport.base import Transport, Unwrapping
from gateway.transport.endpoint import literal
from gateway.transport.http import HttpTransport
from gateway.transport.renewable import Made, Renewable
from gateway.transport.resolver import Addresses, Resolver
from gateway.transport.unconnected import Unconnected
from gateway.transport.xroad import XRoad
from gateway.wire.wrappers import WRAPPERS

__all__ = ["RegistryFiles", "Ways", "ways"]


@dataclass(frozen=True, slots=True)
class Ways:
    """The ways to one registry in order of preference, its own first, by name; and what is read again of them."""

    routes: tuple[tuple[str, Transport], ...]
    files: RegistryFiles | None


class RegistryFiles:
    """Credentials, certificates, authorities and keys of one registry: its ways change together."""

    def __init__(self, name: str, made: Sequence[tuple[Renewable, Callable[[], Made]]], contents: Contents) -> None:
        self.name = f"registries.{name}"
        self._made = made
        self._contents = contents

    @property
    def version(self) -> str:
        return self._contents.version

    async def fresh(self, *, probing: bool) -> Fresh | None:
        """
        Every way made anew. With `probing` each address is connected to, TLS and client certificate included, and the
        log-in is done where there is one. Nobody is asked about.
        """
        version = self._contents.now()
        if version == self.version:
            return None
        newer: list[Made] = []

        async def drop() -> None:
            for one in newer:
                await one.transport.close()

        async def take() -> None:
            for (way, _), one in zip(self._made, newer, strict=True):
                await way.renew(one)
            self._contents.version = version

        try:
            newer.extend([make() for _, make in self._made])
            for one in newer if probing else ():
                faults = [f"{probe.step}: {probe.detail}" for probe in await one.transport.probe() if not probe.ok]
                if faults:
                    raise SettingsError(f"{self.name}: tried and not taken: {'; '.join(faults)}")
        except BaseException:
            await drop()
            raise
        return Fresh(version, take, drop)


def ways(name: str, registry: RegistrySettings, form: SignedForm | None, clock: Clock, metrics: Metrics) -> Ways:
    """Raises SettingsError naming what is wrong; contacts nobody."""
    place = f"registries.{name}"
    if registry.endpoints and registry.endpoint is None:
        raise SettingsError(f"{place}.endpoint: must be set where there are endpoints besides")
    contents = Contents(registry)  # before anything is read, so that no change is missed
    sections = [(place, registry)]
    for number, endpoint in enumerate(registry.endpoints):
        if endpoint.route in {section.route for _, section in sections}:
            raise SettingsError(f"{place}.endpoints.{number}.route: {endpoint.route!r} is another way's name")
        way = registry.model_copy(update={field: getattr(endpoint, field) for field in EndpointSettings.model_fields})
        sections.append((f"{place}.endpoints.{number}", way))
    if registry.endpoint is None:
        return Ways(((registry.route, Unconnected(place)),), None)
    makers = [_maker(where, name, section, form, clock, metrics) for where, section in sections]
    made = [(Renewable(make()), make) for make in makers]
    routes = tuple((section.route, way) for (_, section), (way, _) in zip(sections, made, strict=True))
    return Ways(routes, RegistryFiles(name, made, contents))


def _maker(
    place: str, name: str, registry: RegistrySettings, form: SignedForm | None, clock: Clock, metrics: Metrics
) -> Callable[[], Made]:
    return lambda: _made(place, name, registry, form, clock, metrics)


def _made(
    place: str, name: str, registry: RegistrySettings, form: SignedForm | None, clock: Clock, metrics: Metrics
) -> Made:
    endpoint = registry.endpoint or ""
    addresses = Addresses(registry.allowed_addresses)
    called = {"endpoint": endpoint}
    called |= {f"credentials.{key}": url for key, url in log_in_urls(registry.credentials).items()}
    for key, url in called.items():
        address = literal(url)
        if address is not None and registry.allowed_addresses and not addresses.admit(address):
            raise SettingsError(f"{place}.{key}: {address} does not lie in {place}.allowed_addresses")
    proving = credentials(registry.credentials, clock)
    proving.told = _log_in_told(name, clock, metrics)
    http = HttpTransport(
        endpoint=endpoint,
        credentials=proving,
        clock=clock,
        tls=tls_context(place, registry.tls) if any(url.startswith("https:") for url in called.values()) else None,
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
    transport: Transport = http
    if registry.xroad is not None:
        transport = XRoad(transport, *xroad_names(registry.xroad))
    if registry.wrapper != "plain":
        transport = Unwrapping(transport, WRAPPERS[registry.wrapper])
    return Made(signed(transport, registry.xml_signature, form, clock, place=place), http.retire)


def _log_in_told(registry: str, clock: Clock, metrics: Metrics) -> Callable[[str, float], None]:
    def told(log_in: str, life_s: float) -> None:
        metrics.token_ends.labels(registry, log_in).set(clock.now().timestamp() + life_s)

    return told
