"""
Ports for processes that must be told one before they start.

They lie below those that the kernel gives out by itself, so that nobody gets one between the look and the start; each
worker of the suite has a range of its own, and takes none twice in a row.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from itertools import count

__all__ = ["demo_port", "free_port"]

_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_RANGE = 500
_DEMO_NEEDS = (0, 10, 1010)  # web, stand-ins and metrics


def free_port() -> int:
    """A port of 127.0.0.1 on which nobody listens."""
    return next(port for port in _ports if _is_free(port))


def demo_port() -> int:
    """A port of which the demo's two others, ten and a thousand and ten above it, are free too."""
    first = 30_000 + _WORKER % 50 * 20
    return next(port for port in range(first, first + 10) if all(_is_free(port + more) for more in _DEMO_NEEDS))


def _in_turn() -> Iterator[int]:
    first = 10_240 + _WORKER % 30 * _RANGE
    for number in count(os.getpid()):  # another suite on this machine begins elsewhere
        yield first + number % _RANGE


def _is_free(port: int) -> bool:
    with socket.socket() as held:
        try:
            held.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


_ports = _in_turn()
