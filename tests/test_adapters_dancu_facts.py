"""Marital status, kin and head of the household: one fact of a person, and nothing else of him."""

from __future__ import annotations

import json

import pytest

from contracts.reader import load
from mocks.server import Running
from tests.conftest import open_desk, settings_for
from tests.policies import granting

CONTRACT = load("contracts.dancu")
WHO = {"citizen_id", "full_name", "birth_date"}


@pytest.mark.parametrize(
    ("noun", "given", "withheld"),
    [
        ("marital_status", WHO | {"marital_status"}, {"spouse"}),
        (
            "kinship",
            WHO | {"father", "mother", "spouse"},
            {"father.citizen_id", "father.old_number", "spouse.citizen_id"},
        ),
        ("household_head", WHO | {"head"}, {"head.citizen_id", "head.old_number"}),
    ],
)
async def test_a_fact_is_given_and_nothing_else_of_the_person(
    noun: str, given: set[str], withheld: set[str], stand_ins: Running
) -> None:
    """Whoever may ask one fact is told that one, and no number of anybody else."""
    case = CONTRACT.datasets[noun].case("found")
    async with open_desk(granting(settings_for(stand_ins.base_url), f"dancu.{noun}")) as desk:
        status, answer = await desk.ask(f"dancu.{noun}", dict(case.query))

    assert (status, answer["outcome"]) == (200, "found")
    assert set(answer["record"]) == given
    assert withheld <= set(answer["withheld"])
    text = json.dumps(answer["record"], ensure_ascii=False)
    assert not [number for number in ("000070000002", "000000002", "000199000077") if number in text]


@pytest.mark.parametrize("noun", ["marital_status", "kinship", "household_head"])
async def test_what_is_not_told_is_never_none(noun: str, stand_ins: Running) -> None:
    """A person who is known, of whom the fact is not told, is found without it: absent would say that he is nobody."""
    case = CONTRACT.datasets[noun].case("not-told")
    async with open_desk(granting(settings_for(stand_ins.base_url), f"dancu.{noun}")) as desk:
        status, answer = await desk.ask(f"dancu.{noun}", dict(case.query))

    assert (status, answer["outcome"]) == (200, "found")
    assert set(answer["record"]) == WHO
