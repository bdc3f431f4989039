"""The insurance contract's own files: answers against their schemas, and numbers that nobody has."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from contracts.reader import CaseFile, load
from gateway.adapters.bhxh.portal.wire import MEANINGS

CONTRACT = load("contracts.bhxh")
CASES = list(CONTRACT.cases())
ANSWERED = [case for case in CASES if case.response.status == 200 and case.name != "garbage"]
FOLDER = Path(__file__).parents[1] / "contracts" / "bhxh"


def case_id(case: object) -> str:
    return f"{case.dataset}/{case.name}" if isinstance(case, CaseFile) else str(case)


def schema(case: CaseFile) -> dict[str, object]:
    found: dict[str, object] = json.loads(CONTRACT.schema(f"{case.dataset}.{case.contract}.schema.json"))
    return found


@pytest.mark.parametrize("case", ANSWERED, ids=case_id)
def test_every_insurance_answer_fits_its_schema_unless_it_is_malformed(case: CaseFile) -> None:
    """An answer with HTTP 200 is valid against its schema exactly where its outcome does not call it malformed."""
    is_valid = jsonschema.Draft202012Validator(schema(case)).is_valid(json.loads(case.response.body))

    assert is_valid == (case.reason != "malformed")


@pytest.mark.parametrize("case", [case for case in CASES if case.unlisted], ids=case_id)
def test_what_is_unlisted_is_in_the_answer_and_not_in_the_schema(case: CaseFile) -> None:
    """A member called unlisted stands in the answer, and the schema does not name it."""
    named = json.dumps(schema(case))
    for member in case.unlisted:
        assert f'"{member}"' in case.response.body
        assert f'"{member}"' not in named


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_every_insurance_number_is_invented(case: CaseFile) -> None:
    """Numbers begin with 990, cards have the province 99 before them, stays are counted from 99."""
    text = (FOLDER / case.dataset / f"{case.name}.toml").read_text(encoding="utf-8")

    assert all(card[3:8] == "99990" for card in re.findall(r"\b[A-Z]{2}[0-9]{13}\b", text))
    assert all(number.startswith("990") for number in re.findall(r"\b[0-9]{10}\b", text))
    assert all(stay.startswith("99") for stay in re.findall(r"\b[0-9]{13}\b", text))


def test_every_result_of_the_card_check_has_its_case() -> None:
    """Each of the 27 results, and the older spelling of one, is answered in a case of its own."""
    shown = {json.loads(case.response.body)["maKetQua"] for case in ANSWERED if case.dataset == "card"}

    assert shown >= set(MEANINGS)
    assert len(MEANINGS.keys() - {"08"}) == 27


@pytest.mark.parametrize("case", [case for case in CASES if case.dataset == "card"], ids=case_id)
def test_secrets_stand_in_the_query_string_and_nowhere_in_a_file(case: CaseFile) -> None:
    """A recorded card check holds four placeholders in its query string, and no token or password."""
    assert list(case.request.query.values()) == ["{token}", "{id_token}", "{username}", "{password_md5}"]
