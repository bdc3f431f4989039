"""The fault proxy, byte by byte: what each kind of fault does to an answer on its way to the client."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from mocks.faults import KINDS, Fault, parsed
from mocks.kinds import RAW, SIZED
from mocks.proxy import Proxy, proxied
from tests.test_http_transport import serving

BODY = b"0123456789"


async def _echo(request: web.Request) -> web.Response:
    return web.Response(body=request.path.encode() if request.path != "/" else BODY, content_type="text/plain")


@asynccontextmanager
async def between(fault: Fault | None = None) -> AsyncIterator[Proxy]:
    """A proxy in front of a server that answers with ten digits, or with the path where there is one."""
    async with serving(_echo) as url, proxied(url.removeprefix("http://"), fault, dice=lambda: 1.0) as proxy:
        yield proxy


class Client:
    """Asks over one connection and reads bytes as they come."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def ask(self, path: str = "/") -> None:
        self.writer.write(f"GET {path} HTTP/1.1\r\nHost: proxied\r\n\r\n".encode())

    async def head(self) -> str:
        return (await self.reader.readuntil(b"\r\n\r\n")).decode()

    async def to_the_end(self) -> bytes:
        async with asyncio.timeout(2):
            return await self.reader.read()

    async def quiet(self, seconds: float = 0.05) -> bool:
        """True when nothing comes, not even the end."""
        try:
            async with asyncio.timeout(seconds):
                await self.reader.read(1)
        except TimeoutError:
            return True
        return False


@asynccontextmanager
async def client_of(proxy: Proxy) -> AsyncIterator[Client]:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    try:
        yield Client(reader, writer)
    finally:
        writer.transport.abort()
        await asyncio.sleep(0)


async def test_without_a_fault_every_answer_passes_on_one_connection() -> None:
    """The proxy counts connections and requests, and keeps a client's connection."""
    async with between() as proxy, client_of(proxy) as client:
        for _ in range(2):
            client.ask()
            assert (await client.head()).startswith("HTTP/1.1 200")
            assert await client.reader.readexactly(10) == BODY

        assert (proxy.connections, proxy.requests) == (1, 2)


async def test_a_request_with_a_body_and_a_chunked_answer_pass_whole() -> None:
    """Chunks are put together again on their way, and a request's body reaches the server."""

    async def handler(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse()
        answer.enable_chunked_encoding()
        await answer.prepare(request)
        await answer.write(await request.read())
        await answer.write(b"!")
        return answer

    async with serving(handler) as url, proxied(url.removeprefix("http://")) as proxy, client_of(proxy) as client:
        client.writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
        assert "Content-Length: 4" in await client.head()
        assert await client.reader.readexactly(4) == b"abc!"


async def test_slow_waits_by_its_delay_and_jitter() -> None:
    """The answer is late by the delay, more or less by the jitter that the dice decide."""
    async with between(Fault("slow", delay_s=0.05, jitter_s=0.05)) as proxy, client_of(proxy) as client:
        started = time.monotonic()
        client.ask()
        await client.head()

    assert time.monotonic() - started >= 0.1


@pytest.mark.parametrize(
    ("fault", "least_s"),
    [
        (Fault("drip", delay_s=0.01), 0.09),
        (Fault("bandwidth", size=1000), 0.1),
        (Fault("slicer", size=7, delay_s=0.001), 0.01),
    ],
    ids=lambda one: getattr(one, "kind", None),
)
async def test_a_throttled_stream_arrives_whole_and_late(fault: Fault, least_s: float) -> None:
    """Drip, bandwidth and slicer change when bytes come, never which."""
    async with between(fault) as proxy, client_of(proxy) as client:
        started = time.monotonic()
        client.ask()
        await client.head()
        assert await client.reader.readexactly(10) == BODY

    assert time.monotonic() - started >= least_s


async def test_limit_cuts_an_answer_at_any_byte() -> None:
    """The connection ends after that many bytes of the answer, head included, and not one more."""
    async with between() as proxy:
        async with client_of(proxy) as client:
            client.ask()
            whole = len(await client.head()) + 10
        for size in (0, 1, whole - 1, whole):
            proxy.set(Fault("limit", size=size))
            async with client_of(proxy) as client:
                client.ask()
                assert len(await client.to_the_end()) == size


@pytest.mark.parametrize(("kind", "told"), [("longer", 13), ("shorter", 7)])
async def test_the_told_length_is_wrong(kind: str, told: int) -> None:
    """Longer and shorter tell another Content-Length than the body has, and send the whole body."""
    async with between(Fault(kind, size=3)) as proxy, client_of(proxy) as client:
        client.ask()
        assert f"Content-Length: {told}\r\n" in await client.head()
        assert await client.reader.readexactly(10) == BODY


async def test_slow_close_and_half_open_answer_whole_and_do_not_close() -> None:
    """After a whole answer the connection stays: closed late, or never."""
    async with between() as proxy:
        for fault in (Fault("slow_close", delay_s=0.1), Fault("half_open")):
            proxy.set(fault)
            async with client_of(proxy) as client:
                client.ask()
                assert ("Connection: close" in await client.head()) is (fault.kind == "slow_close")
                assert await client.reader.readexactly(10) == BODY
                assert await client.quiet()
                if fault.kind == "slow_close":
                    assert await client.to_the_end() == b""
                else:
                    client.ask()
                    assert await client.quiet()


async def test_reset_and_down_break_the_connection() -> None:
    """A reset is an error at the client, down is an end without an answer."""
    async with between(Fault("reset")) as proxy:
        async with client_of(proxy) as client:
            client.ask()
            with pytest.raises(ConnectionResetError):
                await client.to_the_end()
        proxy.set(Fault("down"))
        async with client_of(proxy) as client:
            client.ask()
            assert await client.to_the_end() == b""


async def test_silence_and_stall_never_end() -> None:
    """Nothing comes, or half of the body and then nothing."""
    async with between(Fault("silence")) as proxy:
        async with client_of(proxy) as client:
            client.ask()
            assert await client.quiet()
        proxy.set(Fault("stall"))
        async with client_of(proxy) as client:
            client.ask()
            await client.head()
            assert await client.reader.readexactly(5) == BODY[:5]
            assert await client.quiet()


@pytest.mark.parametrize(
    ("kind", "status", "holds"),
    [
        ("garbage", 200, b"\x00\xff"),
        ("html", 200, b"<!DOCTYPE html>"),
        ("throttle", 429, b"Too many"),
        ("error", 500, b"Internal"),
        ("redirect", 307, b""),
    ],
)
async def test_another_answer_stands_in_the_answers_place(kind: str, status: int, holds: bytes) -> None:
    """Garbage, web pages, refusals and redirects come instead of what the server said."""
    async with between(Fault(kind)) as proxy, client_of(proxy) as client:
        client.ask()
        head = await client.head()
        assert head.startswith(f"HTTP/1.1 {status}")
        assert ("Location: " in head) is (kind == "redirect")
        length = int(head.partition("Content-Length: ")[2].partition("\r\n")[0])
        assert (await client.reader.readexactly(length)).startswith(holds)


async def test_bomb_is_a_small_gzip_of_many_zeros() -> None:
    """The packed answer is a thousandth of what it unpacks to, and valid."""
    async with between(Fault("bomb", size=3_000_001)) as proxy, client_of(proxy) as client:
        client.ask()
        head = await client.head()
        length = int(head.partition("Content-Length: ")[2].partition("\r\n")[0])
        packed = await client.reader.readexactly(length)

    assert "Content-Encoding: gzip" in head
    assert length < 10_000
    assert gzip.decompress(packed) == bytes(3_000_001)


async def test_flood_has_a_length_or_no_end() -> None:
    """With a size so many bytes come, without one chunks come for ever."""
    async with between(Fault("flood", size=200_000)) as proxy:
        async with client_of(proxy) as client:
            client.ask()
            assert "Content-Length: 200000" in await client.head()
            assert await client.reader.readexactly(200_000) == bytes(200_000)
        proxy.set(Fault("flood"))
        async with client_of(proxy) as client:
            client.ask()
            assert "Transfer-Encoding: chunked" in await client.head()
            for _ in range(5):
                assert await client.reader.readuntil(b"\r\n") == b"10000\r\n"
                await client.reader.readexactly(65_538)


async def test_swap_and_surplus_bring_the_answer_to_an_earlier_question() -> None:
    """Swap sends it instead of the right one, surplus after it on the same connection."""
    async with between() as proxy, client_of(proxy) as client:
        client.ask("/first")
        await client.head()
        assert await client.reader.readexactly(6) == b"/first"
        proxy.set(Fault("surplus", delay_s=0.001))
        client.ask("/second")
        await client.head()
        assert await client.reader.readexactly(7) == b"/second"
        await client.head()
        assert await client.reader.readexactly(6) == b"/first"
        proxy.set(Fault("swap"))
        client.ask("/third")
        await client.head()
        assert await client.reader.readexactly(7) == b"/second"


async def test_cross_exchanges_the_answers_of_two_questions() -> None:
    """Two questions at once get each other's answer; one alone gets its own."""
    async with between(Fault("cross", delay_s=0.2)) as proxy:
        async with client_of(proxy) as one, client_of(proxy) as two:
            one.ask("/one")
            two.ask("/two")
            await asyncio.gather(one.head(), two.head())
            assert await one.reader.readexactly(4) == b"/two"
            assert await two.reader.readexactly(4) == b"/one"
        proxy.set(Fault("cross", delay_s=0.01))
        async with client_of(proxy) as alone:
            alone.ask("/own")
            await alone.head()
            assert await alone.reader.readexactly(4) == b"/own"


async def test_a_raw_stream_is_cut_at_any_byte() -> None:
    """Without reading HTTP the proxy counts bytes of the server's stream, over all its pieces."""

    async def talk(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(3):
            writer.write(b"x" * 10)
            await asyncio.sleep(0.005)
        writer.close()
        talked.set()

    talked = asyncio.Event()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, proxied(f"127.0.0.1:{port}", raw=True) as proxy:
        async with client_of(proxy) as client:
            assert await client.to_the_end() == b"x" * 30
        proxy.set(Fault("limit", size=17))
        async with client_of(proxy) as client:
            talked.clear()
            assert await client.to_the_end() == b"x" * 17
            await talked.wait()
        with pytest.raises(ValueError, match="raw stream"):
            proxy.set(Fault("html"))


def test_a_fault_is_written_with_the_figure_that_its_kind_measures() -> None:
    """On a command line bytes stand for kinds that count bytes, seconds for all others."""
    assert parsed("drip:0.2") == Fault("drip", delay_s=0.2)
    assert parsed("limit:100") == Fault("limit", size=100)
    assert parsed("silence") == Fault("silence")
    assert set(KINDS) >= RAW | SIZED
    with pytest.raises(ValueError, match="fault must be"):
        parsed("dance")
