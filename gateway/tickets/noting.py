"""An end of a ticket, as metrics and the log have it."""

from __future__ import annotations

from gateway.stores.tickets import End, Ticket
from gateway.telemetry import Metrics, log

__all__ = ["note_end"]


def note_end(metrics: Metrics, ticket: Ticket, end: End) -> None:
    """Count it and log it. `ticket` is as it was before."""
    metrics.tickets.ended.labels(end.state.value, end.decision or "").inc()
    log().info(
        "ticket.ended",
        ticket_id=ticket.ticket_id,
        consumer=ticket.consumer,
        state=end.state.value,
        decision=end.decision,
        situation=end.situation,
        attempts=ticket.attempts,
        age_s=round((end.at - ticket.opened_at).total_seconds(), 3),
    )
