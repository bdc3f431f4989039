"""What a channel gives back: the outcome, where it came from, and each attempt on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.domain.outcome import Outcome

__all__ = ["CALLER_GONE", "Answer", "Attempt", "Provenance"]

CALLER_GONE = "caller_gone"


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    One request to the registry for the question: `found`, `absent` or the reason why not (`caller_gone` where it was
    broken off since nobody waited any more), and whether the connection was new.
    """

    result: str
    elapsed_s: float
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """
    Where an answer comes from. `basis` says how sure we are of the registry's contract: `official`,
    `observed` or `assumed`. `route` is the way to the registry that settings name; `via` is `live` or `cache`.
    `reply_mac` is the keyed digest of the raw reply that the outcome was read from; None where there is none.
    """

    registry: str
    operation: str
    route: str
    via: str
    request_id: str
    asked_at: datetime
    answered_at: datetime
    contract: str
    basis: str
    reply_mac: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The outcome of one question with its provenance and attempts. The record is never printed."""

    outcome: Outcome[Any] = field(repr=False)
    provenance: Provenance
    attempts: tuple[Attempt, ...] = ()
    elapsed_s: float = 0.0
