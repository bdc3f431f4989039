"""
A business registry with the faults of a real one: it takes its time, works on so many questions at once and lets the
others wait, is out of order while it is told so, and has a name under which it never answers.

`python -m bench.registry --after-ms 50 --at-once 5 --port 8090`. `POST /-/out` and `POST /-/in` switch, `GET /-/seen`
tells when it was asked, `/silent/...` is silent. `--firms 10000` knows so many firms besides the recorded one.
"""

from __future__ import annotations

import argparse
import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from time import monotonic

import uvloop

from bench.cases import FIRM, firm_codes, query, target
from bench.stub import Connection, answer, answers

__all__ = ["OUT", "Registry", "known_firms"]

OUT = answer(503, {"Content-Type": "text/plain"}, b"out of order")
_DONE = answer(200, {"Content-Type": "text/plain"}, b"done")
_JSON = {"Content-Type": "application/json"}


class Registry:
    """What all its connections share."""

    def __init__(self, *, after_s: float, at_once: int | None) -> None:
        self.is_out = False
        self.seen: list[tuple[float, bool]] = []
        self._after_s = after_s
        self._free = at_once
        self._waiting: deque[tuple[Connection, Callable[[], None]]] = deque()

    def take(self, connection: Connection, send: Callable[[], None]) -> None:
        """Work on a question now, or when its turn comes."""
        if self._free is None:
            self._work(send)
        elif self._free:
            self._free -= 1
            self._work(send)
        else:
            self._waiting.append((connection, send))

    def _work(self, send: Callable[[], None]) -> None:
        if self._after_s:
            asyncio.get_running_loop().call_later(self._after_s, self._done, send)
        else:
            self._done(send)

    def _done(self, send: Callable[[], None]) -> None:
        send()
        if self._free is None:
            return
        while self._waiting:
            connection, waiting = self._waiting.popleft()
            if not connection.transport.is_closing():  # whoever has hung up leaves the queue
                self._work(waiting)
                return
        self._free += 1


class Moody(Connection):
    """One connection to such a registry."""

    def __init__(self, registry: Registry, known: Mapping[bytes, bytes], unknown: bytes) -> None:
        super().__init__(known, unknown)
        self._registry = registry

    def asked(self, line: bytes) -> None:
        registry, path = self._registry, line.partition(b" ")[2]
        if path.startswith(b"/silent/"):
            return
        if path.startswith(b"/-/"):
            self.transport.write(self._told(path))
        elif path.endswith(b"/token"):
            self.transport.write(self.answer_to(line))
        else:
            registry.seen.append((monotonic(), registry.is_out))
            registry.take(self, lambda: self._send(line))

    def _send(self, line: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(OUT if self._registry.is_out else self.answer_to(line))

    def _told(self, path: bytes) -> bytes:
        if path == b"/-/seen":
            return answer(200, _JSON, json.dumps(self._registry.seen).encode())
        self._registry.is_out = path == b"/-/out"
        return _DONE


def known_firms(count: int) -> dict[bytes, bytes]:
    """The recorded answer about so many other firms, by `GET /target`."""
    code = str(query(FIRM)["enterprise_code"])
    content = FIRM[1].response.content
    return {
        f"GET {target(FIRM).replace(code, other)}".encode(): answer(
            200, FIRM[1].response.headers, content.replace(code.encode(), other.encode())
        )
        for other in firm_codes(count)
    }


async def serve(port: int, registry: Registry, firms: int) -> None:
    """Answer on 127.0.0.1 until the process ends."""
    known, unknown = {**answers(), **known_firms(firms)}, answer(404, {}, b"")
    server = await asyncio.get_running_loop().create_server(
        lambda: Moody(registry, known, unknown), "127.0.0.1", port, backlog=1024
    )
    await server.serve_forever()


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(prog="python -m bench.registry")
    parser.add_argument("--after-ms", type=float, default=0.0)
    parser.add_argument("--at-once", type=int)
    parser.add_argument("--firms", type=int, default=0)
    parser.add_argument("--port", type=int, required=True)
    options = parser.parse_args()
    registry = Registry(after_s=options.after_ms / 1000, at_once=options.at_once)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(options.port, registry, options.firms))


if __name__ == "__main__":
    main()
