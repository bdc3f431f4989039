"""The body of a batch and its tables: what can be read, and what is wrong where."""

from __future__ import annotations

from datetime import date
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway import app
from gateway.batches.job import BatchItem
from gateway.batches.reading import Form, Reader
from gateway.batches.sheet import cells, harmless, row
from gateway.errors import InvalidQuestion
from gateway.lookup.catalogue import Catalogue
from gateway.lookup.request import parse_as
from tests.conftest import INQUIRY, MAU, settings_for

JOB = {"asks": "verifications", "dataset": "dancu.citizen", "inquiry": INQUIRY}
LOOKUPS = JOB | {"asks": "lookups"}
CLAIMS = {"full_name": "Nguyễn Văn Mậu", "birth_date": "1999"}
RIGHT = {"query": MAU, "claims": CLAIMS}
TODAY = date(2026, 3, 1)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return app.build(settings_for("http://registry.invalid")).catalogue


def lines(job: Any, *items: Any) -> bytes:
    return b"".join(orjson.dumps(one) + b"\n" for one in (job, *items))


def read(catalogue: Catalogue, body: bytes, form: Form = "jsonl", *, most: int = 5, size: int = 1 << 20) -> list[Any]:
    """The items of a body that comes in pieces of this size, each with its line."""
    reader = Reader(form, catalogue, TODAY, most=most, begins=lambda _, __: None)
    found = [one for begin in range(0, len(body), size) for one in reader.read(body[begin : begin + size])]
    found += reader.end()
    return [(one.number, orjson.loads(one.item)) for one in found]


WRONG = {
    "no job": (b"[]\n", "lines.1", "not_an_object", 400),
    "a job with an unknown member": (lines(JOB | {"colour": "red"}), "lines.1.colour", "extra_forbidden", 400),
    "an unknown dataset": (lines(JOB | {"dataset": "nobody.knows"}), "lines.1.dataset", "unknown_dataset", 400),
    "fields of a verification": (lines(JOB | {"fields": ["sex"]}), "lines.1.fields", "extra_forbidden", 400),
    "no item": (lines(JOB), "lines.2", "no_items", 422),
    "broken JSON": (lines(JOB, {"query": MAU, "claims": CLAIMS}) + b"{\n", "lines.3", "json", 400),
    "an impossible birth date": (
        lines(JOB, {"query": MAU | {"birth_date": "1999-02-31"}, "claims": CLAIMS}),
        "lines.2.query.birth_date",
        "partial_date",
        422,
    ),
    "no claims": (lines(JOB, {"query": MAU}), "lines.2.claims", "missing", 400),
    "claims of a lookup": (lines(LOOKUPS, {"query": MAU, "claims": CLAIMS}), "lines.2.claims", "extra_forbidden", 400),
    "a claim that is no field": (
        lines(JOB, {"query": MAU, "claims": {"shoe_size": "42"}}),
        "lines.2.claims.shoe_size",
        "extra_forbidden",
        400,
    ),
    "a line too long": (
        lines(JOB, {"ref": "x" * 70_000, "query": MAU, "claims": CLAIMS}),
        "lines.2",
        "line_too_long",
        422,
    ),
    "too many": (lines(JOB, *[{"query": MAU, "claims": CLAIMS}] * 6), "lines.7", "batch_too_large", 422),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_named_by_its_line(name: str, catalogue: Catalogue) -> None:
    """Line and field are named with a word for what is wrong, and no value is quoted."""
    body, place, code, status = WRONG[name]

    with pytest.raises(InvalidQuestion) as raised:
        read(catalogue, body)

    assert raised.value.status == status
    assert (raised.value.problems[-1].location, raised.value.problems[-1].code) == (place, code)
    assert "Mẫu" not in str(raised.value.problems)


def test_every_wrong_line_of_a_table_is_named(catalogue: Catalogue) -> None:
    """Too few cells, a wrong number, quotes that do not close, another encoding: each by its line, in one answer."""
    table = b'query.citizen_id,query.full_name,query.birth_date,claims.sex\n1,2\n12,M,1999,1\n"x\n\xff\n'

    with pytest.raises(InvalidQuestion) as raised:
        read(catalogue, lines(JOB) + table, "csv")

    assert [(one.location, one.code) for one in raised.value.problems] == [
        ("lines.3", "cells"),
        ("lines.4.query.citizen_id", "identifier"),
        ("lines.5", "csv"),
        ("lines.6", "utf8"),
    ]


def test_a_column_that_means_nothing_is_named_before_any_row(catalogue: Catalogue) -> None:
    """One that stands there twice, one that holds another, one that the dataset does not have."""
    head = b"query.citizen_id,query.citizen_id,claims.shoe_size,name,claims.permanent_residence,"
    head += b"claims.permanent_residence.detail\n"

    with pytest.raises(InvalidQuestion) as raised:
        read(catalogue, lines(JOB) + head, "csv")

    assert [(one.location, one.code) for one in raised.value.problems] == [
        ("lines.2.column 2", "column_twice"),
        ("lines.2.column 3", "unknown_column"),
        ("lines.2.column 4", "unknown_column"),
        ("lines.2.column 6", "column_twice"),
    ]


def test_a_table_says_what_lines_of_json_say(catalogue: Catalogue) -> None:
    """Columns become members, parts of an address one claim, empty cells nothing; a byte-order mark is passed over."""
    head = (
        "query.citizen_id,query.full_name,query.birth_date,claims.full_name,claims.permanent_residence.detail,case_id"
    )
    rows = f'\ufeff{head}\r\n000099000001,Nguyễn Văn Mẫu,1999-01-31,Nguyễn Văn Mậu,"Số 1, phố Mẫu",\r\n\r\n'

    (found,) = read(catalogue, lines(JOB) + rows.encode(), "csv")

    claims = {"full_name": "Nguyễn Văn Mậu", "permanent_residence": {"detail": "Số 1, phố Mẫu"}}
    assert found == (3, {"query": MAU, "claims": claims})


@given(size=st.integers(1, 400))
def test_however_a_body_comes_its_lines_are_the_same(size: int, catalogue: Catalogue) -> None:
    """Pieces may end anywhere, inside a letter too; the last line needs no end."""
    body = lines(JOB, RIGHT, RIGHT | {"ref": "Ư"}).rstrip(b"\n")

    assert read(catalogue, body, size=size) == [(2, RIGHT), (3, RIGHT | {"ref": "Ư"})]


def test_an_item_is_kept_as_it_came(catalogue: Catalogue) -> None:
    """What is kept of an item reads as the item that came, numbers with fractions among it."""
    item = b'{"query":' + orjson.dumps(MAU) + b',"claims":{"full_name":"A"},"ref":"1"}'

    ((_, kept),) = read(catalogue, lines(JOB) + item)

    assert parse_as(BatchItem, orjson.dumps(kept)) == parse_as(BatchItem, item)


@given(st.lists(st.text(st.characters(exclude_characters="\r\n\x00", exclude_categories=["Cs"])), min_size=1))
def test_no_cell_begins_like_a_formula_and_none_is_lost(values: list[str]) -> None:
    """Whatever a registry or a caller sends: no cell is run by a spreadsheet, and each is read back as it was."""
    found = cells(row(values)) if values != [""] else [""]

    assert not any(cell.lstrip('"').startswith(("=", "+", "-", "@", "\t", "＝", "＋", "－", "＠")) for cell in found)
    assert [one.removeprefix("'") if harmless(two) != two else one for one, two in zip(found, values, strict=True)] == [
        *values
    ]
