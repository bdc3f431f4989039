"""How /openapi.json describes the measure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from gateway.web.problems import MEDIA_TYPE

__all__ = ["PATHS", "ImpactView"]

_REF = "#/components/schemas/"


class _View(BaseModel):
    model_config = ConfigDict(frozen=True)


class ShareView(_View):
    """So many of so many; `percent` is null where there is nothing to count."""

    numerator: int
    denominator: int
    percent: float | None


class OnceOnlyView(ShareView):
    """K1: applicants of whom no replaceable paper was asked for, of those with one."""

    unknown: int = Field(description="Applicants of whom receipts say too little.")
    targets: dict[str, float] = Field(description="The plan's targets by year, in percent.")


class LenientView(ShareView):
    """K2: dossiers with a paper replaced, of those with a receipt."""

    ways: dict[str, int] = Field(description="Papers replaced, by how the data came: live, cache, stale, own.")


class ReplacedView(ShareView):
    """K3: papers replaced, of the replaceable ones that a receipt names."""

    by_procedure: dict[str, ShareView]
    by_agency: dict[str, ShareView]
    by_registry: dict[str, ShareView]
    by_clause: dict[str, ShareView]


class MissedView(ShareView):
    """K4: papers asked for though the source had answered completely, and why."""

    why: dict[str, int]


class ReasonsView(_View):
    """K5: why replaceable papers were asked for; `fields` are those that did not match."""

    groups: dict[str, int]
    fields: dict[str, int]


class SourceView(_View):
    """K6: how one dataset answered; `oldest_s` is the age of the oldest answer."""

    dataset: str
    answered: ShareView
    reasons: dict[str, int]
    p50_ms: int | None
    p95_ms: int | None
    oldest_s: int | None


class CorrectionCountsView(_View):
    """Requests to owners that were opened in the month, as they stand."""

    opened: int
    sent: int
    corrected: int
    declined: int
    median_days: float | None


class DataErrorsView(_View):
    """K7."""

    confirmed: dict[str, int] = Field(description="Which side was wrong, as papers showed.")
    corrections: CorrectionCountsView | None


class WithoutCaseView(_View):
    """K8: questions that left without an open case; null where nobody checked."""

    count: int | None
    unchecked: int
    refused: dict[str, int]


class TimeView(_View):
    """K9: from the reception to the last answer."""

    p50_s: float | None
    p95_s: float | None
    before_visit: ShareView


class FeedView(ShareView):
    """K10: one index of Quyết định 766/QĐ-TTg, from what was planned and done."""

    reported_percent: float | None = Field(description="What the national system shows; null here.")


class ImpactView(_View):
    """All measures of one month. Nobody's data stands in it."""

    month: str
    dossiers: int
    plans: int
    receipts: ShareView
    once_only: OnceOnlyView
    lenient: LenientView
    replaced: ReplacedView
    missed: MissedView
    reasons: ReasonsView
    sources: list[SourceView]
    data_errors: DataErrorsView
    without_case: WithoutCaseView
    time: TimeView
    feed_766: dict[str, FeedView]


def _problem(words: str) -> dict[str, Any]:
    return {"description": words, "content": {MEDIA_TYPE: {"schema": {"$ref": f"{_REF}Problem"}}}}


PATHS: Mapping[str, Any] = {
    "/v1/impact": {
        "get": {
            "operationId": "impact",
            "summary": "Đo kết quả: giấy tờ được thay bằng dữ liệu / what became of papers in a month",
            "parameters": [
                {
                    "name": "month",
                    "in": "query",
                    "required": False,
                    "description": "The present month in Viet Nam where not given.",
                    "schema": {"type": "string", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])$", "examples": ["2026-03"]},
                }
            ],
            "responses": {
                "200": {
                    "description": "Các chỉ số K1 đến K10 / the measures K1 to K10",
                    "content": {"application/json": {"schema": {"$ref": f"{_REF}{ImpactView.__name__}"}}},
                },
                "401": _problem("unauthenticated"),
                "403": _problem("forbidden"),
                "422": _problem("invalid"),
                "503": _problem("measure_unavailable"),
            },
        }
    }
}
