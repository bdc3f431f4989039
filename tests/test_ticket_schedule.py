"""When a ticket is asked about: waits, hours, evenings."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.clock import VIETNAM
from gateway.settings_tickets import hours
from gateway.tickets.schedule import Schedule

NOW = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)  # Monday, 08:30 in Vietnam
PLAIN = Schedule(first_s=30, longest_s=1800, open_s=86_400)
NIGHT = Schedule(first_s=30, longest_s=1800, open_s=86_400, hours=(hours("19:00-06:00"),))
MOMENTS = st.integers(0, 525_600).map(lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))
TIMES = st.times().map(lambda one: one.replace(second=0, microsecond=0))
PAIRS = st.tuples(TIMES, TIMES).filter(lambda pair: pair[0] != pair[1])


def waits(schedule: Schedule, attempts: int, chance: float = 0.5) -> float:
    return (schedule.due(NOW, attempts, None, chance) - NOW).total_seconds()


def test_the_wait_doubles_up_to_the_longest() -> None:
    """30 s, then a minute, two, four ... and never more than half an hour."""
    assert [waits(PLAIN, attempts) for attempts in (1, 2, 3, 4, 7, 500)] == [30, 60, 120, 240, 1800, 1800]


def test_what_failed_together_does_not_come_together() -> None:
    """Chance moves a wait by a fifth at most."""
    assert (waits(PLAIN, 1, 0.0), waits(PLAIN, 1, 1.0)) == (24, 36)


def test_a_registry_that_says_when_is_not_asked_before() -> None:
    """What it said counts where it is later than the wait, and nothing where it is earlier."""
    assert PLAIN.due(NOW, 1, NOW + timedelta(hours=2), 0.5) == NOW + timedelta(hours=2)
    assert PLAIN.due(NOW, 1, NOW, 0.5) == NOW + timedelta(seconds=30)


def test_outside_its_hours_a_ticket_waits() -> None:
    """By day it is put off until seven in the evening, and by night it is not."""
    assert NIGHT.due(NOW, 1, None, 0.5) == datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    night = datetime(2026, 3, 2, 22, 0, tzinfo=UTC)  # 05:00 in Vietnam
    assert NIGHT.due(night, 1, None, 0.5) == night + timedelta(seconds=30)


@given(at=MOMENTS, pairs=st.lists(PAIRS, max_size=3))
def test_hours_are_kept(at: datetime, pairs: list[tuple[time, time]]) -> None:
    """Whatever the hours, the next moment lies in them, within a day, and is this one where it does."""
    schedule = Schedule(first_s=1, longest_s=1, open_s=1, hours=tuple(pairs))
    opens = schedule.opens(at)

    assert schedule.is_open(opens)
    assert timedelta(0) <= opens - at <= timedelta(days=1)
    assert opens == at or not schedule.is_open(at)
    assert opens.utcoffset() == timedelta(0)


@given(at=MOMENTS, visit=MOMENTS)
def test_the_evening_before_is_on_the_day_before(at: datetime, visit: datetime) -> None:
    """It is seven in the evening, the province's time, of the day before the visit; none once that has come."""
    evening = PLAIN.before(visit, at)

    if evening is None:
        return
    local, day = evening.astimezone(VIETNAM), visit.astimezone(VIETNAM).date()
    assert (local.time(), local.date()) == (time(19), day - timedelta(days=1))
    assert evening > at


def test_an_evening_that_has_come_is_none() -> None:
    """A visit on the next day, booked at eight in the evening, is asked about at once, and so is none at all."""
    visit = datetime(2026, 3, 3, 1, 0, tzinfo=UTC)

    assert PLAIN.before(visit, datetime(2026, 3, 2, 11, 59, tzinfo=UTC)) == datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    assert PLAIN.before(visit, datetime(2026, 3, 2, 13, 0, tzinfo=UTC)) is None
    assert PLAIN.before(None, NOW) is None


@pytest.mark.parametrize("text", ["7:00-8:00", "24:00-01:00", "08:00-08:00", "08:00", "08:00-09:60", ""])
def test_hours_are_written_in_one_way(text: str) -> None:
    """What could be read in two ways, or is no time, is none."""
    with pytest.raises(ValueError, match="write hours as"):
        hours(text)
