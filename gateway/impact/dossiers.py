"""Plans become dossiers: what was planned again counts once, with its last word on each paper."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from gateway.impact.rows import PaperRow, QuestionRow, Remembered

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


def dossiers(plans: Iterable[Remembered]) -> list[Dossier]:
    """
    The dossiers of plans, which come in the order in which they were made.

    Of several plans the last one's word on a paper counts, but what an officer did is not undone by a plan after it.
    """
    found: dict[str, Dossier] = {}
    for one in plans:
        plan = one.plan
        dossier = found.setdefault(plan.dossier, Dossier(plan.applicant, plan.procedure, plan.agency))
        dossier.plans += 1
        dossier.received_at = plan.received_at or dossier.received_at
        dossier.questions += one.questions
        for paper in one.papers:
            there = dossier.papers.get(paper.paper)
            if there is None or there.done is None or paper.done is not None:
                dossier.papers[paper.paper] = paper
    return list(found.values())
