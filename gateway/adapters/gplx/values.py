"""Values of the licence services. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import TypeVar

from gateway.clock import VIETNAM
from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import CitizenId, OldCitizenNumber
from gateway.domain.licence_numbers import LicenceNumber
from gateway.domain.model import Masked
from gateway.domain.records.shared import Address, Code
from gateway.errors import MalformedAnswer

__all__ = ["address", "code", "filled", "iso_day", "licence_number", "moment", "numbers", "partial"]

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
_MOMENT = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2})")
M = TypeVar("M", bound=Masked)


def code(code_list: str, value: str | None, name: str | None = None) -> Code | None:
    """The code with its list; None where the registry sent none."""
    return Code(code=value, list=code_list, name=name or None) if value else None


def address(**parts: str | None) -> Address | None:
    """The address, or None where nothing of it is told."""
    return Address(**{name: part or None for name, part in parts.items()}) if any(parts.values()) else None


def filled(part: M) -> M | None:
    """The part itself, or None where nothing of it is told."""
    return part if part != type(part)() else None


def iso_day(text: str | None, field: str) -> date | None:
    """yyyy-MM-dd; None where empty."""
    found = _ISO.fullmatch(text) if text else None
    if found is None:
        if text:
            raise MalformedAnswer(f"gplx: {field} is not yyyy-MM-dd")
        return None
    try:
        return date(*(int(part) for part in found.groups()))
    except ValueError:
        raise MalformedAnswer(f"gplx: {field} is no date") from None


def partial(text: str | None, field: str) -> PartialDate | None:
    """A birth date, yyyy-MM-dd. ASSUMED: where only the year is registered, the year stands alone."""
    if text and re.fullmatch(r"[0-9]{4}", text):
        return PartialDate(int(text))
    whole = iso_day(text, field)
    return PartialDate(whole.year, whole.month, whole.day) if whole else None


def moment(text: str | None, field: str) -> datetime | None:
    """dd/MM/yyyy HH:mm:ss; None where empty. ASSUMED: Vietnam's time, for no zone is written."""
    found = _MOMENT.fullmatch(text) if text else None
    if found is None:
        if text:
            raise MalformedAnswer(f"gplx: {field} is not dd/MM/yyyy HH:mm:ss")
        return None
    of_month, month, year, hour, minute, second = (int(part) for part in found.groups())
    try:
        return datetime(year, month, of_month, hour, minute, second, tzinfo=VIETNAM)
    except ValueError:
        raise MalformedAnswer(f"gplx: {field} is no moment") from None


def licence_number(text: str | None, field: str) -> LicenceNumber | None:
    """A licence number; None where empty."""
    try:
        return LicenceNumber(text) if text else None
    except ValueError:
        raise MalformedAnswer(f"gplx: {field} is no licence number") from None


def numbers(number: str | None, old: str | None, field: str) -> tuple[CitizenId | None, OldCitizenNumber | None]:
    """
    The personal number, and the old one. `soCmnd` keeps its name from the time of 9 digits: it holds 12 today, and
    9 in old data.
    """
    try:
        former = OldCitizenNumber(old) if old else None
        if number and len(number) == 9:
            return None, former or OldCitizenNumber(number)
        return (CitizenId(number) if number else None), former
    except ValueError:
        raise MalformedAnswer(f"gplx: {field} is no personal number") from None
