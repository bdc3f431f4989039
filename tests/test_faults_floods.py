"""Too much, cut off, or with a head that two readers would read differently: never an answer, and never our memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from gateway.errors import MalformedAnswer, RegistryUnreachable
from mocks.faults import Fault
from mocks.proxy import Proxy, proxied
from mocks.server import Running
from tests.conftest import FIRM, MAU, NOBODY, open_desk, settings_for
from tests.measuring import STALL_S, measured
from tests.test_http_transport import ASK, serving, transport_to

GROWTH_BYTES = 64 << 20


@asynccontextmanager
async def proxied_ok() -> AsyncIterator[Proxy]:
    """A proxy in front of a server that answers `{}`."""
    async with serving(_ok) as url, proxied(url.removeprefix("http://")) as proxy:
        yield proxy


FLOODS = {
    "1 GiB with Content-Length": Fault("flood", size=1 << 30),
    "endless chunks": Fault("flood"),
    "gzip of 400 MB": Fault("bomb", size=400 << 20),
}


@pytest.mark.parametrize("fault", FLOODS.values(), ids=FLOODS.keys())
@pytest.mark.parametrize("query", [MAU, FIRM], ids=["dancu", "dkdn"])
async def test_f30_a_flood_is_cut_at_the_limit(fault: Fault, query: dict[str, str], stand_ins: Running) -> None:
    """However an answer is too long it is `malformed` at once; neither memory nor the loop's time goes with it."""
    dataset = "dkdn.enterprise" if query is FIRM else "dancu.citizen"
    registry = dataset.partition(".")[0]
    async with open_desk(settings_for(stand_ins.base_url)) as desk:
        await desk.ask(dataset, query)
        stand_ins.faults.set(registry, Fault(fault.kind, size=fault.size, path="chiTiet" if query is FIRM else ""))
        async with measured() as figures:
            status, problem = await desk.ask(dataset, query)

    assert (status, problem["reason"]) == (502, "malformed")
    assert figures.grown_bytes < GROWTH_BYTES
    assert figures.stall_s < STALL_S


async def test_f30_a_told_length_beyond_the_limit_is_not_waited_for() -> None:
    """Where the head says that too much comes, not a byte of it is read, and the connection ends."""
    gone = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        answer = web.StreamResponse(headers={"Content-Length": "1000000"})
        await answer.prepare(request)
        try:
            await asyncio.sleep(5)
        finally:
            gone.set()
        return answer

    async with serving(handler) as url, transport_to(url) as transport:
        with pytest.raises(MalformedAnswer, match="longer than 100000 bytes"):
            await transport.send(ASK)
        async with asyncio.timeout(1):
            await gone.wait()


HEADS = {
    "a long header": b"X: " + b"a" * 9000 + b"\r\n",
    "many headers": b"".join(b"X-%d: a\r\n" % number for number in range(200)),
    "a bare CR": b"X: a\rY: b\r\n",
    "a NUL": b"X: a\x00b\r\n",
    "two lengths": b"Content-Length: 1\r\nContent-Length: 2\r\n",
    "length and chunks": b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n",
    "a negative length": b"Content-Length: -1\r\n",
}


@pytest.mark.parametrize("head", HEADS.values(), ids=HEADS.keys())
async def test_a_head_beyond_the_rules_is_unreachable(head: bytes) -> None:
    """A head that is too large, or that two readers would read differently, is no answer."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n" + head + b"\r\n{}")
        writer.write_eof()
        await reader.read()
        writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    async with server, transport_to(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}") as transport:
        with pytest.raises(RegistryUnreachable):
            await transport.send(ASK)
    await asyncio.sleep(0.01)


async def test_an_answer_cut_at_any_byte_is_no_answer() -> None:
    """Only the whole answer is one; whatever byte it ends at before, the registry is unreachable."""
    async with proxied_ok() as proxy, transport_to(proxy.url) as transport:
        whole = await _size_of_an_answer(proxy)
        for size in range(whole):
            proxy.set(Fault("limit", size=size))
            with pytest.raises(RegistryUnreachable):
                await transport.send(ASK)
        proxy.set(Fault("limit", size=whole))
        assert (await transport.send(ASK)).body == b"{}"


@pytest.mark.parametrize(("kind", "reasons"), [("longer", {"unreachable"}), ("shorter", {"malformed", "unreachable"})])
@pytest.mark.parametrize("query", [MAU, NOBODY], ids=["somebody", "nobody"])
async def test_a_wrong_length_is_never_an_answer(
    kind: str, reasons: set[str], query: dict[str, str], stand_ins: Running
) -> None:
    """A body that is longer or shorter than was told is neither a record nor an absence, and nothing of it is left."""
    async with open_desk(settings_for(stand_ins.base_url)) as desk:
        stand_ins.faults.set("dancu", Fault(kind, size=30))
        _, problem = await desk.ask("dancu.citizen", query)
        stand_ins.faults.clear("dancu")
        status, after = await desk.ask("dancu.citizen", query)

    assert problem["outcome"] == "unknown"
    assert problem["reason"] in reasons
    assert (status, after["outcome"]) == (200, "found" if query is MAU else "absent")


@pytest.mark.parametrize("kind", ["redirect", "down"])
async def test_a_registry_that_is_elsewhere_or_down_is_no_answer(kind: str, stand_ins: Running) -> None:
    """A redirect is malformed and is not followed, a registry that is down is unreachable, then well again."""
    async with open_desk(settings_for(stand_ins.base_url)) as desk:
        stand_ins.faults.set("dancu", Fault(kind))
        _, problem = await desk.ask("dancu.citizen", MAU)
        stand_ins.faults.clear("dancu")
        status, _ = await desk.ask("dancu.citizen", MAU)

    assert (problem["outcome"], problem["reason"]) == (
        "unknown",
        "malformed" if kind == "redirect" else "unreachable",
    )
    assert status == 200


async def _ok(_: web.Request) -> web.Response:
    return web.Response(text="{}")


async def _size_of_an_answer(proxy: Proxy) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", proxy.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    head = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return len(head) + 2
