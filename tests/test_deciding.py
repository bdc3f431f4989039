"""What is decided of a paper: the table, and every paper of the catalogue with each registry in each state."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.compare.standing import Standing
from gateway.domain.compare.verdict import AGREES, Verdict
from gateway.domain.outcome import Absent, Found, Outcome, Unknown
from gateway.errors import REASONS, Reason
from gateway.procedures.catalogue import Kind, Paper
from gateway.procedures.deciding import Answered, of_paper, situation
from gateway.procedures.reading import packaged
from gateway.procedures.table import TABLE
from gateway.procedures.words import LEGAL, Cause, Clause, Decision, Publication, Situation

FOUND: Found[Any] = Found("a record")
MATCHING = Answered(Publication.PUBLISHED, FOUND, complete=True, verdicts=frozenset({Verdict.MATCH}))
WAIVABLE = (Clause.A, Clause.B, Clause.C)
CATALOGUE = packaged()


def found(*verdicts: Verdict, complete: bool = True, standings: tuple[Standing, ...] = ()) -> Answered:
    return Answered(
        Publication.PUBLISHED,
        FOUND,
        complete=complete,
        verdicts=frozenset(verdicts),
        standings=frozenset(standings),
    )


def ended(
    outcome: Outcome[Any] | None, publication: Publication = Publication.PUBLISHED, proves: bool = True
) -> Answered:
    return Answered(publication, outcome, absence_proves=proves)


def states() -> Iterator[Answered]:
    """
    Each state of a registry: each verdict beside a match, incomplete, in force or not, absent, each reason, each
    publication.
    """
    for verdict in Verdict:
        yield found(Verdict.MATCH, verdict)
        yield found(verdict)
        yield found(verdict, complete=False)
    yield found()
    for standing in Standing:
        yield found(Verdict.MATCH, standings=(standing,))
        yield found(Verdict.MATCH, standings=(Standing.IN_FORCE, standing))
        yield found(Verdict.MISMATCH, standings=(standing,))
        yield found(Verdict.DIACRITICS_DIFFER, standings=(standing,))
    yield ended(Absent())
    yield ended(Absent(), proves=False)
    yield ended(None)
    yield from (ended(Unknown(reason)) for reason in Reason)
    for publication in Publication:
        yield Answered(publication, FOUND, complete=True, verdicts=frozenset({Verdict.MATCH}))


STATES = tuple(dict.fromkeys(states()))


def is_matching(answered: Answered) -> bool:
    """What the law says, in other words than the code: published, found, complete, in force, and everything agrees."""
    return (
        answered.publication == "published"
        and answered.outcome is FOUND
        and answered.complete
        and answered.standings in (set(), {"in_force"})
        and answered.verdicts in ({"match"}, {"match_after_merger"}, {"match", "match_after_merger"})
    )


def papers() -> Iterator[tuple[str, Paper, Kind]]:
    for code, procedure in CATALOGUE.procedures.items():
        for case in procedure.cases:
            for paper in case.papers:
                yield f"{code}.{case.id}.{paper.id}", paper, CATALOGUE.kinds[paper.kind]


# --- the table -----------------------------------------------------------------------------------


def test_every_situation_has_one_row() -> None:
    """The table is total: a row for each situation, and a situation for each reason of `unknown`."""
    assert list(TABLE) == list(dict.fromkeys(TABLE))
    assert set(TABLE) == set(Situation)
    assert {reason.value for reason in Reason} <= {one.value for one in Situation}


def test_nothing_but_a_whole_match_waives() -> None:
    """One row waives, and it is the only one without a cause."""
    assert [one for one, row in TABLE.items() if row.decision is Decision.WAIVED] == [Situation.MATCHING]
    assert [one for one, row in TABLE.items() if row.cause is None] == [Situation.MATCHING]


@pytest.mark.parametrize("reason", Reason)
def test_no_answer_is_never_the_citizens_fault(reason: Reason) -> None:
    """Each reason of `unknown` has the cause "not obtained", and sends nobody to have a registry corrected."""
    row = TABLE[Situation(reason.value)]

    assert row.decision is not Decision.WAIVED
    assert row.cause is Cause.NOT_OBTAINED
    for told in (row.citizen.vietnamese, row.officer.vietnamese):
        assert "cập nhật" not in told
        assert "không có dữ liệu" not in told
    if row.decision is not Decision.OFFICER:
        assert "không phải lỗi của ông/bà" in row.citizen.vietnamese
        assert "no fault of yours" in row.citizen.english


def test_what_passes_by_itself_is_pending() -> None:
    """`pending` is said of exactly the reasons that time can change and of what has its time yet to come."""
    passing = {reason.value for reason, error in REASONS.items() if error.http_status in {503, 504}} | {"booked"}

    assert {one.value for one, row in TABLE.items() if row.decision is Decision.PENDING} == passing


def test_who_is_told_to_update_a_registry_had_an_answer_from_it() -> None:
    """The citizen is asked to have the registry corrected where it has nothing, too little or something else."""
    assert {one for one, row in TABLE.items() if "cập nhật" in row.citizen.vietnamese} == {
        Situation.ABSENT,
        Situation.INCOMPLETE,
        Situation.MISMATCH,
    }


@pytest.mark.parametrize(
    ("answered", "cause"),
    [
        (ended(Absent()), Cause.NOT_OBTAINED),
        (found(Verdict.MATCH, complete=False), Cause.INCOMPLETE),
        (found(Verdict.NOT_RECORDED), Cause.INCOMPLETE),
        (found(Verdict.MISMATCH), Cause.INACCURATE),
        (found(Verdict.MISMATCH, Verdict.NOT_RECORDED), Cause.INACCURATE),
    ],
)
def test_the_three_causes_of_the_law_ask_for_the_paper(answered: Answered, cause: Cause) -> None:
    """Not obtained, incomplete and inaccurate each ask for the paper, under their own name."""
    assert cause in LEGAL
    ruling = of_paper(Clause.A, [[answered]])

    assert (ruling.decision, ruling.cause) == (Decision.REQUIRED, cause)


@pytest.mark.parametrize("verdict", [one for one in Verdict if one not in {*AGREES, "mismatch", "not_recorded"}])
def test_what_is_neither_right_nor_wrong_goes_to_an_officer(verdict: Verdict) -> None:
    """Diacritics, coarse dates and what cannot be compared are looked at by a person, whatever else matches."""
    assert of_paper(Clause.B, [[found(Verdict.MATCH, verdict)]]).decision is Decision.OFFICER


def test_nothing_compared_is_no_match() -> None:
    """A record that was found and compared with nothing waives nothing."""
    assert of_paper(Clause.A, [[found()]]).decision is Decision.OFFICER


@pytest.mark.parametrize("clause", Clause)
def test_law_goes_before_any_answer(clause: Clause) -> None:
    """Without a clause, or before publication, no answer changes anything; any other clause waives on a match."""
    assert situation(clause, MATCHING) is (Situation.NO_CLAUSE if clause is Clause.N else Situation.MATCHING)
    for state in STATES:
        assert of_paper(Clause.N, [[state]]).situation is Situation.NO_CLAUSE
        unpublished = Answered(Publication.NOT_PUBLISHED, state.outcome, state.complete, state.verdicts)
        assert of_paper(clause, [[unpublished]]).decision is Decision.REQUIRED


def test_a_paper_without_a_registry_is_asked_for() -> None:
    """What nothing replaces stays, with the clause's own reason where it has none."""
    assert of_paper(Clause.A, []).situation is Situation.NO_REGISTRY
    assert of_paper(Clause.N, []).situation is Situation.NO_CLAUSE


def test_of_several_ways_one_is_enough_and_of_several_questions_all_are_needed() -> None:
    """A second way waives what the first cannot; a second question keeps what the first would waive."""
    down, absent = ended(Unknown(Reason.TIMEOUT)), ended(Absent())

    assert of_paper(Clause.A, [[absent], [MATCHING]]).decision is Decision.WAIVED
    assert of_paper(Clause.A, [[absent], [down]]).decision is Decision.PENDING
    assert of_paper(Clause.A, [[MATCHING, down]]).decision is Decision.PENDING
    assert of_paper(Clause.A, [[MATCHING, down, absent]]).decision is Decision.REQUIRED
    assert of_paper(Clause.A, [[ended(None)], [absent]]).situation is Situation.ABSENT


@given(st.lists(st.lists(st.sampled_from(STATES), min_size=1, max_size=3), max_size=3), st.sampled_from(Clause))
def test_a_way_is_waived_exactly_when_all_of_it_matches(ways: list[list[Answered]], clause: Clause) -> None:
    """Whatever ways and states: waived means that one whole way matches, none contradicts, and the clause allows it."""
    whole = any(all(is_matching(one) for one in way) for way in ways)
    against = any(situation(clause, one) in {"mismatch", "not_in_force"} for way in ways for one in way)

    assert (of_paper(clause, ways).decision is Decision.WAIVED) is (whole and not against and clause is not Clause.N)


# --- the catalogue, walked -----------------------------------------------------------------------


@pytest.mark.parametrize(("name", "paper", "kind"), [pytest.param(*one, id=one[0]) for one in papers()])
def test_every_paper_has_one_decision_with_each_registry_in_each_state(name: str, paper: Paper, kind: Kind) -> None:
    """Zero waived on anything but complete and matching, zero absent from a fault, and all that fits is waived."""
    datasets = sorted({question.dataset for way in kind.alternatives for question in way.questions})
    for combined in itertools.product(STATES, repeat=len(datasets)):
        state = dict(zip(datasets, combined, strict=True))
        ways = [[state[question.dataset] for question in way.questions] for way in kind.alternatives]

        ruling = of_paper(paper.clause, ways)

        assert isinstance(ruling.decision, Decision)
        if ruling.decision is Decision.WAIVED:
            assert any(all(is_matching(one) for one in way) for way in ways), name
        if ruling.situation is Situation.ABSENT:
            assert any(isinstance(one.outcome, Absent) for one in combined), name
        if paper.clause in WAIVABLE and datasets and all(is_matching(one) for one in combined):
            assert ruling.decision is Decision.WAIVED, name


def test_the_walk_meets_papers_of_every_clause_and_enough_that_can_be_waived() -> None:
    """The catalogue has papers of each clause, and more than one in two could be waived."""
    walked = list(papers())
    waivable = [one for _, one, kind in walked if one.clause in WAIVABLE and kind.alternatives]

    assert {one.clause for _, one, _ in walked} == set(Clause)
    assert len(waivable) > len(walked) / 2


def test_one_registry_that_agrees_does_not_outvote_another_that_contradicts() -> None:
    """A mismatch beside a match is shown to an officer, by the way that contradicts, whichever way comes first."""
    against = found(Verdict.MISMATCH)

    for ways in ([[MATCHING], [against]], [[against], [MATCHING]]):
        ruling = of_paper(Clause.A, ways)
        assert (ruling.situation, ruling.decision) == (Situation.CONTRADICTED, Decision.OFFICER)
        assert ways[ruling.way] == [against]
    assert of_paper(Clause.A, [[against]]).decision is Decision.REQUIRED


@pytest.mark.parametrize(
    ("standing", "situation_", "cause"),
    [
        (Standing.NOT_IN_FORCE, Situation.NOT_IN_FORCE, Cause.NOT_IN_FORCE),
        (Standing.UNCLEAR, Situation.FORCE_UNCLEAR, Cause.INCOMPLETE),
    ],
)
def test_what_is_not_known_to_be_in_force_goes_to_an_officer(
    standing: Standing, situation_: Situation, cause: Cause
) -> None:
    """A record that fits, and has ended or is of an unknown state, is neither waived nor the citizen's fault."""
    ruling = of_paper(Clause.A, [[found(Verdict.MATCH, standings=(Standing.IN_FORCE, standing))]])

    assert (ruling.situation, ruling.decision, ruling.cause) == (situation_, Decision.OFFICER, cause)
    assert "cập nhật" not in ruling.row.citizen.vietnamese


def test_somebody_elses_record_is_a_mismatch_whatever_its_state() -> None:
    """Where a claim does not fit, the record may be another's: its state decides nothing."""
    other = found(Verdict.MISMATCH, standings=(Standing.NOT_IN_FORCE,))

    assert of_paper(Clause.A, [[other]]).situation is Situation.MISMATCH


def test_an_absence_that_proves_nothing_is_looked_at_and_hides_nothing() -> None:
    """An officer looks where the registry may be too young; what another registry says goes before it."""
    unsure = ended(Absent(), proves=False)
    against, down = found(Verdict.MISMATCH), ended(Unknown(Reason.TIMEOUT))

    assert of_paper(Clause.A, [[unsure]]).situation is Situation.ABSENT_UNSURE
    assert of_paper(Clause.A, [[unsure]]).decision is Decision.OFFICER
    assert of_paper(Clause.A, [[unsure], [against]]).situation is Situation.MISMATCH
    assert of_paper(Clause.A, [[unsure], [down]]).decision is Decision.PENDING
    assert of_paper(Clause.A, [[unsure], [MATCHING]]).decision is Decision.WAIVED
    assert of_paper(Clause.A, [[unsure], [ended(Absent())]]).situation is Situation.ABSENT_UNSURE


def test_one_registry_that_agrees_does_not_outvote_another_that_says_it_has_ended() -> None:
    """A match beside a record that is not in force is shown to an officer, by the way that speaks against it."""
    ruling = of_paper(Clause.A, [[MATCHING], [found(Verdict.MATCH, standings=(Standing.NOT_IN_FORCE,))]])

    assert (ruling.situation, ruling.decision, ruling.way) == (Situation.CONTRADICTED, Decision.OFFICER, 1)
