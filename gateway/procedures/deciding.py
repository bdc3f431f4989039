"""
What is decided of a paper, as a pure function: from the clause, the publication and what one question came to.

The table itself, with what is said to officer and citizen, stands in `table`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from gateway.domain.compare.standing import Standing
from gateway.domain.compare.verdict import AGREES, Verdict
from gateway.domain.outcome import Absent, Found, Outcome, Unknown
from gateway.procedures.table import TABLE, Row
from gateway.procedures.words import Cause, Clause, Decision, Publication, Situation

__all__ = ["Answered", "Later", "Ruling", "of_paper", "situation"]

_DATES = frozenset({Verdict.MATCH_AT_MONTH, Verdict.MATCH_AT_YEAR})
_PUBLICATIONS = {
    Publication.NOT_PUBLISHED: Situation.NOT_PUBLISHED,
    Publication.OUTSIDE: Situation.OUTSIDE,
    Publication.UNSAID: Situation.UNSAID,
}
_EASE = (Decision.WAIVED, Decision.OFFICER, Decision.PENDING, Situation.ABSENT_UNSURE, Decision.REQUIRED)
"""
Of several ways to replace a paper the first of these is taken; a way on which nobody was asked goes last. Where nothing
was found there is nothing for an officer to look at while another registry may still answer.
"""
_HINDRANCE = (Decision.REQUIRED, Decision.PENDING, Decision.OFFICER, Decision.WAIVED)
"""Of several questions that are all needed the first of these decides."""
_AGAINST = (Situation.MISMATCH, Situation.NOT_IN_FORCE)
_KEPT = (Situation.NOT_PUBLISHED, Situation.OUTSIDE, Situation.NO_CLAUSE)
"""On such a way nobody may be asked, whatever anybody does."""
_UNASKED = (Situation.NOT_ASKED, Situation.UNSAID, Situation.OUTSIDE, Situation.NOT_PUBLISHED, Situation.NO_CLAUSE)


@dataclass(frozen=True, slots=True)
class Later:
    """In place of an outcome: the question is complete and has its time, which has not come."""


@dataclass(frozen=True, slots=True)
class Answered:
    """
    What one question came to. `outcome` is None where it did not leave: something was not declared, or it was not
    allowed. `complete` says that everything was compared that the paper is needed for; `standings` what the record says
    of its being in force, where that counts; `absence_proves` that "no such record" says that there is none;
    `lacks_key` that it does not have by what the next question of its way is to be asked.
    """

    publication: Publication
    outcome: Outcome[Any] | Later | None
    complete: bool = False
    verdicts: frozenset[Verdict] = frozenset()
    standings: frozenset[Standing] = frozenset()
    absence_proves: bool = True
    lacks_key: bool = False


@dataclass(frozen=True, slots=True)
class Ruling:
    """What was decided, the situation that it follows from, and which question of which way decided."""

    situation: Situation
    way: int = 0
    question: int = 0

    @property
    def row(self) -> Row:
        """The row of the table."""
        return TABLE[self.situation]

    @property
    def decision(self) -> Decision:
        """What becomes of the paper."""
        return self.row.decision

    @property
    def cause(self) -> Cause | None:
        """Why it is not waived; None where it is."""
        return self.row.cause


def situation(clause: Clause, answered: Answered) -> Situation:
    """The situation, by the order of precedence that the documentation prints: law first, then the answer."""
    if clause is Clause.N:
        return Situation.NO_CLAUSE
    if answered.publication in _PUBLICATIONS:
        return _PUBLICATIONS[answered.publication]
    match answered.outcome:
        case None:
            return Situation.NOT_ASKED
        case Later():
            return Situation.BOOKED
        case Unknown(reason=reason):
            return Situation(reason.value)
        case Absent():
            return Situation.ABSENT if answered.absence_proves else Situation.ABSENT_UNSURE
        case Found():
            found = _found(answered.complete, answered.verdicts, answered.standings)
            lacks_key = answered.lacks_key and found not in (*_AGAINST, Situation.INCOMPLETE)
            return Situation.KEY_MISSING if lacks_key else found


def _found(complete: bool, verdicts: frozenset[Verdict], standings: frozenset[Standing]) -> Situation:
    if Verdict.MISMATCH in verdicts:
        return Situation.MISMATCH
    if Standing.NOT_IN_FORCE in standings:  # whoever lacks a field need not have a dead record completed
        return Situation.NOT_IN_FORCE
    if not complete or Verdict.NOT_RECORDED in verdicts:
        return Situation.INCOMPLETE
    if not standings <= {Standing.IN_FORCE}:
        return Situation.FORCE_UNCLEAR
    if Verdict.DIACRITICS_DIFFER in verdicts:
        return Situation.DIACRITICS
    if verdicts & _DATES:
        return Situation.COARSER_DATE
    # Where nothing was compared nothing agrees, and a verdict that is not known here agrees with nothing either.
    return Situation.MATCHING if verdicts and verdicts <= frozenset(AGREES) else Situation.NOT_COMPARABLE


def of_paper(clause: Clause, ways: Sequence[Sequence[Answered]], first: Collection[int] = ()) -> Ruling:
    """
    The one decision on a paper, from what every question of every way to replace it came to.

    A way needs all its questions, so the one that stands most in its way decides; of several ways the easiest is
    taken. But where one way agrees and what another registry has does not match, or is not in force, an officer looks:
    the paper hangs on the one that contradicts. Nor does an absence that proves nothing hide a mismatch. A paper that
    nothing replaces has no way.

    The ways in `first` are earlier results: one that fits and is in force waives the paper, and whatever else comes of
    them counts only where no other way may be asked.
    """
    if clause is Clause.N:
        return Ruling(Situation.NO_CLAUSE)
    ruled = [
        [Ruling(situation(clause, one), way, nth) for nth, one in enumerate(questions)]
        for way, questions in enumerate(ways)
    ]
    found = [min(one, key=lambda ruling: _HINDRANCE.index(ruling.decision)) for one in ruled]
    earlier = [one for one in found if one.way in first]
    others = [one for one in found if one.way not in first]
    is_waived = any(one.decision is Decision.WAIVED for one in earlier)
    counted = others if any(one.situation not in _KEPT for one in others) and not is_waived else found
    easiest = min(counted, key=_ease, default=Ruling(Situation.NO_REGISTRY))
    heard = {one.way for one in (others if is_waived else counted)}
    against = next((one for way in ruled for one in way if one.way in heard and one.situation in _AGAINST), None)
    if against is None:
        return easiest
    if easiest.decision is Decision.WAIVED:
        return Ruling(Situation.CONTRADICTED, against.way, against.question)
    return against if easiest.situation is Situation.ABSENT_UNSURE else easiest


def _ease(one: Ruling) -> int:
    if one.situation in _UNASKED:
        return len(_EASE) + _UNASKED.index(one.situation)
    return _EASE.index(one.situation if one.situation in _EASE else one.decision)
