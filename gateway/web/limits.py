"""What the front door takes before it has read a question."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

__all__ = ["LIMITS", "Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """
    How long a request may take to arrive, in seconds, how large its body may be, how many connections wait, how many
    questions are carried at once, how many lookups one set may hold, and whether a question ends when its caller
    hangs up.
    """

    header_timeout_s: float = 10.0
    body_timeout_s: float = 10.0
    body_bytes: int = 64 * 1024
    connections: int = 500
    questions: int = 400
    set_lookups: int = 16
    end_with_caller: bool = False


LIMITS: web.AppKey[Limits] = web.AppKey("limits", Limits)
