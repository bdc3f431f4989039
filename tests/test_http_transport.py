"""aiohttp's client with its defaults cured, against real sockets."""

from __future__ import annotations

import asyncio
import gzip
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal

import pytest
from aiohttp import web

from gateway.clock import SystemClock
from gateway.domain.exchange import Bounds, Request
from gateway.errors import MalformedAnswer, RegistryUnreachable
from gateway.transport.credentials import Anonymous
from gateway.transport.http import HttpTransport
from gateway.transport.resolver import Addresses, Resolver

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
ASK = Request(operation="op", method="GET", query=(("id", "CANARY"),))


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A real server with one handler, on a free port."""
    app = web.Application()
    app.router.add_route("*", "/{any:.*}", handler)
    runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def transport_to(endpoint: str, *, max_bytes: int = 100_000, **more: Any) -> AsyncIterator[HttpTransport]:
    transport = HttpTransport(
        endpoint=endpoint, credentials=Anonymous(), clock=SystemClock(), bounds=Bounds(max_bytes=max_bytes), **more
    )
    try:
        yield transport
    finally:
        await transport.close()


async def test_a_kept_connection_is_told_from_a_new_one() -> None:
    """The first answer comes from a new connection, the second from a used one, and a fresh one on demand."""

    async def handler(_: web.Request) -> web.Response:
        return web.Response(text="{}")

    async with serving(handler) as url, transport_to(url) as transport:
        assert (await transport.send(ASK)).fresh
        assert not (await transport.send(ASK)).fresh
        assert (await transport.send(ASK, fresh=True)).fresh
        assert (await transport.send(ASK, fresh=True)).fresh


async def test_s01_a_redirect_is_not_followed() -> None:
    """The question, its body and its key go nowhere but to the configured endpoint."""
    paths = []

    async def handler(request: web.Request) -> web.Response:
        paths.append(request.path)
        raise web.HTTPTemporaryRedirect("/elsewhere")

    async with serving(handler) as url, transport_to(url) as transport:
        assert (await transport.send(ASK)).status == 307

    assert paths == ["/"]


async def test_s10_a_cookie_is_never_sent_back() -> None:
    """What a registry sets in one question does not travel with the next."""
    cookies = []

    async def handler(request: web.Request) -> web.Response:
        cookies.append(request.headers.get("Cookie"))
        return web.Response(headers={"Set-Cookie": "session=CANARY"})

    async with serving(handler) as url, transport_to(url) as transport:
        await transport.send(ASK)
        await transport.send(ASK)

    assert cookies == [None, None]


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_nothing_is_sent_that_nobody_asked_for(method: Literal["GET", "POST"]) -> None:
    """No `Expect`, no user agent, no packing on offer: a registry gets the question's headers and what HTTP needs."""
    seen: list[set[str]] = []

    async def handler(request: web.Request) -> web.Response:
        seen.append({name.lower() for name in request.headers})
        return web.Response()

    body = (b"x" * 100_000,) if method == "POST" else ()
    async with serving(handler) as url, transport_to(url) as transport:
        await transport.send(Request(operation="op", method=method, headers={"X-Own": "1"}, body=body))

    assert seen[0] - {"content-length", "content-type"} == {"host", "accept", "x-own"}


async def test_t17_a_proxy_in_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTP_PROXY does not send a citizen's question to a third party."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")

    async def handler(_: web.Request) -> web.Response:
        return web.Response(text="direct")

    async with serving(handler) as url, transport_to(url) as transport:
        assert (await transport.send(ASK)).body == b"direct"


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip bomb"])
async def test_f30_an_answer_beyond_the_budget_is_cut(packed: bool) -> None:
    """A body too long, as sent or once inflated, is malformed at the limit, not after it."""

    async def handler(_: web.Request) -> web.Response:
        body = b"x" * 10_000_000
        if packed:
            return web.Response(body=gzip.compress(body), headers={"Content-Encoding": "gzip"})
        return web.Response(body=body)

    async with serving(handler) as url, transport_to(url) as transport:
        with pytest.raises(MalformedAnswer, match="longer than 100000 bytes"):
            await transport.send(ASK)


async def test_the_readers_of_an_answer_know_the_same_budget() -> None:
    """What the transport was allowed to read, the wire is allowed to read: one setting, one limit."""

    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=b"x" * 3_000_000)

    async with serving(handler) as url, transport_to(url, max_bytes=3_000_000) as transport:
        assert (await transport.send(ASK)).bounds.max_bytes == 3_000_000


async def test_a_gzip_answer_is_unpacked() -> None:
    """Packing within the budget is undone."""

    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=gzip.compress(b"whole"), headers={"Content-Encoding": "gzip"})

    async with serving(handler) as url, transport_to(url) as transport:
        assert (await transport.send(ASK)).body == b"whole"


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("br", b"x"),
        ("gzip", b"no gzip at all"),
        ("gzip", gzip.compress(b"whole")[:-9]),
        ("gzip", gzip.compress(b"whole") + b"more"),
    ],
    ids=["not asked for", "no gzip", "cut short", "something behind it"],
)
async def test_unknown_or_broken_packing_is_malformed(encoding: str, body: bytes) -> None:
    """What we did not ask for and cannot read is no answer."""

    async def handler(_: web.Request) -> web.Response:
        return web.Response(body=body, headers={"Content-Encoding": encoding})

    async with serving(handler) as url, transport_to(url) as transport:
        with pytest.raises(MalformedAnswer):
            await transport.send(ASK)


async def _raw(reply: bytes) -> tuple[asyncio.Server, str]:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(reply)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    return server, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


@pytest.mark.parametrize(
    "reply",
    [b"", b"garbage\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", b"HTTP/1.1 abc OK\r\n\r\n"],
    ids=["closed", "no HTTP", "half a body", "no status"],
)
async def test_a_broken_connection_is_unreachable_and_quotes_nothing(reply: bytes) -> None:
    """However the connection breaks, the error names what failed and never the address with its query."""
    server, url = await _raw(reply)
    async with server, transport_to(url) as transport:
        with pytest.raises(RegistryUnreachable) as caught:
            await transport.send(ASK)

    assert "CANARY" not in str(caught.value)
    assert caught.value.__cause__ is None


def _answer(*headers: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", "Content-Length: 2", *headers, "", "{}"]).encode()


@pytest.mark.parametrize(
    ("headers", "name", "value"),
    [
        (("X-Road-Id: a", "X-Road-Id: b"), "x-road-id", "a, b"),
        (("X-Road-Id: b", "x-road-id: a"), "x-road-id", "b, a"),
        (("X-Road-Id: a", "X-Road-Id: a"), "x-road-id", "a"),
        (("Content-Type: text/xml", "Content-Type: text/xml "), "content-type", "text/xml"),
        (("Retry-After: 7", "Retry-After: 9"), "retry-after", "7, 9"),
    ],
)
async def test_a_header_that_stands_twice_is_not_the_last_of_them(
    headers: tuple[str, ...], name: str, value: str
) -> None:
    """Values of one header stand in a row, equal ones once: nothing that was said is forgotten."""
    server, url = await _raw(_answer(*headers))
    async with server, transport_to(url) as transport:
        assert (await transport.send(ASK)).headers[name] == value


@pytest.mark.parametrize("header", ["Content-Type: text/xml", "Content-Encoding: identity"])
async def test_two_readings_of_one_body_are_malformed(header: str) -> None:
    """An answer that says twice, and differently, what it is or how it is packed can be read as anything."""
    server, url = await _raw(_answer(header, header.partition(":")[0] + ": gzip"))
    async with server, transport_to(url) as transport:
        with pytest.raises(MalformedAnswer, match=r"several content-(type|encoding)"):
            await transport.send(ASK)


async def test_a_probe_tries_every_address_of_a_name_and_says_which_failed() -> None:
    """Where a name stands for two addresses and one of them is dead, the look at the way shows both."""

    async def handler(_: web.Request) -> web.Response:
        return web.Response(text="{}")

    names = Resolver(
        clock=SystemClock(),
        addresses=Addresses.of("127.0.0.0/8"),
        lookup=lambda _: ["127.0.0.2", "127.0.0.1"],
    )
    async with (
        serving(handler) as url,
        transport_to(url.replace("127.0.0.1", "registry.invalid"), resolver=names) as transport,
    ):
        dead, alive, credentials = await transport.probe()

    assert (dead.step, dead.ok) == ("connection", False)
    assert dead.detail == "registry.invalid 127.0.0.2: connection: refused"
    assert dead.advice
    assert (alive.ok, alive.detail) == (True, "registry.invalid 127.0.0.1")
    assert credentials.ok


async def test_a_port_where_nobody_listens_is_unreachable() -> None:
    """Connection refused is told as such, for a question and for a probe alike."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        async with transport_to(f"http://127.0.0.1:{held.getsockname()[1]}") as transport:
            with pytest.raises(RegistryUnreachable, match="connection"):
                await transport.send(ASK)
            (probe,) = await transport.probe()

    assert not probe.ok
    assert probe.advice


async def test_distrusted_connections_are_not_used_again() -> None:
    """After a stray answer the next question opens a new connection; one under way is not disturbed."""
    release = asyncio.Event()

    async def handler(request: web.Request) -> web.Response:
        if request.path == "/slow":
            await release.wait()
        return web.Response(text="{}")

    async with serving(handler) as url, transport_to(url) as transport:
        await transport.send(ASK)
        slow = asyncio.create_task(transport.send(Request(operation="op", method="GET", path=("slow",))))
        await asyncio.sleep(0.05)
        await transport.distrust()
        after = await transport.send(ASK)
        release.set()

        assert after.fresh
        assert (await slow).status == 200
