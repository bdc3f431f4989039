"""
Requests that a registry's owner correct its data, tracked until they are closed. Identifiers lie sealed, as long as a
request is open, and no longer.

Synchronous, over the memory's database; everything raises StoreUnavailable.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from statistics import median
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.engine import Row

from gateway.errors import NoSuchCorrection
from gateway.impact.corrections import CorrectionCounts
from gateway.impact.memory import Memory, month_of
from gateway.impact.tables import CORRECTIONS
from gateway.stores.instants import micros, moment

__all__ = ["Correction", "CorrectionBook", "CorrectionState", "CorrectionWhy"]

_MOST_LISTED = 500
_DAY_S = 86_400


class CorrectionState(StrEnum):
    """How a request stands."""

    OPEN = "open"
    SENT = "sent"
    CORRECTED = "corrected"
    DECLINED = "declined"


class CorrectionWhy(StrEnum):
    """What is wrong with the registry's data."""

    MISMATCH = "mismatch"
    INCOMPLETE = "incomplete"
    ABSENT = "absent"
    DIFFERS = "differs"
    """It tells something else than the registry that is right by rule."""


CLOSED = (CorrectionState.CORRECTED, CorrectionState.DECLINED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """One request. `field` is empty where the whole record lacks; `sealed` None once it is closed."""

    correction_id: str
    at: datetime
    consumer: str
    agency: str
    plan_id: str
    dataset: str
    field: str
    why: CorrectionWhy
    state: CorrectionState = CorrectionState.OPEN
    sent_at: datetime | None = None
    closed_at: datetime | None = None
    sealed: bytes | None = dataclasses.field(default=None, repr=False)


class CorrectionBook:
    """The requests of every consumer; each sees its own alone."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    def open(self, one: Correction) -> Correction:
        """The request as it now stands: of one plan, dataset and field there is one, whoever asks for it again."""
        alike = (
            (CORRECTIONS.c.plan_id == one.plan_id)
            & (CORRECTIONS.c.dataset == one.dataset)
            & (CORRECTIONS.c.field == one.field)
        )
        with self._memory.writing() as connection:
            there = connection.execute(select(CORRECTIONS).where(alike)).first()
            if there is not None:
                return _correction(there)
            values = {
                "correction_id": one.correction_id,
                "at": micros(one.at),
                "month": month_of(one.at),
                "consumer": one.consumer,
                "agency": one.agency,
                "plan_id": one.plan_id,
                "dataset": one.dataset,
                "field": one.field,
                "why": one.why.value,
                "state": one.state.value,
                "sealed": one.sealed,
            }
            connection.execute(insert(CORRECTIONS).values(values))
        return one

    def listed(self, consumer: str, state: CorrectionState | None = None) -> list[Correction]:
        """A consumer's requests, oldest first; at most 500."""
        wanted = CORRECTIONS.c.consumer == consumer
        if state is not None:
            wanted &= CORRECTIONS.c.state == state.value
        query = select(CORRECTIONS).where(wanted).order_by(CORRECTIONS.c.at, CORRECTIONS.c.correction_id)
        with self._memory.writing() as connection:
            return [_correction(row) for row in connection.execute(query.limit(_MOST_LISTED))]

    def sent(self, correction_id: str, consumer: str, at: datetime) -> Correction:
        """The request, which is on its way to the owner now; the first time counts. Raises NoSuchCorrection."""
        with self._memory.writing() as connection:
            one = self._own(connection, correction_id, consumer)
            if one.state is not CorrectionState.OPEN:
                return one
            values = {"state": CorrectionState.SENT.value, "sent_at": micros(at)}
            self._update(connection, correction_id, values)
        return replace(one, state=CorrectionState.SENT, sent_at=at)

    def close(self, correction_id: str, consumer: str, state: CorrectionState, at: datetime) -> Correction:
        """
        The request as it was closed the first time, whoever closes it again otherwise; identifiers are deleted. Raises
        NoSuchCorrection.
        """
        with self._memory.writing() as connection:
            one = self._own(connection, correction_id, consumer)
            if one.state in CLOSED:
                return one
            self._update(connection, correction_id, {"state": state.value, "closed_at": micros(at), "sealed": None})
        return replace(one, state=state, closed_at=at, sealed=None)

    def counts(self, month: str) -> CorrectionCounts:
        """What became of the requests that were opened in a month."""
        with self._memory.writing() as connection:
            rows = connection.execute(select(CORRECTIONS).where(CORRECTIONS.c.month == month))
            found = [_correction(row) for row in rows]
        corrected = [one for one in found if one.state is CorrectionState.CORRECTED]
        days = [(one.closed_at - one.at).total_seconds() / _DAY_S for one in corrected if one.closed_at is not None]
        return CorrectionCounts(
            opened=len(found),
            sent=sum(one.sent_at is not None for one in found),
            corrected=len(corrected),
            declined=sum(one.state is CorrectionState.DECLINED for one in found),
            median_days=round(median(days), 1) if days else None,
        )

    @staticmethod
    def _own(connection: Any, correction_id: str, consumer: str) -> Correction:
        query = select(CORRECTIONS).where(CORRECTIONS.c.correction_id == correction_id).with_for_update()
        row = connection.execute(query).first()
        if row is None or row.consumer != consumer:
            raise NoSuchCorrection
        return _correction(row)

    @staticmethod
    def _update(connection: Any, correction_id: str, values: Mapping[str, Any]) -> None:
        connection.execute(update(CORRECTIONS).where(CORRECTIONS.c.correction_id == correction_id).values(values))


def _correction(row: Row[Any]) -> Correction:
    return Correction(
        correction_id=row.correction_id,
        at=moment(row.at),
        consumer=row.consumer,
        agency=row.agency,
        plan_id=row.plan_id,
        dataset=row.dataset,
        field=row.field,
        why=CorrectionWhy(row.why),
        state=CorrectionState(row.state),
        sent_at=moment(row.sent_at) if row.sent_at is not None else None,
        closed_at=moment(row.closed_at) if row.closed_at is not None else None,
        sealed=bytes(row.sealed) if row.sealed is not None else None,
    )
