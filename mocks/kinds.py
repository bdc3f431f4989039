"""
Each kind of fault, carried out on the line to one client: the same for a stand-in and for the proxy.

A kind gets the answer that was due, as bytes, and spoils it on its way. It returns when the line may carry
another request, or when it has closed the line itself.
"""

from __future__ import annotations

import asyncio
import math
import struct
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING

from mocks.line import Line
from mocks.restructured import restructured
from mocks.stand_in import Answer

if TYPE_CHECKING:
    from mocks.faults import Fault

__all__ = ["CARRIED_OUT", "RAW", "SIZED", "Crossing", "Exchange", "Stopped", "written"]

_GARBAGE = b"\x00\xff\xfe\x80 mock garbage \x9f\x92\x96\x00"
_HTML = "<!DOCTYPE html>\n<html><head><title>Thông báo</title></head><body><h1>Hệ thống đang bảo trì</h1></body></html>"
_TEXT = {"Content-Type": "text/plain; charset=utf-8"}
_ELSEWHERE = "http://elsewhere.invalid/"
_PIECE = bytes(64 * 1024)
_MEBIBYTE = 1 << 20


class Stopped(Exception):
    """The server ends while a fault holds a client back."""


class Crossing:
    """Where two answers meet and change places."""

    def __init__(self) -> None:
        self._waiting: tuple[Answer, asyncio.Future[Answer]] | None = None

    async def other(self, mine: Answer, wait_s: float) -> Answer:
        """The answer of whoever else comes within `wait_s`; one's own where nobody does."""
        if self._waiting is not None:
            (theirs, partner), self._waiting = self._waiting, None
            partner.set_result(mine)
            return theirs
        partner = asyncio.get_running_loop().create_future()
        self._waiting = (mine, partner)
        try:
            async with asyncio.timeout(wait_s):
                return await partner
        except TimeoutError:
            return mine
        finally:
            if self._waiting is not None and self._waiting[1] is partner:
                self._waiting = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """
    One request in hand: the right answer, one about somebody else, the line, and when the server stops.

    `expired` gives the answer to whoever shows a token that has ended.
    `offset` says how many bytes have gone over the line already where what is due is a piece of a stream.
    """

    answer: Callable[[], Awaitable[Answer]]
    another: Callable[[], Awaitable[Answer]]
    line: Line
    stopping: asyncio.Event
    crossing: Crossing
    offset: int = 0
    expired: Callable[[], Awaitable[Answer]] | None = None

    async def pause(self, seconds: float | None) -> None:
        """Wait; for ever where `seconds` is None. Raises Stopped when the server ends meanwhile."""
        try:
            async with asyncio.timeout(seconds):
                await self.stopping.wait()
        except TimeoutError:
            return
        raise Stopped

    async def send(self, answer: Answer) -> None:
        """Write a whole answer."""
        await self.line.send(b"".join(written(answer)))


def written(answer: Answer, *, length: int | None = None) -> tuple[bytes, bytes]:
    """
    Head and body of an answer as HTTP writes them; `length` is told instead of the body's own.

    An answer of status 0 is a piece of a stream: it has no head.
    """
    if answer.status == 0:
        return b"", answer.body
    told = len(answer.body) if length is None else length
    headers = {**answer.headers, "Content-Length": str(told)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {answer.status} Mock\r\n{lines}\r\n".encode(), answer.body


async def _silence(_: Fault, exchange: Exchange) -> None:
    await exchange.pause(None)


async def _slow(fault: Fault, exchange: Exchange) -> None:
    await exchange.pause(fault.delay_s)
    await exchange.send(await exchange.answer())


async def _stall(_: Fault, exchange: Exchange) -> None:
    head, body = written(await exchange.answer())
    await exchange.line.send(head + body[: len(body) // 2])
    await exchange.pause(None)


async def _drip(fault: Fault, exchange: Exchange) -> None:
    head, body = written(await exchange.answer())
    await exchange.line.send(head)
    await _in_pieces(exchange, body, 1, fault.delay_s or 0.5)


async def _bandwidth(fault: Fault, exchange: Exchange) -> None:
    a_second = fault.size or 1000
    piece = max(1, a_second // 20)
    await _in_pieces(exchange, b"".join(written(await exchange.answer())), piece, piece / a_second)


async def _slicer(fault: Fault, exchange: Exchange) -> None:
    whole = b"".join(written(await exchange.answer()))
    await _in_pieces(exchange, whole, fault.size or 16, fault.delay_s or 0.001)


async def _limit(fault: Fault, exchange: Exchange) -> None:
    whole = b"".join(written(await exchange.answer()))
    left = max(0, fault.size - exchange.offset)
    await exchange.line.send(whole[:left])
    if len(whole) >= left:
        exchange.line.end()


async def _longer(fault: Fault, exchange: Exchange) -> None:
    answer = await exchange.answer()
    await exchange.line.send(b"".join(written(answer, length=len(answer.body) + (fault.size or 1))))
    exchange.line.end()


async def _shorter(fault: Fault, exchange: Exchange) -> None:
    answer = await exchange.answer()
    await exchange.line.send(b"".join(written(answer, length=max(0, len(answer.body) - (fault.size or 1)))))


async def _bomb(fault: Fault, exchange: Exchange) -> None:
    answer = await exchange.answer()
    packed = await asyncio.to_thread(_packed_zeros, fault.size or 400 * _MEBIBYTE)
    await exchange.send(replace(answer, body=packed, headers={**_own_type(answer), "Content-Encoding": "gzip"}))


async def _flood(fault: Fault, exchange: Exchange) -> None:
    answer = await exchange.answer()
    if fault.size:
        head, _ = written(replace(answer, headers=_own_type(answer)), length=fault.size)
    else:
        lines = "".join(f"{name}: {value}\r\n" for name, value in _own_type(answer).items())
        head = f"HTTP/1.1 200 Mock\r\n{lines}Transfer-Encoding: chunked\r\n\r\n".encode()
    piece = _PIECE if fault.size else b"%x\r\n%b\r\n" % (len(_PIECE), _PIECE)
    await exchange.line.send(head)
    left = fault.size or None
    while left is None or left > 0:
        await exchange.line.send(piece if left is None else piece[:left])
        await exchange.pause(0)
        left = None if left is None else left - len(piece)


async def _redirect(_: Fault, exchange: Exchange) -> None:
    await exchange.send(Answer(307, b"", {"Location": _ELSEWHERE}))


async def _reset(_: Fault, exchange: Exchange) -> None:
    exchange.line.reset()


async def _down(_: Fault, exchange: Exchange) -> None:
    exchange.line.end()


async def _slow_close(fault: Fault, exchange: Exchange) -> None:
    answer = await exchange.answer()
    headers = {**answer.headers, "Connection": "close"}
    await exchange.send(answer if answer.status == 0 else replace(answer, headers=headers))
    await exchange.pause(fault.delay_s or 30.0)
    exchange.line.end()


async def _half_open(_: Fault, exchange: Exchange) -> None:
    await exchange.send(await exchange.answer())
    await exchange.pause(None)


async def _garbage(_: Fault, exchange: Exchange) -> None:
    await exchange.send(Answer(200, _GARBAGE, _own_type(await exchange.answer())))


async def _html(_: Fault, exchange: Exchange) -> None:
    await exchange.send(Answer(200, _HTML.encode(), {"Content-Type": "text/html; charset=utf-8"}))


async def _maintenance(fault: Fault, exchange: Exchange) -> None:
    after = {"Retry-After": str(math.ceil(fault.delay_s or 600))}
    await exchange.send(Answer(503, _HTML.encode(), {"Content-Type": "text/html; charset=utf-8", **after}))


async def _schema(_: Fault, exchange: Exchange) -> None:
    answer = await exchange.answer()
    await exchange.send(replace(answer, body=restructured(answer.body)))


async def _expired(_: Fault, exchange: Exchange) -> None:
    await exchange.send(Answer(401, b"Unauthorized", _TEXT) if exchange.expired is None else await exchange.expired())


async def _throttle(fault: Fault, exchange: Exchange) -> None:
    after = {"Retry-After": str(math.ceil(fault.delay_s or 7))}
    await exchange.send(Answer(429, b"Too many requests", {**after, **_TEXT}))


async def _error(_: Fault, exchange: Exchange) -> None:
    await exchange.send(Answer(500, b"Internal server error", _TEXT))


async def _swap(_: Fault, exchange: Exchange) -> None:
    await exchange.send(await exchange.another())


async def _cross(fault: Fault, exchange: Exchange) -> None:
    await exchange.send(await exchange.crossing.other(await exchange.answer(), fault.delay_s or 1.0))


async def _surplus(fault: Fault, exchange: Exchange) -> None:
    await exchange.send(await exchange.answer())
    await exchange.pause(fault.delay_s or 0.02)
    await exchange.send(await exchange.another())


async def _in_pieces(exchange: Exchange, data: bytes, size: int, every_s: float) -> None:
    for start in range(0, len(data), size):
        await exchange.line.send(data[start : start + size])
        await exchange.pause(every_s)


def _own_type(answer: Answer) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.lower() == "content-type"}


@lru_cache(maxsize=2)
def _packed_zeros(size: int) -> bytes:
    """That many zero bytes as gzip: about a thousandth of it. One packed mebibyte is repeated, not packed anew."""
    zeros = bytes(_MEBIBYTE)
    packer = zlib.compressobj(9, wbits=-15)
    block = packer.compress(zeros) + packer.flush(zlib.Z_FULL_FLUSH)
    blocks, rest = divmod(size, _MEBIBYTE)
    last = zlib.compressobj(9, wbits=-15)
    end = last.compress(zeros[:rest]) + last.flush()
    check = zlib.crc32(zeros[:rest])
    for _ in range(blocks):
        check = zlib.crc32(zeros, check)
    gzip_head = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"
    return gzip_head + block * blocks + end + struct.pack("<LL", check, size & 0xFFFFFFFF)


CARRIED_OUT: dict[str, Callable[[Fault, Exchange], Awaitable[None]]] = {
    "silence": _silence,
    "slow": _slow,
    "stall": _stall,
    "drip": _drip,
    "bandwidth": _bandwidth,
    "slicer": _slicer,
    "limit": _limit,
    "longer": _longer,
    "shorter": _shorter,
    "slow_close": _slow_close,
    "half_open": _half_open,
    "reset": _reset,
    "down": _down,
    "garbage": _garbage,
    "html": _html,
    "schema": _schema,
    "maintenance": _maintenance,
    "throttle": _throttle,
    "expired": _expired,
    "error": _error,
    "redirect": _redirect,
    "bomb": _bomb,
    "flood": _flood,
    "swap": _swap,
    "cross": _cross,
    "surplus": _surplus,
}
"""How each kind is carried out."""

SIZED = frozenset({"bandwidth", "slicer", "limit", "longer", "shorter", "bomb", "flood"})
"""Kinds whose figure on a command line is `size`; for all others it is `delay_s`."""

RAW = frozenset({"silence", "slow", "drip", "bandwidth", "slicer", "limit", "half_open", "reset", "down"})
"""Kinds that need to know nothing of HTTP: the proxy does these to any stream, TLS too."""
