"""What a piece of evidence says, made of an answer and of the question that it answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from gateway.channel.answer import Answer, Provenance
from gateway.domain.dataset import Query
from gateway.domain.inquiry import Inquiry
from gateway.ledger.canonical import Written
from gateway.lookup.access import Grant
from gateway.lookup.fields import in_order

__all__ = ["document_of", "provenance_members"]


def document_of(
    *,
    lookup_id: str,
    dataset: str,
    consumer: str,
    query: Query,
    inquiry: Inquiry,
    grant: Grant,
    answer: Answer,
    record: Written | None,
) -> dict[str, Any]:
    """
    The document of a `found` or `absent` answer, for `gateway.ledger.evidence.draft`.

    The query stands in it: without it an absence would name nobody, and a single field nobody's. `record` has the
    granted fields alone, as they go to the caller; None where the outcome is `absent`.
    """
    return {
        "lookup_id": lookup_id,
        "dataset": dataset,
        "outcome": answer.outcome.word,
        "query": query.as_json(),
        "fields": in_order(grant.fields),
        "record": record,
        "withheld": sorted(grant.withheld),
        "inquiry": inquiry.as_json(),
        "consumer": consumer,
        "provenance": provenance_members(answer.provenance)
        | {"asked_at": _instant(answer.provenance.asked_at), "answered_at": _instant(answer.provenance.answered_at)},
        "policy": grant.policy,
        "rules": list(grant.rules),
    }


def provenance_members(provenance: Provenance) -> dict[str, Any]:
    """Provenance as the answer and its evidence have it; instants are still instants."""
    return {
        "registry": provenance.registry,
        "operation": provenance.operation,
        "route": provenance.route,
        "via": provenance.via,
        "request_id": provenance.request_id,
        "asked_at": provenance.asked_at,
        "answered_at": provenance.answered_at,
        "age_s": provenance.age_s,
        "reply_mac": provenance.reply_mac,
        "contract": provenance.contract,
        "basis": provenance.basis,
    }


def _instant(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
