"""Values as civil status writes them, in several generations at once. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone

from gateway.adapters.hotich.papers.wire import AnyDate, AnyName, AnyPlace, DateParts, NameParts, Place
from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import CitizenId
from gateway.domain.records.shared import Address, Code
from gateway.errors import MalformedAnswer

__all__ = [
    "base64_text",
    "citizen_id",
    "code",
    "day",
    "ethnic_group",
    "full_name",
    "moment",
    "nationality",
    "partial",
    "place",
]

# Forms that cannot be mistaken for one another: books write dots, services slashes, the interlinked XML neither.
_DAY = re.compile(r"(?P<d>[0-9]{2})(?P<dot>[./])(?P<m>[0-9]{2})(?P=dot)(?P<y>[0-9]{4})")
_COMPACT = re.compile(r"(?P<y>(?:1[89]|20)[0-9]{2})(?P<m>[0-9]{2})(?P<d>[0-9]{2})")
_MONTH = re.compile(r"(?P<m>[0-9]{2})[./](?P<y>[0-9]{4})")
_YEAR = re.compile(r"(?P<y>[0-9]{4})")
_MOMENT = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2})")
_VIETNAM = timezone(timedelta(hours=7))
_WIDTHS = {"maTinh": 2, "maHuyen": 3, "maXa": 5}


def code(code_list: str, value: str | None) -> Code | None:
    """The code with its list; None where the registry sent none."""
    return Code(code=value, list=code_list) if value else None


def ethnic_group(value: str | None) -> Code | None:
    """An ethnic group: five digits are the ministry's own list, which numbers otherwise than all others."""
    own = value is not None and re.fullmatch(r"[0-9]{5}", value) is not None
    return code("moj.ethnic_group" if own else "hotich.ethnic_group", value)


def nationality(value: str | None) -> Code | None:
    """A nationality by its two letters (ISO 3166), or by a number of the service's own."""
    letters = value is not None and re.fullmatch(r"[A-Z]{2}", value) is not None
    return code("iso3166" if letters else "hotich.nationality", value)


def full_name(value: AnyName) -> str | None:
    """The whole name, in one text or in three."""
    if isinstance(value, NameParts):
        value = " ".join(part.strip() for part in (value.family, value.middle, value.given) if part)
    return value or None


def partial(value: AnyDate, field: str) -> tuple[PartialDate | None, str | None]:
    """
    A date as precisely as it is known, or else what stands there in words: books have such as "khoảng năm 1950".
    MalformedAnswer for a date in one of the known forms that does not exist.
    """
    if isinstance(value, DateParts):
        parts = {"y": value.year, "m": value.month, "d": value.day}
        known = {name: text for name, text in parts.items() if text and text.strip("0")}
        if not known:
            return None, None
        return _date(known, field), None
    if not value:
        return None, None
    for form in (_DAY, _COMPACT, _MONTH, _YEAR):
        found = form.fullmatch(value)
        if found is not None:
            return _date(found.groupdict(), field), None
    return None, value


def day(text: str | None, field: str) -> date | None:
    """dd.MM.yyyy, dd/MM/yyyy or yyyyMMdd; None where empty, MalformedAnswer for anything else."""
    whole, _ = partial(text, field)
    if not text:
        return None
    if whole is None or whole.month is None or whole.day is None:
        raise MalformedAnswer(f"hotich: {field} is no whole date")
    return date(whole.year, whole.month, whole.day)


def moment(text: str | None, field: str) -> datetime | None:
    """dd/MM/yyyy HH:mm:ss. ASSUMED: Vietnam's time, which is not said."""
    if not text:
        return None
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise MalformedAnswer(f"hotich: {field} is not dd/MM/yyyy HH:mm:ss")
    of_month, month, year, hour, minute, second = map(int, found.groups())
    try:
        return datetime(year, month, of_month, hour, minute, second, tzinfo=_VIETNAM)
    except ValueError:
        raise MalformedAnswer(f"hotich: {field} is no moment") from None


def place(value: AnyPlace) -> Address | None:
    """An address, in one text or in parts; codes get back the leading zeros that they lost as numbers."""
    if isinstance(value, Place):
        return _address(
            country=value.country,
            province_code=place_code(value.province_code, "maTinh"),
            district_code=place_code(value.district_code, "maHuyen"),
            commune_code=place_code(value.commune_code, "maXa"),
            detail=value.detail,
        )
    return _address(full_text=value)


def place_code(text: str | None, field: str) -> str | None:
    """A place code of two, three or five digits. ASSUMED: 0 is what "none" looks like where a number must stand."""
    width = _WIDTHS[field]
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= width):
        raise MalformedAnswer(f"hotich: {field} is no code of {width} digits")
    return text.zfill(width) if text.strip("0") else None


def citizen_id(text: str | None, field: str) -> CitizenId | None:
    """A personal number; None where empty."""
    if not text:
        return None
    try:
        return CitizenId(text)
    except ValueError:
        raise MalformedAnswer(f"hotich: {field} is no personal number") from None


def base64_text(text: str | None, field: str) -> str | None:
    """The text where it is base64; what stands inside is for whoever may open it."""
    if not text:
        return None
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedAnswer(f"hotich: {field} is no base64") from None
    return text


def _address(**parts: str | None) -> Address | None:
    told = {name: part for name, part in parts.items() if part}
    return Address(**told) if told else None


def _date(parts: Mapping[str, str | None], field: str) -> PartialDate:
    year, month, of_month = parts.get("y"), parts.get("m"), parts.get("d")
    if not all(part.isascii() and part.isdigit() for part in (year, month, of_month) if part):
        raise MalformedAnswer(f"hotich: {field} is no date")
    try:
        return PartialDate(int(year or ""), int(month) if month else None, int(of_month) if of_month else None)
    except ValueError:
        raise MalformedAnswer(f"hotich: {field} is no date") from None
