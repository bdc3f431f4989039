"""How long a log-in lives, however the registry says it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.exchange import Response
from gateway.transport.credentials.expiry import LONGEST_S, life_s, registry_time

NOW = datetime(2026, 3, 1, 1, 30, tzinfo=UTC)  # 08:30 in Vietnam

LIVES = {
    "a number": (3600, 3600.0),
    "a fraction": (Decimal("12.5"), 12.5),
    "nothing left": (0, 0.0),
    "digits": ("3600", 3600.0),
    "missing": (None, None),
    "for ever": (9223372036854775, LONGEST_S),
    "for ever in digits": ("9223372036854775807", LONGEST_S),
    "more digits than a number has": ("9" * 5000, LONGEST_S),
    "a year": (31_536_000, LONGEST_S),
    "below zero": (-1, None),
    "a truth": (True, None),
    "a list": ([3600], None),
    "a word": ("soon", None),
    "an empty text": ("", None),
    "Arabic digits": ("٣٦٠٠", None),
    "a sign": ("+3600", None),
    "a moment with a zone": ("2026-03-01T09:30:00+07:00", 3600.0),
    "a moment in UTC": ("2026-03-01T02:30:00Z", 3600.0),
    "a moment with seven decimals": ("2026-03-01T02:30:00.0000000Z", 3600.0),
    "a moment without a zone is Vietnam's": ("2026-03-01T09:30:00", 3600.0),
    "a moment with a space": ("2026-03-01 09:30:00", 3600.0),
    "a Vietnamese moment": ("01/03/2026 09:30:00", 3600.0),
    "a moment of digits": ("20260301093000", 3600.0),
    "a moment far away": ("9999-12-31T23:59:59", LONGEST_S),
    "a moment that is past": ("2026-03-01T08:29:59", None),
    "the first moment of all": ("0001-01-01T00:00:00", None),
    "no moment": ("2026-02-30T00:00:00", None),
}


@pytest.mark.parametrize(("said", "life"), LIVES.values(), ids=LIVES.keys())
def test_a_life_is_read_however_it_is_said(said: object, life: float | None) -> None:
    """Seconds as number or text, or a moment; at most a day, and None for what is no use."""
    assert life_s(said, NOW) == life


@given(st.one_of(st.text(), st.integers(), st.decimals(allow_nan=False, allow_infinity=False), st.datetimes().map(str)))
def test_whatever_is_said_of_a_life_is_bounded(said: object) -> None:
    """No text and no number breaks the reading or gives a life below zero or above a day."""
    life = life_s(said, NOW)

    assert life is None or 0 <= life <= LONGEST_S


@pytest.mark.parametrize(
    ("date", "time"),
    [
        ("Sun, 01 Mar 2026 01:30:00 GMT", NOW),
        ("Sun, 01 Mar 2026 01:30:00 -0000", None),
        ("yesterday", None),
        ("", None),
        ("Sun, 99 Mar 2026 01:30:00 GMT", None),
    ],
)
def test_the_registrys_time_is_read_where_it_is_said(date: str, time: datetime | None) -> None:
    """The header `Date` with a zone is a time; anything else is none."""
    assert registry_time(Response(status=200, headers={"date": date}, received_at=NOW)) == time
