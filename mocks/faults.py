"""
Faults that no case file can show: silence, a stalled body, a reset, garbage, another person's answer.

A `Fault` is set for a registry and drawn for each of its requests; `inflict` carries it out on the connection.
"""

from __future__ import annotations

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from aiohttp import web

from mocks.stand_in import Answer

__all__ = ["KINDS", "Exchange", "Fault", "Faults", "inflict", "response"]

_GARBAGE = b"\x00\xff\xfe\x80 mock garbage \x9f\x92\x96\x00"
_HTML = "<!DOCTYPE html>\n<html><head><title>Thông báo</title></head><body><h1>Hệ thống đang bảo trì</h1></body></html>"
_LINGER_NONE = struct.pack("ii", 1, 0)
_SURPLUS_AFTER_S = 0.02


@dataclass(frozen=True, slots=True)
class Fault:
    """
    One way to fail.

    Args:
        kind: a word of `KINDS`.
        times: how many requests it hits before it is over; None for every one until it is cleared.
        percent: how many of a hundred requests it hits.
        delay_s: for `slow` how long the answer waits, for `surplus` how long the second answer does.
        path: hits only requests whose path holds this, such as "token"; "" hits all.
    """

    kind: str
    times: int | None = None
    percent: int = 100
    delay_s: float = 0.0
    path: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f"fault must be one of {', '.join(KINDS)}")
        if self.times is not None and self.times < 1:
            raise ValueError("times must be 1 or more, or left out")
        if not 0 <= self.percent <= 100:
            raise ValueError("percent must be 0 to 100")
        if not 0 <= self.delay_s <= 3600:
            raise ValueError("delay_s must be 0 to 3600")
        if not isinstance(self.path, str):
            raise TypeError("path must be a text")


class Faults:
    """Which registry fails, and how. At most one fault for each."""

    def __init__(self, dice: Callable[[], float]) -> None:
        """`dice` gives a number from 0 up to 1 for each draw of a fault that does not hit every request."""
        self._dice = dice
        self._faults: dict[str, Fault] = {}

    def set(self, registry: str, fault: Fault) -> None:
        """Let `registry` fail from now on."""
        self._faults[registry] = fault

    def clear(self, registry: str | None = None) -> None:
        """Let one registry, or every one, work again. Requests already hit are not healed."""
        if registry is None:
            self._faults.clear()
        else:
            self._faults.pop(registry, None)

    def current(self) -> Mapping[str, Fault]:
        """The faults in force, by registry."""
        return dict(self._faults)

    def draw(self, registry: str, path: str) -> Fault | None:
        """The fault that hits this request; it counts towards `times`."""
        fault = self._faults.get(registry)
        if fault is None or fault.path not in path:
            return None
        if fault.percent < 100 and self._dice() * 100 >= fault.percent:
            return None
        if fault.times is not None:
            if fault.times == 1:
                del self._faults[registry]
            else:
                self._faults[registry] = replace(fault, times=fault.times - 1)
        return fault


@dataclass(frozen=True, slots=True)
class Exchange:
    """One request in hand: how to answer it properly, how about somebody else, and when the server stops."""

    request: web.Request
    answer: Callable[[], Answer]
    another: Callable[[], Answer]
    stopping: asyncio.Event


async def inflict(fault: Fault, exchange: Exchange) -> web.StreamResponse:
    """Fail as `fault` says. Ends when the client goes away (by cancellation) or the server stops."""
    return await _INFLICTED[fault.kind](fault, exchange)


def response(answer: Answer) -> web.Response:
    """An answer as aiohttp sends it."""
    return web.Response(status=answer.status, body=answer.body, headers=answer.headers)


async def _silence(fault: Fault, exchange: Exchange) -> web.StreamResponse:
    await exchange.stopping.wait()
    return _hung_up(exchange.request)


async def _slow(fault: Fault, exchange: Exchange) -> web.StreamResponse:
    try:
        async with asyncio.timeout(fault.delay_s):
            await exchange.stopping.wait()
    except TimeoutError:
        return response(exchange.answer())
    return _hung_up(exchange.request)


async def _stall(fault: Fault, exchange: Exchange) -> web.StreamResponse:
    answer = exchange.answer()
    stalled = web.StreamResponse(status=answer.status, headers=answer.headers)
    stalled.content_length = len(answer.body)
    await stalled.prepare(exchange.request)
    await stalled.write(answer.body[: len(answer.body) // 2])
    await exchange.stopping.wait()
    _hung_up(exchange.request)
    return stalled


async def _reset(fault: Fault, exchange: Exchange) -> web.StreamResponse:
    transport = exchange.request.transport
    if transport is not None:
        # Closing a socket that lingers for no time sends RST instead of FIN. Set through a copy: not every
        # event loop lets its own sockets be touched.
        with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as copy:
            copy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_NONE)
    return _hung_up(exchange.request)


async def _garbage(fault: Fault, exchange: Exchange) -> web.StreamResponse:
    return web.Response(body=_GARBAGE, headers=_own_type(exchange.answer()))


async def _html(fault: Fault, exchange: Exchange) -> web.StreamResponse:
    return web.Response(text=_HTML, content_type="text/html")


async def _throttle(fault: Fault, exchange: Exchange) -> web.StreamResponse:
    return web.Response(status=429, headers={"Retry-After": "7"}, text="Too many requests")


async def _error(fault: Fault, exchange: Exchange) -> web.StreamResponse:
    return web.Response(status=500, text="Internal server error")


async def _swap(fault: Fault, exchange: Exchange) -> web.StreamResponse:
    return response(exchange.another())


async def _surplus(fault: Fault, exchange: Exchange) -> web.StreamResponse:
    first = response(exchange.answer())
    await first.prepare(exchange.request)
    await first.write_eof()
    await asyncio.sleep(fault.delay_s or _SURPLUS_AFTER_S)
    transport = exchange.request.transport
    if transport is not None:
        transport.write(_on_the_wire(exchange.another()))
    return first


def _hung_up(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()  # never sent: the connection is gone


def _own_type(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.lower() == "content-type"}


def _on_the_wire(answer: Answer) -> bytes:
    """A whole HTTP response as bytes."""
    headers = {**answer.headers, "Content-Length": str(len(answer.body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {answer.status} OK\r\n{lines}\r\n".encode() + answer.body


_INFLICTED: dict[str, Callable[[Fault, Exchange], Awaitable[web.StreamResponse]]] = {
    "silence": _silence,
    "slow": _slow,
    "stall": _stall,
    "reset": _reset,
    "garbage": _garbage,
    "html": _html,
    "throttle": _throttle,
    "error": _error,
    "swap": _swap,
    "surplus": _surplus,
}

KINDS = tuple(_INFLICTED)
