"""
Construction permits (giấy phép xây dựng), Ministry of Construction.

A permit that was digitised lies in the national portal's store of results too, under `KQ.G17.…`; that store is a
registry of its own.
"""

from __future__ import annotations

from gateway.adapters.cpxd import mapping
from gateway.adapters.cpxd.query import CpxdOptions, PermitQuery
from gateway.domain.dataset import Adapter, Dataset, Kind, Sensitivity
from gateway.domain.records.construction import ConstructionPermit

__all__ = ["ADAPTER"]

ADAPTER = Adapter(
    registry="cpxd",
    title="Cơ sở dữ liệu về cấp giấy phép xây dựng",
    title_en="Construction permits",
    owner="Bộ Xây dựng",
    options=CpxdOptions,
    contracts=("1",),
    default_contract="1",
    datasets=(
        Dataset(
            noun="permit",
            title="Giấy phép xây dựng",
            title_en="One construction permit by its number",
            kind=Kind.ONE,
            query=PermitQuery,
            record=ConstructionPermit,
            ask={"1": mapping.permit},
            about=lambda query, found: query.is_about(found),
            sensitivity=Sensitivity.PUBLIC,
            operation=mapping.OPERATION,
            freshness_s=24 * 3600,
            withheld_by_default=frozenset({"holders.citizen_id", "holders.old_number"}),
        ),
    ),
)
