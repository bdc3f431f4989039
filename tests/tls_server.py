"""A TLS server for tests: as good or as bad as they want it, and it counts what it reads."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from tests.certificates import Pair

__all__ = ["Prepare", "Served", "tls_server"]

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
Prepare = Callable[[ssl.SSLContext], None]


class Served:
    """A server that counts what it reads after a handshake."""

    def __init__(self, port: int) -> None:
        self.url = f"https://127.0.0.1:{port}"
        self.read = b""
        self.client: object = None


@asynccontextmanager
async def tls_server(pair: Pair, prepare: Prepare | None = None) -> AsyncIterator[Served]:
    """A TLS server with this certificate, made worse by `prepare`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.load_cert_chain(pair.certificate, pair.key)
    if prepare is not None:
        prepare(context)
    writers: list[asyncio.StreamWriter] = []

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        served.client = writer.get_extra_info("peercert")
        with suppress(OSError):
            while piece := await reader.read(65536):
                served.read += piece
                if b"\r\n\r\n" in served.read:
                    writer.write(ANSWER)

    server = await asyncio.start_server(connected, "127.0.0.1", 0, ssl=context)
    served = Served(server.sockets[0].getsockname()[1])
    asyncio.get_running_loop().set_exception_handler(lambda *_: None)  # a handshake that fails is told to the loop
    async with server:
        try:
            yield served
        finally:
            for writer in writers:
                writer.transport.abort()
            await asyncio.sleep(0.005)  # what is cut off closes a few turns of the loop later
