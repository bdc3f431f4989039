"""
Names to addresses, one resolver an instance, with limits of its own.

A resolver that hangs for one registry's name holds one daemon thread of that registry: never the shared thread
pool, another registry or the end of the process. What a name resolves to is checked when a connection is made, so
a name that flips to an inner address (rebinding) reaches nobody.
"""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from gateway.clock import Clock
from gateway.errors import RegistryUnreachable

__all__ = ["Addresses", "Lookup", "Network", "Resolver", "system_lookup"]

Network = IPv4Network | IPv6Network
_TRANSLATED = IPv6Network("64:ff9b::/96")  # RFC 6052, NAT64
Lookup = Callable[[str], Sequence[str]]
"""Numeric addresses of a name, best first; may block, and raises OSError when there is no answer."""


def system_lookup(host: str) -> list[str]:
    """What the machine's own resolver says."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [str(address[0]) for *_, address in found]


@dataclass(frozen=True, slots=True)
class Addresses:
    """
    Which addresses a name may stand for: those in `networks`; any where that is empty.

    Loopback, link-local, unspecified, multicast and reserved addresses are never meant by a registry's name: one
    counts only where a network of that very sort is listed. `0.0.0.0/0` lists none of them.
    """

    networks: tuple[Network, ...] = ()

    @classmethod
    def of(cls, *networks: str) -> Addresses:
        """From networks as text, such as `10.1.0.0/16`. Raises ValueError for what is none."""
        return cls(tuple(ip_network(network) for network in networks))

    def admit(self, address: str) -> bool:
        """True when a connection to this numeric address may be made."""
        written = ip_address(address.partition("%")[0])
        ip = _plain(written)
        listed = [network for network in self.networks if ip in network or written in network]
        if _is_special(ip):
            return any(_is_special(network) for network in listed if network.version == ip.version)
        return bool(listed) or not self.networks


class Resolver:
    """
    Asks in a thread of its own, at most one at a time for a name, and keeps the answer for `ttl_s`.

    Names come from settings alone, so there are no more threads than names. `lookup` may block as long as it
    likes: a question waits for it at most `timeout_s`, and no longer than its own deadline.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        addresses: Addresses | None = None,
        lookup: Lookup = system_lookup,
        ttl_s: float = 30.0,
        timeout_s: float = 5.0,
    ) -> None:
        self._clock = clock
        self._addresses = addresses or Addresses()
        self._lookup = lookup
        self._ttl_s = ttl_s
        self._timeout_s = timeout_s
        self._known: dict[str, tuple[float, Sequence[str]]] = {}
        self._asked: dict[str, asyncio.Future[Sequence[str]]] = {}

    async def addresses(self, host: str) -> list[str]:
        """Where `host` may be reached, best first. Raises RegistryUnreachable for nowhere, too late or not allowed."""
        until, found = self._known.get(host, (0.0, ()))
        if not found or until <= self._clock.monotonic():
            found = await self._resolved(host)
        allowed = [address for address in found if self._addresses.admit(address)]
        if found and not allowed:
            raise RegistryUnreachable(f"address not allowed: {host} resolves to {found[0]}; see allowed_addresses")
        if not allowed:
            raise RegistryUnreachable("DNS: the name does not resolve")
        return allowed

    async def _resolved(self, host: str) -> Sequence[str]:
        answer = self._asked.get(host)
        if answer is None:
            answer = asyncio.get_running_loop().create_future()
            try:
                threading.Thread(target=self._look_up, args=(host, answer), name="resolver", daemon=True).start()
            except RuntimeError:  # the machine gives no more threads; the next question tries anew
                raise RegistryUnreachable("DNS: no thread could be had to look the name up") from None
            self._asked[host] = answer
        try:
            async with asyncio.timeout(self._timeout_s):
                return await asyncio.shield(answer)
        except TimeoutError:
            raise RegistryUnreachable(f"DNS: no answer within {self._timeout_s:g} s") from None

    def _look_up(self, host: str, answer: asyncio.Future[Sequence[str]]) -> None:
        found: Sequence[str] = ()
        with suppress(Exception):  # whatever it is, the name does not resolve; silence would hold it for ever
            found = self._lookup(host)
        with suppress(RuntimeError):  # the loop has been closed while we waited: nobody wants to know any more
            answer.get_loop().call_soon_threadsafe(self._take, host, answer, found)

    def _take(self, host: str, answer: asyncio.Future[Sequence[str]], found: Sequence[str]) -> None:
        del self._asked[host]
        if found:
            self._known[host] = (self._clock.monotonic() + self._ttl_s, found)
        answer.set_result(found)


def _plain(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """An IPv4 address that travels inside an IPv6 address, unpacked: whoever translates it connects to that one."""
    if not isinstance(ip, IPv6Address):
        return ip
    if ip in _TRANSLATED:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None) or ip


def _is_special(where: IPv4Address | IPv6Address | Network) -> bool:
    return where.is_loopback or where.is_link_local or where.is_unspecified or where.is_multicast or where.is_reserved
