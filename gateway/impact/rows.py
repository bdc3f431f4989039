"""
What is remembered of a plan: words, codes and counts. Nobody's number, name or claim, and no officer.

A dossier and its applicant are keyed digests of this purpose alone, so that neither the ledger nor another store can be
joined with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.impact.words import NOT_REPLACEABLE, Did, Shows, Why, contradicts
from gateway.procedures.words import Clause, Decision, Situation

__all__ = ["Done", "PaperRow", "PlanRow", "QuestionRow", "Remembered"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What an officer did about one paper."""

    did: Did
    why: Why | None = None
    shows: Shows | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaperRow:
    """
    One paper with its decision. `registry` and `dataset` are empty where nothing is asked, `via` where nothing was
    found; `fields` are those that did not match. `done` is None as long as no receipt names it.
    """

    paper: str
    clause: Clause
    decision: Decision
    situation: Situation
    registry: str = ""
    dataset: str = ""
    via: str = ""
    fields: tuple[str, ...] = ()
    result: str | None = None
    component: str | None = None
    done: Done | None = None

    @property
    def is_replaceable(self) -> bool:
        """Whether the law lets data replace it: it has a clause, and its content is published for this subject."""
        return self.situation not in NOT_REPLACEABLE

    @property
    def is_replaced(self) -> bool:
        """Whether data that was found stood in its place, as the officer says."""
        return self.done is not None and self.done.did is Did.ACCEPTED and bool(self.via)

    @property
    def was_asked(self) -> bool:
        """Whether the citizen had to hand it in, as the officer says; what was handed in unasked was not asked for."""
        return self.done is not None and self.done.did is Did.ASKED and self.done.why is not Why.OFFERED

    @property
    def is_overridden(self) -> bool:
        """Whether the officer did otherwise than the plan said."""
        return self.done is not None and contradicts(self.decision, self.done.did)


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionRow:
    """
    One question of a plan. `outcome` is `refused` where it never left, and `reason` then the refusal; `checked` says
    that the one-stop was asked whether the case is open and whose it is; `answered_at` is None without an exchange.
    """

    registry: str
    dataset: str
    outcome: str
    reason: str = ""
    via: str = ""
    elapsed_ms: int = 0
    age_s: int = 0
    checked: bool = False
    answered_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRow:
    """One plan. `applicant` is the dossier's own digest where nobody's number was declared."""

    plan_id: str
    at: datetime
    consumer: str
    agency: str
    procedure: str
    case: str
    dossier: str
    applicant: str
    received_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """A plan with its papers and questions."""

    plan: PlanRow
    papers: tuple[PaperRow, ...]
    questions: tuple[QuestionRow, ...]
