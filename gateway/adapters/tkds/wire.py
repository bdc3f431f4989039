"""
The messages of population statistics. ASSUMED as a whole: no service, no message, no portal was found (others.md, 7).
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Annotated

from pydantic import BeforeValidator, Field

from gateway.wire.model import NumberOrText, Wire

__all__ = ["Answer", "Row"]

_NUMBER = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,6})?")


def _exact(value: object) -> object:
    """Figures come as whole numbers, exact fractions or their digits as text; an empty text tells none."""
    match value:
        case "":
            return None
        case str() if _NUMBER.fullmatch(value):
            return Decimal(value)
        case int() if not isinstance(value, bool):
            return Decimal(value)
        case _:
            return value


def _as_list(value: object) -> object:
    """One row, a list of them, or null for none."""
    return [] if value is None else [value] if isinstance(value, dict) else value


class Row(Wire):
    """A figure."""

    indicator_code: NumberOrText = Field(alias="maChiTieu")
    area_code: NumberOrText = Field(alias="maDonViHanhChinh")
    period: NumberOrText = Field(alias="ky")
    name: str | None = Field(alias="tenChiTieu", default=None)
    unit: str | None = Field(alias="donViTinh", default=None)
    value: Annotated[Decimal | None, BeforeValidator(_exact)] = Field(alias="giaTri", default=None)


class Answer(Wire):
    """A bare list of rows; an empty one says that nothing is published."""

    rows: Annotated[list[Row], BeforeValidator(_as_list)] = Field(alias="rows")

    @classmethod
    def normal(cls, value: object) -> object:
        return {"rows": value}
