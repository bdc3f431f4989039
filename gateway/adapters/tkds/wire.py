"""
The messages of population statistics. ASSUMED as a whole: no service, no message, no portal was found (others.md, 7).
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from gateway.wire.model import NumberOrText, Wire
from gateway.wire.values import Exact

__all__ = ["Answer", "Row"]


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
    value: Exact = Field(alias="giaTri", default=None)


class Answer(Wire):
    """A bare list of rows; an empty one says that nothing is published."""

    rows: Annotated[list[Row], BeforeValidator(_as_list)] = Field(alias="rows")

    @classmethod
    def normal(cls, value: object) -> object:
        return {"rows": value}
