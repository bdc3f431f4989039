"""The error tree and the two closed lists."""

from __future__ import annotations

import pytest

from gateway.domain.outcome import Absent, Found, Unknown, unknown_from
from gateway.errors import (
    REASONS,
    REFUSALS,
    Reason,
    Refusal,
    RegistryError,
    RegistryThrottled,
    RegistryUnavailable,
)
from tests.conftest import MovableClock

# design.md, 4.2
STATUS = {
    "timeout": 504,
    "unreachable": 503,
    "circuit_open": 503,
    "throttled": 503,
    "overloaded": 503,
    "ledger_unavailable": 503,
    "refused": 502,
    "rejected": 502,
    "malformed": 502,
    "mismatched": 502,
    "ambiguous": 502,
    "not_covered": 502,
    "not_connected": 502,
}


def test_every_reason_and_every_refusal_has_exactly_one_error() -> None:
    """No word of the closed lists is without its error class."""
    assert set(REASONS) == set(Reason)
    assert set(REFUSALS) == set(Refusal)


@pytest.mark.parametrize(("word", "status"), STATUS.items())
def test_a_reason_has_the_published_status(word: str, status: int) -> None:
    """A caller can tell from the status alone whose turn it is."""
    assert REASONS[Reason(word)].http_status == status


def test_only_what_another_attempt_can_help_is_retryable() -> None:
    """Refused, rejected, malformed, mismatched and ambiguous answers are never asked for again by themselves."""
    retryable = {reason.value for reason, error in REASONS.items() if error.retryable}

    assert retryable == {"timeout", "unreachable", "throttled"}
    assert all(issubclass(REASONS[Reason(word)], RegistryUnavailable) for word in retryable)


def test_every_error_speaks_vietnamese_and_english() -> None:
    """What a person reads exists in both languages for each reason and refusal."""
    for error in (*REASONS.values(), *REFUSALS.values()):
        assert error.title_vi
        assert error.title_en
        assert error.title_vi != error.title_en


def test_an_error_becomes_the_unknown_that_it_stands_for(clock: MovableClock) -> None:
    """Reason, time of the next try and message survive the step from error to outcome."""
    outcome = unknown_from(RegistryThrottled("dancu: slow down", retry_at=clock.now()))

    assert outcome == Unknown(Reason.THROTTLED, clock.now())
    assert outcome.detail == "dancu: slow down"
    assert issubclass(outcome.error, RegistryError)


def test_the_three_outcomes_are_never_equal() -> None:
    """Absent, unknown and found share no value, and none of them is None."""
    outcomes = [Found(1), Absent(), Unknown(Reason.TIMEOUT)]

    assert all(one != other for one in outcomes for other in [*outcomes, None] if one is not other)


def test_a_found_record_is_not_printed() -> None:
    """The text of an outcome never shows the record."""
    assert "canary" not in repr(Found("canary"))
