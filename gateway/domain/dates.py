"""Dates that may be known to the year or the month only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema

__all__ = ["PartialDate"]

_ISO = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_FIRST_YEAR = 1800
_LAST_YEAR = 2200
_ADVICE = "expected yyyy-MM-dd, yyyy-MM or yyyy, a date that exists"


@dataclass(frozen=True, slots=True, repr=False)
class PartialDate:
    """
    A date with the precision it is known to: year, month and year, or the day.

    Written `1999`, `1999-01` or `1999-01-31`. Some registries know only the year, mostly of older people.
    Raises ValueError, naming no digit, for a date that does not exist.
    """

    year: int
    month: int | None = None
    day: int | None = None

    def __post_init__(self) -> None:
        if not _FIRST_YEAR <= self.year <= _LAST_YEAR or (self.month is None and self.day is not None):
            raise ValueError(_ADVICE)
        try:
            date(self.year, 1 if self.month is None else self.month, 1 if self.day is None else self.day)
        except ValueError:
            raise ValueError(_ADVICE) from None

    @classmethod
    def parse(cls, text: str) -> PartialDate:
        """Read the ISO form, whole or reduced."""
        found = _ISO.fullmatch(text)
        if found is None:
            raise ValueError(_ADVICE)
        year, month, day = found.groups()
        return cls(int(year), int(month) if month else None, int(day) if day else None)

    def isoformat(self) -> str:
        """The ISO form, as long as the precision."""
        parts = [f"{self.year:04}", *(f"{part:02}" for part in (self.month, self.day) if part is not None)]
        return "-".join(parts)

    def __repr__(self) -> str:
        return "PartialDate(•)"

    def __str__(self) -> str:
        return "•"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        def parse(value: Any) -> PartialDate:
            if isinstance(value, cls):
                return value
            if not isinstance(value, str):
                raise PydanticCustomError("partial_date", _ADVICE)
            try:
                return cls.parse(value)
            except ValueError:
                raise PydanticCustomError("partial_date", _ADVICE) from None

        return core_schema.no_info_plain_validator_function(
            parse,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda value: value.isoformat(), return_schema=core_schema.str_schema()
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {
            "type": "string",
            "pattern": "^[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?$",
            "description": "A date as precisely as it is known: yyyy, yyyy-MM or yyyy-MM-dd.",
            "examples": ["1999-01-31", "1999"],
        }
