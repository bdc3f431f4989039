"""
The national portal's store of digital results (kho kết quả số của Cổng dịch vụ công quốc gia), Government Office.

The generic substitute for a registry that has no query of its own, as far as its results were digitised.
"""

from __future__ import annotations

from gateway.adapters.khodlg import mapping
from gateway.adapters.khodlg.query import KhodlgOptions, ResultQuery
from gateway.domain.dataset import Adapter, Dataset, Kind, Sensitivity
from gateway.domain.records.digital_result import OwnersResults

__all__ = ["ADAPTER"]

ADAPTER = Adapter(
    registry="khodlg",
    title="Kho kết quả số của Cổng dịch vụ công quốc gia",
    title_en="Digital results store of the national public service portal",
    owner="Văn phòng Chính phủ",
    options=KhodlgOptions,
    contracts=("1",),
    default_contract="1",
    datasets=(
        Dataset(
            noun="result",
            title="Kết quả giải quyết thủ tục đã số hóa",
            title_en="The digitised results of one owner under one result code",
            kind=Kind.ONE,
            query=ResultQuery,
            record=OwnersResults,
            ask={"1": mapping.result},
            about=ResultQuery.is_about,
            sensitivity=Sensitivity.PERSON,
            operation=mapping.OPERATION,
            freshness_s=600,
            withheld_by_default=frozenset({"results.files"}),
        ),
    ),
)
