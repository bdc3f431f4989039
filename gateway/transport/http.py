"""
Requests of one instance over HTTP: kept connections, and new ones where the channel wants that.

No redirects, no cookies, no proxy from the environment, no inflation beyond the budget, no timer of its own
(the channel's deadline covers everything, the body too), one sending for one attempt, and answers to nobody's
question are never read as somebody's: design.md, section 6; the session's own cures stand in `client`.
"""

from __future__ import annotations

import asyncio
import ssl
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace

import aiohttp
from yarl import URL

from gateway.clock import Clock
from gateway.domain.exchange import BOUNDS, Bounds, Request, Response
from gateway.errors import MalformedAnswer, RegistryError, RegistryRejected
from gateway.transport import tls as strict_tls
from gateway.transport.base import Probe
from gateway.transport.client import OWN_ERRORS, new_session, unreachable, was_reused
from gateway.transport.credentials.base import Credentials, Old, Proof
from gateway.transport.endpoint import literal
from gateway.transport.outgoing import Outgoing, filled
from gateway.transport.resolver import Resolver

__all__ = ["HttpTransport"]

_PROBE_S = 5.0
_CLOSE_S = 0.1


class HttpTransport:
    """
    Requests to one endpoint over kept connections, and over a new one where the channel wants that.

    `tls` is needed for `https://`; without it the machine's authorities are trusted. `on_stray` is told of each
    connection that was dropped because it held bytes nobody had asked for.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        credentials: Credentials,
        clock: Clock,
        tls: ssl.SSLContext | None = None,
        resolver: Resolver | None = None,
        connections: int = 32,
        bounds: Bounds = BOUNDS,
        on_stray: Callable[[], None] = lambda: None,
    ) -> None:
        self._endpoint = endpoint
        self._credentials = credentials
        self._clock = clock
        self._tls = tls or (strict_tls.context() if endpoint.startswith("https:") else None)
        self._resolver = resolver or Resolver(clock=clock)
        self._connections = connections
        self._max_bytes = bounds.max_bytes
        self._bounds = bounds
        self._on_stray = on_stray
        self._kept: _Session | None = None
        self._single: _Session | None = None

    async def send(self, request: Request, *, fresh: bool = False) -> Response:
        proof = await self._credentials.proof(self._log_in)
        response = await self._exchange(self._signed(request, proof), fresh=fresh)
        if self._credentials.are_old(response):
            if request.again is not None:
                request.again(response)
            proof = await self._credentials.proof(self._log_in, old=Old(proof, response))
            response = await self._exchange(self._signed(request, proof), fresh=fresh)
        self._credentials.explain(request, response)
        return response

    def _signed(self, request: Request, proof: Proof) -> Outgoing:
        return self._credentials.sign(filled(request, self._endpoint, proof.secrets), proof)

    async def probe(self) -> list[Probe]:
        host = URL(self._endpoint).host or "?"
        connection = await self._tried("connection", host, self._connect())
        if not connection.ok:
            advice = f"Kiểm tra endpoint, tường lửa, DNS và TLS / check endpoint, firewall, DNS and TLS to {host}"
            return [replace(connection, advice=advice)]
        log_in = self._credentials.proof(self._log_in)
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
        sessions, self._kept, self._single = (self._kept, self._single), None, None
        for session in sessions:
            if session is not None:
                await _closed(session.client)

    async def _log_in(self, outgoing: Outgoing) -> Response:
        # A token names nobody: it is believed from a connection that carried nothing else.
        return await self._exchange(outgoing, fresh=True)

    async def _exchange(self, outgoing: Outgoing, *, fresh: bool) -> Response:
        _check_headers(outgoing)
        try:
            async with (
                self._session(fresh=fresh) as client,
                client.request(
                    outgoing.method,
                    URL(outgoing.url, encoded=True),
                    headers=outgoing.headers,
                    data=outgoing.body,
                    allow_redirects=False,
                ) as reply,
            ):
                new = not was_reused()
                # The body too is read inside the deadline: a registry that stalls half-way
                # through an answer is as dead as a silent one.
                body = await self._body(reply)
                headers = {name.lower(): value for name, value in reply.headers.items()}
                return Response(
                    status=reply.status,
                    headers=headers,
                    body=body,
                    received_at=self._clock.now(),
                    fresh=new,
                    bounds=self._bounds,
                )
        except OWN_ERRORS as exc:
            # Some of these quote the address with its query, so the cause is cut and named in a word.
            raise unreachable(exc) from None

    async def _body(self, reply: aiohttp.ClientResponse) -> bytes:
        encoding = reply.headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in {"identity", "", "gzip"}:
            raise MalformedAnswer("the answer is packed in a way we did not ask for")
        if (reply.content_length or 0) > self._max_bytes:
            raise self._too_long()  # leaving the exchange closes the connection: nothing of it is read
        inflate = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
        body = bytearray()
        packed = 0
        async for chunk in reply.content.iter_any():
            packed += len(chunk)
            if inflate is None:
                body += chunk
            else:
                try:
                    body += inflate.decompress(chunk, self._max_bytes + 1 - len(body))
                except zlib.error:
                    raise MalformedAnswer("the answer's packing is broken") from None
            if max(len(body), packed) > self._max_bytes:
                raise self._too_long()
        if inflate is not None and packed and (not inflate.eof or inflate.unused_data):
            raise MalformedAnswer("the answer's packing ends too early or too late")
        return bytes(body)

    def _too_long(self) -> MalformedAnswer:
        return MalformedAnswer(f"the answer is longer than {self._max_bytes} bytes")

    def _session(self, *, fresh: bool) -> _Session:
        if fresh:
            if self._single is None:
                self._single = _Session(self._new_session(keep=False))
            return self._single
        if self._kept is None:
            self._kept = _Session(self._new_session(keep=True))
        return self._kept

    def _new_session(self, *, keep: bool) -> aiohttp.ClientSession:
        return new_session(
            resolver=self._resolver,
            tls=self._tls,
            connections=self._connections,
            keep=keep,
            on_stray=self._on_stray,
        )

    async def _connect(self) -> None:
        url = URL(self._endpoint)
        host = url.host or ""
        address = literal(self._endpoint) or (await self._resolver.addresses(host))[0]
        secure = url.scheme == "https"
        try:
            _, writer = await asyncio.open_connection(
                address, url.port, ssl=self._tls if secure else None, server_hostname=host if secure else None
            )
            writer.close()
            await writer.wait_closed()
        except OSError as exc:
            raise unreachable(exc) from None


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
            await _closed(self.client)


async def _closed(client: aiohttp.ClientSession) -> None:
    """Let go, but not at the price of a deadline: a peer that takes no bytes may leave a connection half closed."""
    with suppress(TimeoutError):
        async with asyncio.timeout(_CLOSE_S):
            await client.close()


def _check_headers(outgoing: Outgoing) -> None:
    if any(char in name + value for name, value in outgoing.headers.items() for char in "\r\n\0"):
        raise RegistryRejected("a header value holds a line end or NUL; nothing was sent")
