"""
Plans and receipts in a database that every worker shares: SQLite, or PostgreSQL.

Synchronous: call it from a thread. Everything raises StoreUnavailable, which quotes neither a statement nor a value.
A month of a plan is that of its dossier, so that a dossier whose plan was made again counts once, in one month.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, replace
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, select, update
from sqlalchemy.engine import Row

from gateway.clock import VIETNAM
from gateway.errors import NoSuchPlan
from gateway.impact.rows import Done, PaperRow, PlanRow, QuestionRow, Remembered
from gateway.impact.tables import CORRECTIONS, METADATA, PAPERS, PLANS, QUESTIONS
from gateway.impact.words import Did, Shows, Why
from gateway.procedures.words import Clause, Decision, Situation
from gateway.stores.instants import micros, moment
from gateway.stores.sql import Store

__all__ = ["MONTH", "Contradicted", "Memory", "begin_of", "month_before", "month_of"]

MONTH = re.compile(r"20[0-9]{2}-(?:0[1-9]|1[0-2])")
_PLANS_AT_ONCE = 500


class Contradicted(Exception):
    """A receipt says something else than an earlier one. `papers` are those concerned; None is the reception time."""

    def __init__(self, papers: Sequence[str | None]) -> None:
        super().__init__()
        self.papers = tuple(papers)


def month_of(at: datetime) -> str:
    """The month in Viet Nam, such as `2026-03`."""
    return at.astimezone(VIETNAM).strftime("%Y-%m")


def begin_of(month: str) -> datetime:
    """Its first moment in Viet Nam."""
    return datetime(int(month[:4]), int(month[5:]), 1, tzinfo=VIETNAM)


def month_before(month: str, months: int) -> str:
    """The month that lies so many months before."""
    year, nth = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 - months, 12)
    return f"{year:04}-{nth + 1:02}"


class Memory:
    """Plans, their papers and questions, and what officers did. Tables are made where they are missing."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._is_made = False

    def remember(self, one: Remembered) -> None:
        """Keep a plan. One that is there already is left as it is."""
        plan = one.plan
        with self.writing() as connection:
            if connection.execute(select(PLANS.c.plan_id).where(PLANS.c.plan_id == plan.plan_id)).first() is not None:
                return
            of_dossier = (PLANS.c.consumer == plan.consumer) & (PLANS.c.dossier == plan.dossier)
            query = select(PLANS.c.month, PLANS.c.received_at).where(of_dossier)
            earlier = connection.execute(query.order_by(PLANS.c.at).limit(1)).first()
            month, received = (earlier.month, earlier.received_at) if earlier else (month_of(plan.at), None)
            values = asdict(plan) | {"at": micros(plan.at), "month": month, "received_at": received}
            connection.execute(insert(PLANS).values(values))
            if one.papers:
                connection.execute(insert(PAPERS), [_of_paper(plan.plan_id, paper) for paper in one.papers])
            if one.questions:
                rows = [_of_question(plan.plan_id, nth, asked) for nth, asked in enumerate(one.questions)]
                connection.execute(insert(QUESTIONS), rows)

    def plan(self, plan_id: str, consumer: str) -> Remembered:
        """
        A plan of this consumer, with the decisions as they now stand. Raises NoSuchPlan.

        Where it was made again for the same dossier, by a ticket or by the caller, the later word on a paper counts as
        long as no receipt names it.
        """
        with self.writing() as connection:
            there = self._plan(connection, plan_id)
        if there is None or there.plan.consumer != consumer:
            raise NoSuchPlan
        return there

    def receive(self, plan_id: str, consumer: str, received_at: datetime, done: dict[str, Done]) -> Remembered:
        """
        Note what was done about papers of a plan, and when the dossier was received; the whole plan as it now is.

        Saying the same again changes nothing. Raises NoSuchPlan where there is none of this consumer, KeyError with a
        paper that is not in it, Contradicted where an earlier receipt says something else.
        """
        with self.writing() as connection:
            there = self._plan(connection, plan_id)
            if there is None or there.plan.consumer != consumer:
                raise NoSuchPlan
            papers = {one.paper: one for one in there.papers}
            for name in done:
                papers[name]
            other: list[str | None] = [
                name for name, what in done.items() if papers[name].done is not None and papers[name].done != what
            ]
            if there.plan.received_at is not None and there.plan.received_at != received_at:
                other.insert(0, None)
            if other:
                raise Contradicted(other)
            for name, what in done.items():
                of_paper = (PAPERS.c.plan_id == plan_id) & (PAPERS.c.paper == name)
                words = {"did": what.did, "why": what.why, "shows": what.shows}
                connection.execute(update(PAPERS).where(of_paper).values(_of_paper(plan_id, papers[name]) | words))
            if there.plan.received_at is None:
                values = {"received_at": micros(received_at), "month": month_of(received_at)}
                of_dossier = (PLANS.c.consumer == consumer) & (PLANS.c.dossier == there.plan.dossier)
                connection.execute(update(PLANS).where(of_dossier).values(values))
        return replace(
            there,
            plan=replace(there.plan, received_at=received_at),
            papers=tuple(replace(one, done=done.get(one.paper, one.done)) for one in there.papers),
        )

    def month(self, month: str) -> Iterator[Remembered]:
        """Every plan of a month, those of a dossier together, in the order in which they were made; some at once."""
        with self.writing():
            pass  # the tables are there
        with self._store.reading(within_s=60.0) as connection:
            in_order = (PLANS.c.consumer, PLANS.c.dossier, PLANS.c.at, PLANS.c.plan_id)
            query = select(PLANS).where(PLANS.c.month == month).order_by(*in_order)
            rows = iter(connection.execute(query.execution_options(yield_per=_PLANS_AT_ONCE)))
            while plans := [_plan(row) for row in islice(rows, _PLANS_AT_ONCE)]:
                yield from _whole(connection, plans)

    def months(self) -> list[str]:
        """The months of which there is something, in order."""
        with self.writing() as connection:
            return list(connection.execute(select(PLANS.c.month).distinct().order_by(PLANS.c.month)).scalars())

    def forget_before(self, month: str) -> int:
        """Delete everything of earlier months but corrections that are open; how many plans there were."""
        with self.writing() as connection:
            old = select(PLANS.c.plan_id).where(PLANS.c.month < month)
            connection.execute(delete(PAPERS).where(PAPERS.c.plan_id.in_(old)))
            connection.execute(delete(QUESTIONS).where(QUESTIONS.c.plan_id.in_(old)))
            closed = CORRECTIONS.c.closed_at.is_not(None) & (CORRECTIONS.c.month < month)
            connection.execute(delete(CORRECTIONS).where(closed))
            count = connection.execute(select(func.count()).select_from(old.subquery())).scalar_one()
            connection.execute(delete(PLANS).where(PLANS.c.month < month))
            return int(count)

    def close(self) -> None:
        """Let go of every connection."""
        self._store.close()

    def writing(self) -> AbstractContextManager[Connection]:
        """A transaction that may change something, once the tables are there. Raises StoreUnavailable."""
        if not self._is_made:
            with self._store.writing() as connection:
                METADATA.create_all(connection)
            self._is_made = True
        return self._store.writing()

    @staticmethod
    def _plan(connection: Connection, plan_id: str) -> Remembered | None:
        """The plan with what later ones of its dossier say of its papers, and with their questions."""
        row = connection.execute(select(PLANS).where(PLANS.c.plan_id == plan_id).with_for_update()).first()
        if row is None:
            return None
        plan = _plan(row)
        of_plan = select(PAPERS).where(PAPERS.c.plan_id == plan_id).order_by(PAPERS.c.paper)
        papers = {one.paper: one for one in map(_paper, connection.execute(of_plan))}
        same = (PLANS.c.consumer, PLANS.c.dossier, PLANS.c.procedure, PLANS.c.case)
        alike = and_(*(column == getattr(row, column.name) for column in same))
        later = select(PLANS.c.plan_id).where(alike, PLANS.c.at >= row.at)
        again = (
            select(PAPERS)
            .join(PLANS, PLANS.c.plan_id == PAPERS.c.plan_id)
            .where(alike, PLANS.c.at > row.at)
            .order_by(PLANS.c.at)
        )
        for one in map(_paper, connection.execute(again)):
            if one.paper in papers and papers[one.paper].done is None:
                papers[one.paper] = replace(one, done=None)
        asked = select(QUESTIONS).where(QUESTIONS.c.plan_id.in_(later)).order_by(QUESTIONS.c.plan_id, QUESTIONS.c.nth)
        questions = tuple(map(_question, connection.execute(asked)))
        return Remembered(plan=plan, papers=tuple(papers.values()), questions=questions)


def _whole(connection: Connection, plans: Iterable[PlanRow]) -> Iterator[Remembered]:
    ids = [one.plan_id for one in plans]
    papers: dict[str, list[PaperRow]] = {}
    for row in connection.execute(select(PAPERS).where(PAPERS.c.plan_id.in_(ids)).order_by(PAPERS.c.paper)):
        papers.setdefault(row.plan_id, []).append(_paper(row))
    asked: dict[str, list[QuestionRow]] = {}
    for row in connection.execute(select(QUESTIONS).where(QUESTIONS.c.plan_id.in_(ids)).order_by(QUESTIONS.c.nth)):
        asked.setdefault(row.plan_id, []).append(_question(row))
    for plan in plans:
        of_plan = plan.plan_id
        yield Remembered(plan=plan, papers=tuple(papers.get(of_plan, ())), questions=tuple(asked.get(of_plan, ())))


def _of_paper(plan_id: str, one: PaperRow) -> dict[str, Any]:
    return {
        "plan_id": plan_id,
        "paper": one.paper,
        "clause": one.clause.value,
        "decision": one.decision.value,
        "situation": one.situation.value,
        "registry": one.registry,
        "dataset": one.dataset,
        "via": one.via,
        "fields": ",".join(one.fields),
        "result": one.result,
        "component": one.component,
    }


def _of_question(plan_id: str, nth: int, one: QuestionRow) -> dict[str, Any]:
    answered_at = micros(one.answered_at) if one.answered_at is not None else None
    return {"plan_id": plan_id, "nth": nth, **asdict(one), "answered_at": answered_at}


def _plan(row: Row[Any]) -> PlanRow:
    return PlanRow(
        plan_id=row.plan_id,
        at=moment(row.at),
        consumer=row.consumer,
        agency=row.agency,
        procedure=row.procedure,
        case=row.case,
        dossier=row.dossier,
        applicant=row.applicant,
        received_at=moment(row.received_at) if row.received_at is not None else None,
    )


def _paper(row: Row[Any]) -> PaperRow:
    done = None
    if row.did is not None:
        done = Done(
            did=Did(row.did),
            why=Why(row.why) if row.why is not None else None,
            shows=Shows(row.shows) if row.shows is not None else None,
        )
    return PaperRow(
        paper=row.paper,
        clause=Clause(row.clause),
        decision=Decision(row.decision),
        situation=Situation(row.situation),
        registry=row.registry,
        dataset=row.dataset,
        via=row.via,
        fields=tuple(row.fields.split(",")) if row.fields else (),
        result=row.result,
        component=row.component,
        done=done,
    )


def _question(row: Row[Any]) -> QuestionRow:
    return QuestionRow(
        registry=row.registry,
        dataset=row.dataset,
        outcome=row.outcome,
        reason=row.reason,
        via=row.via,
        elapsed_ms=row.elapsed_ms,
        age_s=row.age_s,
        checked=row.checked,
        answered_at=moment(row.answered_at) if row.answered_at is not None else None,
    )
