"""What may be asked of population statistics, and what settings may vary."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from gateway.domain.dataset import Options, Query, Subject
from gateway.domain.records.statistics import Indicator
from gateway.errors import FieldProblem

__all__ = ["IndicatorQuery", "TkdsOptions"]

PathSegment = Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]+$", max_length=64)]


class IndicatorQuery(Query):
    """
    One indicator for one area and one period.

    `area_code` is a province's code of two digits or a commune's of five. `period` is a year, a quarter or a month.
    """

    indicator_code: Annotated[str, Field(pattern=r"^[0-9A-Z]{1,4}([.-][0-9A-Z]{1,4}){0,3}$", examples=["9901"])]
    area_code: Annotated[str, Field(pattern=r"^([0-9]{2}|[0-9]{5})$", examples=["99903"])]
    period: Annotated[str, Field(pattern=r"^[0-9]{4}(-Q[1-4]|-(0[1-9]|1[0-2]))?$", examples=["2025", "2025-Q3"])]

    def subject(self) -> Subject:
        return Subject("area", self.area_code)

    def is_about(self, found: Indicator) -> bool:
        """Whether indicator, area and period are those that were asked about."""
        asked = (self.indicator_code, self.area_code, self.period)
        return (found.indicator_code, found.area_code, found.period) == asked

    def problems(self, today: date) -> tuple[FieldProblem, ...]:
        if int(self.period[:4]) > today.year:
            advice = "kỳ báo cáo ở tương lai / the period lies in the future"
            return (FieldProblem("query.period", "future", advice),)
        return ()


class TkdsOptions(Options):
    """Where a platform puts the service. ASSUMED: both, for no such service was ever seen (others.md, 7)."""

    context: PathSegment | Literal[""] = "ThongKeDanSo"
    """The API's name on the platform; an empty text where there is none."""

    api_version: PathSegment | Literal[""] = "1.0"
    """The version segment; an empty text where the platform has none."""
