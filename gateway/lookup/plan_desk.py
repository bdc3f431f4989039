"""The questions of one plan, each once, and the decisions that follow from what became of them. Asks nobody."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from gateway.domain.compare.standing import Standing
from gateway.domain.compare.verdict import Verdict
from gateway.domain.outcome import Found, Unknown
from gateway.errors import InvalidQuestion, Reason
from gateway.lookup.access import Consumer
from gateway.lookup.asked import Asked, Feed
from gateway.lookup.catalogue import Entry
from gateway.lookup.claims import read_claims
from gateway.lookup.comparison import FieldStanding, FieldVerdict
from gateway.lookup.paper_plan import PaperPlanRequest, Subject
from gateway.lookup.paper_sources import entry_for
from gateway.lookup.passing import Lack, fed
from gateway.lookup.pipeline import Lookup
from gateway.procedures.catalogue import Alternative, Catalogue, Constant, Kind, Paper, Question
from gateway.procedures.deciding import Answered, Later, Ruling, of_paper, situation
from gateway.procedures.table import TABLE
from gateway.procedures.words import Clause, Decision, Publication, Situation

__all__ = ["Decided", "Desk", "Use"]

_ASK_AGAIN = timedelta(seconds=60)
"""When a pending question may be asked again where nobody said when."""
_HARDEST = (Decision.REQUIRED, Decision.PENDING, Decision.OFFICER, Decision.WAIVED)
_Ruled = tuple[Ruling, int, Subject]


class _Key(NamedTuple):
    """What makes two questions of a plan the same one."""

    subject: int
    dataset: str
    keys: tuple[str, ...]
    constants: tuple[Constant, ...]
    taken: tuple[tuple[str, str], ...]
    sources: tuple[_Key, ...]

    @property
    def word(self) -> str:
        """The same in one word."""
        told = [*self.keys, *(f"{one.key}={one.value}" for one in self.constants), *map("<".join, self.taken)]
        return f"{self.subject} {self.dataset} {','.join(told)}"


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


@dataclass(frozen=True, slots=True)
class Use:
    """
    What a question is asked for: a paper, whom it is about, and one of its ways. `behind` are the questions about an
    earlier result, which are asked before it; `is_early` says that it is such a one, and others follow.
    """

    paper: Paper
    nth: int
    subject: Subject
    way: int
    behind: tuple[Asked, ...] = ()
    is_early: bool = False


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
        self._uses: dict[str, list[Use]] = {}
        self._keys: dict[tuple[int, int], _Key | None] = {}
        self._entries: dict[str, Entry | None] = {}

    def gather(self, paper: Paper) -> None:
        """Note what must be asked for a paper: nothing that the law keeps from replacing it."""
        if paper.clause is Clause.N:
            return
        ways = self._catalogue.kinds[paper.kind].alternatives
        for nth, subject in self._subjects(paper):
            noted = [self._noted(way, nth, subject) for way in ways]
            early = tuple(one for way, several in zip(ways, noted, strict=True) if way.first for one in several)
            has_others = any(several for way, several in zip(ways, noted, strict=True) if not way.first)
            for place, (way, several) in enumerate(zip(ways, noted, strict=True)):
                use = Use(paper, nth, subject, place, () if way.first else early, way.first and has_others)
                for one in several:
                    self._uses.setdefault(one.lookup_id, []).append(use)

    def uses(self, one: Asked) -> Sequence[Use]:
        """What a question is asked for."""
        return self._uses.get(one.lookup_id, ())

    def _noted(self, way: Alternative, nth: int, subject: Subject) -> list[Asked]:
        published = (one for one in way.questions if self._publication(one, way, subject) is Publication.PUBLISHED)
        return [one for one in (self._note(question, way, nth, subject) for question in published) if one is not None]

    def _note(self, question: Question, way: Alternative, nth: int, subject: Subject) -> Asked | None:
        entry = self._entry(question.dataset)
        key = self._key(question, way, nth)
        if entry is None or key is None or self._missing(question, nth, subject):
            return None
        feeds = tuple(
            Feed(taken, self.asked[source])
            for taken, source in zip(question.taken, key.sources, strict=True)
            if source in self.asked
        )
        if len(feeds) < len(question.taken):
            return None  # nobody is asked for what it is to be asked by
        claims = self._request.subjects[key.subject].claims
        one = self.asked.get(key)
        if one is None:
            query = {name: claims[name] for name in question.keys}
            query |= {constant.key: constant.value for constant in question.constants}
            one = self.asked[key] = Asked(
                self._lookup.new_id(), question.dataset, key.subject, entry, query, feeds=feeds, word=key.word
            )
        one.claims |= {name: claims[name] for name in question.match}
        one.conditions = tuple(dict.fromkeys((*one.conditions, *(each.condition for each in question.in_force))))
        return one

    def _entry(self, dataset: str) -> Entry | None:
        if dataset not in self._entries:
            self._entries[dataset] = entry_for(dataset, self._lookup.catalogue, self._catalogue.registries)
        return self._entries[dataset]

    def _key(self, question: Question, way: Alternative, nth: int) -> _Key | None:
        """What makes a question the same as another paper's; None where nobody says whom it is about."""
        place = id(question), nth  # the catalogue holds every question as long as there is a plan
        if place not in self._keys:
            self._keys[place] = self._made_key(question, way, nth)
        return self._keys[place]

    def _asked_for(self, question: Question, way: Alternative, nth: int) -> Asked | None:
        """What is asked for a paper's question; None where nothing is."""
        key = self._key(question, way, nth)
        return None if key is None else self.asked.get(key)

    def _made_key(self, question: Question, way: Alternative, nth: int) -> _Key | None:
        about = self._about(question, nth)
        by_dataset = {one.dataset: one for one in way.questions}
        sources = [self._key(by_dataset[one.dataset], way, nth) for one in question.taken]
        if about is None or None in sources:
            return None
        taken = tuple((one.key, one.field) for one in question.taken)
        known = tuple(one for one in sources if one is not None)
        return _Key(about, question.dataset, question.keys, question.constants, taken, known)

    def _about(self, question: Question, nth: int) -> int | None:
        """Whom a question is about: whom the paper is about, or the only one in another role."""
        if question.of is None:
            return nth
        found = [place for place, one in enumerate(self._request.subjects) if one.role == question.of]
        return found[0] if len(found) == 1 else None

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
            return self._told(paper, kind, of_paper(paper.clause, nobody, _first(kind)), None, [], now)
        ruling, nth, _ = hardest = min(found, key=lambda one: _HARDEST.index(one[0].decision))
        # Of a paper that is waived each subject's evidence counts, of any other what it hangs on.
        taken = found if ruling.decision is Decision.WAIVED else [hardest]
        return self._told(paper, kind, ruling, nth, taken, now)

    def is_replaced(self, use: Use) -> bool:
        """Whether an earlier result replaces the paper, as far as there are answers."""
        ways = self._catalogue.kinds[use.paper.kind].alternatives
        return any(
            all(situation(use.paper.clause, one) is Situation.MATCHING for one in self._way(way, use.nth, use.subject))
            for way in ways
            if way.first
        )

    def feed(self, one: Asked, use: Use) -> bool:
        """Whether a question has all its keys now, of questions that say nothing against the paper."""
        way = self._catalogue.kinds[use.paper.kind].alternatives[use.way]
        answers = dict(zip((each.dataset for each in way.questions), self._way(way, use.nth, use.subject), strict=True))
        if not all(_is_usable(answers[feed.taken.dataset]) for feed in one.feeds):
            return False
        query = self._fed(one)
        if isinstance(query, Lack):
            return False
        one.query = query
        return True

    def _fed(self, one: Asked) -> dict[str, Any] | Lack:
        access, inquiry = self._lookup.access, self._request.inquiry
        return fed(
            one,
            lambda feed: access.may_pass(self._consumer, feed.source.entry, inquiry, feed.taken.field),
            self._day,
        )

    def _ruled(self, paper: Paper, kind: Kind, nth: int, subject: Subject) -> Ruling:
        ways = [self._way(way, nth, subject) for way in kind.alternatives]
        return of_paper(paper.clause, ways, _first(kind))

    def _way(self, way: Alternative, nth: int, subject: Subject) -> list[Answered]:
        """What every question of a way came to; one that was not fed, what became of that which it waits for."""
        answers: list[Answered] = []
        places = {one.dataset: place for place, one in enumerate(way.questions)}
        for question in way.questions:
            answers.append(self._answered(question, way, nth, subject))
            one = self._asked_for(question, way, nth)
            if one is None or not one.feeds or one.was_asked or one.is_later:
                continue
            sources = [places[taken.dataset] for taken in question.taken]
            against = next((answers[place] for place in sources if not _is_usable(answers[place])), None)
            if against is not None:
                answers[-1] = against
            elif self._fed(one) is Lack.NOTHING:
                answers[sources[0]] = answers[-1] = replace(answers[sources[0]], lacks_key=True)
        return answers

    def _answered(self, question: Question, way: Alternative, nth: int, subject: Subject) -> Answered:
        publication = self._publication(question, way, subject)
        if publication is Publication.PUBLISHED and self._entry(question.dataset) is None:
            return Answered(publication, Unknown(Reason.NOT_CONNECTED))
        one = self._asked_for(question, way, nth)
        if one is None or self._missing(question, nth, subject) or any(one.lacks(question)):
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
            noted = [(question, self._asked_for(question, chosen, place)) for question in chosen.questions]
            used += [(question, each) for question, each in noted if each is not None]
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
            asked=tuple({id(one): one for _, one in used if one.was_asked}.values()),
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
            yield from self._missing(question, nth, subject)
            one = self._asked_for(question, way, nth)
            if one is not None:
                yield from one.lacks(question)
            if question.taken and not (one is not None and (one.was_asked or one.is_later)):
                yield from (taken.name for taken in question.taken)

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

    def _missing(self, question: Question, nth: int, subject: Subject) -> tuple[str, ...]:
        """What the question needs and nobody declared. An address without its commune is none that a paper hangs on."""
        about = self._about(question, nth)
        claims = subject.claims if question.of is None else {}
        if question.of is not None and about is not None:
            claims = self._request.subjects[about].claims
        return tuple(
            name for name in (*question.keys, *question.match) if name not in claims or _is_vague(claims[name])
        )


def _first(kind: Kind) -> frozenset[int]:
    return frozenset(place for place, way in enumerate(kind.alternatives) if way.first)


def _is_usable(one: Answered) -> bool:
    """Whether there is a record, and nothing in it for which the paper is asked for anyway."""
    return isinstance(one.outcome, Found) and TABLE[situation(Clause.A, one)].decision is not Decision.REQUIRED


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
