"""Values that many registries write alike: what has another form is refused by name, never guessed at."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from gateway.errors import MalformedAnswer
from gateway.wire.model import Wire, read
from gateway.wire.values import Exact, Measure, day, iso_day, padded, place_code, whole

FIELD = "vidu.NGAY"


class Numbers(Wire):
    """One of either kind."""

    exact: Exact = None
    measure: Measure = None


@pytest.mark.parametrize(
    ("text", "told"), [("05/03/2019", date(2019, 3, 5)), ("29/02/2024", date(2024, 2, 29)), ("", None), (None, None)]
)
def test_a_day_is_two_two_and_four_digits(text: str | None, told: date | None) -> None:
    """dd/MM/yyyy; nothing is no day."""
    assert day(text, FIELD) == told


@pytest.mark.parametrize(
    "text", ["2019-03-05", "5/3/2019", "31/02/2019", "03/31/2019", "05/03/19", "05/03/2019 00:00:00", "٠٥/٠٣/٢٠١٩"]
)
def test_another_form_of_a_day_is_malformed(text: str) -> None:
    """Another order, another length and a day that does not exist are refused, quoting nothing."""
    with pytest.raises(MalformedAnswer, match=FIELD) as caught:
        day(text, FIELD)

    assert text not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("2019-03-05", date(2019, 3, 5)),
        ("2019-03-05T00:00:00", date(2019, 3, 5)),
        ("2019-03-05T23:59:59.997", date(2019, 3, 5)),
        ("", None),
        (None, None),
    ],
)
def test_an_iso_day_is_the_day_as_written(text: str | None, told: date | None) -> None:
    """A date, and a date-time without a zone, tell a day of Vietnam's."""
    assert iso_day(text, FIELD) == told


@pytest.mark.parametrize("text", ["2019-03-04T17:00:00Z", "2019-03-05T00:00:00+07:00", "05/03/2019", "2019-02-30"])
def test_an_iso_day_that_is_uncertain_is_malformed(text: str) -> None:
    """With a time zone it may be another day."""
    with pytest.raises(MalformedAnswer, match=FIELD):
        iso_day(text, FIELD)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [("18", "018", "018"), ("622", "622", "622"), ("0", "000", None), ("", None, None), (None, None, None)],
)
def test_a_code_gets_its_leading_zeros_back(text: str | None, code: str | None, place: str | None) -> None:
    """Zeros in front are restored; of places 0 is none."""
    assert (padded(text, 3, FIELD), place_code(text, 3, FIELD)) == (code, place)


@pytest.mark.parametrize("text", ["1622", "-1", "1a", "1.0", "٥٢"])
def test_what_is_no_code_is_malformed(text: str) -> None:
    """A longer number, a sign, letters and other digits are never cut."""
    for restored in (padded, place_code):
        with pytest.raises(MalformedAnswer, match=FIELD):
            restored(text, 3, FIELD)


@pytest.mark.parametrize(("text", "number"), [("2", 2), ("0", 0), ("000123", 123), ("", None), (None, None)])
def test_a_whole_number_is_digits(text: str | None, number: int | None) -> None:
    """At most six digits; nothing is no number, and 0 is one."""
    assert whole(text, FIELD) == number


@pytest.mark.parametrize("text", ["1234567", "-1", "1.5", "x", "٢"])
def test_what_is_no_whole_number_is_malformed(text: str) -> None:
    """Too long a number, a sign and a fraction are refused."""
    with pytest.raises(MalformedAnswer, match=FIELD):
        whole(text, FIELD)


@pytest.mark.parametrize(
    ("value", "told"), [(150, "150"), ("150.50", "150.50"), ("0", "0"), ("", None), (None, None), ("-1.5", "-1.5")]
)
def test_a_number_keeps_its_digits(value: Any, told: str | None) -> None:
    """A number or its digits as text; a measure is the same but never below zero."""
    number = read(Numbers, {"exact": value}).exact
    assert (None if number is None else str(number)) == told
    if told is None or not told.startswith("-"):
        assert read(Numbers, {"measure": value}).measure == number


@pytest.mark.parametrize("value", ["1,5", "1.234.567", "1e3", "NaN", " 5", "+5", "5 m2", "٥", True, [], {}])
def test_what_is_no_number_is_malformed(value: Any) -> None:
    """A comma, dots between digits, an exponent, a unit and whatever else is no plain number are never guessed at."""
    for name in ("exact", "measure"):
        with pytest.raises(MalformedAnswer, match=name):
            read(Numbers, {name: value})


@pytest.mark.parametrize("value", [-1, "-0.5"])
def test_no_measure_is_below_zero(value: Any) -> None:
    """An area of less than nothing is malformed."""
    with pytest.raises(MalformedAnswer, match="measure"):
        read(Numbers, {"measure": value})
