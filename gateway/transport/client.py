"""
aiohttp's client with its defaults cured: how a session is made, and what its errors mean in our words.

Each cure is a public hook of aiohttp: the resolver, the classes of request and response. Nothing is done
by default that was not asked for: no redirect (said with each request), no cookie, no proxy, no inflation, no
second sending, no `Expect`, no timer beside the channel's deadline.
"""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from gateway.errors import RegistryUnreachable
from gateway.transport.idle import Idle, has_unread, look
from gateway.transport.resolver import Resolver

if TYPE_CHECKING:
    from aiohttp.connector import Connection

__all__ = ["OWN_ERRORS", "Reply", "Unusable", "new_session", "unreachable"]

_KEEP_ALIVE_S = 240.0
_LONGEST_LINE = 8190
_MOST_HEADERS = 128

_idle = Idle()

_SENT_AGAIN_AFTER = (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError)
"""
After these aiohttp would send a GET again by itself where a used connection breaks, so that the registry sees more
requests than the channel counts; an error of our own stops it.
"""

OWN_ERRORS = (aiohttp.ClientError, OSError, ValueError)
"""What aiohttp raises; `unreachable` says it in our words."""


def new_session(
    *,
    resolver: Resolver,
    tls: ssl.SSLContext,
    connections: int,
    keep: bool,
) -> aiohttp.ClientSession:
    """A session for one instance; `keep` reuses connections. Its requests raise Unusable too."""
    options: dict[str, Any] = {"keepalive_timeout": _KEEP_ALIVE_S} if keep else {"force_close": True}
    connector = aiohttp.TCPConnector(
        limit=connections,
        ssl=tls,
        resolver=_Resolving(resolver),
        use_dns_cache=False,  # our resolver keeps answers itself, and checks them for each connection
        **options,
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_read=None, sock_connect=None),
        auto_decompress=False,
        trust_env=False,
        skip_auto_headers=["User-Agent", "Accept-Encoding"],
        request_class=_Request,
        response_class=Reply,
        max_line_size=_LONGEST_LINE,
        max_field_size=_LONGEST_LINE,
        max_headers=_MOST_HEADERS,
    )


def unreachable(exc: Exception) -> RegistryUnreachable:
    """One word for what failed, and what TLS or the resolver said of it: these name hosts, never questions."""
    match exc:
        case aiohttp.ClientConnectorCertificateError() as tls:
            return RegistryUnreachable(f"TLS: {getattr(tls.certificate_error, 'verify_message', 'certificate')}")
        case aiohttp.ClientConnectorSSLError() as tls:
            return RegistryUnreachable(f"TLS: handshake failed{_why(tls.os_error)}")
        case ssl.SSLCertVerificationError() as tls:
            return RegistryUnreachable(f"TLS: {tls.verify_message}")
        case ssl.SSLError() as tls:
            return RegistryUnreachable(f"TLS: handshake failed{_why(tls)}")
        case aiohttp.ClientConnectorDNSError():
            return RegistryUnreachable("DNS: the name does not resolve")
        case aiohttp.ClientConnectorError(os_error=ConnectionResetError() | ConnectionAbortedError()):
            return RegistryUnreachable("TLS: the registry broke off the handshake")
        case aiohttp.ClientConnectorError() as refused:
            return RegistryUnreachable(f"connection: {refused.os_error.strerror or 'refused'}")
        case ConnectionRefusedError():
            return RegistryUnreachable("connection: refused")
        case aiohttp.ServerDisconnectedError() | ConnectionError():
            return RegistryUnreachable("the registry closed the connection")
        case aiohttp.ClientPayloadError():
            return RegistryUnreachable("the answer ended too early")
        case aiohttp.ClientResponseError():
            return RegistryUnreachable("the answer is not HTTP")
        case _:
            return RegistryUnreachable(f"connection: {type(exc).__name__}")


class _Resolving(AbstractResolver):
    """Our resolver as aiohttp wants one."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=socket.AF_INET6 if ":" in address else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
            )
            for address in await self._resolver.addresses(host)
        ]

    async def close(self) -> None:
        """Nothing is held: a thread that still waits ends by itself."""


class Unusable(Exception):
    """
    A connection that nothing has been sent on, and nothing will be: it `spoke` before it was asked, or has ended.
    Where it was `reused`, another one may be tried.
    """

    def __init__(self, *, spoke: bool, reused: bool) -> None:
        super().__init__()
        self.spoke = spoke
        self.reused = reused


class Reply(aiohttp.ClientResponse):
    """An answer that knows whether its connection had carried another before."""

    reused = False

    def __repr__(self) -> str:
        """aiohttp's own, read before there is an answer, would remember for good that it has no headers."""
        return f"{type(self).__name__}()"

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        try:
            return await super().start(connection)
        except _SENT_AGAIN_AFTER as exc:
            raise unreachable(exc) from None


class _Request(aiohttp.ClientRequest):
    """Looks at its connection before the first byte leaves: what came unasked is the answer to another question."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        transport, protocol = conn.transport, conn.protocol
        said = _idle.said(protocol) if protocol is not None else None
        reused = said is not None
        if transport is None or protocol is None:
            raise Unusable(spoke=False, reused=reused)
        sock = transport.get_extra_info("socket")
        early = protocol.should_close  # the event loop has read something, or the connection is broken
        plain = transport.get_extra_info("sslcontext") is None
        seen = look(sock)
        # A new TLS connection may have bytes for us rightly: session tickets come at once.
        came = plain and has_unread(sock) if said is None else seen.has_spoken(said)
        if early or came:
            # Over TLS it may be no more than a farewell.
            raise Unusable(spoke=early or plain, reused=reused)
        if seen.has_ended:
            raise Unusable(spoke=False, reused=reused)
        conn.add_callback(lambda: _idle.note(protocol, sock))
        try:
            reply = await super().send(conn)
        except _SENT_AGAIN_AFTER as exc:
            raise unreachable(exc) from None
        if isinstance(reply, Reply):
            reply.reused = reused
        return reply


def _why(exc: OSError) -> str:
    """OpenSSL's own word, such as WRONG_VERSION_NUMBER; a constant, never data."""
    word = getattr(exc, "reason", None)
    return f" ({word.lower().replace('_', ' ')})" if isinstance(word, str) else ""
