"""A ticket as its consumer is told of it, by polling or callback."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from gateway.procedures.table import TABLE
from gateway.procedures.words import Decision, Situation
from gateway.stores.tickets import State, Ticket

__all__ = ["Names", "ticket_view"]

Names = Callable[[str], Mapping[str, str]]
"""What a dataset's registry and owner are called: `procedures.Catalogue.names`."""

_NOBODY = dict.fromkeys(("registry", "owner", "registry_en", "owner_en"), "")
_ANSWER = ("verdicts", "standings", "fetched", "withheld", "lookups")
_TEXTS = ("officer_vi", "officer_en", "citizen_vi", "citizen_en")


def ticket_view(ticket: Ticket, answer: Mapping[str, Any] | None, names: Names) -> dict[str, Any]:
    """
    As JSON values; moments are still moments. `answer` is what the plan says besides, verdicts and questions; None
    where it is not kept.

    While it is open the decision is `pending`. A cancelled one has none.
    """
    is_open = ticket.state is State.OPEN
    return {
        "ticket_id": ticket.ticket_id,
        "plan_id": ticket.plan_id,
        "case_id": ticket.case_id,
        "procedure": ticket.procedure,
        "case": ticket.case,
        "paper": ticket.paper,
        "state": ticket.state.value,
        "decision_blocked_until_verified": is_open,
        "opened_at": ticket.opened_at,
        "appointment": ticket.appointment_at,
        "asked_at": ticket.asked_at,
        "attempts": ticket.attempts,
        "retry_at": ticket.due_at if is_open else None,
        "expires_at": ticket.expires_at,
        "ended_at": ticket.ended_at,
        "decision": Decision.PENDING.value if is_open else ticket.decision,
        **_told(ticket, names),
        "refusal": ticket.refusal,
        "dataset": ticket.dataset,
        "replaced_by": ticket.replaced_by,
        **(answer if answer is not None else {name: [] for name in _ANSWER}),
    }


def _told(ticket: Ticket, names: Names) -> dict[str, str | datetime | None]:
    if ticket.state is State.CANCELLED:
        return dict.fromkeys(("cause", "situation", *_TEXTS))
    row = TABLE[Situation(ticket.situation)]
    about = names(ticket.dataset) if ticket.dataset is not None else _NOBODY
    officer, citizen = row.officer.about(about), row.citizen.about(about)
    texts = (officer.vietnamese, officer.english, citizen.vietnamese, citizen.english)
    return {
        "cause": row.cause.value if row.cause is not None else None,
        "situation": ticket.situation,
        **dict(zip(_TEXTS, texts, strict=True)),
    }
