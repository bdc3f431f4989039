"""
The measures K1 to K10, as a pure function of what was planned and what officers did.

Outcomes are counted and never calls. A share whose denominator is 0 has no value, and says so; what no receipt names
is in no share, and is counted beside it. VNeID log-ins are not seen here and count for nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from gateway.errors import Refusal
from gateway.impact.corrections import CorrectionCounts
from gateway.impact.dossiers import Dossier
from gateway.impact.national import RESULTS_STORE
from gateway.impact.rows import Done, PaperRow, QuestionRow
from gateway.impact.words import Group, Shows, Why, group_of
from gateway.procedures.words import Situation

__all__ = ["FEED", "POPULATION", "TARGETS", "Impact", "Share", "Source", "impact", "quantile"]

POPULATION = "dancu"
TARGETS: Mapping[int, float] = {2022: 0.30, 2025: 0.80}
"""The plan's own: share of people and businesses who need not re-submit, from the end of that year on."""
_CASE_REFUSALS = (Refusal.CASE_CLOSED, Refusal.OFFICER_UNMAPPED, Refusal.CASE_UNAVAILABLE)
FEED = ("4.3", "4.4", "4.5a", "4.5b")
_OVER = ("found", "absent")
_BY = ("procedure", "agency", "registry", "clause")
_SPARED, _UNKNOWN, _ASKED = range(3)
"""How an applicant stands in K1; of several papers the highest counts."""


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many."""

    numerator: int
    denominator: int

    @property
    def value(self) -> float | None:
        """The share, from 0 to 1; None where there is nothing to count."""
        return self.numerator / self.denominator if self.denominator else None

    def view(self) -> dict[str, Any]:
        """As JSON values; the share in percent with two decimals."""
        percent = round(100 * self.numerator / self.denominator, 2) if self.denominator else None
        return {"numerator": self.numerator, "denominator": self.denominator, "percent": percent}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """How one dataset answered: K6. Times are of questions that were answered; None where none was."""

    dataset: str
    answered: Share
    reasons: Mapping[str, int]
    p50_ms: int | None
    p95_ms: int | None
    oldest_s: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Impact:
    """All measures of one month. What is None could not be known."""

    month: str
    dossiers: int
    plans: int
    receipts: Share
    """Dossiers of which an officer said something, of all."""
    once_only: Share
    """K1: applicants of whom no replaceable paper was asked for, of those with one."""
    once_only_unknown: int
    """Applicants of whom too little is known for K1."""
    lenient: Share
    """K2: dossiers with a paper replaced, of those with a receipt."""
    ways: Mapping[str, int]
    """Papers replaced, by how the data came: `live`, `cache`, `stale`."""
    replaced: Share
    """K3: papers replaced, of the replaceable ones that a receipt names."""
    replaced_by: Mapping[str, Mapping[str, Share]]
    """K3 by `procedure`, `agency`, `registry`, `clause`."""
    missed: Share
    """K4: papers asked for though the source had answered completely, of those of which it had."""
    missed_why: Mapping[Why, int]
    reasons: Mapping[Group, int]
    """K5: replaceable papers that were asked for, by group."""
    fields: Mapping[str, int]
    """Of those in `mismatch`: which fields did not match."""
    sources: Sequence[Source]
    """K6."""
    confirmed: Mapping[Shows, int]
    """K7: mismatches of which the paper showed which side was wrong."""
    corrections: CorrectionCounts | None
    """K7: what was sent to the owners; None where corrections are not kept."""
    without_case: int | None
    """K8: questions that left without an open case; None where none left, or `unchecked` of them were not checked."""
    unchecked: int
    case_refusals: Mapping[str, int]
    waits: Sequence[float] = field(repr=False)
    """K9: seconds from reception to the last answer, sorted; 0 where it was there before."""
    before_visit: Share
    feed: Mapping[str, Share]
    """K10: indices of Quyết định 766/QĐ-TTg by number, from what was planned and done."""


def impact(
    month: str,
    found: Iterable[Dossier],
    *,
    personal: Collection[str] = (),
    corrections: CorrectionCounts | None = None,
) -> Impact:
    """The measures of one month's dossiers, each read once. `personal` are the procedures whose subjects are people."""
    tally = _Tally(personal)
    for one in found:
        tally.add(one)
    return tally.result(month, corrections)


def quantile(values: Sequence[float], share: float) -> float | None:
    """The value below which that share of sorted values lies (nearest rank); None of none."""
    return values[min(int(share * len(values)), len(values) - 1)] if values else None


@dataclass(slots=True)
class _Count:
    numerator: int = 0
    denominator: int = 0

    def add(self, counts: bool) -> None:
        self.numerator += counts
        self.denominator += 1

    def share(self) -> Share:
        return Share(self.numerator, self.denominator)


@dataclass(slots=True)
class _SourceCount:
    answered: _Count = field(default_factory=_Count)
    reasons: Counter[str] = field(default_factory=Counter)
    times: list[int] = field(default_factory=list)
    oldest_s: int | None = None

    def add(self, one: QuestionRow) -> None:
        self.answered.add(one.outcome in _OVER)
        if one.outcome not in _OVER:
            self.reasons[one.reason] += 1
            return
        self.times.append(one.elapsed_ms)
        self.oldest_s = max(one.age_s, self.oldest_s or 0)

    def source(self, dataset: str) -> Source:
        self.times.sort()
        p50, p95 = quantile(self.times, 0.5), quantile(self.times, 0.95)
        return Source(
            dataset=dataset,
            answered=self.answered.share(),
            reasons=self.reasons,
            p50_ms=None if p50 is None else round(p50),
            p95_ms=None if p95 is None else round(p95),
            oldest_s=self.oldest_s,
        )


class _Tally:
    """The counts so far. Nothing is kept of a dossier but how its applicant stands, and how long it took."""

    def __init__(self, personal: Collection[str]) -> None:
        self._personal = personal
        self._plans = self._left = self._unchecked = 0
        self._receipts, self._lenient, self._replaced, self._missed = (_Count() for _ in range(4))
        self._by: dict[str, defaultdict[str, _Count]] = {name: defaultdict(_Count) for name in _BY}
        self._ways, self._fields, self._refusals = (Counter[str]() for _ in range(3))
        self._whys, self._groups, self._shows = Counter[Why](), Counter[Group](), Counter[Shows]()
        self._sources: defaultdict[str, _SourceCount] = defaultdict(_SourceCount)
        self._applicants: dict[str, int] = {}
        self._waits: list[float] = []
        self._feed = {index: _Count() for index in ("4.3", "4.4", "4.5b")}
        self._procedures: dict[str, bool] = {}

    def add(self, one: Dossier) -> None:
        """Count a dossier."""
        self._plans += one.plans
        self._receipts.add(one.has_receipt)
        if one.has_receipt:
            self._lenient.add(_has_replaced(one))
        for paper in one.replaceable:
            standing = _UNKNOWN if paper.done is None else _ASKED if paper.was_asked else _SPARED
            self._applicants[one.applicant] = max(standing, self._applicants.get(one.applicant, _SPARED))
            if paper.done is not None:
                self._add_paper(one, paper, paper.done)
        for question in one.questions:
            self._add_question(question)
        if one.received_at is not None:
            self._add_received(one, one.received_at)

    def _add_paper(self, one: Dossier, paper: PaperRow, done: Done) -> None:
        self._replaced.add(paper.is_replaced)
        of = (one.procedure, one.agency, paper.registry, paper.clause.value)
        for by, name in zip(_BY, of, strict=True):
            self._by[by][name].add(paper.is_replaced)
        if paper.is_replaced:
            self._ways[paper.via] += 1
        if done.shows is not None:
            self._shows[done.shows] += 1
        if paper.situation is Situation.MATCHING:
            self._missed.add(paper.was_asked)
            if paper.was_asked and done.why is not None:
                self._whys[done.why] += 1
        if paper.was_asked:
            group = group_of(paper.situation)
            self._groups[group] += 1
            if group is Group.MISMATCH:
                self._fields.update(paper.fields)

    def _add_question(self, one: QuestionRow) -> None:
        if one.reason in _CASE_REFUSALS:
            self._refusals[one.reason] += 1
        if one.outcome != "refused":
            self._left += 1
            self._unchecked += not one.checked
            self._sources[one.dataset].add(one)

    def _add_received(self, one: Dossier, received_at: datetime) -> None:
        """
        K9 and K10: 4.3 a re-used component, 4.4 one from the portal's store of results, 4.5b the population database
        answered, each of the dossiers with a reception date; 4.5a procedures with such an answer, of those on people.
        """
        if one.last_answer_at is not None:
            self._waits.append(max((one.last_answer_at - received_at).total_seconds(), 0.0))
        is_used = any(asked.registry == POPULATION and asked.outcome in _OVER for asked in one.questions)
        self._feed["4.3"].add(_has_replaced(one))
        self._feed["4.4"].add(any(p.is_replaced and p.registry == RESULTS_STORE for p in one.papers.values()))
        self._feed["4.5b"].add(is_used)
        if one.procedure in self._personal:
            self._procedures[one.procedure] = is_used or self._procedures.get(one.procedure, False)

    def result(self, month: str, corrections: CorrectionCounts | None) -> Impact:
        """What was counted."""
        standings = Counter(self._applicants.values())
        waits = sorted(self._waits)
        people = Share(sum(self._procedures.values()), len(self._procedures))
        return Impact(
            month=month,
            dossiers=self._receipts.denominator,
            plans=self._plans,
            receipts=self._receipts.share(),
            once_only=Share(standings[_SPARED], standings[_SPARED] + standings[_ASKED]),
            once_only_unknown=standings[_UNKNOWN],
            lenient=self._lenient.share(),
            ways=self._ways,
            replaced=self._replaced.share(),
            replaced_by={by: {name: found[name].share() for name in sorted(found)} for by, found in self._by.items()},
            missed=self._missed.share(),
            missed_why=self._whys,
            reasons=self._groups,
            fields=self._fields,
            sources=[self._sources[name].source(name) for name in sorted(self._sources)],
            confirmed=self._shows,
            corrections=corrections,
            without_case=None if self._unchecked or not self._left else 0,
            unchecked=self._unchecked,
            case_refusals=self._refusals,
            waits=waits,
            before_visit=Share(sum(wait == 0 for wait in waits), len(waits)),
            feed={
                **{index: self._feed[index].share() for index in ("4.3", "4.4")},
                "4.5a": people,
                "4.5b": self._feed["4.5b"].share(),
            },
        )


def _has_replaced(one: Dossier) -> bool:
    return any(paper.is_replaced for paper in one.papers.values())
