"""The shapes that leave the front door, for documentation and tests."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.domain.outcome import Unknown
from gateway.errors import Actor, Reason, Refusal
from gateway.lookup.document import provenance_members
from gateway.lookup.pipeline import LookupResult

__all__ = [
    "CircuitView",
    "DatasetView",
    "FieldProblemView",
    "HealthView",
    "LookupView",
    "PlaceView",
    "Problem",
    "ProvenanceView",
    "RegistryView",
    "lookup_view",
]


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class ProvenanceView(_View):
    """Where an answer comes from, and how sure we are of the registry's contract."""

    registry: str
    operation: str = Field(description="The registry's own name for what was asked.")
    route: str = Field(description="The way to the registry.")
    via: Literal["live", "cache", "stale"] = Field(
        description="`stale`: kept, and older than it should be; the registry gave no answer now."
    )
    request_id: str = Field(description="Our id of the request as the registry knows it.")
    asked_at: datetime
    answered_at: datetime
    age_s: int = Field(description="How old the answer is, in seconds; 0 when it is live.")
    reply_mac: str | None = Field(None, description="Keyed digest of the raw reply; only the gateway can check it.")
    contract: str = Field(examples=["dancu@2025"])
    basis: Literal["official", "observed", "assumed"]


class PlaceView(_View):
    """Where the record of an answer stands."""

    log: str
    index: int


class LookupView(_View):
    """An answer: the registry has the record, or said that it has none."""

    lookup_id: str
    dataset: str
    outcome: Literal["found", "absent"]
    record: dict[str, Any] | None = Field(None, description="The granted fields; only when found.")
    withheld: list[str] = Field(
        description="What the record type has and no rule of the policy gives to this question."
    )
    provenance: ProvenanceView
    evidence: str | None = Field(
        None, description="The same, signed and dated (JWS): keep it in the dossier. Absent where no key is configured."
    )
    ledger: PlaceView | None = Field(None, description="Where the record of it stands.")


class FieldProblemView(_View):
    """One thing wrong with one field."""

    field: str
    code: str
    advice: str


class Problem(_View):
    """RFC 9457 problem document. `detail` is Vietnamese, `title` English."""

    type: str
    title: str
    status: int
    detail: str
    outcome: Literal["unknown"] | None = Field(None, description="Present when a registry gave no answer.")
    reason: Reason | Refusal | None = None
    actor: Actor | None = Field(None, description="Who must act.")
    retryable: bool | None = Field(None, description="Whether asking the same again later can help.")
    retry_at: datetime | None = Field(None, description="Not before this; absent when nobody said when.")
    lookup_id: str | None = None
    problems: list[FieldProblemView] | None = None


class CircuitView(_View):
    """How the breaker of one dataset stands on one route."""

    dataset: str
    route: str
    state: Literal["closed", "open", "half_open"]
    why: Literal["failing", "slow", "throttled"] | None = Field(description="Null while it is closed.")
    retry_at: datetime | None = Field(description="Not before this; null while it is closed.")


class HealthView(_View):
    """From real questions since this worker started."""

    state: Literal["ok", "failing", "unasked"]
    last_answer_at: datetime | None
    last_failure_at: datetime | None
    last_reason: Reason | None
    circuits: list[CircuitView] = Field(description="One for each dataset and route that was asked.")


class ShareView(_View):
    """How many of how many."""

    model_config = ConfigDict(extra="allow")

    of: int


class DatasetQualityView(_View):
    """What case files prove of one dataset, over all contract versions of its adapter."""

    dataset: str
    basis: Literal["official", "observed", "assumed"] = Field(description="In this instance's contract version.")
    cases: ShareView = Field(description="Case files, and how many are `proven`.")
    fields: ShareView = Field(description="Fields of the record: `shown` by some proven case file, and `not_shown`.")
    ends: list[str] = Field(description="Outcomes and reasons that proven case files come to.")
    faults: ShareView = Field(description="Spoilt answers, and how many were `survived`: no record, no absence.")
    titles: ShareView = Field(description="Fields at the record's top, and how many are `given` a name for people.")
    printed: ShareView = Field(description="Case files, and how many have something printed `showing_a_value`.")


class QualityView(_View):
    """Counted from evidence, never typed."""

    assumptions: int = Field(description="What nobody has confirmed of this registry.")
    traps: ShareView = Field(description="What misleads clients, and what shows that it is known.")
    datasets: list[DatasetQualityView]


class RegistryView(_View):
    """One configured registry."""

    name: str
    adapter: str
    title: str
    title_en: str
    owner: str
    contract: str
    route: str
    connected: bool = Field(description="Whether an endpoint is configured.")
    officers: Literal["own", "mapped"] = Field(description="Whose identity it is shown.")
    datasets: list[str]
    health: HealthView
    quality: QualityView | None = Field(description="Counted from case files; null where nobody has counted.")


class DatasetView(_View):
    """One question that can be asked."""

    id: str
    title: str
    title_en: str
    registry: str
    kind: str
    sensitivity: str
    freshness_s: int = Field(description="How old a kept answer may be; 0: never kept.")
    absent_s: int = Field(description="The same of an answer that was `absent`.")
    stale_s: int = Field(description="How much older it may be where the registry gives no answer.")
    deadline_s: float
    contract: str
    basis: Literal["official", "observed", "assumed"]
    operation: str
    fields: list[str]
    withheld_by_default: list[str]
    query_schema: dict[str, Any] | None = Field(None, description="JSON Schema; only for a single dataset.")
    record_schema: dict[str, Any] | None = Field(None, description="JSON Schema; only for a single dataset.")
    claims_schema: dict[str, Any] | None = Field(None, description="JSON Schema; only for a single dataset.")


def lookup_view(result: LookupResult) -> dict[str, Any]:
    """
    A lookup's result as JSON values, its record `Written`; an unknown one with reason and detail, for the command line.
    """
    outcome = result.answer.outcome
    view: dict[str, Any] = {"lookup_id": result.lookup_id, "dataset": result.dataset, "outcome": outcome.word}
    if isinstance(outcome, Unknown):
        view |= {"reason": outcome.reason.value, "detail": outcome.detail, "retry_at": outcome.retry_at}
    if result.record is not None:
        view["record"] = result.record
    view["withheld"] = list(result.grant.withheld)
    view["provenance"] = provenance_members(result.answer.provenance)
    if (recorded := result.recorded) is not None:
        view |= {"evidence": recorded.evidence, "ledger": {"log": recorded.log, "index": recorded.index}}
    return view
