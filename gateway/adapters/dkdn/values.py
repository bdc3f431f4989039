"""Values that several contract versions write alike. Pure."""

from __future__ import annotations

from datetime import date

from gateway.adapters.dkdn.query import DkdnOptions
from gateway.domain.records.shared import Address, Code
from gateway.errors import MalformedAnswer
from gateway.wire import values

__all__ = ["ACCEPT", "address", "code", "count", "day", "flag", "iso_day", "path", "place_code"]

ACCEPT = {"Accept": "application/json", "Accept-Charset": "UTF-8"}


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

    ASSUMED: year 1 is what an empty date of the service's own platform looks like, and counts as none.
    """
    told = values.iso_day(text, f"dkdn: {field}")
    return None if told is not None and told.year == 1 else told


def address(**parts: str | None) -> Address | None:
    """The address, or None where nothing of it is told."""
    return Address(**{name: part or None for name, part in parts.items()}) if any(parts.values()) else None
