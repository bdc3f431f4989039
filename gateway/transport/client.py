"""
aiohttp's client with its defaults cured: how a session is made, and what its errors mean in our words.

Each cure is a public hook of aiohttp: the resolver, the request class, one middleware, one trace. Nothing is done
by default that was not asked for: no redirect (said with each request), no cookie, no proxy, no inflation, no
second sending, no `Expect`, no timer beside the channel's deadline.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from gateway.errors import RegistryUnreachable
from gateway.transport.idle import Idle, has_ended, has_unread
from gateway.transport.resolver import Resolver

if TYPE_CHECKING:
    from aiohttp.connector import Connection

__all__ = ["OWN_ERRORS", "new_session", "unreachable", "was_reused"]

_KEEP_ALIVE_S = 240.0
_LONGEST_LINE = 8190
_MOST_HEADERS = 128

_idle = Idle()
_reused: ContextVar[bool] = ContextVar("reused", default=False)  # hooks run in the task that asks

OWN_ERRORS = (aiohttp.ClientError, OSError, ValueError)
"""What aiohttp raises; `unreachable` says it in our words."""


def new_session(
    *,
    resolver: Resolver,
    tls: ssl.SSLContext,
    connections: int,
    keep: bool,
    on_stray: Callable[[], None],
) -> aiohttp.ClientSession:
    """
    A session for one instance. `keep` reuses connections; `on_stray` is told of each that spoke out of turn.
    """
    options: dict[str, Any] = {"keepalive_timeout": _KEEP_ALIVE_S} if keep else {"force_close": True}
    connector = aiohttp.TCPConnector(
        limit=connections,
        ssl=tls,
        resolver=_Resolving(resolver),
        use_dns_cache=False,  # our resolver keeps answers itself, and checks them for each connection
        **options,
    )
    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(_note_reused)
    trace.on_connection_create_end.append(_note_new)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_read=None, sock_connect=None),
        auto_decompress=False,
        trust_env=False,
        skip_auto_headers=["User-Agent", "Accept-Encoding"],
        trace_configs=[trace],
        request_class=_Request,
        middlewares=[_Once(on_stray)],
        max_line_size=_LONGEST_LINE,
        max_field_size=_LONGEST_LINE,
        max_headers=_MOST_HEADERS,
    )


def was_reused() -> bool:
    """True when the last request of this task went over a connection that had carried another."""
    return _reused.get()


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


class _Unusable(Exception):
    """A connection that nothing has been sent on, and nothing will be."""

    def __init__(self, *, spoke: bool) -> None:
        super().__init__()
        self.spoke = spoke


class _Request(aiohttp.ClientRequest):
    """Looks at its connection before the first byte leaves: what came unasked is the answer to another question."""

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        transport, protocol = conn.transport, conn.protocol
        if transport is None or protocol is None:
            raise _Unusable(spoke=False)
        sock = transport.get_extra_info("socket")
        early = protocol.should_close  # the event loop has read something, or the connection is broken
        plain = transport.get_extra_info("sslcontext") is None
        # A new TLS connection may have bytes for us rightly: session tickets come at once.
        came = _idle.has_spoken(protocol, sock) if was_reused() else plain and has_unread(sock)
        if early or came:
            raise _Unusable(spoke=early or plain)  # over TLS it may be no more than a farewell
        if has_ended(sock):
            raise _Unusable(spoke=False)
        conn.add_callback(lambda: _idle.note(protocol, sock))
        return await super().send(conn)


class _Once:
    """
    Sends a request once. aiohttp would send a GET again by itself when a used connection breaks, so that the
    registry sees more requests than the channel counts; an error of our own stops it.
    """

    def __init__(self, on_stray: Callable[[], None]) -> None:
        self._on_stray = on_stray

    async def __call__(
        self, request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        while True:
            try:
                return await handler(request)
            except _Unusable as exc:
                if exc.spoke:
                    self._on_stray()
                if not was_reused():
                    what = "spoke before it was asked" if exc.spoke else "closed the connection"
                    raise RegistryUnreachable(f"the registry {what}") from None
            except aiohttp.ClientConnectorError:
                raise  # nothing was sent, and aiohttp leaves it at that
            except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as exc:
                raise unreachable(exc) from None


def _why(exc: OSError) -> str:
    """OpenSSL's own word, such as WRONG_VERSION_NUMBER; a constant, never data."""
    word = getattr(exc, "reason", None)
    return f" ({word.lower().replace('_', ' ')})" if isinstance(word, str) else ""


async def _note_reused(*_: object) -> None:
    _reused.set(True)


async def _note_new(*_: object) -> None:
    _reused.set(False)
