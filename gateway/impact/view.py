"""The measures as JSON values: what GET /v1/impact gives, and what the table of the report is made of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.impact.measures import TARGETS, Impact, Source, quantile

__all__ = ["impact_view"]


def impact_view(one: Impact, reported: Mapping[str, float] | None = None) -> dict[str, Any]:
    """One month. `reported` are the values of indices that the national system shows, in percent."""
    return {
        "month": one.month,
        "dossiers": one.dossiers,
        "plans": one.plans,
        "receipts": one.receipts.view(),
        "once_only": {
            **one.once_only.view(),
            "unknown": one.once_only_unknown,
            "targets": {str(year): round(100 * share, 2) for year, share in TARGETS.items()},
        },
        "lenient": {**one.lenient.view(), "ways": dict(one.ways)},
        "replaced": {
            **one.replaced.view(),
            **{f"by_{name}": {key: share.view() for key, share in by.items()} for name, by in one.replaced_by.items()},
        },
        "missed": {**one.missed.view(), "why": {why.value: count for why, count in one.missed_why.items()}},
        "reasons": {
            "groups": {group.value: count for group, count in one.reasons.items()},
            "fields": dict(one.fields),
        },
        "sources": [_source(source) for source in one.sources],
        "data_errors": {
            "confirmed": {shows.value: count for shows, count in one.confirmed.items()},
            "corrections": _corrections(one),
        },
        "without_case": {
            "count": one.without_case,
            "unchecked": one.unchecked,
            "refused": dict(one.case_refusals),
        },
        "time": {
            "p50_s": _rounded(quantile(one.waits, 0.5)),
            "p95_s": _rounded(quantile(one.waits, 0.95)),
            "before_visit": one.before_visit.view(),
        },
        "feed_766": {
            index: {**share.view(), "reported_percent": (reported or {}).get(index)}
            for index, share in one.feed.items()
        },
    }


def _source(one: Source) -> dict[str, Any]:
    return {
        "dataset": one.dataset,
        "answered": one.answered.view(),
        "reasons": dict(one.reasons),
        "p50_ms": one.p50_ms,
        "p95_ms": one.p95_ms,
        "oldest_s": one.oldest_s,
    }


def _corrections(one: Impact) -> dict[str, Any] | None:
    counts = one.corrections
    if counts is None:
        return None
    return {
        "opened": counts.opened,
        "sent": counts.sent,
        "corrected": counts.corrected,
        "declined": counts.declined,
        "median_days": counts.median_days,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
