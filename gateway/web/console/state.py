"""What a page would show, as JSON values. Names from settings, counts and times; nobody's data."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Any

from gateway.errors import REASONS, Reason
from gateway.web.console.moment import Moment, Registry
from gateway.web.console.repairs import repairs
from gateway.web.console.slowest import slowest

__all__ = ["state"]

_SHOWN_SLOW = 8
_STATES = ("open", "failing", "dead", "closed")


def state(moment: Moment) -> dict[str, Any]:
    """Everything but the explanation of a lookup. A time that is not known is None."""
    items = repairs(moment)
    return {
        "at": moment.now,
        "version": moment.known.version,
        "processes": moment.known.processes,
        "overall": "bad" if any(one.urgency == "now" for one in items) else "warn" if items else "ok",
        "items": [one.view() for one in items],
        "registries": [_registry(moment, one) for one in moment.known.registries],
        "slowest": [
            {
                "dataset": f"{one.registry}.{one.dataset}",
                **dict(zip(("title", "title_en"), _titles(moment, one.registry, one.dataset), strict=True)),
                "count": one.count,
                "p50_s": _finite(one.p50_s),
                "p95_s": _finite(one.p95_s),
            }
            for one in slowest(moment.figures, moment.earlier)[:_SHOWN_SLOW]
        ],
        "tickets": _tickets(moment),
        "batches": _batches(moment),
        "ledger": _ledger(moment) if moment.known.has_ledger else None,
        "papers": moment.figures.by("gateway_papers_total", "decision"),
        "impact": moment.impact,
    }


def _registry(moment: Moment, one: Registry) -> dict[str, Any]:
    standing, figures = moment.standing(one.name), moment.figures
    minute = standing.minute
    reason = minute.foremost
    return {
        "name": one.name,
        "title": one.title,
        "title_en": one.title_en,
        "owner": one.owner,
        "state": moment.word(one),
        "reason": reason,
        "reason_text": None if reason is None else REASONS[Reason(reason)].title_vi,
        "answered_60s": round(minute.answered),
        "failed_60s": round(minute.failed),
        "last_answer_at": standing.answered_at,
        "last_failure_at": standing.failed_at,
        "failing_since": standing.failing_since,
        "in_flight": round(figures.total("gateway_questions_in_flight", registry=one.name)),
        "waiting": round(figures.total("gateway_questions_waiting", registry=one.name)),
        "open_circuits": moment.open_circuits(one.name),
        "quota": _quota(moment, one),
    }


def _quota(moment: Moment, one: Registry) -> dict[str, Any] | None:
    left = moment.figures.one("gateway_quota_left", registry=one.name)
    if left is None and one.per_minute is None and one.per_day is None:
        return None
    return {
        "left": None if left is None else round(left),
        "per_minute": one.per_minute,
        "per_day": one.per_day,
        "runs_out_at": _time(moment.figures.one("gateway_quota_runs_out_timestamp_seconds", registry=one.name)),
    }


def _titles(moment: Moment, registry: str, dataset: str) -> tuple[str, str]:
    known = next((one for one in moment.known.registries if one.name == registry), None)
    return (known.datasets if known is not None else {}).get(dataset, (dataset, dataset))


def _tickets(moment: Moment) -> dict[str, Any]:
    figures = moment.figures
    waiting = figures.by("gateway_tickets_open", "registry")
    oldest = figures.by("gateway_tickets_oldest_seconds", "registry")
    return {
        "open": round(sum(waiting.values())),
        "by_registry": {name: round(count) for name, count in waiting.items() if count},
        "oldest_s": round(max(oldest.values(), default=0.0)),
        "undelivered": round(figures.total("gateway_tickets_undelivered")),
    }


def _batches(moment: Moment) -> dict[str, Any]:
    figures = moment.figures
    return {
        "by_state": {name: round(count) for name, count in figures.by("gateway_batches", "state").items()},
        "items_left": round(figures.total("gateway_batch_items_left")),
        "oldest_s": round(figures.total("gateway_batch_oldest_seconds")),
    }


def _ledger(moment: Moment) -> dict[str, Any]:
    figures = moment.figures
    states = figures.by("gateway_ledger_state", "state")
    witnessed = figures.by("gateway_ledger_witnessed_timestamp_seconds", "witness")
    return {
        "logs": {name: round(states[name]) for name in _STATES if states.get(name)},
        "records": round(figures.total("gateway_ledger_size")),
        "queue": round(figures.total("gateway_ledger_queue")),
        "checkpoints": {
            labels["log"]: _time(at) for labels, at in figures.each("gateway_ledger_checkpoint_timestamp_seconds")
        },
        "witnesses": {name: _time(at) for name, at in witnessed.items()},
        "index_behind_s": round(figures.total("gateway_index_behind_seconds")),
        "unshipped_records": round(figures.total("gateway_ledger_unshipped_records")),
    }


def _time(unix: float | None) -> datetime | None:
    return datetime.fromtimestamp(unix, UTC) if unix else None


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
