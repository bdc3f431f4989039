"""Values that several contract versions write alike. Pure."""

from __future__ import annotations

import re
from datetime import date

from gateway.adapters.dkdn.query import DkdnOptions
from gateway.domain.records.shared import Address, Code
from gateway.errors import MalformedAnswer
from gateway.wire import values

__all__ = ["ACCEPT", "address", "code", "count", "day", "flag", "iso_day", "path", "place_code"]

ACCEPT = {"Accept": "application/json", "Accept-Charset": "UTF-8"}

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?)?")


def path(options: DkdnOptions, context: str, version: str, *operation: str) -> tuple[str, ...]:
    """The request's path: the version's own context and version segment, unless options say otherwise."""
    segments = (
        context if options.context is None else options.context,
        version if options.api_version is None else options.api_version,
        *operation,
    )
    return tuple(segment for segment in segments if segment)


def code(code_list: str, value: str | None, name: str | None = None) -> Code | None:
    """The code with its list; None where the registry sent none."""
    return Code(code=value, list=code_list, name=name) if value else None


def count(text: str | None, field: str) -> int | None:
    """A whole number of at most six digits; MalformedAnswer naming the field for anything else."""
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 6):
        raise MalformedAnswer(f"dkdn: {field} is no count")
    return int(text)


def flag(text: str | None, yes: str, no: str) -> bool | None:
    """Yes or no; None where the registry says neither, for a flag that is missing denies nothing."""
    return {yes: True, no: False}.get(text or "")


def place_code(text: str | None, width: int, field: str) -> str | None:
    """
    A place code of `width` digits, with the leading zeros that it lost as a whole number; None where there is none.

    ASSUMED: 0 is what "none" looks like where a whole number must stand.
    """
    return values.place_code(text, width, f"dkdn: {field}")


def day(text: str | None, field: str) -> date | None:
    """dd/MM/yyyy; None where empty."""
    return values.day(text, f"dkdn: {field}")


def iso_day(text: str | None, field: str) -> date | None:
    """
    The day of an ISO date-time without a time zone; None where empty.

    ASSUMED: the day is Vietnam's, as written. With a zone it might be the day before, so that is refused; year 1
    is what an empty date of the service's own platform looks like, and counts as none.
    """
    found = _ISO.fullmatch(text) if text else None
    if found is not None:
        return None if found[1] == "0001" else _date(found[1], found[2], found[3], field)
    if text:
        raise MalformedAnswer(f"dkdn: {field} is no ISO date-time without a time zone")
    return None


def address(**parts: str | None) -> Address | None:
    """The address, or None where nothing of it is told."""
    return Address(**{name: part or None for name, part in parts.items()}) if any(parts.values()) else None


def _date(year: str, month: str, of_month: str, field: str) -> date:
    try:
        return date(int(year), int(month), int(of_month))
    except ValueError:
        raise MalformedAnswer(f"dkdn: {field} is no date") from None
