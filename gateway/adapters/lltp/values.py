"""Values that both generations write alike. Pure."""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Any

from gateway.domain.dates import PartialDate
from gateway.domain.records.shared import Code
from gateway.errors import MalformedAnswer
from gateway.wire import values

__all__ = ["code", "day", "partial", "path", "says_no_such_dossier"]

_PARTIAL = re.compile(r"(?:(?:([0-9]{2})/)?([0-9]{2})/)?([0-9]{4})")

# ASSUMED: no published answer tells how the service says that it knows no such dossier. The words stand close together,
# since "không tồn tại" alone is how the ministry's services complain of a code that their catalogue does not have.
_NO_SUCH_DOSSIER = ("hồ sơ không tồn tại", "không tồn tại hồ sơ", "không tìm thấy hồ sơ")
_CATALOGUE = "danh mục"


def path(*segments: str) -> tuple[str, ...]:
    """The request's path without the segments that are empty."""
    return tuple(segment for segment in segments if segment)


def code(code_list: str, value: str | None, name: str | None = None) -> Code | None:
    """The code with its list; None where the registry sent none."""
    return Code(code=value, list=code_list, name=name or None) if value else None


def day(text: str | None, field: str) -> date | None:
    """dd/MM/yyyy; None where empty."""
    return values.day(text, f"lltp: {field}")


def partial(text: str | None, field: str) -> PartialDate | None:
    """dd/MM/yyyy, MM/yyyy or yyyy; None where empty."""
    if not text:
        return None
    found = _PARTIAL.fullmatch(text)
    if found is None:
        raise MalformedAnswer(f"lltp: {field} is not dd/MM/yyyy, MM/yyyy or yyyy")
    try:
        return PartialDate(int(found[3]), int(found[2]) if found[2] else None, int(found[1]) if found[1] else None)
    except ValueError:
        raise MalformedAnswer(f"lltp: {field} is no date") from None


def says_no_such_dossier(*texts: Any) -> bool:
    """True where one of the registry's own sentences says that it knows no dossier of that number."""
    said = (unicodedata.normalize("NFC", text).casefold() for text in texts if isinstance(text, str))
    return any(_CATALOGUE not in text and any(words in text for words in _NO_SUCH_DOSSIER) for text in said)
