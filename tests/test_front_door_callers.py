"""The front door and what callers want of it: other protocols, odd paths, false identities, packed bodies."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from gateway.telemetry import configure_logs
from gateway.web import server
from gateway.web.problems import MEDIA_TYPE
from mocks.server import Running
from tests.conftest import FIRM, INQUIRY, KEY, Desk
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
    hasty_door,
    length,
    refusal,
    replies,
    talk,
)


@pytest.fixture
async def door() -> AsyncIterator[Desk]:
    async with door_with() as desk:
        yield desk


@pytest.fixture
async def hasty() -> AsyncIterator[Desk]:
    async with hasty_door() as desk:
        yield desk


UPGRADES = {
    "WebSocket": HEALTH + HOST + b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGVzdC1rZXktbm90LXJlYWw=\r\n\r\n\x81\x85aaaabbbbb",
    "HTTP/2 preface": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0",
    "TLS hello": bytes.fromhex("16030100c8010000c40303") + bytes(190),
}


@pytest.mark.parametrize("raw", UPGRADES.values(), ids=UPGRADES.keys())
async def test_h22_another_protocol_is_refused(raw: bytes, door: Desk) -> None:
    """What follows a WebSocket handshake, an HTTP/2 preface or a TLS hello is never read as a request."""
    assert await refusal(door.url, raw) == (400, "bad_request")


async def test_h22_an_offer_of_http_2_is_passed_over(stand_ins: Running) -> None:
    """`Upgrade: h2c`, as Java's client sends it with its first request, changes nothing about the answer."""
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAA\r\n"
    first = POST + WHO + offer + length(len(QUESTION)) + b"\r\n" + QUESTION
    async with door_with(stand_ins.base_url) as door:
        answers = replies(await talk(door.url, first, HEALTH + HOST + LAST))

    assert [reply.status for reply in answers] == [200, 200]
    assert answers[0].json()["outcome"] == "found"


PATHS = {
    "two dots": b"/v1/../healthz",
    "two dots, encoded": b"/v1/%2e%2e/healthz",
    "slash, encoded": b"/v1%2Fregistries",
    "slash, encoded twice": b"/v1%252Fregistries",
    "two slashes": b"//healthz",
    "backslash": b"/v1\\..\\healthz",
    "parameter": b"/healthz;x",
    "NUL, encoded": b"/healthz%00",
    "dots in overlong UTF-8": b"/%c0%ae%c0%ae/healthz",
    "an unfinished escape": b"/healthz%2",
    "capitals": b"/HEALTHZ",
    "a slash at the end": b"/healthz/",
}


@pytest.mark.parametrize("path", PATHS.values(), ids=PATHS.keys())
async def test_h24_a_path_is_read_to_the_letter(path: bytes, door: Desk) -> None:
    """No spelling of a path but its own leads to a route."""
    status, _ = await refusal(door.url, b"GET " + path + b" HTTP/1.1\r\n" + WHO + b"\r\n")
    assert status in {400, 404}


@pytest.mark.parametrize("path", [b"/healthz\0", b"/\xc0\xae\xc0\xae/healthz", "/bệnh".encode(), b"healthz", b""])
async def test_h24_a_path_with_raw_odd_bytes_is_refused(path: bytes, door: Desk) -> None:
    """An address holds printable ASCII and begins with a slash."""
    assert await refusal(door.url, b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"\r\n") == (400, "bad_request")


CLAIMS = {
    "X-Forwarded-For": "203.0.113.9",
    "Forwarded": "for=203.0.113.9;by=canary-by",
    "X-Real-IP": "203.0.113.9",
    "X-Forwarded-Host": "canary-host.invalid",
    "X-Forwarded-Proto": "https",
    "X-User-Id": "canary-user",
    "X-Forwarded-User": "one-stop",
    "X-HTTP-Method-Override": "GET",
    "X-Original-URL": "/healthz",
}


async def test_h26_what_a_caller_says_about_itself_in_headers_is_ignored(stand_ins: Running) -> None:
    """No header but the key says who calls or from where: the answer is the same and the log has none of it."""
    stream = io.BytesIO()
    body = {"dataset": "dkdn.enterprise", "query": FIRM, "inquiry": INQUIRY}
    async with door_with(stand_ins.base_url) as door:
        configure_logs("debug", stream)
        async with door.session.post(f"{door.url}/v1/lookups", json=body, headers={"X-API-Key": KEY} | CLAIMS) as reply:
            answer = await reply.json()
        async with door.session.post(f"{door.url}/v1/lookups", json=body, headers=CLAIMS) as keyless:
            refused = await keyless.json(content_type=MEDIA_TYPE)
        plain = (await door.post("/v1/lookups", body))[1]

    assert answer["record"] == plain["record"]
    assert refused["reason"] == "unauthenticated"
    assert not [value for value in CLAIMS.values() if len(value) > 8 and value in stream.getvalue().decode()]


async def test_l04_no_path_query_or_header_comes_into_the_log(hasty: Desk) -> None:
    """Whatever is wrong with a request, nothing that the caller wrote is repeated in an answer or a log."""
    stream = io.BytesIO()
    configure_logs("debug", stream)
    requests = [
        b"GET /CANARY?CANARY HTTP/1.1\r\n" + HOST + b"CANARY: CANARY\r\n\r\n",
        b"GET /v1/datasets/CANARY HTTP/1.1\r\n" + WHO + b"\r\n",
        b"CANARY / HTTP/1.1\r\n\r\n",
        b"GET /CANARY" + b"a" * 9_000 + b" HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nCANARY(: CANARY\r\n\r\n",
        POST + WHO + CHUNKED + b"\r\nCANARY\r\n",
        POST + WHO + b"Expect: CANARY\r\n\r\n",
        b"GET /CANARY HTTP/1.1\r\nCANARY",
    ]
    answers = b"".join(await asyncio.gather(*(talk(hasty.url, raw) for raw in requests)))

    assert len(replies(answers)) == len(requests)
    assert b"CANARY" not in answers + stream.getvalue()


async def test_an_expectation_that_nobody_knows_is_a_problem_document(door: Desk) -> None:
    """417 comes in the same form as everything else, for a route and for none."""
    for first in (POST, b"POST /nowhere HTTP/1.1\r\n"):
        assert await refusal(door.url, first + WHO + b"Expect: tea\r\n" + LAST) == (417, "bad_request")


@pytest.mark.parametrize("packing", [b"gzip", b"deflate", b"br", b"zstd", b"GZIP", b"gzip, identity", b"x"])
async def test_j18_a_packed_body_is_refused_before_a_byte_of_it_is_read(packing: bytes, hasty: Desk) -> None:
    """A gzip bomb costs nothing: its head alone is answered, and it is never unpacked."""
    raw = POST + WHO + b"Content-Encoding: " + packing + b"\r\n" + length(194_000) + b"\r\n"
    assert await refusal(hasty.url, raw) == (415, "packed")


async def test_j18_a_body_beyond_the_limit_is_refused_however_it_is_framed(door: Desk) -> None:
    """64 KiB and one byte are too many, with a length or in chunks."""
    body = b" " * (64 * 1024 + 1)
    for raw in (length(len(body)) + b"\r\n" + body, CHUNKED + b"\r\n" + chunks(body)):
        assert await refusal(door.url, POST + WHO + raw) == (413, "too_large")


@pytest.mark.parametrize("media_type", ["application/x-www-form-urlencoded", "text/plain", "application/xml", None])
async def test_a_body_is_json_whatever_it_is_called(media_type: str | None, stand_ins: Running) -> None:
    """The header Content-Type changes nothing: what curl calls a form is read as JSON all the same."""
    named = f"Content-Type: {media_type}\r\n".encode() if media_type else b""
    async with door_with(stand_ins.base_url) as door:
        raw = POST + WHO + named + length(len(QUESTION)) + LAST + QUESTION
        (reply,) = replies(await talk(door.url, raw))

    assert (reply.status, reply.json()["outcome"]) == (200, "found")


@asynccontextmanager
async def answering(handler: Callable[[web.Request], Awaitable[web.StreamResponse]]) -> AsyncIterator[str]:
    """A listener with this one handler and no middleware around it."""
    app = web.Application()
    app.router.add_get("/", handler)
    listening = await server.listen(app, "127.0.0.1", 0, shutdown_s=0.1)
    try:
        yield f"http://127.0.0.1:{listening.port}"
    finally:
        await listening.stop()


async def test_an_error_outside_every_handler_of_ours_is_a_bug_without_a_word_of_it() -> None:
    """Even where no middleware catches it, an error becomes a problem document and a log line that quote nothing."""
    stream = io.BytesIO()
    configure_logs("debug", stream)

    async def handler(_: web.Request) -> web.Response:
        raise ValueError("CANARY")

    async with answering(handler) as url:
        assert await refusal(url, b"GET / HTTP/1.1\r\n" + HOST + b"\r\n") == (500, "bug")

    (line,) = map(json.loads, stream.getvalue().splitlines())
    assert (line["event"], line["error"]) == ("web.bug", "ValueError")
    assert b"CANARY" not in stream.getvalue()


async def test_an_answer_that_breaks_off_is_not_followed_by_another() -> None:
    """After half an answer nothing is added: the caller sees that it ended too early."""

    async def handler(request: web.Request) -> web.StreamResponse:
        begun = web.StreamResponse(headers={"Content-Length": "9"})
        await begun.prepare(request)
        await begun.write(b"half")
        raise ValueError

    async with answering(handler) as url:
        stream = await talk(url, b"GET / HTTP/1.1\r\n" + HOST + b"\r\n")

    assert stream.startswith(b"HTTP/1.1 200")
    assert stream.endswith(b"half")
