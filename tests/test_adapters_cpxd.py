"""Construction permits: numbers that are free text, and offices that count for themselves."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.adapters.cpxd.query import PermitQuery
from gateway.domain.records.construction import ConstructionPermit

NUMBER = {"permit_number": "990001/GPXD"}
WHOLE = NUMBER | {"issuer_code": "H99.14", "issued_on": "2025-09-05"}


@pytest.mark.parametrize(
    ("query", "told", "about"),
    [
        (NUMBER, {}, True),
        (NUMBER, {"issuer_code": "H99.15"}, True),
        (NUMBER, {"permit_number": "990002/GPXD"}, False),
        (WHOLE, {"issuer_code": "H99.14", "issued_on": date(2025, 9, 5)}, True),
        (WHOLE, {"issuer_code": "H99.15", "issued_on": date(2025, 9, 5)}, False),
        (WHOLE, {"issuer_code": "H99.14", "issued_on": date(2024, 9, 5)}, False),
        (WHOLE, {"issued_on": date(2025, 9, 5)}, None),
        (WHOLE, {"issued_on": date(2024, 9, 5)}, False),
        (WHOLE, {}, None),
    ],
)
def test_number_office_and_day_tell_permits_apart(query: Any, told: dict[str, Any], about: bool | None) -> None:
    """What was asked about must fit where it is told; where it is not told, nothing is certain."""
    permit = ConstructionPermit.model_validate(NUMBER | told)

    assert PermitQuery.model_validate(query).is_about(permit) is about


@pytest.mark.parametrize("written", ["990001/gpxd", "990001 / GPXD", "990001/GPXD"])
def test_a_permit_number_is_the_same_however_it_is_spaced(written: str) -> None:
    """Spaces and small letters count for nothing, in the echo and in the ledger's subject."""
    query = PermitQuery.model_validate(NUMBER)

    assert query.is_about(ConstructionPermit(permit_number=written)) is True
    assert PermitQuery.model_validate({"permit_number": written}).subject() == query.subject()


@pytest.mark.parametrize("number", ["", " 990001", "/GPXD", "990001%", "990001\n", "٩٩٠٠٠١", "9" * 51])
def test_what_is_no_permit_number_is_refused(number: str) -> None:
    """An empty text, one that begins with a mark, other digits and marks, and too long a text are refused."""
    with pytest.raises(ValidationError):
        PermitQuery.model_validate({"permit_number": number})


@pytest.mark.parametrize(
    ("day", "codes"),
    [("2025-09-05", []), ("2026-03-02", ["future"]), ("2025-09", ["precision"]), ("2025", ["precision"])],
)
def test_a_day_of_issue_is_whole_and_past(day: str, codes: list[str]) -> None:
    """A year alone tells no permits apart, and none is given tomorrow."""
    problems = PermitQuery.model_validate(NUMBER | {"issued_on": day}).problems(date(2026, 3, 1))

    assert [problem.code for problem in problems] == codes
