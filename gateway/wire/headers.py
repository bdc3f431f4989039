"""What the headers of an answer say besides the answer: the other side's time, and what is left of our quota."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache

from gateway.domain.exchange import Response

__all__ = ["clock_skew_s", "quota_left", "quota_resets_in_s"]

_COUNT = re.compile(r"[0-9]{1,9}")
# draft-ietf-httpapi-ratelimit-headers: first as fields of one header, later as a list of policies with `r`.
_REMAINING = re.compile(r"(?:.*,)?\s*remaining\s*=\s*([0-9]{1,9})\s*(?:,.*)?")
_POLICY = re.compile(r'"[^",;]{1,64}"\s*(?:;[^,]*)?;\s*r\s*=\s*([0-9]{1,9})\s*(?:;[^,]*)?')
_RESET = re.compile(r"(?:.*,)?\s*reset\s*=\s*([0-9]{1,9})\s*(?:,.*)?")
_POLICY_RESET = re.compile(r'"[^",;]{1,64}"\s*(?:;[^,]*)?;\s*t\s*=\s*([0-9]{1,9})\s*(?:;[^,]*)?')
_INSTANTS = 100_000_000
"""A number from here on counts seconds since 1970, a smaller one from now."""
_HALF_A_SECOND = 0.5


def clock_skew_s(response: Response) -> float | None:
    """How far the clock behind `Date` is ahead of ours, in seconds, good to one; None where there is no such date."""
    told = _moment(response.headers.get("date", ""))
    # The header has whole seconds, cut off: half a second is what is missing on the average.
    return None if told is None else round((told - response.received_at).total_seconds() + _HALF_A_SECOND, 1)


def quota_left(response: Response) -> int | None:
    """How many more questions are taken in this period; None where nothing, or nothing plain, is said of it."""
    for name in ("x-ratelimit-remaining", "ratelimit-remaining"):
        if name in response.headers:
            text = response.headers[name].strip()
            return int(text) if _COUNT.fullmatch(text) else None
    text = response.headers.get("ratelimit", "").strip()[:512]
    found = _POLICY.fullmatch(text) or _REMAINING.fullmatch(text)
    return int(found[1]) if found else None


def quota_resets_in_s(response: Response) -> float | None:
    """In how many seconds that period ends; None where nothing, or nothing plain, is said of it."""
    for name in ("x-ratelimit-reset", "ratelimit-reset"):
        if name in response.headers:
            text = response.headers[name].strip()
            return _seconds_ahead(int(text), response) if re.fullmatch(r"[0-9]{1,10}", text) else None
    text = response.headers.get("ratelimit", "").strip()[:512]
    found = _POLICY_RESET.fullmatch(text) or _RESET.fullmatch(text)
    return float(found[1]) if found else None


def _seconds_ahead(number: int, response: Response) -> float | None:
    if number < _INSTANTS:
        return float(number)
    ahead_s = number - response.received_at.timestamp()
    return ahead_s if ahead_s >= 0 else None


@lru_cache(maxsize=256)  # the header changes once a second, and reading it costs more than all the rest
def _moment(text: str) -> datetime | None:
    try:
        at = parsedate_to_datetime(text) if text.endswith("GMT") else None
    except (ValueError, OverflowError):
        return None
    return None if at is None else at.replace(tzinfo=UTC)
