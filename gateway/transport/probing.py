"""A look at the way to a registry, step by step, in which nobody is asked about."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable

from yarl import URL

from gateway.errors import RegistryError
from gateway.transport.base import Probe
from gateway.transport.client import unreachable
from gateway.transport.endpoint import literal
from gateway.transport.resolver import Resolver

__all__ = ["connections", "tried"]

_PROBE_S = 5.0


async def connections(endpoint: str, resolver: Resolver, tls: ssl.SSLContext) -> list[Probe]:
    """One step for each address that the endpoint's name stands for: a question may take any of them."""
    url = URL(endpoint)
    host = url.host or "?"
    advice = f"Kiểm tra endpoint, tường lửa, DNS và TLS / check endpoint, firewall, DNS and TLS to {host}"
    only = literal(endpoint)
    try:
        addresses = [only] if only is not None else await resolver.addresses(host)
    except RegistryError as exc:
        return [Probe("connection", ok=False, detail=str(exc), advice=advice)]
    steps = (
        tried("connection", address if address == only else f"{host} {address}", _connect(url, address, tls), advice)
        for address in addresses
    )
    return list(await asyncio.gather(*steps))


async def tried(step: str, what: str, trying: Awaitable[object], advice: str) -> Probe:
    """How it went within five seconds; `advice` is for whoever must mend it."""
    try:
        async with asyncio.timeout(_PROBE_S):
            await trying
        return Probe(step, ok=True, detail=what)
    except RegistryError as exc:
        return Probe(step, ok=False, detail=f"{what}: {exc}", advice=advice)
    except TimeoutError:
        return Probe(step, ok=False, detail=f"{what}: nothing within {_PROBE_S:g} s", advice=advice)


async def _connect(url: URL, address: str, tls: ssl.SSLContext) -> None:
    secure = url.scheme == "https"
    try:
        _, writer = await asyncio.open_connection(
            address, url.port, ssl=tls if secure else None, server_hostname=url.host if secure else None
        )
        writer.close()
        await writer.wait_closed()
    except OSError as exc:
        raise unreachable(exc) from None
