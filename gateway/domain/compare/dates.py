"""Dates at the coarser of two precisions: agreeing there is less than a match, and is called so."""

from __future__ import annotations

from gateway.domain.compare.verdict import Compared, Verdict, Why
from gateway.domain.dates import PartialDate

__all__ = ["compare_dates"]

_EQUAL = Compared(Verdict.MATCH, Why.EQUAL)
_AT_YEAR = Compared(Verdict.MATCH_AT_YEAR, Why.YEAR_ONLY)
_DIFFERENT = Compared(Verdict.MISMATCH, Why.DIFFERENT)


def compare_dates(declared: PartialDate, recorded: PartialDate, *, of_birth: bool = True) -> Compared:
    """
    The verdict on a date.

    `of_birth`: a first of January may stand for nothing but the year, as forms and registries write it where the day is
    not known. So it contradicts no other day of its year, and no other day confirms it. Source: domain.md, 4.4.
    """
    if declared.year != recorded.year:
        return _DIFFERENT
    if declared == recorded:
        return _EQUAL if declared.day is not None else _coarse(declared)
    if of_birth and (_is_first_of_january(declared) or _is_first_of_january(recorded)):
        return Compared(Verdict.MATCH_AT_YEAR, Why.FIRST_OF_JANUARY)
    if declared.month is None or recorded.month is None:
        return _AT_YEAR
    if declared.month != recorded.month:
        return _DIFFERENT
    if declared.day is None or recorded.day is None:
        return Compared(Verdict.MATCH_AT_MONTH, Why.MONTH_ONLY)
    return _DIFFERENT


def _coarse(both: PartialDate) -> Compared:
    return _AT_YEAR if both.month is None else Compared(Verdict.MATCH_AT_MONTH, Why.MONTH_ONLY)


def _is_first_of_january(one: PartialDate) -> bool:
    return one.month == 1 and one.day == 1
