"""Answers off a raw connection, one at a time: what both of our generators read with."""

from __future__ import annotations

import asyncio
from typing import cast

__all__ = ["Reading"]

_HEAD_END = b"\r\n\r\n"
_LENGTH = b"\r\ncontent-length:"


class Reading(asyncio.Protocol):
    """A connection whose answers have a length. A subclass hears of each whole answer, and of the end."""

    def __init__(self) -> None:
        self._read = bytearray()
        self._length = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)

    def answered(self, answer: bytearray) -> None:
        """One whole answer, head and body."""
        raise NotImplementedError

    def failed(self, kind: str) -> None:
        """No more answers: `closed` by the other side, or `unreadable`."""
        raise NotImplementedError

    def data_received(self, data: bytes) -> None:
        self._read += data
        if not self._length and not self._head():
            return
        if len(self._read) < self._length:
            return
        answer, self._read, self._length = self._read, bytearray(), 0
        self.answered(answer)

    def connection_lost(self, _: Exception | None) -> None:
        self.failed("closed")

    def _head(self) -> bool:
        """Read the answer's length once its head is there."""
        end = self._read.find(_HEAD_END)
        if end < 0:
            return False
        _, found, after = self._read[:end].lower().partition(_LENGTH)
        digits = after.partition(b"\r\n")[0].strip()
        if not found or not digits.isdigit():
            self.failed("unreadable")
            return False
        self._length = end + len(_HEAD_END) + int(digits)
        return True
