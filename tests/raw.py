"""Bytes on a socket, as no well-behaved client or registry would send them."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from yarl import URL

from gateway.settings import WebSettings
from gateway.web.problems import MEDIA_TYPE, TYPE
from tests.conftest import FIRM, INQUIRY, KEY, Desk, open_desk, settings_for

__all__ = [
    "CHUNKED",
    "HEALTH",
    "HOST",
    "LAST",
    "PATIENCE_S",
    "POST",
    "QUESTION",
    "SHORT_S",
    "WHO",
    "Registry",
    "Reply",
    "chunks",
    "door_with",
    "hasty_door",
    "length",
    "refusal",
    "replies",
    "serving",
    "talk",
]

QUESTION = json.dumps({"dataset": "dkdn.enterprise", "query": FIRM, "inquiry": INQUIRY}).encode()
HEALTH = b"GET /healthz HTTP/1.1\r\n"
POST = b"POST /v1/lookups HTTP/1.1\r\n"
HOST = b"Host: gateway.invalid\r\n"
WHO = HOST + b"X-API-Key: " + KEY.encode() + b"\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
LAST = b"Connection: close\r\n\r\n"
SHORT_S = 0.15
PATIENCE_S = 3.0


def length(count: int) -> bytes:
    """The header that says how long a body is."""
    return b"Content-Length: %d\r\n" % count


def chunks(body: bytes) -> bytes:
    """A body as one chunk and the end."""
    return b"%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)


@asynccontextmanager
async def door_with(mocks_url: str = "http://127.0.0.1:9", **web: Any) -> AsyncIterator[Desk]:
    """A gateway with these settings of its front door; without `mocks_url` no registry can be reached."""
    settings = settings_for(mocks_url)
    async with open_desk(settings.model_copy(update={"web": WebSettings(**web)})) as desk:
        yield desk


def hasty_door() -> AbstractAsyncContextManager[Desk]:
    """A front door that waits no longer than SHORT_S for a head or a body."""
    return door_with(header_timeout_s=SHORT_S, body_timeout_s=SHORT_S)


@dataclass(frozen=True)
class Reply:
    """One HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


async def talk(url: str, *parts: bytes, gap_s: float = 0.01, forever: bytes = b"") -> bytes:
    """
    Everything that the server sends until it closes the connection; TimeoutError if it does not.

    The parts leave `gap_s` apart; after them, `forever` again and again.
    """
    address = URL(url)
    reader, writer = await asyncio.open_connection(address.host, address.port)
    sending = asyncio.create_task(_send(writer, parts, gap_s, forever))
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await _received(reader)
    finally:
        sending.cancel()
        writer.close()


async def _send(writer: asyncio.StreamWriter, parts: tuple[bytes, ...], gap_s: float, forever: bytes) -> None:
    for part in parts:
        writer.write(part)
        await asyncio.sleep(gap_s)
    while forever:
        writer.write(forever)
        await asyncio.sleep(gap_s)


async def _received(reader: asyncio.StreamReader) -> bytes:
    got = bytearray()
    while True:
        try:
            chunk = await reader.read(65536)
        except ConnectionResetError:  # closed with bytes of ours unread
            return bytes(got)
        if not chunk:
            return bytes(got)
        got += chunk


def replies(stream: bytes) -> list[Reply]:
    """The answers in what a server sent, to the last byte."""
    found = []
    while stream:
        head, _, rest = stream.partition(b"\r\n\r\n")
        first, *lines = head.decode("ascii").split("\r\n")
        status = re.fullmatch(r"HTTP/1\.[01] ([0-9]{3}) [A-Za-z -]+", first)
        assert status is not None
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        assert len(rest) >= length
        found.append(Reply(int(status[1]), headers, rest[:length]))
        stream = rest[length:]
    return found


async def refusal(url: str, *parts: bytes, gap_s: float = 0.01, forever: bytes = b"") -> tuple[int, str]:
    """Status and word of the one problem document that these bytes are answered with before the connection closes."""
    (reply,) = replies(await talk(url, *parts, gap_s=gap_s, forever=forever))
    problem = reply.json()
    assert reply.headers["content-type"].partition(";")[0] == MEDIA_TYPE
    assert problem["status"] == reply.status
    assert problem["detail"]
    assert problem["title"]
    assert "server" not in reply.headers
    return reply.status, problem["type"].removeprefix(TYPE)


@dataclass
class Registry:
    """A registry that answers every request with status 200 and the same bytes."""

    url: str = ""
    body: bytes = b""
    media_type: str = "application/json"
    asked: int = field(default=0)

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head)
                await reader.readexactly(int(length[1]) if length else 0)
                self.asked += 1
                answer = (
                    f"HTTP/1.1 200 OK\r\nContent-Type: {self.media_type}\r\nContent-Length: {len(self.body)}\r\n\r\n"
                )
                writer.write(answer.encode() + self.body)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()


@asynccontextmanager
async def serving(media_type: str = "application/json") -> AsyncIterator[Registry]:
    """A registry on a free port; set its `body` before each question."""
    registry = Registry(media_type=media_type)
    server = await asyncio.start_server(registry.connected, "127.0.0.1", 0)
    registry.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield registry
