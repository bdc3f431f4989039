"""Values that several messages write alike. Pure."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from gateway.domain.identifiers import CitizenId, OldCitizenNumber
from gateway.domain.records.shared import Code
from gateway.errors import MalformedAnswer

__all__ = ["VIETNAM", "code", "moment", "path", "personal_numbers"]

VIETNAM = timezone(timedelta(hours=7))

_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})?")


def path(context: str | None, version: str | None, own: tuple[str, str], operation: str) -> tuple[str, ...]:
    """The request's path: the version's `own` context and version segment, unless options say otherwise."""
    segments = (own[0] if context is None else context, own[1] if version is None else version, operation)
    return tuple(segment for segment in segments if segment)


def code(code_list: str, value: str | None, name: str | None = None) -> Code | None:
    """The code with its list; None where the registry sent none."""
    return Code(code=value, list=code_list, name=name or None) if value else None


def moment(text: str | None, field: str, *, is_utc: bool) -> datetime | None:
    """An ISO date-time as Vietnam's time; without a zone it is UTC, or Vietnam's already. None where empty."""
    found = _MOMENT.fullmatch(text) if text else None
    if found is not None:
        zone = found[2] or ("Z" if is_utc else "+07:00")
        try:
            return datetime.fromisoformat(found[1] + zone.replace("Z", "+00:00")).astimezone(VIETNAM)
        except ValueError:
            raise MalformedAnswer(f"{field} is no moment") from None
    if text:
        raise MalformedAnswer(f"{field} is no ISO date-time")
    return None


def personal_numbers(text: str | None, field: str) -> tuple[CitizenId | None, OldCitizenNumber | None]:
    """The number of twelve digits or the old one of nine, whichever it is; both None where there is none."""
    try:
        match len(text or ""):
            case 0:
                return None, None
            case 9:
                return None, OldCitizenNumber(text or "")
            case _:
                return CitizenId(text or ""), None
    except ValueError:
        raise MalformedAnswer(f"{field} is no personal number") from None
