"""What sort of value stands somewhere, told by its form alone, and values of the same sort written in one form."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from itertools import count
from typing import Any

__all__ = ["KEPT", "Day", "day_of", "folded", "in_the_form_of", "next_number", "on_day", "sort_of"]

KEPT = frozenset({"null", "empty", "boolean"})
"""Sorts that tell nothing of anybody by themselves."""

Day = tuple[str, str, str]
"""Year, month and day, as digits."""

_TAIL = r"(?P<tail>(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?P<zone>Z|[+-][0-9]{2}:?[0-9]{2})?)?)"
_YEAR, _MONTH, _DAY = r"(?P<y>(?:19|20)[0-9]{2})", r"(?P<m>0[1-9]|1[0-2])", r"(?P<d>0[1-9]|[12][0-9]|3[01])"
_DATES = (
    re.compile(f"{_YEAR}(?P<s>[-/]?){_MONTH}(?P=s){_DAY}{_TAIL}"),
    re.compile(f"{_DAY}(?P<s>[-/.]){_MONTH}(?P=s){_YEAR}{_TAIL}"),
)
_YEAR_ALONE = re.compile(r"(?:19|20)[0-9]{2}")
_AMOUNT = re.compile(r"-?[0-9]+[.,][0-9]+")
_NUMBER = re.compile(r"[A-Za-z0-9ĐƠƯ][A-Za-z0-9ĐƠƯ./_-]{5,}")
_CODE = re.compile(r"\S{1,5}")


def sort_of(value: Any) -> str:
    """`null`, `empty`, `boolean`, `date`, `year`, `amount`, `number` (of a person or thing), `code` or `text`."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "boolean"
    text = str(value).strip()
    if not text:
        return "empty"
    if day_of(text) is not None:
        return "date"
    if _YEAR_ALONE.fullmatch(text):
        return "year"
    if isinstance(value, Decimal) or _AMOUNT.fullmatch(text):
        return "amount"
    if _NUMBER.fullmatch(text) and any(sign.isdigit() for sign in text):
        return "number"
    return "code" if _CODE.fullmatch(text) else "text"


def day_of(text: str) -> Day | None:
    """The day that a date names, in whichever of the forms that registries write; None for what is no date."""
    for form in _DATES:
        if found := form.fullmatch(text.strip()):
            return found["y"], found["m"], found["d"]
    return None


def on_day(original: str, day: Day) -> str:
    """Another day, written as the original is; its time of day is midnight."""
    found = next(one for form in _DATES if (one := form.fullmatch(original.strip())))
    year, month, number = day
    between, tail = found["s"], found["tail"]
    zone = found["zone"] or ""
    midnight = re.sub("[0-9]", "0", tail.removesuffix(zone)) + ("Z" if zone == "Z" else "+07:00" if zone else "")
    parts = (year, month, number) if found.start("y") == 0 else (number, month, year)
    return between.join(parts) + midnight


def in_the_form_of(original: str, invented: str) -> str:
    """The invented value with the original's punctuation and case, where the two have that in common."""
    if not any(sign.isspace() for sign in original + invented):
        signs = [sign for sign in invented if sign.isalnum()]
        if len(signs) == sum(sign.isalnum() for sign in original):
            rest = iter(signs)
            return "".join(next(rest) if sign.isalnum() else sign for sign in original)
        return invented
    written = invented if any(sign.isspace() for sign in original) else folded(invented)
    return written.upper() if original.isupper() else written


def next_number(example: str) -> Any:
    """Numbers like the example, in order: its last digits count on."""
    places = [index for index, sign in enumerate(example) if sign.isdigit()][-6:]
    start = int("".join(example[index] for index in places))
    for more in count(1):
        digits = str((start + more) % 10 ** len(places)).zfill(len(places))
        signs = list(example)
        for index, digit in zip(places, digits, strict=True):
            signs[index] = digit
        yield "".join(signs)
        if more >= 10 ** len(places):
            return


def folded(text: str) -> str:
    """Without marks, spaces, punctuation and case: two spellings of one value are equal then."""
    plain = unicodedata.normalize("NFKD", text.casefold().replace("đ", "d"))
    return "".join(filter(str.isalnum, plain))
