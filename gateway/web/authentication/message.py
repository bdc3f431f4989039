"""A request as its signer saw it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Message"]


@dataclass(frozen=True, slots=True)
class Message:
    """One request as its signer saw it: the whole address, all header lines, the body's bytes."""

    method: str
    url: str
    headers: Any
    body: bytes
