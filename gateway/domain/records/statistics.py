"""Figures about areas. No person stands in them."""

from __future__ import annotations

from decimal import Decimal

from gateway.domain.dataset import Record
from gateway.domain.model import Masked
from gateway.domain.texts import FreeText, NumberText

__all__ = ["Figure", "Indicator"]


class Figure(Masked):
    """One figure: `value` in `unit`, the registry's own text; without a value where none is published."""

    name: str | None = None
    unit: FreeText | None = None
    value: Decimal | None = None


class Indicator(Record):
    """
    What is published of one indicator for one area and one period.

    The area's code is that of the period's own time: before 2025-07-01 a province's code meant a smaller area.
    """

    indicator_code: NumberText
    area_code: NumberText
    period: NumberText
    figures: tuple[Figure, ...]
