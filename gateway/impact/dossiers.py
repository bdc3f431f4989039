"""Plans become dossiers: what was planned again counts once, with its last word on each paper."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import groupby

from gateway.impact.rows import PaperRow, PlanRow, QuestionRow, Remembered

__all__ = ["Dossier", "dossiers"]


@dataclass(slots=True)
class Dossier:
    """One dossier. `received_at` is None as long as no receipt said it."""

    applicant: str
    procedure: str
    agency: str
    received_at: datetime | None = None
    plans: int = 0
    papers: dict[str, PaperRow] = field(default_factory=dict)
    questions: list[QuestionRow] = field(default_factory=list)

    @property
    def replaceable(self) -> list[PaperRow]:
        """The papers that data may replace."""
        return [one for one in self.papers.values() if one.is_replaceable]

    @property
    def has_receipt(self) -> bool:
        """Whether an officer said anything about its papers."""
        return any(one.done is not None for one in self.papers.values())

    @property
    def last_answer_at(self) -> datetime | None:
        """When the last registry answered; None where none did."""
        return max((one.answered_at for one in self.questions if one.answered_at is not None), default=None)


def dossiers(plans: Iterable[Remembered]) -> Iterator[Dossier]:
    """
    The dossiers of plans, one after the other; a dossier's plans come together, in the order in which they were made.

    A case's number is its consumer's own: two of them that use the same one have two dossiers. Of several plans the
    last one's word on a paper counts, but what an officer did is not undone by a plan after it. Papers are those of
    one case: that of the last plan with a receipt, or of the last plan where none has one.
    """
    for _, alike in groupby(plans, key=lambda one: (one.plan.consumer, one.plan.dossier)):
        yield _dossier(list(alike))


def _dossier(plans: Sequence[Remembered]) -> Dossier:
    told = [one for one in plans if any(paper.done is not None for paper in one.papers)]
    last = (told or plans)[-1].plan
    found = Dossier(_applicant(last), last.procedure, last.agency, last.received_at, len(plans))
    for one in plans:
        found.questions += one.questions
        if (one.plan.procedure, one.plan.case) != (last.procedure, last.case):
            continue
        for paper in one.papers:
            there = found.papers.get(paper.paper)
            if there is None or there.done is None or paper.done is not None:
                found.papers[paper.paper] = paper
    return found


def _applicant(plan: PlanRow) -> str:
    """Whoever gave no number is the dossier's own, and so the consumer's."""
    return plan.applicant if plan.applicant != plan.dossier else f"{plan.consumer} {plan.dossier}"
