"""What a channel gives back: the outcome, where it came from, and each attempt on the way."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from gateway.domain.outcome import Outcome

__all__ = ["CALLER_GONE", "OVERTAKEN", "Answer", "Attempt", "Layer", "Provenance"]

CALLER_GONE = "caller_gone"
OVERTAKEN = "overtaken"

Layer = Literal["network", "platform", "registry", "ours"]
"""
Who answered: `registry` the service itself or what stands unnamed in front of it, `platform` X-Road, an API manager,
a province's wrapper or the log-in, `network` nobody, `ours` the gateway before anything was sent.
"""


@dataclass(frozen=True, slots=True)
class Attempt:
    """
    One try at the question: `found`, `absent` or the reason why not (`caller_gone` where it was broken off since
    nobody waited any more, `overtaken` where the one beside it was quicker), and whether the connection was new.

    `status` is the HTTP status of the last answer, None where there was none; `request_id` what the registry knows
    this attempt by.
    `requests` left for the registry: more than one where its dataset has several exchanges, or a log-in was renewed
    in between; none where something failed before.
    """

    result: str
    elapsed_s: float
    fresh: bool
    layer: Layer = "registry"
    status: int | None = None
    request_id: str = ""
    requests: int = 1

    def view(self) -> dict[str, Any]:
        """As the ledger keeps it: JSON values, nothing personal."""
        return {
            "result": self.result,
            "layer": self.layer,
            "status": self.status,
            "elapsed_ms": round(self.elapsed_s * 1000),
            "fresh": self.fresh,
            "requests": self.requests,
            "request_id": self.request_id,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """
    Where an answer comes from. `basis` says how sure we are of the registry's contract: `official`,
    `observed` or `assumed`. `route` is the way to the registry that settings name; `via` is `live`, `cache`, or `stale`
    for a kept answer that is older than it should be, given because the registry gave none now. The instants are those
    of the exchange; `age_s` is how long ago that was when the answer left.
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
    age_s: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    The outcome of one question with its provenance and attempts. The record is never printed; of a kept answer it is
    what was granted, `Written`. `fetched_by` is the lookup that asked the registry, empty where this one did.

    `clock_skew_s` is how far the other side's clock is ahead of ours, to a second, and `quota_left` how many more
    questions it says it takes for now; both from the last answer, and None where it does not say.
    """

    outcome: Outcome[Any] = field(repr=False)
    provenance: Provenance
    attempts: tuple[Attempt, ...] = ()
    elapsed_s: float = 0.0
    clock_skew_s: float | None = None
    quota_left: int | None = None
    fetched_by: str = ""
