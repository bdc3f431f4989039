"""
Numbers, old against new: what can be told from the numbers alone, and no more.

    9 digits         identity card until 2025         10 digits        tax code of a firm; social insurance until 2025
    12 digits        personal number, now also the tax code of a household business and the social-insurance number
    10 and 3 digits  a dependent unit of the firm that the ten name

Numbers of one form are equal or name different people or things. Numbers of two forms may well be one person's: only
the registry knows, so they are not compared. Source: domain.md, 3.1.
"""

from __future__ import annotations

from gateway.domain.compare.verdict import Compared, Verdict, Why

__all__ = ["compare_numbers"]

_FIRM, _UNIT = "9999999999", "9999999999-999"


def compare_numbers(declared: str, recorded: str) -> Compared:
    """The verdict on a number, from its text; of a paper whose kind is not told, such as a passport, too."""
    if declared == recorded:
        return Compared(Verdict.MATCH, Why.EQUAL)
    forms = {_form(declared), _form(recorded)}
    if len(forms) == 1:
        return Compared(Verdict.MISMATCH, Why.DIFFERENT)
    if forms == {_FIRM, _UNIT}:
        same_firm = declared[:10] == recorded[:10]
        return Compared(Verdict.MISMATCH, Why.UNIT_OF_FIRM if same_firm else Why.DIFFERENT)
    return Compared(Verdict.NOT_COMPARABLE, Why.OTHER_FORM)


def _form(number: str) -> str:
    return "".join("9" if char.isdigit() else "A" if char.isalpha() else char for char in number)
