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
from collections.abc import Callable
from contextlib import suppress

import aiohttp
from yarl import URL

from gateway.clock import Clock
from gateway.domain.exchange import BOUNDS, Bounds, Request, Response
from gateway.errors import MalformedAnswer, RegistryUnreachable
from gateway.transport import headers, probing
from gateway.transport import tls as strict_tls
from gateway.transport.base import Probe
from gateway.transport.client import OWN_ERRORS, Reply, Unusable, new_session, unreachable
from gateway.transport.credentials.base import Credentials, Old, Proof
from gateway.transport.outgoing import Outgoing, filled
from gateway.transport.resolver import Resolver

__all__ = ["HttpTransport"]

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
        # Never none: aiohttp would take a context of its own for an `https://` that nobody foresaw.
        self._tls = tls or (strict_tls.context() if endpoint.startswith("https:") else strict_tls.trusting_nobody())
        self._resolver = resolver or Resolver(clock=clock)
        self._connections = connections
        self._max_bytes = bounds.max_bytes
        self._bounds = bounds
        self._on_stray = on_stray
        self._kept: _Session | None = None
        self._single: _Session | None = None
        self._retired = False

    async def send(self, request: Request, *, fresh: bool = False) -> Response:
        proof = await self._credentials.proof(self._log_in)
        response = await self._asked(request, proof, fresh=fresh)
        if self._credentials.are_old(response):
            renewed = await self._credentials.proof(self._log_in, old=Old(proof, response))
            if renewed is not proof:
                response = await self._asked(request, renewed, fresh=fresh)
        self._credentials.explain(request, response)
        return response

    async def _asked(self, request: Request, proof: Proof, *, fresh: bool) -> Response:
        outgoing = self._credentials.sign(filled(request, self._endpoint, proof.secrets), proof)
        headers.check(outgoing.headers)
        request.sent()
        return await self._exchange(outgoing, fresh=fresh)

    async def probe(self) -> list[Probe]:
        steps = await probing.connections(self._endpoint, self._resolver, self._tls)
        if any(step.ok for step in steps):
            advice = "Kiểm tra khóa, bí mật và địa chỉ cấp token / check key, secret and token address"
            log_in = self._credentials.proof(self._log_in)
            steps.append(await probing.tried("credentials", type(self._credentials).__name__, log_in, advice))
        return steps

    async def distrust(self) -> None:
        retired, self._kept = self._kept, None
        if retired is not None:
            await retired.retire()

    async def retire(self) -> None:
        """End with what is under way, log-ins among it; a connection that it still opens carries nothing else."""
        self._retired = True
        await self.distrust()
        retired, self._single = self._single, None
        if retired is not None:
            await retired.retire()

    async def close(self) -> None:
        sessions, self._kept, self._single = (self._kept, self._single), None, None
        for session in sessions:
            if session is not None:
                await _closed(session.client)

    async def _log_in(self, outgoing: Outgoing) -> Response:
        headers.check(outgoing.headers)
        # A token names nobody: it is believed from a connection that carried nothing else.
        return await self._exchange(outgoing, fresh=True)

    async def _exchange(self, outgoing: Outgoing, *, fresh: bool) -> Response:
        while True:
            try:
                return await self._once(outgoing, fresh=fresh)
            except Unusable as exc:
                if exc.spoke:
                    self._on_stray()
                if not exc.reused:
                    what = "spoke before it was asked" if exc.spoke else "closed the connection"
                    raise RegistryUnreachable(f"the registry {what}") from None
            except OWN_ERRORS as exc:
                # Some of these quote the address with its query, so the cause is cut and named in a word.
                raise unreachable(exc) from None

    async def _once(self, outgoing: Outgoing, *, fresh: bool) -> Response:
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
            # The body too is read inside the deadline: a registry that stalls half-way
            # through an answer is as dead as a silent one.
            said = headers.received(reply.headers.items())
            body = await self._body(reply, said.get("content-encoding", "identity").lower())
            return Response(
                status=reply.status,
                headers=said,
                body=body,
                received_at=self._clock.now(),
                fresh=not (isinstance(reply, Reply) and reply.reused),
                bounds=self._bounds,
            )

    async def _body(self, reply: aiohttp.ClientResponse, encoding: str) -> bytes:
        if encoding not in {"identity", "", "gzip"}:
            raise MalformedAnswer("the answer is packed in a way we did not ask for")
        if (reply.content_length or 0) > self._max_bytes:
            raise self._too_long()  # leaving the exchange closes the connection: nothing of it is read
        inflate = zlib.decompressobj(wbits=31) if encoding == "gzip" else None
        body = bytearray()
        packed = 0
        while chunk := await reply.content.readany():
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
        if self._retired:
            return _Session(self._new_session(keep=False), retired=True)
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
        )


class _Session:
    """A session that can be retired: what is under way ends, nothing new begins, then it closes."""

    def __init__(self, client: aiohttp.ClientSession, *, retired: bool = False) -> None:
        self.client = client
        self._under_way = 0
        self._retired = retired

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
