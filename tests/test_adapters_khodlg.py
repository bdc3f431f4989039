"""The store of digital results: owners of three kinds, numbers that are free text, answers that name nobody."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.adapters.khodlg.query import KhodlgOptions, ResultQuery
from gateway.domain.records.digital_result import OwnersResults

OWNER = {"citizen_id": "000099700001", "result_code": "KQ.G12.001009"}
NUMBERED = OWNER | {"document_number": "99A8000001"}


def results(*told: tuple[str, str | None]) -> OwnersResults:
    papers = [{"result": {"code": code, "list": "dvcqg.result"}, "document_number": number} for code, number in told]
    return OwnersResults.model_validate_json(f'{{"results": {papers!r}}}'.replace("'", '"').replace("None", "null"))


@pytest.mark.parametrize(
    ("query", "told", "about"),
    [
        (OWNER, [("KQ.G12.001009", "99A8000001")], None),
        (OWNER, [("KQ.G12.001009", None), ("KQ.G12.001009", "99A8000002")], None),
        (OWNER, [("KQ.G12.001041", "99A8000001")], False),
        (OWNER, [("KQ.G12.001009", None), ("KQ.G12.001041", None)], False),
        (NUMBERED, [("KQ.G12.001009", "99A8000001")], None),
        (NUMBERED, [("KQ.G12.001009", None)], None),
        (NUMBERED, [("KQ.G12.001009", "99A8000002")], False),
        (NUMBERED, [("KQ.G12.001009", "99A8000001"), ("KQ.G12.001009", "99A8000002")], False),
    ],
)
def test_no_answer_tells_whose_it_is(query: Any, told: list[tuple[str, str | None]], about: bool | None) -> None:
    """Another code or number is somebody else's; the right ones still do not say whose, so nothing is certain."""
    assert ResultQuery.model_validate(query).is_about(results(*told)) is about


@pytest.mark.parametrize("written", ["99a8000001", "99A8 000001", "99A8000001"])
def test_a_documents_number_is_the_same_however_it_is_spaced(written: str) -> None:
    """Spaces and small letters count for nothing."""
    assert ResultQuery.model_validate(NUMBERED).is_about(results(("KQ.G12.001009", written))) is None


@pytest.mark.parametrize(
    ("owner", "kind", "number"),
    [
        ({"citizen_id": "000099700001"}, "person", "000099700001"),
        ({"old_number": "000990016"}, "old_number", "000990016"),
        ({"enterprise_code": "9900000023"}, "tax_code", "9900000023"),
    ],
)
def test_an_owner_is_known_by_one_number(owner: dict[str, str], kind: str, number: str) -> None:
    """Twelve digits, nine, or a tax code: that is what is sent, and whom the ledger's entry is about."""
    query = ResultQuery.model_validate(owner | {"result_code": "KQ.G12.001009"})

    subject = query.subject()
    assert subject is not None
    assert (query.owner, subject.kind, subject.number) == (number, kind, number)


@pytest.mark.parametrize(
    "wrong",
    [
        {"citizen_id": None},
        {"old_number": "000990016"},
        {"enterprise_code": "9900000023"},
        {"result_code": "KQ.G12.1009"},
        {"result_code": "KQ.G12.001009\n"},
        {"result_code": "kq.g12.001009"},
        {"result_code": "KQ.G12.٠٠١٠٠٩"},
        {"document_number": ""},
        {"document_number": " 99A8000001"},
        {"document_number": "9" * 51},
    ],
)
def test_what_names_no_owner_or_no_result_is_refused(wrong: dict[str, Any]) -> None:
    """No owner, two owners, a code of another form, and a number that is none are refused."""
    with pytest.raises(ValidationError):
        ResultQuery.model_validate(OWNER | wrong)


def test_an_owner_who_is_not_born_yet_is_not_asked_about() -> None:
    """A personal number with a birth year in the future is refused, naming the field."""
    query = ResultQuery.model_validate(OWNER | {"citizen_id": "000299700001"})

    assert [problem.location for problem in query.problems(date(2026, 3, 1))] == ["query.citizen_id"]
    assert ResultQuery.model_validate(OWNER).problems(date(2026, 3, 1)) == ()


@pytest.mark.parametrize(
    "wrong", [{"context": "a/b"}, {"resource": ""}, {"channel": "x"}, {"procedure_suffix": "H08"}, {"asker_is": "me"}]
)
def test_an_option_of_another_form_stops_the_start(wrong: dict[str, str]) -> None:
    """A path that could climb, a channel that is no figure and a suffix without its dot are refused."""
    with pytest.raises(ValidationError):
        KhodlgOptions.model_validate(wrong)
