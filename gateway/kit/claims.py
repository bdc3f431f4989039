"""May a proven case file be called `observed`? Only where a real registry answered: one that settings call so."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import urlsplit

from gateway.settings import RegistrySettings
from gateway.transport.resolver import system_lookup

__all__ = ["obstacle"]

Lookup = Callable[[str], Sequence[str]]


async def obstacle(name: str, registry: RegistrySettings, lookup: Lookup = system_lookup) -> str:
    """Why nothing proven over this instance shows how the real registry answers; empty where nothing is in the way."""
    place = f"registries.{name}"
    if registry.endpoint is None:
        return f"{place}.endpoint is not set"
    ways = [(place, registry.real, registry.endpoint)]
    ways += [(f"{place}.endpoints.{number}", way.real, way.endpoint) for number, way in enumerate(registry.endpoints)]
    for where, real, endpoint in ways:
        if not real:
            return f"{where}.real is not set: what stands there is no registry"
        host = urlsplit(endpoint).hostname or ""
        try:
            addresses = [host.strip("[]")] if _is_address(host) else await asyncio.to_thread(lookup, host)
        except OSError:
            return f"{where}.endpoint: nobody knows where it leads"
        if _any_here(addresses):
            return f"{where}.endpoint leads to this machine: a registry does not stand here"
    return ""


def _is_address(host: str) -> bool:
    with suppress(ValueError):
        return bool(ip_address(host))
    return False


def _any_here(addresses: Iterable[str]) -> bool:
    return any(_is_here(address) for address in addresses)


def _is_here(address: str) -> bool:
    """Loopback, or any other address of this machine: only one's own can be bound."""
    ip = ip_address(address.partition("%")[0])
    inner = getattr(ip, "ipv4_mapped", None) or ip
    if inner.is_loopback or inner.is_unspecified:
        return True
    family = socket.AF_INET if inner.version == 4 else socket.AF_INET6
    with socket.socket(family, socket.SOCK_STREAM) as tried:
        try:
            tried.bind((str(inner), 0))
        except OSError:
            return False
    return True
