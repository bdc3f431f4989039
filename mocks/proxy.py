"""
A TCP proxy that spoils what goes through it: any fault of `mocks.faults`, in front of any server.

    async with proxied(f"127.0.0.1:{port}") as proxy:
        proxy.set(Fault("limit", size=100))
        ...                                # ask proxy.url instead of the server

Between HTTP peers it reads whole messages, so every kind works on every answer. With `raw=True` bytes pass as
they come, TLS too, and the kinds of `mocks.kinds.RAW` work on the stream from the server.
"""

from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager, suppress
from functools import partial

from mocks.faults import Fault, Faults, inflict
from mocks.kinds import RAW, Exchange
from mocks.line import StreamLine
from mocks.stand_in import Answer

__all__ = ["Proxy", "proxied"]

_LARGEST_HEAD = 64 * 1024
_PIECE = 64 * 1024
_SELF = "proxy"
_NOBODY = Answer(200, b"somebody else's answer", {"Content-Type": "text/plain"})
_GONE = (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError)


class Proxy:
    """One proxy at work. `connections` and `requests` count what came from clients; raw streams have no requests."""

    def __init__(self, to: str, *, raw: bool, dice: Callable[[], float]) -> None:
        host, _, port = to.rpartition(":")
        self._to = (host, int(port))
        self._raw = raw
        self._faults = Faults(dice)
        self._stopping = asyncio.Event()
        self._busy: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._answered: deque[tuple[bytes, Answer]] = deque(maxlen=2)
        self.port = 0
        self.connections = 0
        self.requests = 0

    @property
    def url(self) -> str:
        """Where to ask instead of the server."""
        return f"http://127.0.0.1:{self.port}"

    def set(self, fault: Fault) -> None:
        """Spoil what comes from now on. Raises ValueError for a kind that a raw stream cannot have."""
        if self._raw and fault.kind not in RAW:
            raise ValueError(f"a raw stream can have {', '.join(sorted(RAW))}")
        self._faults.set(_SELF, fault)

    def clear(self) -> None:
        """Let everything pass."""
        self._faults.clear()

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One client."""
        self.connections += 1
        task = asyncio.create_task(self._serve(reader, writer))
        self._busy.add(task)
        task.add_done_callback(self._busy.discard)

    async def stop(self) -> None:
        """Let go of every client."""
        self._stopping.set()
        for task in self._busy:
            task.cancel()
        await asyncio.gather(*self._busy, return_exceptions=True)
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)  # transports close one turn of the loop later

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        serving = self._stream if self._raw else self._messages
        self._writers.add(writer)
        try:
            with suppress(*_GONE):
                await serving(reader, writer)
        finally:
            writer.close()
        with suppress(*_GONE):
            await writer.wait_closed()
        self._writers.discard(writer)

    async def _messages(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while not writer.is_closing():
            first, fields, body = await _message(reader, without_length=b"")
            self.requests += 1
            path = first.split(" ")[1]
            request = _framed(first, fields, body)
            due, other = partial(self._asked, request), partial(self._other, request)
            exchange = Exchange(due, other, StreamLine(writer), self._stopping, self._faults.crossing(_SELF))
            fault = self._faults.draw(_SELF, path)
            if fault is None:
                await exchange.send(await due())
            else:
                await inflict(fault, exchange)

    async def _asked(self, request: bytes) -> Answer:
        """The server's answer, over a connection of its own."""
        reader, writer = await asyncio.open_connection(*self._to)
        try:
            writer.write(request)
            first, fields, body = await _message(reader, without_length=None)
        finally:
            writer.close()
        headers = {name: value for name, value in fields.items() if name.lower() not in _FRAMING}
        answer = Answer(int(first.split(" ")[1]), body, headers)
        self._answered.append((request, answer))
        return answer

    async def _other(self, request: bytes) -> Answer:
        """The last answer to another request, if there was one."""
        return next((answer for asked, answer in reversed(self._answered) if asked != request), _NOBODY)

    async def _stream(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server_reader, server_writer = await asyncio.open_connection(*self._to)
        fault = self._faults.draw(_SELF, "")
        try:
            await _first_done(_pumped(reader, server_writer), self._spoiled(fault, server_reader, writer))
        finally:
            server_writer.close()

    async def _spoiled(self, fault: Fault | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        offset = 0
        line = StreamLine(writer)
        while not writer.is_closing() and (piece := await reader.read(_PIECE)):
            if fault is None:
                await line.send(piece)
                continue

            async def due(piece: bytes = piece) -> Answer:
                return Answer(0, piece, {})

            crossing = self._faults.crossing(_SELF)
            await inflict(fault, Exchange(due, due, line, self._stopping, crossing, offset))
            offset += len(piece)


@asynccontextmanager
async def proxied(
    to: str, fault: Fault | None = None, *, raw: bool = False, dice: Callable[[], float] = random.random
) -> AsyncIterator[Proxy]:
    """
    A proxy in front of `to` (`host:port`), on a free port of loopback, until the block ends.

    Args:
        fault: what it does from the start.
        raw: pass bytes as they come instead of HTTP messages.
        dice: a number from 0 up to 1 for each draw of a fault that does not hit every request.
    """
    proxy = Proxy(to, raw=raw, dice=dice)
    if fault is not None:
        proxy.set(fault)
    server = await asyncio.start_server(proxy.accept, "127.0.0.1", 0, limit=_LARGEST_HEAD)
    proxy.port = server.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        server.close()
        await proxy.stop()
        await server.wait_closed()


_FRAMING = {"content-length", "transfer-encoding", "connection"}


async def _message(reader: asyncio.StreamReader, *, without_length: bytes | None) -> tuple[str, dict[str, str], bytes]:
    """
    One HTTP message: first line, headers, unchunked body. Where the headers tell no length the body is
    `without_length`, or, where that is None, everything up to the end.
    """
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    fields = {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}
    lower = {name.lower(): value for name, value in fields.items()}
    if "chunked" in lower.get("transfer-encoding", "").lower():
        return first, fields, await _unchunked(reader)
    if "content-length" in lower:
        return first, fields, await reader.readexactly(int(lower["content-length"]))
    return first, fields, await reader.read() if without_length is None else without_length


def _framed(first: str, fields: dict[str, str], body: bytes) -> bytes:
    """A request with its length told, after which the server closes."""
    kept = {name: value for name, value in fields.items() if name.lower() not in _FRAMING}
    told = kept | {"Content-Length": str(len(body)), "Connection": "close"}
    lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
    return f"{first}\r\n{lines}\r\n".encode("latin-1") + body


async def _unchunked(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readuntil(b"\r\n")  # trailers are not expected
    return body


async def _pumped(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while piece := await reader.read(_PIECE):
        writer.write(piece)
        await writer.drain()


async def _first_done(*coroutines: Coroutine[None, None, None]) -> None:
    """Run together until one ends; the others are cancelled."""
    tasks = [asyncio.create_task(one) for one in coroutines]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(result, Exception) and not isinstance(result, _GONE):
                raise result
