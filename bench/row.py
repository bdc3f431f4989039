"""A row of the table: what is started, what is sent, and what a right answer looks like."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # load generators read this module and should not wait for a gateway
    from bench.stage import Server, Stage

__all__ = ["Ask", "Right", "Row"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """The one request that is sent over and over."""

    method: str = "POST"
    path: str = "/"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    def http(self, port: int) -> bytes:
        """The request as HTTP/1.1 over a kept connection."""
        length = {"Content-Length": str(len(self.body))} if self.body else {}
        headers = {"Host": f"127.0.0.1:{port}", **self.headers, **length}
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join([*lines, "", ""]).encode() + self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Right:
    """A right answer: its status, and what its body must hold (before and after measuring)."""

    status: int = 200
    markers: tuple[str, ...] = ()

    def problem(self, status: int, body: bytes) -> str | None:
        """What is wrong with an answer; None for a right one."""
        if status != self.status:
            return f"status {status} instead of {self.status}"
        missing = [marker for marker in self.markers if marker.encode() not in body]
        return f"the answer does not hold {missing[0]}" if missing else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """
    One line of the table.

    `start` starts the servers and gives the one that is asked. `against` names the row that every ratio of
    this one is taken to; the baseline itself has none. `missing` says what the machine lacks for it, None where
    it lacks nothing; such a row is left out, with that reason. A row that is not `quick` is left out of quick runs.
    """

    name: str
    title: str
    start: Callable[[Stage], Server]
    ask: Ask
    right: Right
    against: str | None = "pass"
    missing: Callable[[], str | None] = lambda: None
    quick: bool = True
