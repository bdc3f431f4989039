"""
Whether a kept connection has spoken since its last answer: what comes unasked belongs to no question of ours.

The event loop may have read such bytes already, in part, into a parser that is thrown away, so the kernel's own
count is asked (TCP_INFO, Linux). Where it does not count, only what is still unread is noticed.
"""

from __future__ import annotations

import os
import select
import socket
import struct
from typing import Protocol
from weakref import WeakKeyDictionary

__all__ = ["Idle", "Socket", "has_ended", "has_unread"]

_BYTES_RECEIVED_AT = 128  # tcpi_bytes_received in struct tcp_info, linux/tcp.h
_LEAST_SIZE = _BYTES_RECEIVED_AT + 8


class Socket(Protocol):
    """What an event loop lets us see of its socket."""

    def fileno(self) -> int: ...

    def getsockopt(self, level: int, name: int, size: int, /) -> bytes: ...


class Idle:
    """How much each connection had said when it was last let go."""

    def __init__(self) -> None:
        self._said: WeakKeyDictionary[object, int] = WeakKeyDictionary()

    def note(self, connection: object, sock: Socket) -> None:
        """An answer is complete: what the connection has said until now was asked for."""
        self._said[connection] = _received(sock) - len(_peeked(sock))

    def has_spoken(self, connection: object, sock: Socket) -> bool:
        """True when more has come since."""
        return _received(sock) != self._said.get(connection, 0)


def has_unread(sock: Socket) -> bool:
    """True when bytes wait that nobody has read."""
    return bool(_peeked(sock))


def has_ended(sock: Socket) -> bool:
    """True when the other side has closed, which the event loop may not have seen yet."""
    return _is_readable(sock) and not _peeked(sock)


def _received(sock: Socket) -> int:
    """Bytes that have ever come; 0 where the system does not count them."""
    if not hasattr(socket, "TCP_INFO"):
        return 0
    info = sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LEAST_SIZE)
    return int(struct.unpack_from("=Q", info, _BYTES_RECEIVED_AT)[0]) if len(info) == _LEAST_SIZE else 0


def _peeked(sock: Socket) -> bytes:
    if not _is_readable(sock):
        return b""
    # Read through a copy: an event loop does not lend its own sockets for that.
    with socket.socket(fileno=os.dup(sock.fileno())) as copy:
        try:
            return copy.recv(65536, socket.MSG_PEEK | socket.MSG_DONTWAIT)
        except OSError:
            return b""


def _is_readable(sock: Socket) -> bool:
    waiting = select.poll()
    waiting.register(sock.fileno(), select.POLLIN)
    return bool(waiting.poll(0))
