"""The measures K1 to K10: made of plans and receipts, against figures counted by hand."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.impact.dossiers import dossiers
from gateway.impact.measures import Impact, Share, impact, quantile
from gateway.impact.rows import Done, PaperRow, PlanRow, QuestionRow, Remembered
from gateway.impact.view import impact_view
from gateway.impact.words import NOT_REPLACEABLE, Did, Group, Shows, Why, contradicts, group_of
from gateway.procedures.deciding import Ruling
from gateway.procedures.words import Clause, Situation
from mocks.server import Running
from tests.test_paper_plans import APPLICANT, FIRM
from tests.test_receipts import RECEIVED, counter, planned, receipt

AT = datetime(2026, 3, 1, 1, 30, tzinfo=UTC)
ACCEPTED, ASKED = Done(did=Did.ACCEPTED), Done(did=Did.ASKED)
MISSED = Done(did=Did.ASKED, why=Why.LAW_ASKS)


def paper(name: str, situation: Situation, done: Done | None = None, **more: Any) -> PaperRow:
    """A paper in a situation, with what the officer did."""
    is_answered = situation in {Situation.MATCHING, Situation.MISMATCH, Situation.DIACRITICS, Situation.INCOMPLETE}
    values = {"clause": Clause.A, "registry": "dancu", "via": "live" if is_answered else ""} | more
    decision = Ruling(situation).decision
    return PaperRow(
        paper=name, decision=decision, situation=situation, done=done, dataset="dancu.citizen", **values
    )  # fmt: skip


def plan(
    dossier: str, *papers: PaperRow, applicant: str = "", received: datetime | None = AT, nth: int = 0, **more: Any
) -> Remembered:
    asked = more.pop("questions", (QuestionRow(registry="dancu", dataset="dancu.citizen", outcome="found", via="live",
                                               elapsed_ms=100, checked=True, answered_at=AT),))  # fmt: skip
    values = {"agency": "H08.12", "procedure": "1.001193", "consumer": "one-stop", "case": "general"} | more
    one = PlanRow(
        plan_id=f"{dossier}-{nth}", at=AT + timedelta(seconds=nth), dossier=dossier,
        applicant=applicant or dossier, received_at=received, **values,
    )  # fmt: skip
    return Remembered(plan=one, papers=papers, questions=tuple(asked))


def measured(*plans: Remembered, **more: Any) -> Impact:
    return impact("2026-03", dossiers(plans), **more)


def test_k1_counts_applicants_of_whom_nothing_replaceable_was_asked_for() -> None:
    """One asked paper is enough to fail; what no receipt tells is in no share; without a clause none counts."""
    listed = paper("listed", Situation.NO_CLAUSE, ASKED)
    one = measured(
        plan("spared", paper("a", Situation.MATCHING, ACCEPTED), listed),
        plan("failed", paper("a", Situation.MATCHING, ACCEPTED), paper("b", Situation.ABSENT, ASKED)),
        plan("half told", paper("a", Situation.MATCHING, ACCEPTED), paper("b", Situation.MATCHING)),
        plan("nothing to replace", listed),
        plan("two dossiers", paper("a", Situation.MATCHING, ACCEPTED), applicant="somebody"),
        plan("of one applicant", paper("a", Situation.MISMATCH, ASKED), applicant="somebody"),
    )

    assert (one.once_only, one.once_only_unknown) == (Share(1, 3), 1)


def test_k2_and_k3_count_what_data_replaced() -> None:
    """A dossier counts once, a paper each; a paper that an officer let pass without data replaced nothing."""
    one = measured(
        plan("1", paper("a", Situation.MATCHING, ACCEPTED), paper("b", Situation.MATCHING, MISSED)),
        plan("2", paper("a", Situation.TIMEOUT, Done(did=Did.ACCEPTED, why=Why.SEEN)), agency="H08.13"),
        plan("3", paper("a", Situation.DIACRITICS, ACCEPTED, via="cache", clause=Clause.C), procedure="2.001610"),
        plan("4", paper("a", Situation.MATCHING), received=None),
    )

    assert (one.dossiers, one.receipts, one.lenient, one.replaced) == (4, Share(3, 4), Share(2, 3), Share(2, 4))
    assert one.ways == {"live": 1, "cache": 1}
    assert one.replaced_by == {
        "procedure": {"1.001193": Share(1, 3), "2.001610": Share(1, 1)},
        "agency": {"H08.12": Share(2, 3), "H08.13": Share(0, 1)},
        "registry": {"dancu": Share(2, 4)},
        "clause": {"A": Share(1, 3), "C": Share(1, 1)},
    }


def test_k4_counts_papers_asked_for_though_the_data_was_there() -> None:
    """Of the papers of which the source had all, those that citizens were sent for, with the officers' reasons."""
    one = measured(
        plan("1", paper("a", Situation.MATCHING, ACCEPTED), paper("b", Situation.MATCHING, MISSED)),
        plan("2", paper("a", Situation.ABSENT, ASKED), paper("b", Situation.MATCHING)),
    )

    assert (one.missed, one.missed_why) == (Share(1, 2), {Why.LAW_ASKS: 1})


def test_what_was_handed_in_unasked_was_not_asked_for() -> None:
    """Neither K1 nor K4 nor K5 count it; nothing was replaced by data either, and what it shows still counts."""
    offered = Done(did=Did.ASKED, why=Why.OFFERED, shows=Shows.REGISTRY_WRONG)
    one = measured(plan("1", paper("a", Situation.MATCHING, offered)))

    assert (one.once_only, one.missed, one.missed_why, one.reasons) == (Share(1, 1), Share(0, 1), {}, {})
    assert (one.replaced, one.confirmed) == (Share(0, 1), {Shows.REGISTRY_WRONG: 1})


def test_k5_says_why_papers_were_asked_for() -> None:
    """Each paper that was asked for stands in one group, a mismatch with its fields."""
    one = measured(
        plan(
            "1",
            paper("a", Situation.MISMATCH, ASKED, fields=("full_name", "sex")),
            paper("b", Situation.TIMEOUT, ASKED),
            paper("c", Situation.THROTTLED, ASKED),
            paper("d", Situation.NOT_CONNECTED, ASKED),
            paper("e", Situation.MATCHING, MISSED),
            paper("f", Situation.NOT_PUBLISHED, ASKED),
        )
    )

    assert one.reasons == {Group.MISMATCH: 1, Group.SOURCE_DOWN: 2, Group.NOT_COVERED: 1, Group.OVERRIDDEN: 1}
    assert one.fields == {"full_name": 1, "sex": 1}


def test_k6_says_how_each_source_answered() -> None:
    """Questions that never left say nothing about a registry; times are of those that were answered."""

    def asked(outcome: str, reason: str = "", ms: int = 0) -> QuestionRow:
        return QuestionRow(registry="dancu", dataset="dancu.citizen", outcome=outcome, reason=reason, elapsed_ms=ms)

    questions = [*(asked("found", ms=ms) for ms in (10, 20, 30)), asked("absent", ms=900), asked("unknown", "timeout"),
                 asked("refused", "forbidden")]  # fmt: skip
    (source,) = measured(plan("1", questions=questions)).sources

    assert (source.dataset, source.answered, source.reasons) == ("dancu.citizen", Share(4, 5), {"timeout": 1})
    assert (source.p50_ms, source.p95_ms) == (30, 900)


def test_k7_counts_which_side_papers_showed_to_be_wrong() -> None:
    """A mismatch is an error of the registry only where a paper showed it."""
    wrong = Done(did=Did.ASKED, shows=Shows.REGISTRY_WRONG)
    one = measured(plan("1", paper("a", Situation.MISMATCH, wrong), paper("b", Situation.MISMATCH, ASKED)))

    assert one.confirmed == {Shows.REGISTRY_WRONG: 1}
    assert impact_view(one)["data_errors"]["corrections"] is None


def test_k8_is_known_only_where_cases_are_checked() -> None:
    """None left without an open case where each was checked; where one was not, nobody can say."""
    closed = QuestionRow(registry="dancu", dataset="dancu.citizen", outcome="refused", reason="case_closed")
    unchecked = QuestionRow(registry="dancu", dataset="dancu.citizen", outcome="found")

    one = measured(plan("1"), plan("2", questions=[closed]))
    assert (one.without_case, one.unchecked, one.case_refusals) == (0, 0, {"case_closed": 1})
    assert measured(plan("1", questions=[unchecked])).without_case is None
    assert measured(plan("1", questions=[closed])).without_case is None


def test_k9_runs_from_the_reception_to_the_last_answer() -> None:
    """What was there before the citizen came took no time, and counts as fetched before."""
    one = measured(plan("1", received=AT - timedelta(seconds=3)), plan("2", received=AT + timedelta(hours=1)))

    assert (one.waits, one.before_visit) == ([0.0, 3.0], Share(1, 2))


def test_k10_is_made_of_dossiers_with_a_reception() -> None:
    """Re-use, store and population data from what was done; a dossier without a reception date is in none of them."""
    firm = [QuestionRow(registry="dkdn", dataset="dkdn.enterprise", outcome="found", checked=True, answered_at=AT)]
    one = measured(
        plan("1", paper("a", Situation.MATCHING, ACCEPTED)),
        plan("2", paper("a", Situation.MATCHING, ACCEPTED, registry="khodlg"), procedure="1.000894", questions=firm),
        plan("3", paper("a", Situation.MATCHING, MISSED), procedure="2.001610"),
        plan("4", paper("a", Situation.MATCHING), received=None),
        personal={"1.001193", "1.000894"},
    )

    expected = {"4.3": Share(2, 3), "4.4": Share(1, 3), "4.5a": Share(1, 2), "4.5b": Share(2, 3)}
    assert one.feed == expected
    view = impact_view(one, {"4.3": 83.76})["feed_766"]["4.3"]
    assert (view["percent"], view["reported_percent"]) == (66.67, 83.76)


def test_nothing_to_count_has_no_share() -> None:
    """Of an empty month every share says 0 of 0 and no percentage; none is a hidden zero."""
    view = impact_view(measured())

    assert view["once_only"] == {
        "numerator": 0, "denominator": 0, "percent": None, "unknown": 0, "targets": {"2022": 30.0, "2025": 80.0},
    }  # fmt: skip
    assert (view["missed"]["percent"], view["time"]["p50_s"], view["sources"]) == (None, None, [])
    assert quantile([], 0.5) is None


def test_a_plan_that_is_made_again_counts_once() -> None:
    """The later word on a paper counts, but what an officer did is not undone by a plan that comes after it."""
    pending, waived = paper("a", Situation.TIMEOUT), paper("a", Situation.MATCHING)
    again = measured(plan("1", pending), plan("1", replace(waived, done=ACCEPTED), nth=1), plan("1", pending, nth=2))

    assert (again.dossiers, again.plans, again.replaced) == (1, 3, Share(1, 1))


def test_a_dossier_has_the_papers_of_one_case() -> None:
    """Those of a case that was left are in no measure; where a receipt spoke of it, a later plan undoes nothing."""
    left, waived = paper("left", Situation.MATCHING), paper("a", Situation.MATCHING)
    accepted = replace(waived, done=ACCEPTED)
    again = measured(plan("1", left, case="minor"), plan("1", accepted, nth=1))
    after = measured(plan("1", accepted), plan("1", left, case="minor", nth=1))

    assert (again.once_only, again.once_only_unknown, again.plans) == (Share(1, 1), 0, 2)
    assert (after.once_only, after.once_only_unknown) == (Share(1, 1), 0)


def test_two_consumers_have_two_dossiers_of_one_number() -> None:
    """What one of them planned under a case's number is nothing of the other's dossier, nor of its applicant."""
    one = measured(
        plan("1", paper("a", Situation.MATCHING, ACCEPTED)),
        plan("1", paper("a", Situation.ABSENT, ASKED), consumer="two", nth=1),
    )

    assert (one.dossiers, one.once_only, one.replaced) == (2, Share(1, 2), Share(1, 2))


def test_a_month_is_read_dossier_by_dossier() -> None:
    """Of all that was planned no more is taken than one dossier and the first plan behind it."""
    plans = iter([plan("1", paper("a", Situation.MATCHING)), plan("2"), plan("3")])
    first = next(iter(dossiers(plans)))

    assert list(first.papers) == ["a"]
    assert [one.plan.dossier for one in plans] == ["3"]


situations = st.sampled_from(list(Situation))
whats = st.sampled_from([None, ACCEPTED, ASKED, MISSED])


@given(st.lists(st.tuples(st.sampled_from("xyz"), st.sampled_from("ab"), situations, whats), max_size=20))
def test_shares_never_count_more_than_there_is(rows: list[tuple[str, str, Situation, Done | None]]) -> None:
    """Whatever was planned and done: no numerator above its denominator, and reasons are just the papers asked for."""
    rows = sorted(rows, key=lambda one: one[0])
    plans = [plan(name, paper(p, situation, done), nth=nth) for nth, (name, p, situation, done) in enumerate(rows)]
    one = measured(*plans)
    shares = [one.receipts, one.once_only, one.lenient, one.replaced, one.missed, one.before_visit, *one.feed.values()]

    assert all(0 <= share.numerator <= share.denominator for share in shares)
    papers = [p for dossier in dossiers(plans) for p in dossier.papers.values()]
    assert sum(one.reasons.values()) == sum(p.was_asked and p.situation not in NOT_REPLACEABLE for p in papers)
    assert one.replaced.denominator == sum(share.denominator for share in one.replaced_by["clause"].values())
    assert all(
        contradicts(p.decision, Did.ASKED) == (group_of(p.situation) is Group.OVERRIDDEN)
        for p in papers
        if p.is_replaceable
    )


async def test_the_measure_of_a_month_follows_from_receipts(stand_ins: Running, tmp_path: Path) -> None:
    """Plans and receipts at the front door come back as figures, for whoever has the right."""
    async with counter(stand_ins, tmp_path, more='[rights]\nimpact = ["one-stop"]\n') as desk:
        made = await planned(desk, APPLICANT, FIRM)
        await planned(desk, APPLICANT, FIRM, case_id="H08.12-260301-0002")
        await receipt(
            desk, made["plan_id"], *({"paper": name, "did": "accepted"} for name in ("identity", "residence", "firm"))
        )
        status, march = await desk.get("/v1/impact?month=2026-03")
        _, empty = await desk.get("/v1/impact?month=2020-01")
        wrong, problem = await desk.get("/v1/impact?month=2026-13")

    assert (status, march["month"], march["dossiers"], march["receipts"]["percent"]) == (200, "2026-03", 1, 100.0)
    assert march["replaced"]["by_registry"]["dancu"] == {"numerator": 2, "denominator": 2, "percent": 100.0}
    assert march["feed_766"]["4.5b"]["percent"] == 100.0
    assert (march["without_case"]["count"], march["without_case"]["unchecked"]) == (None, 2)
    assert (empty["dossiers"], empty["once_only"]["percent"]) == (0, None)
    assert (wrong, problem["problems"][0]["field"]) == (422, "month")
    assert RECEIVED.startswith(march["month"])


async def test_the_measure_is_a_right_of_its_own(stand_ins: Running, tmp_path: Path) -> None:
    """Without it the answer is 403, and says what the operator adds where."""
    async with counter(stand_ins, tmp_path) as desk:
        status, problem = await desk.get("/v1/impact")

    assert (status, problem["problems"][0]["code"]) == (403, "no_right")


async def test_plans_are_remembered_while_months_are_measured(stand_ins: Running, tmp_path: Path) -> None:
    """Two months that take long hold no plan up."""
    over = threading.Event()
    async with counter(stand_ins, tmp_path) as desk:
        assert desk.core.remembering is not None
        slow = [asyncio.create_task(desk.core.remembering.measure(lambda _: over.wait(10))) for _ in range(2)]
        plan_made = await planned(desk, APPLICANT)
        over.set()
        await asyncio.gather(*slow)

    assert plan_made["remembered"] is True


async def test_a_month_that_failed_is_not_tried_again_at_once(stand_ins: Running, tmp_path: Path) -> None:
    """Whoever asks within the minute is told the same, and the database is left alone."""
    async with counter(stand_ins, tmp_path, more='[rights]\nimpact = ["one-stop"]\n') as desk:
        with closing(sqlite3.connect(tmp_path / "ledger" / "impact.db")) as other:
            other.execute("CREATE TABLE impact_plans (x)")
        answers = [await desk.get("/v1/impact?month=2026-03") for _ in range(2)]
        metrics = await desk.metrics()

    assert [status for status, _ in answers] == [503, 503]
    assert "gateway_impact_failures_total 1.0" in metrics
