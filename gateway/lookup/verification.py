"""A verification as a caller sends it: a lookup with claims, of which the record itself does not come back."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from gateway.domain.inquiry import Inquiry
from gateway.lookup.request import LookupRequest, parse_as

__all__ = ["VerificationRequest", "parse_verification"]


class VerificationRequest(BaseModel):
    """One dataset, one query, who asks why, and what the citizen declared."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)

    dataset: Annotated[str, Field(max_length=80, examples=["dancu.citizen"])]
    query: dict[str, Any] = Field(repr=False)
    inquiry: Inquiry = Field(repr=False)
    claims: Annotated[dict[Annotated[str, Field(max_length=120)], Any], Field(min_length=1, max_length=64)] = Field(
        repr=False, description="Declared values by field, or by `outer.inner`: claims_schema of GET /v1/datasets/{id}."
    )
    max_age_s: Annotated[int, Field(ge=0)] = 0
    deadline_s: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    case_token: Annotated[str, Field(max_length=8192)] | None = Field(None, repr=False)


def parse_verification(body: bytes) -> tuple[LookupRequest, dict[str, Any]]:
    """The question in a body, and its claims, not looked at yet. Raises InvalidQuestion."""
    asked = parse_as(VerificationRequest, body)
    question = LookupRequest(
        dataset=asked.dataset,
        query=asked.query,
        inquiry=asked.inquiry,
        max_age_s=asked.max_age_s,
        deadline_s=asked.deadline_s,
        case_token=asked.case_token,
    )
    return question, asked.claims
