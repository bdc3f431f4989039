"""
Whether a kept connection has spoken since its last answer: what comes unasked belongs to no question of ours.

The event loop may have read such bytes already, in part, into a parser that is thrown away, so the kernel's own
count is asked (TCP_INFO, Linux). Where it does not count, only what is still unread is noticed.
"""

from __future__ import annotations

import fcntl
import select
import socket
import struct
import termios
from dataclasses import dataclass
from typing import Protocol
from weakref import WeakKeyDictionary

__all__ = ["Idle", "Seen", "Socket", "has_unread", "look"]

# struct tcp_info, linux/tcp.h
_STATE_AT = 0
_ESTABLISHED = 1
_BYTES_RECEIVED_AT = 128
_LEAST_SIZE = _BYTES_RECEIVED_AT + 8
_received = struct.Struct("=Q").unpack_from
_unread = struct.Struct("=i").unpack
_NONE = bytes(4)


class Socket(Protocol):
    """What an event loop lets us see of its socket."""

    def fileno(self) -> int: ...


@dataclass(slots=True)
class Seen:
    """
    One look at a connection: how many bytes have ever come, None where the system does not count them; whether some
    wait to be read, where that had to be looked at; and whether the other side has closed.
    """

    received: int | None
    unread: bool
    has_ended: bool

    def has_spoken(self, said: int) -> bool:
        """True when more has come than what had been said until the connection was let go."""
        return self.unread if self.received is None else self.received != said


class Idle:
    """How much each connection had said when it was last let go."""

    def __init__(self) -> None:
        self._said: WeakKeyDictionary[object, int] = WeakKeyDictionary()

    def note(self, connection: object, sock: Socket) -> None:
        """An answer is complete: what the connection has said until now was asked for."""
        received = look(sock).received
        self._said[connection] = 0 if received is None else received - _bytes_unread(sock)

    def said(self, connection: object) -> int | None:
        """What it had said then; None for a connection that has never been let go."""
        return self._said.get(connection)


def look(sock: Socket) -> Seen:
    """What the system tells of a connection now, which the event loop may not have seen yet."""
    if hasattr(socket, "TCP_INFO"):
        info = _tcp_info(sock)
        if len(info) == _LEAST_SIZE:
            return Seen(_received(info, _BYTES_RECEIVED_AT)[0], False, info[_STATE_AT] != _ESTABLISHED)
    unread = has_unread(sock)
    return Seen(None, unread, not unread and _is_readable(sock))


def _tcp_info(sock: Socket) -> bytes:
    """Asked of the descriptor itself, which is only borrowed: uvloop would copy and close it for each question."""
    borrowed = socket.socket(socket.AF_INET, socket.SOCK_STREAM, 0, fileno=sock.fileno())
    try:
        return borrowed.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _LEAST_SIZE)
    finally:
        borrowed.detach()


def has_unread(sock: Socket) -> bool:
    """True when bytes wait that nobody has read."""
    return _bytes_unread(sock) > 0


def _bytes_unread(sock: Socket) -> int:
    count: int = _unread(fcntl.ioctl(sock.fileno(), termios.FIONREAD, _NONE))[0]
    return count


def _is_readable(sock: Socket) -> bool:
    waiting = select.poll()
    waiting.register(sock.fileno(), select.POLLIN)
    return bool(waiting.poll(0))
