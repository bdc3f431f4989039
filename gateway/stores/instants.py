"""Moments as tables have them: whole microseconds since 1970, which both databases compare and sort alike."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

__all__ = ["micros", "moment"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def micros(at: datetime) -> int:
    """A moment as the tables have it."""
    return (at - _EPOCH) // _MICROSECOND


def moment(value: int) -> datetime:
    """The moment that the tables mean."""
    return _EPOCH + timedelta(microseconds=value)
