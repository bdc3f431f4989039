"""What a channel gives back: the outcome, where it came from, and each attempt on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.domain.outcome import Outcome

__all__ = ["Answer", "Attempt", "Provenance"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    One try at the question: `found`, `absent` or the reason why not, and whether the connection was new.

    `requests` left for the registry: more than one where its dataset has several exchanges, or a log-in was renewed
    in between; none where something failed before.
    """

    result: str
    elapsed_s: float
    fresh: bool
    requests: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """
    Where an answer comes from. `basis` says how sure we are of the registry's contract: `official`,
    `observed` or `assumed`. `route` is the way to the registry that settings name; `via` is `live` or `cache`.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The outcome of one question with its provenance and attempts. The record is never printed."""

    outcome: Outcome[Any] = field(repr=False)
    provenance: Provenance
    attempts: tuple[Attempt, ...] = ()
    elapsed_s: float = 0.0
