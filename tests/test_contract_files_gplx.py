"""The licence contract's own files: answers against their schemas, and numbers that nobody has."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest

from contracts.reader import CaseFile, load
from gateway.adapters.gplx.gtvt.wire import ERRORS

CONTRACT = load("contracts.gplx")
CASES = list(CONTRACT.cases())
ANSWERED = [case for case in CASES if case.response.status == 200 and case.name != "garbage"]
FOLDER = Path(__file__).parents[1] / "contracts" / "gplx"
# A form that no schema can tell: whether a total is how many rows there are.
REFUSED_FOR_ITS_SENSE = {"dossiers/cut-short-gtvt"}


def case_id(case: object) -> str:
    return f"{case.dataset}/{case.name}" if isinstance(case, CaseFile) else str(case)


def schema(case: CaseFile) -> dict[str, object]:
    found: dict[str, object] = json.loads(CONTRACT.schema(f"{case.dataset}.{case.contract}.schema.json"))
    return found


@pytest.mark.parametrize("case", ANSWERED, ids=case_id)
def test_every_licence_answer_fits_its_schema_unless_it_is_malformed(case: CaseFile) -> None:
    """An answer with HTTP 200 is valid against its schema exactly where its outcome does not call it malformed."""
    is_valid = jsonschema.Draft202012Validator(schema(case)).is_valid(json.loads(case.response.body))

    assert is_valid == (case.reason != "malformed" or case_id(case) in REFUSED_FOR_ITS_SENSE)


@pytest.mark.parametrize("case", [case for case in CASES if case.unlisted], ids=case_id)
def test_what_is_unlisted_of_licences_is_in_the_answer_and_not_in_the_schema(case: CaseFile) -> None:
    """A member called unlisted stands in the answer, and the schema does not name it."""
    named = json.dumps(schema(case))
    for member in case.unlisted:
        assert f'"{member}"' in case.response.body
        assert f'"{member}"' not in named


@pytest.mark.parametrize("case", CASES, ids=case_id)
def test_every_licence_is_invented(case: CaseFile) -> None:
    """Licences begin with 990, serials with XX, dossiers with a unit of 99; nobody's phone rings, no mail arrives."""
    text = (FOLDER / case.dataset / f"{case.name}.toml").read_text(encoding="utf-8")

    assert all(number.startswith("990") for number in re.findall(r'"sogplx":"([0-9]+)"', text))
    assert all(serial.startswith("XX") for serial in re.findall(r'"soserigplx":"(\w+)"', text))
    assert all(unit == "G17.99" for unit in re.findall(r"\b([A-Z][0-9.]+)-[0-9]{6}-[0-9]{6}\b", text))
    assert all(phone.startswith("000000000") for phone in re.findall(r"\b0[0-9]{9}\b", text))
    assert all(host == "example.invalid" for host in re.findall(r"@([\w.]+)", text))


def test_every_error_of_the_ministry_has_its_case() -> None:
    """Each of the five errors is answered in a case, and ends as its table says."""
    ends = {code: set[str | None]() for code in ERRORS}
    for case in ANSWERED:
        for code in set(re.findall(r"-30[0-4]\b", case.response.body)) if case.contract == "gtvt" else ():
            ends[code].add(case.reason)

    assert ends == {code: {reason.value} for code, reason in ERRORS.items()}
