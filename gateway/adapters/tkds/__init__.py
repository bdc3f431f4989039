"""
Population statistics (CSDL quốc gia thống kê tổng hợp về dân số): figures by area and period, no persons.

Nothing is known of it but that it is planned; asked only where somebody configures an instance.
"""

from __future__ import annotations

from gateway.adapters.tkds import mapping
from gateway.adapters.tkds.query import IndicatorQuery, TkdsOptions
from gateway.domain.dataset import Adapter, Dataset, Kind, Sensitivity
from gateway.domain.records.statistics import Indicator

__all__ = ["ADAPTER"]

ADAPTER = Adapter(
    registry="tkds",
    title="Cơ sở dữ liệu quốc gia thống kê tổng hợp về dân số",
    title_en="Population statistics",
    owner="Bộ Tài chính",
    options=TkdsOptions,
    contracts=("1",),
    default_contract="1",
    datasets=(
        Dataset(
            noun="indicator",
            title="Chỉ tiêu thống kê dân số",
            title_en="One indicator for an area and a period",
            kind=Kind.TABLE,
            query=IndicatorQuery,
            record=Indicator,
            ask={"1": mapping.indicator},
            about=lambda query, found: query.is_about(found),
            sensitivity=Sensitivity.PUBLIC,
            operation=mapping.OPERATION,
            freshness_s=30 * 24 * 3600,
        ),
    ),
)
