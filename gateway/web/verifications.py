"""The shape in which a verification leaves: verdicts and where they come from, and no record."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.domain.compare.verdict import Verdict, Why
from gateway.lookup.pipeline import LookupResult
from gateway.web.schemas import PlaceView, ProvenanceView, lookup_view

__all__ = ["VerdictView", "VerificationView", "verification_view"]


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class VerdictView(_View):
    """What became of one claim."""

    field: str
    verdict: Verdict
    why: Why
    reason_vi: str = Field(description="One sentence for the officer; with both spellings where the field may be seen.")
    reason_en: str


class VerificationView(_View):
    """An answer: the registry has the record, and this is how the claims stand to it; or it said that it has none."""

    lookup_id: str
    dataset: str
    outcome: Literal["found", "absent"]
    verdicts: list[VerdictView] = Field(description="One for each claim, in their order; none where outcome is absent.")
    provenance: ProvenanceView
    evidence: str | None = Field(None, description="The verdicts, signed and dated (JWS): keep it in the dossier.")
    ledger: PlaceView | None = Field(None, description="Where the record of it stands.")


def verification_view(result: LookupResult) -> dict[str, Any]:
    """A verification's result as JSON values."""
    view = lookup_view(result)
    for name in ("record", "withheld"):
        view.pop(name, None)
    verdicts = [
        {
            "field": one.field,
            "verdict": one.verdict.value,
            "why": one.why.value,
            "reason_vi": one.reason.vietnamese,
            "reason_en": one.reason.english,
        }
        for one in result.verdicts or ()
    ]
    first = {name: view.pop(name) for name in ("lookup_id", "dataset", "outcome")}
    return first | {"verdicts": verdicts} | view
