"""Identifiers, partly known dates and names: read strictly, masked in print."""

from __future__ import annotations

import pickle
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import CitizenId, EnterpriseCode, Identifier, OldCitizenNumber, ProcedureCode
from gateway.domain.names import FullName, folded
from gateway.domain.records.person import Person

BAD_CITIZEN_IDS = {
    "too short": "00009900001",
    "too long": "0000990000011",
    "line end": "000099000001\n",
    "inner space": "000099 000001",
    "dots": "000.099.000001",
    "hyphen": "000099-000001",
    "plus": "+00099000001",
    "Arabic-Indic digits": "٠٠٠٠٩٩٠٠٠٠٠١",
    "full-width digits": "００００９９０００００１",
    "right-to-left override": "\u202e00099000001",
    "empty": "",
}


@pytest.mark.parametrize("text", BAD_CITIZEN_IDS.values(), ids=BAD_CITIZEN_IDS.keys())
def test_j08_j09_a_number_that_is_not_twelve_ascii_digits_is_refused(text: str) -> None:
    """Nothing is trimmed, converted or guessed into a personal number."""
    with pytest.raises(ValueError, match="personal identification number"):
        CitizenId(text)


@pytest.mark.parametrize("value", [99000001, 99000001.0, True, None, ["000099000001"]])
def test_j09_a_number_sent_as_anything_but_text_is_refused(value: object) -> None:
    """A JSON number has lost its leading zeros, so it is no identifier."""
    with pytest.raises(ValidationError):
        TypeAdapter(CitizenId).validate_python(value)


@pytest.mark.parametrize("kind", [CitizenId, OldCitizenNumber, EnterpriseCode])
def test_an_identifier_shows_only_its_last_digits(kind: type[Identifier]) -> None:
    """Text, representation and f-string of an identifier are masked; only `value` holds it."""
    identifier = kind(kind.example)

    for text in (str(identifier), repr(identifier), f"{identifier}", f"{identifier!r}", "%s" % identifier):  # noqa: UP031
        assert kind.example not in text
        assert kind.example[-3:] in text


def test_an_identifier_survives_pickling_and_json() -> None:
    """What is sent between processes or to a caller is the number itself."""
    identifier = CitizenId("000099000001")

    assert pickle.loads(pickle.dumps(identifier)) == identifier  # noqa: S301
    assert TypeAdapter(CitizenId).dump_json(identifier) == b'"000099000001"'


def test_identifiers_of_different_kinds_are_never_equal() -> None:
    """A number means nothing without its kind, and cannot be changed."""
    assert OldCitizenNumber("000000001") != ProcedureCode("1.001193")
    with pytest.raises(AttributeError):
        CitizenId("000099000001").value = "000099000002"


@pytest.mark.parametrize(
    ("digits", "year"), [("000099000001", 1999), ("000150000021", 1950), ("000226000001", 2026), ("000926000001", 2326)]
)
def test_a_citizen_number_tells_the_birth_year(digits: str, year: int) -> None:
    """The fourth digit names century and sex, the next two the year."""
    assert CitizenId(digits).birth_year == year


@pytest.mark.parametrize("code", ["9900000024", "990000003", "9900000023-000", "9900000023001", "99 00000023"])
def test_an_enterprise_code_with_a_wrong_check_digit_or_shape_is_refused(code: str) -> None:
    """A mistyped code never leaves; the sentence names the rule and no digit."""
    with pytest.raises(ValueError, match="enterprise code") as caught:
        EnterpriseCode(code)

    assert code not in str(caught.value)


def test_a_dependent_unit_has_three_more_digits() -> None:
    """The ten digits, a hyphen, and a suffix from 001."""
    assert EnterpriseCode("9900000023-001").value == "9900000023-001"


@pytest.mark.parametrize("text", ["1999", "1999-01", "1999-01-31", "2000-02-29"])
def test_a_date_keeps_the_precision_it_is_known_to(text: str) -> None:
    """Year, month and year, or the whole date: written as it was read."""
    assert PartialDate.parse(text).isoformat() == text


@pytest.mark.parametrize(
    "value",
    [946684800, "946684800", "1999-01-02T00:00:00", "1999-02-31", "1900-02-29", "0001", "9999", "31/01/1999",
     "99-01-31", "1999-1-3", "1999-00", "", " 1999", "1999\n", "١٩٩٩", True, 1999, None],
)  # fmt: skip
def test_j11_what_is_not_a_real_date_is_refused(value: object) -> None:
    """Epoch numbers, times, impossible days and other orders are never taken for a date."""
    with pytest.raises(ValidationError):
        TypeAdapter(PartialDate).validate_python(value)


@given(st.dates(min_value=date(1800, 1, 1), max_value=date(2200, 12, 31)))
def test_every_real_date_is_read_back(day: date) -> None:
    """Reading what was written gives the same date, for each day of four centuries."""
    assert PartialDate.parse(day.isoformat()) == PartialDate(day.year, day.month, day.day)


def test_a_date_is_not_printed() -> None:
    """A birth date is personal: its text and representation show none of it."""
    assert "1999" not in f"{PartialDate(1999, 1, 31)} {PartialDate(1999, 1, 31)!r}"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Nguyễn Văn Mẫu", "NGUYENVANMAU"),
        ("nguyễn văn đức", "NGUYENVANDUC"),
        ("Ðặng Thị Thuý", "DANGTHITHUY"),
        ("H' Hen Niê", "HHENNIE"),
        ("Ngụy Thành-Công", "NGUYTHANHCONG"),
    ],
)
def test_a_folded_name_has_upper_case_letters_alone(name: str, key: str) -> None:
    """Diacritics, spaces and marks go; đ and the Icelandic eth become D; case follows Unicode, not bytes."""
    assert folded(name) == key


@pytest.mark.parametrize(
    "name",
    ["", "   ", "\u200b", "12345", "Mẫu\x00", "Mẫu\ud800", "Mẫu\n", "山田", "\u202e", "👩‍👧", "A" * 101],
    ids=lambda name: ascii(name)[:24],
)
def test_j14_what_is_no_name_is_refused(name: str) -> None:
    """Empty, invisible, control characters, other scripts and endless texts never reach a registry."""
    with pytest.raises(ValidationError):
        TypeAdapter(FullName).validate_python(name, strict=True)


def test_a_record_prints_its_fields_names_alone() -> None:
    """The representation of a person says which fields are set and nothing of what is in them."""
    person = Person(citizen_id=CitizenId("000099000001"), full_name="CANARY")

    assert repr(person) == str(person) == "Person(citizen_id, full_name)"
