"""
Answers for the registries with fixed bytes: a token, and the two recorded answers. Knows nothing else.

A raw protocol, so that the stub is not what a benchmark measures: `python -m bench.stub --port 8090`.
"""

from __future__ import annotations

import argparse
import asyncio
from collections.abc import Mapping
from http import HTTPStatus
from typing import cast

import uvloop

from bench.cases import CITIZEN, FIRM, target
from contracts.reader import CaseFile

__all__ = ["Connection", "answer", "answers", "serve"]

_TOKEN = b'{"access_token":"bench-token","token_type":"Bearer","expires_in":3600}'
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"


def answers() -> Mapping[bytes, bytes]:
    """The whole answer for each `METHOD /target`."""
    token = {b"POST /dkdn/token": answer(200, {"Content-Type": "application/json"}, _TOKEN)}
    return token | {
        f"{recorded[1].request.method} {target(recorded)}".encode(): _recorded(recorded[1])
        for recorded in (FIRM, CITIZEN)
    }


async def serve(port: int) -> None:
    """Answer on 127.0.0.1 until the process ends."""
    known, unknown = answers(), answer(404, {}, b"")
    server = await asyncio.get_running_loop().create_server(lambda: Connection(known, unknown), "127.0.0.1", port)
    await server.serve_forever()


class Connection(asyncio.Protocol):
    """One kept connection. Requests come one after another, each perhaps in pieces; answered at once."""

    def __init__(self, known: Mapping[bytes, bytes], unknown: bytes) -> None:
        self._known = known
        self._unknown = unknown
        self._read = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        self._read += data
        while (end := self._read.find(_HEAD_END)) >= 0:
            length = end + len(_HEAD_END) + _body_length(self._read[:end])
            if len(self._read) < length:
                return
            line = self._read[: self._read.index(b"\r\n")]
            self._read = self._read[length:]
            self.asked(line.rpartition(b" ")[0])

    def asked(self, line: bytes) -> None:
        """A whole request has come: `METHOD /target`."""
        self.transport.write(self.answer_to(line))

    def answer_to(self, line: bytes) -> bytes:
        """The whole answer; 404 where nothing is known."""
        return self._known.get(line, self._unknown)


def _body_length(head: bytes) -> int:
    _, found, after = head.lower().partition(_LENGTH)
    return int(after.partition(b"\r\n")[0]) if found else 0


def _recorded(case: CaseFile) -> bytes:
    return answer(case.response.status, case.response.headers, case.response.content)


def answer(status: int, headers: Mapping[str, str], body: bytes) -> bytes:
    """An answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", *(f"{name}: {text}" for name, text in headers.items())]
    return "\r\n".join([*lines, f"Content-Length: {len(body)}", "", ""]).encode() + body


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(prog="python -m bench.stub")
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(port))


if __name__ == "__main__":
    main()
