"""How a ticket ends, from what its paper came to when it was asked about once more. Pure."""

from __future__ import annotations

from datetime import datetime

from gateway.domain.outcome import Unknown
from gateway.errors import Reason
from gateway.lookup.plan_desk import Decided
from gateway.procedures.table import TABLE
from gateway.procedures.words import Decision, Situation
from gateway.stores.tickets import End, State

__all__ = ["ended", "expired", "not_before", "refused", "told_retry_at"]


def ended(one: Decided, at: datetime, answer: bytes | None) -> End | None:
    """The end that the decision is, or the refusal of the question; None while the paper is pending."""
    situation = one.ruling.situation
    refusal = next((asked.refusal for asked in one.asked if asked.refusal is not None and asked.outcome is None), None)
    if situation is Situation.NOT_ASKED and refusal is not None:
        return refused(refusal, at, one.dataset)
    if one.ruling.decision is Decision.PENDING:
        return None
    return End(
        state=State.ANSWERED,
        at=at,
        situation=situation.value,
        decision=one.ruling.decision.value,
        dataset=one.dataset,
        replaced_by=one.kind.result if one.ruling.decision is Decision.WAIVED else None,
        answer=answer,
    )


def told_retry_at(one: Decided) -> datetime | None:
    """When whoever gave no answer said to ask again; None where nobody said."""
    outcomes = (asked.outcome for asked in one.asked)
    return max((one.retry_at for one in outcomes if isinstance(one, Unknown) and one.retry_at), default=None)


def not_before(one: Decided) -> datetime | None:
    """Until when the registry, or a quota of it, takes no question of ours, whatever it answers others."""
    outcomes = (asked.outcome for asked in one.asked)
    throttled = (one for one in outcomes if isinstance(one, Unknown) and one.reason is Reason.THROTTLED)
    return max((one.retry_at for one in throttled if one.retry_at), default=None)


def refused(refusal: str, at: datetime, dataset: str | None = None) -> End:
    """It may not be asked any more: an officer looks."""
    return _of(State.REFUSED, Situation.NOT_ASKED, at, dataset, refusal)


def expired(at: datetime, dataset: str | None = None) -> End:
    """There was no answer in all its time: the paper is asked for."""
    return _of(State.EXPIRED, Situation.EXPIRED, at, dataset, None)


def _of(state: State, situation: Situation, at: datetime, dataset: str | None, refusal: str | None) -> End:
    decision = TABLE[situation].decision.value
    return End(state=state, at=at, situation=situation.value, decision=decision, dataset=dataset, refusal=refusal)
