"""
The one door to aiohttp's client. One session an instance, with its defaults cured.

No redirects, no cookies, no proxy from the environment, no inflation beyond the budget, no timer of its own
(the channel's deadline covers everything, the body too), and answers to nobody's question are never read as
somebody's: design.md, section 6.
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import Awaitable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import aiohttp
from yarl import URL

from gateway.clock import Clock
from gateway.domain.exchange import Request, Response
from gateway.errors import MalformedAnswer, RegistryError, RegistryUnreachable
from gateway.transport.base import Probe
from gateway.transport.credentials.base import Credentials
from gateway.transport.outgoing import Outgoing, filled

__all__ = ["HttpTransport"]

_KEEP_ALIVE_S = 240.0
_PROBE_S = 5.0


class HttpTransport:
    """Requests to one endpoint over kept connections, and over a new one where the channel wants that."""

    def __init__(
        self,
        *,
        endpoint: str,
        credentials: Credentials,
        clock: Clock,
        tls: ssl.SSLContext | None = None,
        connections: int = 32,
        max_bytes: int = 2 * 1024 * 1024,
    ) -> None:
        self._endpoint = endpoint
        self._credentials = credentials
        self._clock = clock
        self._tls = tls
        self._connections = connections
        self._max_bytes = max_bytes
        self._kept: _Session | None = None
        self._single: _Session | None = None

    async def send(self, request: Request, *, fresh: bool = False) -> Response:
        unsigned = filled(request, self._endpoint, self._credentials.secrets)
        outgoing = await self._credentials.sign(unsigned, self._log_in)
        response = await self._exchange(outgoing, fresh=fresh)
        if self._credentials.are_old(response):
            outgoing = await self._credentials.sign(outgoing, self._log_in, renew=True)
            response = await self._exchange(outgoing, fresh=fresh)
        return response

    async def probe(self) -> list[Probe]:
        host = URL(self._endpoint).host or "?"
        connection = await self._tried("connection", host, self._connect())
        if not connection.ok:
            advice = f"Kiểm tra endpoint, tường lửa, DNS và TLS / check endpoint, firewall, DNS and TLS to {host}"
            return [replace(connection, advice=advice)]
        log_in = self._credentials.sign(Outgoing("GET", self._endpoint, {}, None), self._log_in, renew=True)
        credentials = await self._tried("credentials", type(self._credentials).__name__, log_in)
        if not credentials.ok:
            advice = "Kiểm tra khóa, bí mật và địa chỉ cấp token / check key, secret and token address"
            credentials = replace(credentials, advice=advice)
        return [connection, credentials]

    async def _tried(self, step: str, what: str, trying: Awaitable[object]) -> Probe:
        try:
            async with asyncio.timeout(_PROBE_S):
                await trying
            return Probe(step, ok=True, detail=what)
        except RegistryError as exc:
            return Probe(step, ok=False, detail=str(exc))
        except TimeoutError:
            return Probe(step, ok=False, detail=f"nothing within {_PROBE_S:g} s")

    async def distrust(self) -> None:
        retired, self._kept = self._kept, None
        if retired is not None:
            await retired.retire()

    async def close(self) -> None:
        for session in (self._kept, self._single):
            if session is not None:
                await session.client.close()
        self._kept = self._single = None

    async def _log_in(self, outgoing: Outgoing) -> Response:
        return await self._exchange(outgoing, fresh=False)

    async def _exchange(self, outgoing: Outgoing, *, fresh: bool) -> Response:
        trace = SimpleNamespace(reused=False)
        try:
            async with (
                self._session(fresh=fresh) as client,
                client.request(
                    outgoing.method,
                    URL(outgoing.url, encoded=True),
                    headers=outgoing.headers,
                    data=outgoing.body,
                    allow_redirects=False,
                    trace_request_ctx=trace,
                ) as reply,
            ):
                # The body too is read inside the deadline: a registry that stalls half-way
                # through an answer is as dead as a silent one.
                body = await self._body(reply)
                headers = {name.lower(): value for name, value in reply.headers.items()}
                return Response(
                    status=reply.status,
                    headers=headers,
                    body=body,
                    received_at=self._clock.now(),
                    fresh=not trace.reused,
                )
        except (aiohttp.ClientError, OSError, ValueError) as exc:
            # Some of these quote the address with its query, so the cause is cut and named in a word.
            raise _unreachable(exc) from None

    async def _body(self, reply: aiohttp.ClientResponse) -> bytes:
        encoding = reply.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in {"identity", "", "gzip"}:
            raise MalformedAnswer("the answer is packed in a way we did not ask for")
        inflate = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
        body = bytearray()
        async for chunk in reply.content.iter_any():
            if inflate is None:
                body += chunk
            else:
                try:
                    body += inflate.decompress(chunk, self._max_bytes + 1 - len(body))
                except zlib.error:
                    raise MalformedAnswer("the answer's packing is broken") from None
            if len(body) > self._max_bytes:
                reply.close()
                raise MalformedAnswer(f"the answer is longer than {self._max_bytes} bytes")
        return bytes(body)

    def _session(self, *, fresh: bool) -> _Session:
        if fresh:
            if self._single is None:
                self._single = _Session(self._new_session(force_close=True))
            return self._single
        if self._kept is None:
            self._kept = _Session(self._new_session(force_close=False))
        return self._kept

    def _new_session(self, *, force_close: bool) -> aiohttp.ClientSession:
        options: dict[str, Any] = {} if force_close else {"keepalive_timeout": _KEEP_ALIVE_S}
        connector = aiohttp.TCPConnector(
            limit=self._connections, force_close=force_close, ssl=self._tls or True, **options
        )
        trace = aiohttp.TraceConfig()
        trace.on_connection_reuseconn.append(_note_reuse)
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, connect=None, sock_read=None, sock_connect=None),
            auto_decompress=False,
            trust_env=False,
            skip_auto_headers=["User-Agent", "Accept-Encoding"],
            trace_configs=[trace],
        )

    async def _connect(self) -> None:
        url = URL(self._endpoint)
        tls = (self._tls or ssl.create_default_context()) if url.scheme == "https" else None
        try:
            _, writer = await asyncio.open_connection(url.host, url.port, ssl=tls)
            writer.close()
            await writer.wait_closed()
        except OSError as exc:
            raise _unreachable(exc) from None


class _Session:
    """A session that can be retired: what is under way ends, nothing new begins, then it closes."""

    def __init__(self, client: aiohttp.ClientSession) -> None:
        self.client = client
        self._under_way = 0
        self._retired = False

    async def __aenter__(self) -> aiohttp.ClientSession:
        self._under_way += 1
        return self.client

    async def __aexit__(self, *_: object) -> None:
        self._under_way -= 1
        await self._close_when_idle()

    async def retire(self) -> None:
        self._retired = True
        await self._close_when_idle()

    async def _close_when_idle(self) -> None:
        if self._retired and not self._under_way:
            await self.client.close()


async def _note_reuse(_: aiohttp.ClientSession, trace: SimpleNamespace, __: object) -> None:
    trace.trace_request_ctx.reused = True


def _unreachable(exc: Exception) -> RegistryUnreachable:
    """One word for what failed, and what TLS or the resolver said of it: these name hosts, never questions."""
    match exc:
        case aiohttp.ClientConnectorCertificateError() as tls:
            return RegistryUnreachable(f"TLS: {getattr(tls.certificate_error, 'verify_message', 'certificate')}")
        case aiohttp.ClientConnectorSSLError() | ssl.SSLError():
            return RegistryUnreachable("TLS: handshake failed")
        case aiohttp.ClientConnectorDNSError():
            return RegistryUnreachable("DNS: the name does not resolve")
        case aiohttp.ClientConnectorError() as refused:
            return RegistryUnreachable(f"connection: {refused.os_error.strerror or 'refused'}")
        case aiohttp.ServerDisconnectedError() | ConnectionError():
            return RegistryUnreachable("the registry closed the connection")
        case aiohttp.ClientPayloadError():
            return RegistryUnreachable("the answer ended too early")
        case aiohttp.ClientResponseError():
            return RegistryUnreachable("the answer is not HTTP")
        case _:
            return RegistryUnreachable(f"connection: {type(exc).__name__}")
