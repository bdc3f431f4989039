"""
Identifiers, parsed on entry and masked in print.

Formats and sources: shared facts `domain.md`, 3.1. Digits are ASCII only: Arabic-Indic and full-width digits,
spaces, dots and a trailing newline are refused, not repaired.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import Any, ClassVar, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic_core import PydanticCustomError, core_schema
from stdnum.vn import mst

__all__ = [
    "CitizenId",
    "DossierNumber",
    "EnterpriseCode",
    "Identifier",
    "OldCitizenNumber",
    "ProcedureCode",
    "TaxCode",
]


class Identifier:
    """A checked identifier. `value` is the text; `str`, `repr` and f-strings show only the last digits."""

    __slots__ = ("value",)

    pattern: ClassVar[re.Pattern[str]]
    title: ClassVar[str]
    example: ClassVar[str]
    shown: ClassVar[int] = 3
    kind: ClassVar[str] = "number"
    value: str

    def __init__(self, value: str) -> None:
        if not isinstance(value, str) or not self.pattern.fullmatch(value):
            raise ValueError(f"{self.title}: expected a text like {self.example}")
        self._check(value)
        object.__setattr__(self, "value", value)

    @property
    def subject_kind(self) -> str:
        """Which list the number belongs to: equal numbers of one kind name the same person or thing."""
        return self.kind

    def _check(self, value: str) -> None:
        """Raise ValueError (naming no digit of the value) where the format has more rules than its shape."""

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and other.value == self.value

    def __hash__(self) -> int:
        return hash((type(self).__name__, self.value))

    def __str__(self) -> str:
        return "•" * (len(self.value) - self.shown) + self.value[len(self.value) - self.shown :]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self!s})"

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        return type(self), (self.value,)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        def parse(value: Any) -> Identifier:
            if isinstance(value, cls):
                return value
            try:
                return cls(value)
            except ValueError as exc:
                raise PydanticCustomError("identifier", "{advice}", {"advice": str(exc)}) from None

        return core_schema.no_info_plain_validator_function(
            parse,
            serialization=core_schema.plain_serializer_function_ser_schema(
                lambda identifier: identifier.value, return_schema=core_schema.str_schema()
            ),
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        return {
            "type": "string",
            "pattern": f"^(?:{cls.pattern.pattern})$",
            "description": (cls.__doc__ or "").strip(),
            "examples": [cls.example],
        }


class CitizenId(Identifier):
    """
    Personal identification number (số định danh cá nhân): 12 digits, of which three of birth-registration
    province or country, one of century and sex, two of birth year, six of serial. There is no check digit.
    """

    pattern = re.compile(r"[0-9]{12}")
    title = "số định danh cá nhân / personal identification number"
    example = "000099000001"
    kind = "person"

    def is_born_after(self, today: date) -> bool:
        """True when the birth year written in the number lies in the future: no such person can exist."""
        return self.birth_year > today.year

    @property
    def birth_year(self) -> int:
        """The birth year: the fourth digit names century and sex, the next two the year in it."""
        return 1900 + 100 * (int(self.value[3]) // 2) + int(self.value[4:6])


class OldCitizenNumber(Identifier):
    """Old identity-card number (CMND): 9 digits; no longer a valid paper since 2025, still in old dossiers."""

    pattern = re.compile(r"[0-9]{9}")
    title = "số CMND / old identity-card number"
    example = "000000001"
    kind = "old_number"


class DossierNumber(Identifier):
    """
    Number of a dossier at a one-stop system (mã hồ sơ): the agency's code, the day as yyMMdd, and a counter of four
    digits or more. Segments may hold letters. Source: domain.md, 3.1.
    """

    pattern = re.compile(r"[A-Z0-9]{1,6}(?:\.[A-Z0-9]{1,6}){0,6}-[0-9]{6}-[0-9]{4,8}")
    title = "mã hồ sơ / dossier number"
    example = "H99.14-260301-0002"
    kind = "dossier"


@lru_cache(maxsize=1024)
def _check_digit_fits(code: str) -> bool:
    """Kept for a while: a question's code comes again in its answer. Never asked of a person's number."""
    return mst.is_valid(code)


class EnterpriseCode(Identifier):
    """
    Enterprise code (mã số doanh nghiệp, the same as the tax code): 10 digits, the last a check digit over
    the first nine; a dependent unit adds a hyphen and three digits from 001.
    """

    pattern = re.compile(r"[0-9]{10}(?:-[0-9]{3})?")
    title = "mã số doanh nghiệp / enterprise code"
    example = "9900000023"
    kind = "tax_code"

    def _check(self, value: str) -> None:
        if not _check_digit_fits(value):
            raise ValueError("mã số doanh nghiệp: sai số kiểm tra / enterprise code: the check digit does not fit")


class TaxCode(Identifier):
    """
    Tax code (mã số thuế): an enterprise code, of a firm or of a dependent unit, or since 2025-07-01 the personal
    number of whoever runs a household business: 12 digits without a check digit. Older codes of 10 digits stay
    in data. Source: domain.md, 3.1.
    """

    pattern = re.compile(r"[0-9]{10}(?:-[0-9]{3})?|[0-9]{12}")
    title = "mã số thuế / tax code"
    example = "9900000023"
    kind = "tax_code"

    @property
    def citizen_id(self) -> CitizenId | None:
        """The personal number that this code is; None where it is one of the older form."""
        return CitizenId(self.value) if len(self.value) == 12 else None

    @property
    def subject_kind(self) -> str:
        return CitizenId.kind if len(self.value) == 12 else self.kind

    def _check(self, value: str) -> None:
        if len(value) != 12 and not _check_digit_fits(value):
            raise ValueError("mã số thuế: sai số kiểm tra / tax code: the check digit does not fit")


class ProcedureCode(Identifier):
    """National code of an administrative procedure (mã TTHC): one digit, a dot, six digits. Not personal."""

    pattern = re.compile(r"[1-9]\.[0-9]{6}")
    title = "mã thủ tục hành chính / procedure code"
    example = "1.001193"
    kind = "procedure"
    shown = 8
