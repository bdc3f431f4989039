"""Dossiers of business registration: lists in pages, days and offices, and what is no list."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from contracts.reader import load
from gateway.adapters.dkdn import ADAPTER
from gateway.adapters.dkdn.dossiers.query import DossierQuery, DossiersQuery
from gateway.adapters.dkdn.query import DkdnOptions
from gateway.domain.dataset import Question
from gateway.domain.exchange import Request, Response
from gateway.domain.outcome import Found, Outcome
from gateway.domain.records.business_dossier import BusinessDossiers, BusinessDossierState
from gateway.errors import MalformedAnswer
from gateway.kit.cases import inquiry_of

CONTRACT = load("contracts.dkdn")
NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = {"received_on": "2026-02-27", "office": "99001"}


def row(number: int) -> dict[str, Any]:
    return {"IN_JOURNAL_NO": number, "SITE_ID": 99001, "RECEIPT_DATE": "27/02/2026"}


def read_in_pages(rows: list[dict[str, Any]], size: int, counted: str) -> tuple[Outcome[Any], list[Request]]:
    """What the adapter makes of a list that comes in pages, and what it asked; `counted` is what DataCount counts."""
    dataset = ADAPTER.dataset("dossiers")
    assert dataset is not None
    query = DossiersQuery.model_validate(DAY)
    exchanges = dataset.ask["ngsp"](Question(query, inquiry_of(CONTRACT), "GW-1", NOW, DkdnOptions(page_size=size)))
    asked = [next(exchanges)]
    while True:
        first = int(str(dict(asked[-1].query)["offset"]))
        page = rows[first : first + size]
        count = len(page) if counted == "page" else len(rows)
        body = {"Data": {"MainInformation": page}, "DataCount": count, "Status": "1", "Message": "success"}
        try:
            asked.append(exchanges.send(Response(status=200, body=json.dumps(body).encode(), received_at=NOW)))
        except StopIteration as end:
            return end.value, asked


@pytest.mark.parametrize("counted", ["page", "list"])
@pytest.mark.parametrize(("rows", "pages"), [(1, 1), (3, 2), (4, 2), (7, 3), (11, 4)])
def test_a_long_list_is_read_page_by_page(rows: int, pages: int, counted: str) -> None:
    """Every page is asked for until one is not full, whichever of the two its count counts."""
    numbers = [99001000001 + step for step in range(rows)]

    outcome, asked = read_in_pages([row(number) for number in numbers], 3, counted)

    assert isinstance(outcome, Found)
    assert [one.dossier_number for one in outcome.record.dossiers] == [str(number) for number in numbers]
    assert [dict(one.query)["offset"] for one in asked] == [str(3 * page) for page in range(pages)]
    assert {dict(one.query)["limit"] for one in asked} == {"3"}


def test_a_list_that_does_not_end_is_no_day() -> None:
    """After four full pages the list is given up: half a day is no day."""
    with pytest.raises(MalformedAnswer, match="goes on after four pages"):
        read_in_pages([row(99001000001 + step) for step in range(12)], 3, "list")


def test_pages_that_shifted_are_no_list() -> None:
    """A dossier that stands on two pages says that another one stands on none."""
    with pytest.raises(MalformedAnswer, match="twice"):
        read_in_pages([row(99001000001), row(99001000002), row(99001000002)], 2, "list")


@pytest.mark.parametrize(
    ("told", "about"),
    [
        ([("2026-02-27", "99001")], True),
        ([("2026-02-27", "99001"), ("2026-02-26", "99001")], False),
        ([("2026-02-27", "99002")], False),
        ([("2026-02-27", "99001"), ("2026-02-27", "99002")], False),
        ([("2026-02-27", None)], False),
    ],
)
def test_day_and_office_tell_lists_apart(told: list[tuple[str, str | None]], about: bool) -> None:
    """A list is about a day and an office where every dossier is of both."""
    rows = [
        {"dossier_number": "99001000001", "received_on": date.fromisoformat(day), "office": office}
        for day, office in told
    ]

    found = BusinessDossiers.model_validate({"dossiers": tuple(rows)})
    assert DossiersQuery.model_validate(DAY).is_about(found) is about


@pytest.mark.parametrize(
    ("day", "codes"),
    [("2026-03-01", []), ("2026-03-02", ["future"]), ("2026-02", ["precision"]), ("2026", ["precision"])],
)
def test_a_day_of_receipt_is_whole_and_past(day: str, codes: list[str]) -> None:
    """A month is no day, and tomorrow has no list."""
    problems = DossiersQuery.model_validate(DAY | {"received_on": day}).problems(date(2026, 3, 1))

    assert [problem.code for problem in problems] == codes


@pytest.mark.parametrize("told", ["99001000001", "0099001000001"])
def test_a_dossiers_number_is_the_same_without_its_zeros(told: str) -> None:
    """A number that lost its zeros is the one that was asked about, and so is the ledger's subject."""
    query = DossierQuery.model_validate({"dossier_number": "099001000001"})

    assert query.is_about(BusinessDossierState(dossier_number=told))
    assert not query.is_about(BusinessDossierState(dossier_number="99001000002"))
    assert DossierQuery.model_validate({"dossier_number": told}).subject() == query.subject()


@pytest.mark.parametrize("wrong", ["", "99", "99001A00001", "٩٩٠٠١٠٠٠٠٠١", "9" * 21, "99001000001\n"])
def test_what_is_no_number_of_a_receipt_is_refused(wrong: str) -> None:
    """Letters, other digits, and too short or too long a number are refused."""
    with pytest.raises(ValidationError):
        DossierQuery.model_validate({"dossier_number": wrong})
