"""Codes with the list that they belong to, amounts, and yes or no."""

from __future__ import annotations

from decimal import Decimal

from gateway.domain.compare.verdict import Compared, Verdict, Why
from gateway.domain.records.shared import Code

__all__ = ["compare_codes", "compare_values"]

# ASSUMED: domain.md, 3.4 and 3.5 have these as "unknown", from general knowledge and from a shape that was seen.
_UNKNOWN = frozenset({("dancu.ethnic_group", "99"), ("dancu.blood_group", "0"), ("dancu.marital_status", "0")})


def compare_codes(declared: Code, recorded: Code) -> Compared:
    """
    The verdict on a code. A declared code without a list (an empty text) is of the record's own list; two lists number
    the same things differently and are never translated.
    """
    if declared.list and declared.list != recorded.list:
        return Compared(Verdict.NOT_COMPARABLE, Why.ANOTHER_LIST)
    ours, theirs = _plain(declared.code), _plain(recorded.code)
    if (recorded.list, theirs) in _UNKNOWN:  # whatever was declared: "not known" agrees with nothing
        return Compared(Verdict.NOT_RECORDED, Why.EMPTY)
    if ours == theirs:
        return Compared(Verdict.MATCH, Why.EQUAL)
    return Compared(Verdict.MISMATCH, Why.DIFFERENT)


def compare_values(declared: Decimal | int | bool, recorded: Decimal | int | bool) -> Compared:
    """The verdict on an amount, a count, or yes or no: they are equal or they are not."""
    if declared == recorded:
        return Compared(Verdict.MATCH, Why.EQUAL)
    return Compared(Verdict.MISMATCH, Why.DIFFERENT)


def _plain(code: str) -> str:
    """Without the leading zeros that some systems drop (domain.md, 3.4): no list has both `1` and `01`."""
    plain = code.strip().upper()
    return plain.lstrip("0") or "0" if plain.isdigit() else plain
