"""Values of the insurance agency's two services. Pure."""

from __future__ import annotations

import re
from datetime import date, datetime

from gateway.clock import VIETNAM
from gateway.domain.dates import PartialDate
from gateway.domain.insurance_numbers import InsuranceCardNumber, InsuranceNumber
from gateway.domain.records.shared import Address, Code
from gateway.errors import MalformedAnswer

__all__ = [
    "address",
    "born_in_words",
    "card_number",
    "code",
    "day",
    "flagged",
    "insurance_number",
    "moment",
    "unflagged",
]

_DAY = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_YEAR = re.compile(r"[0-9]{4}")
_MOMENT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})([0-9]{2})([0-9]{2})")
_FLAGGED = re.compile(r"([0-9]{4})(?:([0-9]{2})([0-9]{2})?)?")
_UNKNOWN = (None, "00", "01")

WHOLE, YEAR_ONLY, YEAR_AND_MONTH = "0", "1", "2"


def code(code_list: str, value: str | None, name: str | None = None) -> Code | None:
    """The code with its list; None where the registry sent none."""
    return Code(code=value, list=code_list, name=name or None) if value else None


def address(**parts: str | None) -> Address | None:
    """The address, or None where nothing of it is told."""
    return Address(**{name: part or None for name, part in parts.items()}) if any(parts.values()) else None


def card_number(text: str | None, field: str) -> InsuranceCardNumber | None:
    """A card number; None where empty. ASSUMED: an answer tells it in its 15 characters, whatever was asked with."""
    try:
        return InsuranceCardNumber(text) if text else None
    except ValueError:
        raise MalformedAnswer(f"bhxh: {field} is no card number") from None


def insurance_number(text: str | None, field: str) -> InsuranceNumber | None:
    """A social-insurance number; None where empty."""
    try:
        return InsuranceNumber(text) if text else None
    except ValueError:
        raise MalformedAnswer(f"bhxh: {field} is no social-insurance number") from None


def day(text: str | None, field: str) -> date | None:
    """dd/MM/yyyy; None where empty."""
    found = _DAY.fullmatch(text) if text else None
    if found is not None:
        return _date(found[3], found[2], found[1], field)
    if text:
        raise MalformedAnswer(f"bhxh: {field} is not dd/MM/yyyy")
    return None


def born_in_words(text: str | None, field: str) -> PartialDate | None:
    """The portal's birth date: dd/MM/yyyy, or yyyy where only the year is registered."""
    if text and _YEAR.fullmatch(text):
        return PartialDate(int(text))
    whole = day(text, field)
    return PartialDate(whole.year, whole.month, whole.day) if whole else None


def moment(text: str | None, field: str) -> datetime | None:
    """yyyyMMddHHmm; None where empty. ASSUMED: Vietnam's time, for no zone is written."""
    found = _MOMENT.fullmatch(text) if text else None
    if found is None:
        if text:
            raise MalformedAnswer(f"bhxh: {field} is not yyyyMMddHHmm")
        return None
    try:
        return datetime(*(int(part) for part in found.groups()), tzinfo=VIETNAM)  # type: ignore[misc, arg-type]
    except ValueError:
        raise MalformedAnswer(f"bhxh: {field} is no moment") from None


def flagged(born: PartialDate, padding: str) -> tuple[str, str]:
    """`ngaySinh` and `loaiNgaySinh` of apiBHXH: yyyyMMdd, and 0 whole, 1 the year only, 2 year and month."""
    if born.month is None:
        return f"{born.year:04}{padding}{padding}", YEAR_ONLY
    if born.day is None:
        return f"{born.year:04}{born.month:02}{padding}", YEAR_AND_MONTH
    return f"{born.year:04}{born.month:02}{born.day:02}", WHOLE


def unflagged(text: str | None, flag: str | None, field: str) -> PartialDate | None:
    """
    The same read back; None where empty. The flag says how much is known, so the padding after it may be zeros,
    ones or nothing: a first of January is a day only where the flag says so.
    """
    if not text:
        return None
    found = _FLAGGED.fullmatch(text)
    if found is None:
        raise MalformedAnswer(f"bhxh: {field} is not yyyyMMdd")
    year, month, of_month = found.groups()
    match flag:
        case "0" if month is not None and of_month is not None:
            whole = _date(year, month, of_month, field)
            return PartialDate(whole.year, whole.month, whole.day)
        case "1" if month in _UNKNOWN and of_month in _UNKNOWN:
            return PartialDate(int(year))
        case "2" if month is not None and of_month in _UNKNOWN:
            return PartialDate(int(year), _date(year, month, "01", field).month)
        case _:
            raise MalformedAnswer(f"bhxh: {field} is not as precise as its flag says")


def _date(year: str, month: str, of_month: str, field: str) -> date:
    try:
        return date(int(year), int(month), int(of_month))
    except ValueError:
        raise MalformedAnswer(f"bhxh: {field} is no date") from None
