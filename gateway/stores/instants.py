"""Moments as tables have them: whole microseconds since 1970, which both databases compare and sort alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["CALLERS_CLOCK", "DATABASE_CLOCK", "micros", "moment"]

DATABASE_CLOCK = "CAST(extract(epoch FROM statement_timestamp()) * 1000000 AS bigint)"
"""
PostgreSQL's now. Several machines take rows under leases by this one clock, so that nobody whose own is wrong takes
what is another's.
"""
CALLERS_CLOCK = ":now"
"""The now that a statement's caller says, which is one for all on one machine."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """A moment as the tables have it."""
    return (at - _EPOCH) // _MICROSECOND


def moment(value: int) -> datetime:
    """The moment that the tables mean."""
    return _EPOCH + timedelta(microseconds=value)
