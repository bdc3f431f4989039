"""The front door and HTTP that is not as it should be: framing, heads, methods, sizes. Raw bytes over real sockets."""

from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp.http_parser
import pytest

from tests.conftest import Desk
from tests.raw import (
    CHUNKED,
    HEALTH,
    HOST,
    LAST,
    POST,
    QUESTION,
    WHO,
    chunks,
    door_with,
    length,
    refusal,
    replies,
    talk,
)


@pytest.fixture
async def door() -> AsyncIterator[Desk]:
    async with door_with() as desk:
        yield desk


def test_the_c_parser_of_http_is_loaded() -> None:
    """Requests are read by aiohttp's parser in C; the one in Python lets more through."""
    assert aiohttp.http_parser.HttpRequestParser.__module__ == "aiohttp._http_parser"


async def test_h01_two_different_lengths_are_refused(door: Desk) -> None:
    """A request that names two lengths is bad, whichever comes first."""
    for first, second in ((5, len(QUESTION)), (len(QUESTION), 5)):
        raw = POST + WHO + length(first) + length(second) + b"\r\n" + QUESTION
        assert await refusal(door.url, raw) == (400, "bad_request")


async def test_h02_the_same_length_twice_is_refused(door: Desk) -> None:
    """A request that names its length twice is bad even where both agree."""
    raw = POST + WHO + length(len(QUESTION)) * 2 + b"\r\n" + QUESTION
    assert await refusal(door.url, raw) == (400, "bad_request")


async def test_h03_length_and_chunks_together_are_refused(door: Desk) -> None:
    """A request that is framed in two ways is bad, so that no proxy can see another end of it."""
    for framing in (length(len(QUESTION)) + CHUNKED, CHUNKED + length(len(QUESTION))):
        assert await refusal(door.url, POST + WHO + framing + b"\r\n" + chunks(QUESTION)) == (400, "bad_request")


@pytest.mark.parametrize("coding", [b"xchunked", b"gzip", b"gzip, chunked", b"identity", b"chunked, identity", b""])
async def test_h04_another_transfer_coding_is_refused(coding: bytes, door: Desk) -> None:
    """Nothing but `chunked` frames a body; its bytes are never read as a second request."""
    raw = POST + WHO + b"Transfer-Encoding: " + coding + b"\r\n\r\n" + chunks(QUESTION)
    status, _ = await refusal(door.url, raw)
    assert status in {400, 415}


async def test_h05_chunked_twice_is_refused(door: Desk) -> None:
    """A body cannot be cut into chunks twice, in two headers or in one."""
    for coding in (CHUNKED * 2, b"Transfer-Encoding: chunked, chunked\r\n"):
        assert await refusal(door.url, POST + WHO + coding + b"\r\n" + chunks(QUESTION)) == (400, "bad_request")


async def test_h07_chunks_in_http_1_0_are_refused(door: Desk) -> None:
    """HTTP/1.0 knows no chunks: who sends them sits behind a proxy that frames otherwise."""
    raw = POST.replace(b"1.1", b"1.0") + WHO + CHUNKED + b"\r\n" + chunks(QUESTION)
    assert await refusal(door.url, raw) == (400, "bad_request")


SIZES = [b"0x1", b"+1", b"-1", b"1_0", b" 1", b"10000000000000001", b"", b"\xd9\xa1"]


@pytest.mark.parametrize("size", SIZES)
async def test_h08_a_size_of_a_chunk_that_is_no_hexadecimal_number_is_refused(size: bytes, door: Desk) -> None:
    """A chunk's size is hexadecimal digits, no more than fit, and nothing else."""
    raw = POST + WHO + CHUNKED + b"\r\n" + size + b"\r\na\r\n0\r\n\r\n"
    assert await refusal(door.url, raw) == (400, "bad_request")


ODD_HEADS = {
    "bare CR": HEALTH + HOST + b"A: b\rc\r\n\r\n",
    "lines ended by CR": HEALTH.replace(b"\r\n", b"\r") + b"Host: x\r\r",
    "lines ended by LF": HEALTH.replace(b"\r\n", b"\n") + b"Host: x\n\n",
    "one line ended by LF": HEALTH + b"Host: x\nA: b\r\n\r\n",
    "folded line": HEALTH + HOST + b"A: b\r\n c\r\n\r\n",
    "NUL": HEALTH + HOST + b"A: b\0c\r\n\r\n",
    "space before the colon": HEALTH + HOST + b"A : b\r\n\r\n",
    "space before the first header": HEALTH + b" " + HOST + b"\r\n",
}


@pytest.mark.parametrize("raw", ODD_HEADS.values(), ids=ODD_HEADS.keys())
async def test_h10_an_odd_line_in_a_head_is_refused(raw: bytes, door: Desk) -> None:
    """A line that two parsers could read differently is bad."""
    assert await refusal(door.url, raw) == (400, "bad_request")


@pytest.mark.parametrize("name", [b"A(b)", b"", b"A b", b"A\x7f", "Ấ".encode(), b'"A"'])
async def test_h11_an_odd_name_of_a_header_is_refused(name: bytes, door: Desk) -> None:
    """A header's name is a token."""
    assert await refusal(door.url, HEALTH + HOST + name + b": b\r\n\r\n") == (400, "bad_request")


HOSTS = {
    "none": HEALTH + b"\r\n",
    "two": HEALTH + HOST + b"Host: other.invalid\r\n\r\n",
    "another in the address": b"GET http://other.invalid/healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    "the same in the address": b"GET http://gateway.invalid/healthz HTTP/1.1\r\n" + HOST + b"\r\n",
}


@pytest.mark.parametrize("raw", HOSTS.values(), ids=HOSTS.keys())
async def test_h12_anything_but_one_host_is_refused(raw: bytes, door: Desk) -> None:
    """A request names its host once, in the header of that name."""
    assert await refusal(door.url, raw) == (400, "bad_request")


METHODS = {
    "TRACE": (b"TRACE /healthz HTTP/1.1\r\n", 405, "method_not_allowed"),
    "TRACE of a route that is not there": (b"TRACE /nowhere HTTP/1.1\r\n", 404, "no_such_route"),
    "CONNECT": (b"CONNECT other.invalid:443 HTTP/1.1\r\n", 405, "method_not_allowed"),
    "CONNECT to a path": (b"CONNECT /healthz HTTP/1.1\r\n", 405, "method_not_allowed"),
    "unknown": (b"BREW /healthz HTTP/1.1\r\n", 400, "bad_request"),
    "small letters": (b"get /healthz HTTP/1.1\r\n", 400, "bad_request"),
    "about the server": (b"OPTIONS * HTTP/1.1\r\n", 400, "bad_request"),
    "no version": (b"GET /healthz\r\n", 400, "bad_request"),
    "version 2": (b"GET /healthz HTTP/2.0\r\n", 400, "bad_request"),
}


@pytest.mark.parametrize(("first", "status", "word"), METHODS.values(), ids=METHODS.keys())
async def test_h14_another_method_is_refused(first: bytes, status: int, word: str, door: Desk) -> None:
    """TRACE reflects nothing, CONNECT opens nothing, and what is no method is no request."""
    assert await refusal(door.url, first + HOST + b"\r\n") == (status, word)


async def test_a_wrong_method_is_told_the_right_one(door: Desk) -> None:
    """405 names the methods of the route."""
    (reply,) = replies(await talk(door.url, b"DELETE /v1/lookups HTTP/1.1\r\n" + WHO + b"\r\n"))
    assert (reply.status, reply.headers["allow"]) == (405, "POST")


def many_headers(count: int) -> bytes:
    """A head with this many headers in all."""
    return HEALTH + HOST + b"".join(b"A%d: b\r\n" % place for place in range(count - 2)) + LAST


TOO_LARGE = {
    "address": b"GET /" + b"a" * 8_999 + b" HTTP/1.1\r\n" + HOST + LAST,
    "query": b"GET /healthz?" + b"a" * 9_000 + b" HTTP/1.1\r\n" + HOST + LAST,
    "header": HEALTH + HOST + b"A: " + b"a" * 9_000 + b"\r\n" + LAST,
    "name of a header": HEALTH + HOST + b"a" * 9_000 + b": b\r\n" + LAST,
    "200 headers": many_headers(200),
}


@pytest.mark.parametrize("raw", TOO_LARGE.values(), ids=TOO_LARGE.keys())
async def test_h15_a_head_that_is_too_large_is_refused(raw: bytes, door: Desk) -> None:
    """9,000 bytes in an address or a header, or 200 headers, are too many."""
    assert await refusal(door.url, raw) in {(431, "head_too_large"), (400, "bad_request")}


JUST_FITS = {
    "address": (b"GET /" + b"a" * 8_189 + b" HTTP/1.1\r\n" + HOST + LAST, 404),
    "header": (HEALTH + HOST + b"A: " + b"a" * 8_189 + b"\r\n" + LAST, 200),
    "127 headers": (many_headers(127), 200),
}


@pytest.mark.parametrize(("raw", "status"), JUST_FITS.values(), ids=JUST_FITS.keys())
async def test_h15_a_head_that_just_fits_is_read(raw: bytes, status: int, door: Desk) -> None:
    """8,190 bytes in an address or a header, and 127 headers, are read."""
    (reply,) = replies(await talk(door.url, raw))
    assert reply.status == status
