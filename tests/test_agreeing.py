"""Whether two registries tell the same fact alike, which of them is right by rule, and who is to correct the other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gateway.errors import SettingsError
from gateway.procedures.fitting import misfits
from gateway.procedures.reading import packaged, read_catalogue
from mocks.disagreements import Disagreement, disagreements
from mocks.province import Province
from mocks.server import running
from tests.catalogues import FIRST_CASE, PROCEDURE
from tests.conftest import settings_for
from tests.policies import policy, rule, with_policy
from tests.test_docs import ADAPTERS
from tests.test_paper_plans import office, plan

OWN = f"""
[published]
"dancu.citizen" = 2026-01-01
"bhxh.participant" = 2026-01-01
{PROCEDURE}{FIRST_CASE}papers = [
  {{id = "identity", kind = "identity", role = "applicant", clause = "A"}},
  {{id = "insurance", kind = "insurance_book", role = "applicant", clause = "A"}},
]
"""
BOTH = {"dancu.citizen": ["*"], "bhxh.participant": ["*"]}
PROVINCE = Province(citizens=2000, disagreements=40)
HELD = {one.kind: one for one in disagreements(PROVINCE) if one.registry == "bhxh"}


async def asked(one: Disagreement, folder: Path, rights: dict[str, list[str]] = BOTH) -> dict[str, Any]:
    """A plan about somebody of whom the insurance holds something else."""
    citizen = PROVINCE.find_citizen(one.citizen_id)
    assert citizen is not None
    claims = {
        "citizen_id": one.citizen_id, "insurance_number": one.key, "sex": citizen.sex,
        "full_name": citizen.full_name, "birth_date": citizen.birth_date,
    }  # fmt: skip
    async with running(province=PROVINCE) as served:
        settings = with_policy(settings_for(served.base_url, bhxh={"contract": "ngsp"}), policy(rule(rights)))
        async with office(served, folder, OWN, settings=settings) as desk:
            status, answer = await plan(desk, {"role": "applicant", "claims": claims})
    assert status == 200, answer
    return answer


def told(answer: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return {one["fact"]: (one["says"], one["verdict"]) for one in answer["consistency"]}


async def test_a_birth_date_that_differs_is_told_with_who_corrects_it(tmp_path: Path) -> None:
    """Population data is right by rule, so the insurance's owner is asked to correct; names agree; no value is told."""
    answer = await asked(HELD["other_birth_day"], tmp_path)
    (birth,) = [one for one in answer["consistency"] if one["fact"] == "birth_date"]

    assert told(answer) == {"full_name": ("agree", "match"), "birth_date": ("differ", "mismatch")}
    assert (birth["right"], birth["by_rule"], birth["other"]) == ("dancu.citizen", True, "bhxh.participant")
    assert (birth["correction"]["dataset"], birth["correction"]["field"]) == ("bhxh.participant", "birth_date")
    assert "Bảo hiểm xã hội Việt Nam" in birth["correction"]["owner"]
    assert {one["lookup_id"] for one in answer["lookups"]} == set(birth["lookups"])
    said = json.dumps(answer["consistency"], ensure_ascii=False)
    assert HELD["other_birth_day"].held not in said
    assert HELD["other_birth_day"].registered not in said


async def test_a_coarser_date_is_nobodys_error(tmp_path: Path) -> None:
    """The year alone beside a date is unclear, and nobody is asked to correct it."""
    answer = await asked(HELD["other_precision"], tmp_path)

    assert told(answer)["birth_date"] == ("unclear", "match_at_year")
    assert [one["correction"] for one in answer["consistency"]] == [None, None]


async def test_a_misspelt_name_is_to_be_corrected(tmp_path: Path) -> None:
    """Whether a tone mark is missing or a sound is another, the insurance's owner is to correct it."""
    answer = await asked(HELD["misspelt_name"], tmp_path)
    (name,) = [one for one in answer["consistency"] if one["fact"] == "full_name"]

    assert name["verdict"] in {"mismatch", "diacritics_differ"}
    assert name["correction"] is not None


async def test_nothing_is_compared_that_no_rule_gives(tmp_path: Path) -> None:
    """Where the policy lets a field of one registry not be compared, nothing is told of it beside another's."""
    rights = {"dancu.citizen": ["citizen_id", "full_name", "sex"], "bhxh.participant": ["*"]}
    answer = await asked(HELD["other_birth_day"], tmp_path, rights)

    assert told(answer) == {"full_name": ("agree", "match")}


WRONG = {
    "an authority that does not tell it": ('authority = "dancu"', 'authority = "lltp"', "is no registry that tells it"),
    "a dataset twice": (
        'dataset = "bhxh.card", field = "birth_date"',
        'dataset = "dancu.citizen", field = "sex"',
        "twice",
    ),
}


@pytest.mark.parametrize(("line", "instead", "said"), WRONG.values(), ids=WRONG.keys())
def test_a_fact_that_cannot_be_is_named(line: str, instead: str, said: str, tmp_path: Path) -> None:
    """What a province writes of a fact is checked as everything in its files is."""
    (tmp_path / "own.toml").write_text(FACTS.replace(line, instead), encoding="utf-8")

    with pytest.raises(SettingsError, match=said):
        read_catalogue(tmp_path)


def test_a_fact_fits_the_records_that_tell_it(tmp_path: Path) -> None:
    """A field that a record does not have, or a name beside a date, is found beside the adapters."""
    wrong = FACTS.replace('"dancu.citizen", field = "birth_date"', '"dancu.citizen", field = "full_name"')
    (tmp_path / "own.toml").write_text(
        wrong.replace('"bhxh.card", field = "birth_date"', '"bhxh.card", field = "born"')
    )
    found = misfits(read_catalogue(tmp_path), ADAPTERS)

    assert any("of different forms: dancu.citizen name, hotich.marital_status date" in one for one in found)
    assert any("facts.birth_date.bhxh.card.field" in one for one in found)
    assert misfits(packaged(), ADAPTERS) == []


FACTS = """
[facts.birth_date]
title = "Ngày sinh"
title_en = "Birth date"
authority = "dancu"
basis = "Luật Căn cước 26/2023/QH15, Điều 12"
source = "portal"
told_by = [
  {dataset = "dancu.citizen", field = "birth_date"},
  {dataset = "hotich.marital_status", field = "birth_date"},
  {dataset = "bhxh.card", field = "birth_date"},
]
"""
