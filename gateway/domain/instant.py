"""A moment as callers write it: RFC 3339, with its zone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import GetJsonSchemaHandler, PlainValidator
from pydantic_core import CoreSchema, PydanticCustomError

__all__ = ["Instant"]

_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]{1,6})?(?:Z|[+-][0-9]{2}:[0-9]{2})")
_ADVICE = "thời điểm dạng 2026-03-01T08:30:00+07:00 / a moment such as 2026-03-01T08:30:00+07:00"


def _read(value: Any) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    try:
        if isinstance(value, str) and _FORM.fullmatch(value):
            return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise PydanticCustomError("instant", "{advice}", {"advice": _ADVICE})


class _Schema:
    @classmethod
    def __get_pydantic_json_schema__(cls, _: CoreSchema, __: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "format": "date-time", "examples": ["2026-03-01T08:30:00+07:00"]}


Instant = Annotated[datetime, PlainValidator(_read), _Schema]
