"""
Values that many registries write alike, read strictly: what has another form is refused by its field's name, never
guessed at and never quoted.

`field` in these functions is the name that the error gives, with the registry before it: `qhns.NGAY_HL`.
"""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field

from gateway.errors import MalformedAnswer

__all__ = ["Exact", "Measure", "day", "iso_day", "padded", "place_code", "whole"]

_DIGITS = re.compile(r"-?[0-9]{1,21}(\.[0-9]{1,6})?")
_DAY = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_ISO = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?)?")


def _exact(value: object) -> object:
    """Fractions come exact from strict JSON; whole numbers and texts of plain digits are made so too."""
    match value:
        case "":
            return None
        case str() if _DIGITS.fullmatch(value):
            return Decimal(value)
        case int() if not isinstance(value, bool):
            return Decimal(value)
        case _:
            return value


Exact = Annotated[Decimal | None, BeforeValidator(_exact)]
"""A number, or its digits as a text, with every digit that was sent. ASSUMED: an empty text tells none."""

Measure = Annotated[Annotated[Decimal, Field(ge=0)] | None, BeforeValidator(_exact)]
"""The same, not below zero: an area, a length, an amount."""


def day(text: str | None, field: str) -> date | None:
    """dd/MM/yyyy; None where empty."""
    found = _DAY.fullmatch(text) if text else None
    if found is not None:
        return _date(f"{found[3]}-{found[2]}-{found[1]}", field)
    if text:
        raise MalformedAnswer(f"{field} is not dd/MM/yyyy")
    return None


def iso_day(text: str | None, field: str) -> date | None:
    """
    The day of an ISO date, or of a date-time without a zone; None where empty.

    ASSUMED: the day is Vietnam's, as written. With a zone it might be another, so that is refused.
    """
    found = _ISO.fullmatch(text) if text else None
    if found is not None:
        return _date(found[1], field)
    if text:
        raise MalformedAnswer(f"{field} is no ISO date without a time zone")
    return None


def whole(text: str | None, field: str) -> int | None:
    """A whole number of at most six digits; None where there is none."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise MalformedAnswer(f"{field} is no whole number")
    return int(text)


def padded(text: str | None, width: int, field: str) -> str | None:
    """A code of that many digits, with the zeros in front that it lost as a number; None where there is none."""
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= width):
        raise MalformedAnswer(f"{field} is no code of {width} digits")
    return text.zfill(width)


def place_code(text: str | None, width: int, field: str) -> str | None:
    """The same of a place. ASSUMED: 0 is what "none" looks like where a whole number must stand."""
    code = padded(text, width, field)
    return code if code is not None and code.strip("0") else None


def _date(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise MalformedAnswer(f"{field} is no date") from None
