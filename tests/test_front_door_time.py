"""The front door and callers that take their time, or come in numbers."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from yarl import URL

from tests.conftest import Desk
from tests.raw import (
    CHUNKED,
    HEALTH,
    HOST,
    LAST,
    PATIENCE_S,
    POST,
    QUESTION,
    SHORT_S,
    WHO,
    door_with,
    hasty_door,
    length,
    refusal,
    replies,
    talk,
)


@pytest.fixture
async def hasty() -> AsyncIterator[Desk]:
    async with hasty_door() as desk:
        yield desk


async def test_h16_a_head_that_drips_is_cut_off(hasty: Desk) -> None:
    """Whoever sends a head byte by byte is answered 408 when its time is up, however lively it looks."""
    assert await refusal(hasty.url, HEALTH, forever=b"A") == (408, "too_slow")


async def test_h17_half_a_request_line_is_cut_off(hasty: Desk) -> None:
    """Half a request line and then silence is answered 408 when the head's time is up."""
    assert await refusal(hasty.url, b"POST /v1/look") == (408, "too_slow")


async def test_h17_a_connection_that_says_nothing_is_closed(hasty: Desk) -> None:
    """Whoever connects and says nothing is not answered, but does not stay either."""
    assert await talk(hasty.url) == b""


async def test_h17_a_second_head_that_stalls_is_cut_off(hasty: Desk) -> None:
    """After a good request the next head has the same time, from its first byte."""
    first, second = replies(await talk(hasty.url, HEALTH + HOST + b"\r\n", b"", b"GET", gap_s=0.05))
    assert (first.status, second.status) == (200, 408)


async def test_a_kept_connection_may_be_idle_for_longer_than_a_head_may_take(hasty: Desk) -> None:
    """The time for a head begins with its first byte: a proxy's kept connection is not closed under it."""
    stream = await talk(hasty.url, HEALTH + HOST + b"\r\n", HEALTH + HOST + LAST, gap_s=SHORT_S + 0.1)
    assert [reply.status for reply in replies(stream)] == [200, 200]


STALLED = {
    "nothing of it": (POST + WHO + length(900) + b"\r\n", b""),
    "half of it": (POST + WHO + length(900) + b"\r\n" + QUESTION, b""),
    "dripping": (POST + WHO + length(900) + b"\r\n", b" "),
    "chunks without end": (POST + WHO + CHUNKED + b"\r\n", b"1\r\n \r\n"),
    "no last chunk": (POST + WHO + CHUNKED + b"\r\n1\r\n{\r\n", b""),
}


@pytest.mark.parametrize(("raw", "forever"), STALLED.values(), ids=STALLED.keys())
async def test_h18_a_body_that_never_ends_is_cut_off(raw: bytes, forever: bytes, hasty: Desk) -> None:
    """A body that stalls or drips is answered 408 when its time is up."""
    assert await refusal(hasty.url, raw, forever=forever) == (408, "too_slow")


async def test_h18_a_body_that_nobody_waits_for_is_not_waited_for(hasty: Desk) -> None:
    """A route without a body answers at once, and closes the connection on one that was announced."""
    (reply,) = replies(await talk(hasty.url, HEALTH + HOST + length(900) + b"\r\n"))
    assert (reply.status, reply.headers["connection"]) == (200, "close")


LARGE = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\n" + HOST


@pytest.mark.parametrize("raw", [(LARGE + b"\r\n") * 20, LARGE + b"\r\n" + LARGE + LAST], ids=["kept", "closing"])
async def test_h18_callers_that_do_not_read_are_cut_off(raw: bytes) -> None:
    """Answers that nobody takes hold their connections no longer than a body that does not come."""
    loop = asyncio.get_running_loop()
    async with door_with(body_timeout_s=SHORT_S, connections=2) as door:
        address = URL(door.url)
        callers = [socket.socket() for _ in range(2)]
        for caller in callers:
            caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            caller.setblocking(False)
            await loop.sock_connect(caller, (str(address.host), int(address.port or 0)))
            await loop.sock_sendall(caller, raw)
            await loop.sock_recv(caller, 1)  # its answer has begun, and goes on
        async with asyncio.timeout(PATIENCE_S):
            let_in = 0
            while let_in < 5:
                (reply,) = replies(await talk(door.url, HEALTH + HOST + LAST))
                let_in += reply.status == 200
        for caller in callers:
            caller.close()


async def test_h18_a_caller_that_leaves_in_the_middle_is_no_bug(hasty: Desk) -> None:
    """A connection closed half-way through a body is nobody's error, and no question either."""
    address = URL(hasty.url)
    _, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(POST + WHO + length(900) + b"\r\n{")
    await asyncio.sleep(0.03)
    writer.close()
    await writer.wait_closed()
    await asyncio.sleep(0.03)

    text = await hasty.metrics()
    assert "gateway_bugs_total 0.0" in text
    assert 'gateway_refusals_total{refusal="invalid"}' not in text


async def test_h08_a_broken_chunk_in_the_middle_ends_the_request(hasty: Desk) -> None:
    """A chunk that breaks after the handler has begun is answered once, at the latest when the body's time is up."""
    status, _ = await refusal(hasty.url, POST + WHO + CHUNKED + b"\r\n1\r\n{\r\n", b"zz\r\na\r\n0\r\n\r\n")
    assert status in {400, 408}


@asynccontextmanager
async def held(door: Desk, raw: bytes) -> AsyncIterator[asyncio.StreamReader]:
    """A connection that has sent this and stays."""
    address = URL(door.url)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(raw)
    await asyncio.sleep(0.03)
    try:
        yield reader
    finally:
        writer.close()


async def test_beyond_the_bound_the_longest_idle_connection_goes() -> None:
    """A newcomer is let in, and whoever has had no request under way for the longest is closed."""
    async with (
        door_with(connections=2) as door,
        held(door, HEALTH + HOST + b"\r\n") as oldest,
        held(door, b"") as younger,
        held(door, HEALTH + HOST + b"\r\n") as newcomer,
    ):
        assert replies(await asyncio.wait_for(oldest.read(), 1))[0].status == 200
        assert (await newcomer.readline()).startswith(b"HTTP/1.1 200")
        assert not younger.at_eof()


async def test_beyond_the_bound_nobody_who_is_being_answered_goes() -> None:
    """Where every connection has a request under way, the newcomer is told to come back."""
    busy = POST + WHO + length(900) + b"\r\n"
    async with door_with(connections=2) as door, held(door, busy) as first, held(door, busy) as second:
        assert await refusal(door.url, HEALTH + HOST + b"\r\n") == (503, "too_many_connections")
        assert not first.at_eof()
        assert not second.at_eof()


async def test_what_was_no_question_is_counted_by_what_was_wrong(hasty: Desk) -> None:
    """Each problem outside a question is one count under its word, wherever it was found."""
    await refusal(hasty.url, b"BREW / HTTP/1.1\r\n\r\n")
    await refusal(hasty.url, b"GET /nowhere HTTP/1.1\r\n" + HOST + b"\r\n")
    await refusal(hasty.url, b"GET /now")
    text = await hasty.metrics()

    for word in ("bad_request", "no_such_route", "too_slow"):
        assert f'gateway_http_problems_total{{word="{word}"}} 1.0' in text


async def test_a_caller_on_a_slow_line_gets_the_whole_answer(hasty: Desk) -> None:
    """Who takes an answer slowly, and takes it, is not cut off although it is on its way for longer than the time."""
    address = URL(hasty.url)
    reader, writer = await asyncio.open_connection(address.host, address.port, limit=4096)
    writer.write((LARGE + b"\r\n") * 8 + LARGE + LAST)
    stream = bytearray()
    while piece := await reader.read(200_000):
        stream += piece
        await asyncio.sleep(SHORT_S / 40)
    writer.close()

    assert [reply.status for reply in replies(bytes(stream))] == [200] * 9
