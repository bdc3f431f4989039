"""Whether what was found is in force: states, last days, lists in which nothing may stand."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.compare.standing import Condition, Ground, Standing, stood, worst
from gateway.domain.compare.standing_sentences import GROUNDS, standing_sentence
from gateway.domain.licence_numbers import LicenceNumber
from gateway.domain.records.land import Restriction
from gateway.domain.records.licence import DrivingLicence, IssuedLicence
from gateway.domain.records.shared import Code
from gateway.lookup.claims import read_claims
from gateway.lookup.comparison import Comparison, FieldStanding
from gateway.procedures.catalogue import InForce

TODAY = date(2026, 3, 1)
STATE = Condition.state("status", ["Đang hoạt động", "1"], ["Đã giải thể", "2"])
UNTIL = InForce(field="expires_on", last_day=True, source="x").condition
OPEN = InForce(field="expires_on", last_day=True, open_ended=True, source="x").condition
NOTHING = InForce(field="restrictions", nothing=True, source="x").condition
FREE, HELD = (), (Restriction(content="Thế chấp ví dụ"),)


def state(code: str, name: str | None = None) -> Code:
    return Code(code=code, list="test.status", name=name)


@pytest.mark.parametrize(
    ("condition", "recorded", "standing", "ground"),
    [
        (STATE, "Đang hoạt động", "in_force", "state_holds"),
        (STATE, "ĐANG  HOẠT  ĐỘNG", "in_force", "state_holds"),
        (STATE, state("1"), "in_force", "state_holds"),
        (STATE, state("9", "Đang hoạt động"), "in_force", "state_holds"),
        (STATE, state("1", "Đã giải thể"), "not_in_force", "state_ended"),
        (STATE, state("2", "Đang hoạt động"), "not_in_force", "state_ended"),
        (STATE, "Đã giải thể", "not_in_force", "state_ended"),
        (STATE, "Đang hoat dong", "unclear", "state_unlisted"),
        (STATE, "Ngừng hoạt động", "unclear", "state_unlisted"),
        (STATE, state("7"), "unclear", "state_unlisted"),
        (STATE, None, "unclear", "not_told"),
        (STATE, " ", "unclear", "not_told"),
        (UNTIL, TODAY, "in_force", "day_not_passed"),
        (UNTIL, TODAY + timedelta(1), "in_force", "day_not_passed"),
        (UNTIL, TODAY - timedelta(1), "not_in_force", "day_passed"),
        (UNTIL, None, "unclear", "not_told"),
        (OPEN, None, "in_force", "no_last_day"),
        (OPEN, TODAY - timedelta(1), "not_in_force", "day_passed"),
        (UNTIL, "2027-01-01", "unclear", "not_told"),
        (NOTHING, FREE, "in_force", "unrestricted"),
        (NOTHING, HELD, "not_in_force", "restricted"),
        (NOTHING, None, "unclear", "not_told"),
    ],
)
def test_what_a_record_says_of_its_being_in_force(
    condition: Condition, recorded: Any, standing: str, ground: str
) -> None:
    """A listed word, a day that has not passed, an empty list; whatever is not said or not listed is unclear."""
    found = stood(condition, recorded, TODAY)

    assert (found.standing.value, found.ground.value) == (standing, ground)


@given(st.text(max_size=30))
def test_no_word_that_nobody_listed_is_in_force(word: str) -> None:
    """Whatever a registry writes: in force is what stands in the list, in another spelling at most."""
    if stood(STATE, word, TODAY).standing is Standing.IN_FORCE:
        assert "".join(word.split()).casefold() in {"1", "đanghoạtđộng"}


def test_of_several_the_one_that_speaks_against_it_counts() -> None:
    """What has ended goes before what is unclear, and that before what holds; of nothing nothing is known."""
    held, unclear, over = (stood(UNTIL, day, TODAY) for day in (TODAY, None, date(2020, 1, 1)))

    assert worst([held, unclear, over]) == over
    assert worst([held, unclear]) == unclear
    assert worst([held]) == held
    assert worst([]).standing is Standing.UNCLEAR


def standings(licence_class: str | None, *classes: tuple[str, date | None]) -> tuple[FieldStanding, ...]:
    licence = DrivingLicence(
        licence_number=LicenceNumber("990150000001"),
        full_name="TRẦN VÍ DỤ",
        classes=tuple(IssuedLicence(licence_class=state(name), expires_on=day) for name, day in classes),
        status=state("1"),
    )
    claims = {"classes.licence_class": licence_class} if licence_class else {"full_name": "Trần Ví Dụ"}
    conditions = (InForce(field="classes.expires_on", last_day=True, open_ended=True, source="x").condition, STATE)
    comparison = Comparison(read_claims(DrivingLicence, claims), claims, conditions)
    return comparison.standings(licence, frozenset({"classes.expires_on"}), TODAY)


def test_in_a_list_the_member_that_was_claimed_counts() -> None:
    """A class that has run out says nothing of another; where no class was claimed, every one has to hold."""
    classes = (("A1", None), ("B2", date(2026, 2, 28)))

    assert [one.standing for one in standings("A1", *classes)] == [Standing.IN_FORCE] * 2
    assert [one.standing for one in standings("B2", *classes)] == [Standing.NOT_IN_FORCE, Standing.IN_FORCE]
    assert standings(None, *classes)[0].standing is Standing.NOT_IN_FORCE
    assert standings(None)[0].standing is Standing.UNCLEAR


def test_the_sentence_has_what_is_recorded_where_it_may_be_seen() -> None:
    """An officer reads the day on which it ran out where the field is granted, and the state alone where it is not."""
    day, hidden = standings("B2", ("B2", date(2026, 2, 28)))

    assert "2026-02-28" in day.reason.vietnamese
    assert "2026-02-28" in day.reason.english
    assert "“" not in hidden.reason.vietnamese
    assert "2026" not in repr(day)


def test_every_ground_has_a_sentence_in_both_languages() -> None:
    """Each ground is said in Vietnamese and English, with the field's name before it."""
    assert set(GROUNDS) == set(Ground)
    for ground, (vietnamese, english) in GROUNDS.items():
        said = standing_sentence(("Tình trạng", "Status"), ground)
        assert said.vietnamese == f"Tình trạng: {vietnamese}."
        assert said.english == f"Status: {english}."
        assert english.isascii()
        assert not vietnamese.isascii()


def test_each_ground_belongs_to_one_standing() -> None:
    """A sentence can never say something else than its word: every ground is met, under one standing."""
    met: dict[Ground, set[Standing]] = {}
    values: list[Any] = [None, "1", "2", "3", TODAY, date(2020, 1, 1), FREE, HELD]
    for condition in (STATE, UNTIL, OPEN, NOTHING):
        for value in values:
            found = stood(condition, value, TODAY)
            met.setdefault(found.ground, set()).add(found.standing)

    assert set(met) == set(Ground)
    assert all(len(several) == 1 for several in met.values())
