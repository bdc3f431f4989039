"""
The measures K1 to K10, as a pure function of what was planned and what officers did.

Outcomes are counted and never calls. A share whose denominator is 0 has no value, and says so; what no receipt names
is in no share, and is counted beside it. VNeID log-ins are not seen here and count for nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.errors import Refusal
from gateway.impact.corrections import CorrectionCounts
from gateway.impact.dossiers import Dossier
from gateway.impact.national import RESULTS_STORE
from gateway.impact.rows import PaperRow, QuestionRow
from gateway.impact.words import Group, Shows, Why, group_of
from gateway.procedures.words import Situation

__all__ = ["FEED", "POPULATION", "TARGETS", "Impact", "Share", "Source", "impact", "quantile"]

POPULATION = "dancu"
TARGETS: Mapping[int, float] = {2022: 0.30, 2025: 0.80}
"""The plan's own: share of people and businesses who need not re-submit, from the end of that year on."""
_CASE_REFUSALS = (Refusal.CASE_CLOSED, Refusal.OFFICER_UNMAPPED, Refusal.CASE_UNAVAILABLE)
FEED = ("4.3", "4.4", "4.5a", "4.5b")
_OVER = ("found", "absent")


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
    """Papers replaced, by how the data came: `live`, `cache`, `stale`, `own`."""
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
    """K8: questions that left without an open case; None where nobody checked, and then `unchecked` says how many."""
    unchecked: int
    case_refusals: Mapping[str, int]
    waits: Sequence[float] = field(repr=False)
    """K9: seconds from reception to the last answer, sorted; 0 where it was there before."""
    before_visit: Share
    feed: Mapping[str, Share]
    """K10: indices of Quyết định 766/QĐ-TTg by number, from what was planned and done."""


def impact(
    month: str,
    found: Sequence[Dossier],
    *,
    personal: Collection[str] = (),
    corrections: CorrectionCounts | None = None,
) -> Impact:
    """The measures of one month's dossiers. `personal` are the procedures whose subjects are people."""
    told = [(one, paper) for one in found for paper in one.replaceable if paper.done is not None]
    papers = [paper for _, paper in told]
    asked = [paper for paper in papers if paper.was_asked]
    complete = [paper for paper in papers if paper.situation is Situation.MATCHING]
    missed = [paper for paper in complete if paper.was_asked]
    questions = [one for dossier in found for one in dossier.questions]
    unchecked = sum(not one.checked for one in questions if one.outcome != "refused")
    strict, unknown = _once_only(found)
    timed = [(one.received_at, one.last_answer_at) for one in found if one.received_at is not None]
    waits = sorted(max((last - came).total_seconds(), 0.0) for came, last in timed if last is not None)
    return Impact(
        month=month,
        dossiers=len(found),
        plans=sum(one.plans for one in found),
        receipts=Share(sum(one.has_receipt for one in found), len(found)),
        once_only=strict,
        once_only_unknown=unknown,
        lenient=_share([one for one in found if one.has_receipt], _has_replaced),
        ways=Counter(paper.via for paper in papers if paper.is_replaced),
        replaced=_share(papers, lambda one: one.is_replaced),
        replaced_by={
            "procedure": _shares((one.procedure, paper) for one, paper in told),
            "agency": _shares((one.agency, paper) for one, paper in told),
            "registry": _shares((paper.registry, paper) for paper in papers),
            "clause": _shares((paper.clause.value, paper) for paper in papers),
        },
        missed=Share(len(missed), len(complete)),
        missed_why=Counter(paper.done.why for paper in missed if paper.done and paper.done.why),
        reasons=Counter(group_of(paper.situation) for paper in asked),
        fields=Counter(name for paper in asked if group_of(paper.situation) is Group.MISMATCH for name in paper.fields),
        sources=_sources(questions),
        confirmed=Counter(paper.done.shows for paper in asked if paper.done and paper.done.shows),
        corrections=corrections,
        without_case=None if unchecked else 0,
        unchecked=unchecked,
        case_refusals=Counter(one.reason for one in questions if one.reason in _CASE_REFUSALS),
        waits=waits,
        before_visit=Share(sum(wait == 0 for wait in waits), len(waits)),
        feed=_feed(found, personal),
    )


def quantile(values: Sequence[float], share: float) -> float | None:
    """The value below which that share of sorted values lies (nearest rank); None of none."""
    return values[min(int(share * len(values)), len(values) - 1)] if values else None


def _once_only(found: Iterable[Dossier]) -> tuple[Share, int]:
    """K1, and how many applicants are in no share, since a paper of theirs that was not asked for has no receipt."""
    papers: dict[str, list[PaperRow]] = {}
    for one in found:
        papers.setdefault(one.applicant, []).extend(one.replaceable)
    failed = [name for name, theirs in papers.items() if any(one.was_asked for one in theirs)]
    spared = [
        name for name, theirs in papers.items() if theirs and all(one.done and not one.was_asked for one in theirs)
    ]
    having = sum(bool(theirs) for theirs in papers.values())
    return Share(len(spared), len(spared) + len(failed)), having - len(spared) - len(failed)


def _has_replaced(one: Dossier) -> bool:
    return any(paper.is_replaced for paper in one.papers.values())


def _share(of: Sequence[Any], counts: Callable[[Any], bool]) -> Share:
    return Share(sum(map(counts, of)), len(of))


def _shares(papers: Iterable[tuple[str, PaperRow]]) -> dict[str, Share]:
    by: dict[str, list[PaperRow]] = {}
    for name, paper in papers:
        by.setdefault(name, []).append(paper)
    return {name: _share(by[name], lambda one: one.is_replaced) for name in sorted(by)}


def _sources(questions: Iterable[QuestionRow]) -> list[Source]:
    by: dict[str, list[QuestionRow]] = {}
    for one in questions:
        if one.outcome != "refused" and one.via != "own":
            by.setdefault(one.dataset, []).append(one)
    return [_source(name, by[name]) for name in sorted(by)]


def _source(dataset: str, asked: Sequence[QuestionRow]) -> Source:
    answered = [one for one in asked if one.outcome in _OVER]
    times = sorted(one.elapsed_ms for one in answered)
    p50, p95 = quantile(times, 0.5), quantile(times, 0.95)
    return Source(
        dataset=dataset,
        answered=Share(len(answered), len(asked)),
        reasons=Counter(one.reason for one in asked if one.outcome not in _OVER),
        p50_ms=None if p50 is None else round(p50),
        p95_ms=None if p95 is None else round(p95),
        oldest_s=max((one.age_s for one in answered), default=None),
    )


def _feed(found: Sequence[Dossier], personal: Collection[str]) -> dict[str, Share]:
    """
    4.3 a re-used component, 4.4 one from the portal's store of results, 4.5b the population database answered, each of
    the dossiers with a reception date; 4.5a procedures with such an answer, of those about people.
    """
    received = [one for one in found if one.received_at is not None]
    people = [one for one in received if one.procedure in personal]
    procedures = {one.procedure for one in people}
    using = {one.procedure for one in people if _used(one, POPULATION)}
    return {
        "4.3": _share(received, _has_replaced),
        "4.4": _share(received, lambda one: any(p.is_replaced and p.registry == RESULTS_STORE for p in _papers(one))),
        "4.5a": Share(len(using), len(procedures)),
        "4.5b": _share(received, lambda one: _used(one, POPULATION)),
    }


def _papers(one: Dossier) -> Collection[PaperRow]:
    return one.papers.values()


def _used(one: Dossier, registry: str) -> bool:
    return any(asked.registry == registry and asked.outcome in _OVER for asked in one.questions)
