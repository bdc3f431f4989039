"""How bytes reach a client: written as they are, ended properly, cut off or reset."""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from contextlib import suppress
from typing import Protocol

from aiohttp import web

__all__ = ["Line", "RequestLine", "StreamLine"]

_LINGER_NONE = struct.pack("ii", 1, 0)


class Line(Protocol):
    """One client's connection, as a fault uses it."""

    async def send(self, data: bytes) -> None:
        """Write, and wait until the client takes it. Raises ConnectionError when the client is gone."""

    def end(self) -> None:
        """Say that no more comes, once everything is written, and close."""

    def cut(self) -> None:
        """Close at once, whatever is left unwritten."""

    def reset(self) -> None:
        """Close at once with RST instead of FIN."""


class RequestLine:
    """The connection of a request to an aiohttp server."""

    def __init__(self, request: web.Request) -> None:
        self._request = request

    async def send(self, data: bytes) -> None:
        transport = self._request.transport
        if transport is None or transport.is_closing():
            raise ConnectionResetError
        transport.write(data)
        await self._request.writer.drain()

    def end(self) -> None:
        if self._request.transport is not None:
            self._request.transport.close()

    def cut(self) -> None:
        if self._request.transport is not None:
            self._request.transport.abort()

    def reset(self) -> None:
        if self._request.transport is not None:
            _linger_no_more(self._request.transport)
        self.cut()


class StreamLine:
    """The connection of an asyncio stream."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer

    async def send(self, data: bytes) -> None:
        if self._writer.is_closing():
            raise ConnectionResetError
        self._writer.write(data)
        await self._writer.drain()

    def end(self) -> None:
        self._writer.close()

    def cut(self) -> None:
        self._writer.transport.abort()

    def reset(self) -> None:
        _linger_no_more(self._writer.transport)
        self.cut()


def _linger_no_more(transport: asyncio.BaseTransport) -> None:
    # Closing a socket that lingers for no time sends RST instead of FIN. Set through a copy: not every
    # event loop lets its own sockets be touched.
    with suppress(OSError), socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as copy:
        copy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
