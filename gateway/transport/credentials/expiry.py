"""
How long a log-in lives, out of what the registry says of it.

Source: others.md, C.1 (seconds), 2.2 (a date-time text), 10.2; dancu-justice-transport.md, 2.1 (`expiryDate`).
"""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from decimal import Decimal
from email.utils import parsedate_to_datetime

from gateway.domain.exchange import Response

__all__ = ["LONGEST_S", "UNKNOWN_S", "life_s", "registry_time", "usable_s"]

LONGEST_S = 24 * 3600.0
"""No log-in is used longer, whatever is said: an API manager writes "for ever" as a number of 19 digits."""

UNKNOWN_S = 3600.0
"""Where nothing usable is said. When that is too long, the registry refuses and the transport renews."""

_SPARE_S = 30.0
_VIETNAM = timezone(timedelta(hours=7))
_WRITTEN = ("%d/%m/%Y %H:%M:%S", "%Y%m%d%H%M%S")


def life_s(said: object, now: datetime) -> float | None:
    """
    Seconds that a log-in lives from `now` on, at most `LONGEST_S`; None where nothing usable is said.

    `said` is a number of seconds, the same as text, or a date-time as text. A moment that is past or a number
    below zero is no use: the log-in was given out just now.
    """
    match said:
        case bool():
            return None
        case int() | Decimal():
            life = _seconds(said)
        case str() if said.isascii() and said.isdigit() and len(said) not in {8, 14}:
            life = _seconds(int(said)) if len(said) <= 20 else LONGEST_S
        case str():
            until = _moment(said.strip())
            life = (until - now).total_seconds() if until is not None else -1.0
            return min(life, LONGEST_S) if life > 0 else None
        case _:
            return None
    return min(life, LONGEST_S) if life >= 0 else None


def usable_s(life: float) -> float:
    """How much of a life is used: until shortly before its end, and of a very short one the half."""
    return max(life - _SPARE_S, life / 2)


def registry_time(answer: Response) -> datetime | None:
    """What the registry's own clock showed, to the second, where it says so (`Date`)."""
    try:
        date = parsedate_to_datetime(answer.headers.get("date", ""))
    except (ValueError, TypeError, OverflowError):
        return None
    return date if date.tzinfo is not None else None


def _seconds(number: int | Decimal) -> float:
    return float(min(max(number, -1), int(LONGEST_S)))


def _moment(text: str) -> datetime | None:
    """ASSUMED: a moment without a zone is Vietnam's time."""
    if not text.isascii() or len(text) > 40:
        return None
    moment = None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        for form in _WRITTEN:
            try:
                moment = datetime.strptime(text, form)  # noqa: DTZ007 (the zone follows)
            except ValueError:
                continue
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=_VIETNAM)
