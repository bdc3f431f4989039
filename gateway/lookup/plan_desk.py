"""The questions of one plan, each once, and the decisions that follow from what became of them. Asks nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from gateway.domain.compare.standing import Condition, Standing
from gateway.domain.compare.verdict import Verdict
from gateway.domain.outcome import Outcome, Unknown
from gateway.errors import FieldProblem, InvalidQuestion, Reason
from gateway.lookup.access import Consumer
from gateway.lookup.catalogue import Entry
from gateway.lookup.claims import read_claims
from gateway.lookup.comparison import FieldStanding, FieldVerdict
from gateway.lookup.paper_plan import PaperPlanRequest, Subject
from gateway.lookup.paper_sources import entry_for
from gateway.lookup.pipeline import Lookup, LookupResult
from gateway.procedures.catalogue import Alternative, Catalogue, Kind, Paper, Question
from gateway.procedures.deciding import Answered, Later, Ruling, of_paper
from gateway.procedures.words import Clause, Decision, Publication

__all__ = ["Asked", "Decided", "Desk"]

_ASK_AGAIN = timedelta(seconds=60)
"""When a pending question may be asked again where nobody said when."""
_Key = tuple[int, str, tuple[str, ...]]
_HARDEST = (Decision.REQUIRED, Decision.PENDING, Decision.OFFICER, Decision.WAIVED)
_Ruled = tuple[Ruling, int, Subject]


@dataclass(slots=True)
class Asked:
    """
    One question of a plan: to which dataset, about which subject, and what became of it. With `fields` it brings back
    these, and compares nothing.
    """

    lookup_id: str
    dataset: str
    subject: int
    entry: Entry
    query: Mapping[str, Any] = field(repr=False)
    claims: dict[str, Any] = field(default_factory=dict, repr=False)
    conditions: tuple[Condition, ...] = ()
    fields: tuple[str, ...] | None = None
    result: LookupResult | None = None
    outcome: Outcome[Any] | None = field(default=None, repr=False)
    problems: tuple[FieldProblem, ...] = ()
    refusal: str | None = None
    is_later: bool = False

    @property
    def verdicts(self) -> Mapping[str, FieldVerdict]:
        """What was compared, by field."""
        return {one.field: one for one in (self.result.verdicts if self.result else None) or ()}

    @property
    def standings(self) -> Mapping[Condition, FieldStanding]:
        """What was looked at besides, by condition; empty unless something was found."""
        told = self.result.standings if self.result else ()
        return dict(zip(self.conditions, told, strict=True)) if told else {}

    def lacks(self, question: Question) -> Iterator[str]:
        """The fields of a question that may not be compared."""
        yield from (name for name in question.match if name not in self.claims)
        yield from (one.field for one in question.in_force if one.condition not in self.conditions)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decided:
    """
    The decision on one paper. `dataset` and `subject` are those that it hangs on, None where nothing is asked; `asked`
    the questions of the way that was taken, `missing` the fields that were not declared, or may not be compared;
    `standings` what was said of its being in force. `may_fetch` has the fields that the form may need, by question;
    `fetched` the lookups that bring them, and `withheld` those that no rule gives.
    """

    paper: Paper
    kind: Kind
    ruling: Ruling
    dataset: str | None
    subject: int | None
    asked: tuple[Asked, ...]
    verdicts: tuple[tuple[int, FieldVerdict], ...]
    standings: tuple[tuple[int, FieldStanding], ...]
    missing: tuple[str, ...]
    retry_at: datetime | None
    may_fetch: tuple[tuple[Asked, tuple[str, ...]], ...] = ()
    fetched: tuple[Asked, ...] = ()
    withheld: tuple[str, ...] = ()


class Desk:
    """The questions of one plan, each once, and the decisions that follow from them."""

    def __init__(
        self, lookup: Lookup, catalogue: Catalogue, consumer: Consumer, request: PaperPlanRequest, day: date
    ) -> None:
        self._lookup = lookup
        self._catalogue = catalogue
        self._consumer = consumer
        self._request = request
        self._day = day
        self.asked: dict[_Key, Asked] = {}

    def gather(self, paper: Paper) -> None:
        """Note what must be asked for a paper: nothing that the law keeps from replacing it."""
        if paper.clause is Clause.N:
            return
        for nth, subject in self._subjects(paper):
            for way in self._catalogue.kinds[paper.kind].alternatives:
                for question in way.questions:
                    if self._publication(question, way, subject) is Publication.PUBLISHED:
                        self._note(question, nth, subject)

    def _note(self, question: Question, nth: int, subject: Subject) -> None:
        entry = entry_for(question.dataset, self._lookup.catalogue)
        if entry is None or self._missing(question, subject):
            return
        key = (nth, question.dataset, question.keys)
        one = self.asked.get(key)
        if one is None:
            query = {name: subject.claims[name] for name in question.keys}
            one = self.asked[key] = Asked(self._lookup.new_id(), question.dataset, nth, entry, query)
        one.claims |= {name: subject.claims[name] for name in question.match}
        one.conditions = tuple(dict.fromkeys((*one.conditions, *(each.condition for each in question.in_force))))

    def settle(self) -> None:
        """
        Leave out what no rule lets be compared, and what is no claim at all, so that it takes no other paper's claims
        along. Where no claim is left the question goes as it is, to be refused and recorded as any other.
        """
        inquiry, access = self._request.inquiry, self._lookup.access
        for one in self.asked.values():
            fields = {*one.claims, *(each.field for each in one.conditions)}
            allowed = access.may_compare(self._consumer, one.entry, inquiry, fields)
            one.conditions = tuple(each for each in one.conditions if each.field in allowed)
            sound = {name: value for name, value in one.claims.items() if _is_sound(one.entry, name, value)}
            one.claims = {name: value for name, value in sound.items() if name in allowed} or one.claims

    def postpone(self) -> None:
        """Ask none of it now: each question has its own time."""
        for one in self.asked.values():
            one.is_later = True

    def decided(self, paper: Paper, now: datetime) -> Decided:
        """The decision on a paper: of several subjects in its role the one that stands most in its way decides."""
        kind = self._catalogue.kinds[paper.kind]
        found = [(self._ruled(paper, kind, nth, subject), nth, subject) for nth, subject in self._subjects(paper)]
        if not found:
            nobody = [
                [Answered(self._publication(one, way, None), None) for one in way.questions]
                for way in kind.alternatives
            ]
            return self._told(paper, kind, of_paper(paper.clause, nobody), None, [], now)
        ruling, nth, _ = hardest = min(found, key=lambda one: _HARDEST.index(one[0].decision))
        # Of a paper that is waived each subject's evidence counts, of any other what it hangs on.
        taken = found if ruling.decision is Decision.WAIVED else [hardest]
        return self._told(paper, kind, ruling, nth, taken, now)

    def _ruled(self, paper: Paper, kind: Kind, nth: int, subject: Subject) -> Ruling:
        ways = [[self._answered(one, way, nth, subject) for one in way.questions] for way in kind.alternatives]
        return of_paper(paper.clause, ways)

    def _answered(self, question: Question, way: Alternative, nth: int, subject: Subject) -> Answered:
        publication = self._publication(question, way, subject)
        if publication is Publication.PUBLISHED and entry_for(question.dataset, self._lookup.catalogue) is None:
            return Answered(publication, Unknown(Reason.NOT_CONNECTED))
        one = self.asked.get((nth, question.dataset, question.keys))
        if one is None or self._missing(question, subject) or any(one.lacks(question)):
            return Answered(publication, None)
        verdicts = {name: compared.verdict for name, compared in one.verdicts.items() if name in question.match}
        standings = {each.condition: one.standings.get(each.condition) for each in question.in_force}
        return Answered(
            publication,
            Later() if one.is_later else one.outcome,
            complete=set(question.match) <= verdicts.keys(),
            verdicts=frozenset[Verdict](verdicts.values()),
            standings=frozenset(told.standing if told else Standing.UNCLEAR for told in standings.values()),
            absence_proves=question.absence == "required",
        )

    def _told(
        self,
        paper: Paper,
        kind: Kind,
        ruling: Ruling,
        nth: int | None,
        taken: Sequence[_Ruled],
        now: datetime,
    ) -> Decided:
        is_law = paper.clause is Clause.N or not kind.alternatives
        way = None if is_law else kind.alternatives[ruling.way]
        used: list[tuple[Question, Asked]] = []
        lacking: list[str] = []
        for one, place, subject in () if is_law else taken:
            chosen = kind.alternatives[one.way]
            keys = [(question, (place, question.dataset, question.keys)) for question in chosen.questions]
            used += [(question, self.asked[key]) for question, key in keys if key in self.asked]
            lacking += self._lacking(chosen, place, subject)
        if not taken and way is not None:  # nobody in the role: all of it has to be declared
            lacking = [name for question in way.questions for name in (*question.keys, *question.match)]
        looked_at = [
            (one.subject, one.standings[each.condition])
            for question, one in used
            for each in question.in_force
            if each.condition in one.standings
        ]
        return Decided(
            paper=paper,
            kind=kind,
            ruling=ruling,
            dataset=None if way is None else way.questions[ruling.question].dataset,
            subject=nth,
            asked=tuple({id(one): one for _, one in used if not one.is_later}.values()),
            verdicts=tuple(
                (one.subject, verdict)
                for question, one in used
                for name, verdict in one.verdicts.items()
                if name in question.match
            ),
            standings=tuple(looked_at),
            missing=tuple(dict.fromkeys(lacking)),
            retry_at=self._retry_at(ruling, [one for _, one in used], now),
            may_fetch=tuple((one, question.may_fetch) for question, one in used if question.may_fetch),
        )

    def _lacking(self, way: Alternative, nth: int, subject: Subject) -> Iterator[str]:
        for question in way.questions:
            yield from self._missing(question, subject)
            one = self.asked.get((nth, question.dataset, question.keys))
            yield from () if one is None else one.lacks(question)

    @staticmethod
    def _retry_at(ruling: Ruling, used: list[Asked], now: datetime) -> datetime | None:
        if ruling.decision is not Decision.PENDING:
            return None
        told = [one.outcome.retry_at for one in used if isinstance(one.outcome, Unknown) and one.outcome.retry_at]
        return max(told, default=now + _ASK_AGAIN)

    def _subjects(self, paper: Paper) -> list[tuple[int, Subject]]:
        return [(nth, one) for nth, one in enumerate(self._request.subjects) if one.role == paper.role]

    def _publication(self, question: Question, way: Alternative, subject: Subject | None) -> Publication:
        coverage = way.coverage
        covered = subject.coverage.get(coverage.id) if coverage is not None and subject is not None else None
        return self._catalogue.publication(question.dataset, coverage, covered, self._day)

    @staticmethod
    def _missing(question: Question, subject: Subject) -> tuple[str, ...]:
        """What the question needs and nobody declared. An address without its commune is none that a paper hangs on."""
        return tuple(
            name
            for name in (*question.keys, *question.match)
            if name not in subject.claims or _is_vague(subject.claims[name])
        )


_AS_FAR_AS_THE_COMMUNE = frozenset({"commune_code", "commune_name", "full_text"})


def _is_vague(claim: Any) -> bool:
    """Whether a claim is an address that does not say where."""
    return isinstance(claim, Mapping) and "code" not in claim and not _AS_FAR_AS_THE_COMMUNE & claim.keys()


def _is_sound(entry: Entry, name: str, value: Any) -> bool:
    """Whether the claim can be read by itself."""
    try:
        read_claims(entry.dataset.record, {name: value})
    except InvalidQuestion:
        return False
    return True
