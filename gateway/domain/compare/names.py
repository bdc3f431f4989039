"""
Names, as wholes: family name, middle name and given name cannot be told apart reliably, so no part is ever compared.

Equal in canonical form is `match`; equal in nothing but the fold is `diacritics_differ`. There is no similarity: `Mai`
and `Mãi` are two people. Source: domain.md, 4.3.
"""

from __future__ import annotations

from gateway.domain.canonical import canonical, cleaned, fold, is_garbled, loses_letters
from gateway.domain.compare.verdict import Compared, Verdict, Why
from gateway.domain.legacy_fonts import may_mean

__all__ = ["compare_names", "compare_texts"]

_EQUAL = Compared(Verdict.MATCH, Why.EQUAL)
_SPELLED = Compared(Verdict.MATCH, Why.SPELLED_OTHERWISE)


def compare_names(declared: str, recorded: str) -> Compared:
    """The verdict on a name of a person or a firm."""
    equal = _equal(declared, recorded)
    if equal is not None:
        return equal
    if loses_letters(declared) or loses_letters(recorded):
        return Compared(Verdict.NOT_COMPARABLE, Why.ANOTHER_ALPHABET)
    if fold(declared) == fold(recorded):
        return Compared(Verdict.DIACRITICS_DIFFER, Why.ONLY_DIACRITICS)
    if is_garbled(declared) or is_garbled(recorded) or may_mean(declared, recorded) or may_mean(recorded, declared):
        return Compared(Verdict.NOT_COMPARABLE, Why.GARBLED)
    return Compared(Verdict.MISMATCH, _difference(canonical(declared), canonical(recorded)))


def compare_texts(declared: str, recorded: str) -> Compared:
    """The verdict on free text, such as a house and street: who writes it otherwise need not mean something else."""
    equal = _equal(declared, recorded)
    if equal is not None:
        return equal
    if fold(declared) and fold(declared) == fold(recorded):
        return Compared(Verdict.DIACRITICS_DIFFER, Why.ONLY_DIACRITICS)
    return Compared(Verdict.NOT_COMPARABLE, Why.FREE_TEXT)


def _equal(declared: str, recorded: str) -> Compared | None:
    if canonical(declared) != canonical(recorded):
        return None
    return _EQUAL if cleaned(declared) == cleaned(recorded) else _SPELLED


def _difference(ours: str, theirs: str) -> Why:
    """What a reader looks at first, of two canonical forms. None of it makes the names less different."""
    # The two letters are never made one: Lý and Lí stand in two people's papers.
    if ours.replace("y", "i") == theirs.replace("y", "i"):
        return Why.I_OR_Y
    if sorted(ours.split()) == sorted(theirs.split()):
        return Why.OTHER_ORDER
    return Why.DIFFERENT
