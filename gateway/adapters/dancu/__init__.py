"""The national population database (CSDL quốc gia về dân cư), Ministry of Public Security."""

from __future__ import annotations

from gateway.adapters.dancu import mapping
from gateway.adapters.dancu.query import CitizenQuery, DancuOptions
from gateway.domain.dataset import Adapter, Dataset, Kind, Sensitivity
from gateway.domain.records.person import Person

__all__ = ["ADAPTER"]

ADAPTER = Adapter(
    registry="dancu",
    title="Cơ sở dữ liệu quốc gia về dân cư",
    title_en="National population database",
    owner="Bộ Công an",
    options=DancuOptions,
    contracts=("2025",),
    default_contract="2025",
    datasets=(
        Dataset(
            noun="citizen",
            title="Thông tin công dân",
            title_en="One person as registered now",
            kind=Kind.ONE,
            query=CitizenQuery,
            record=Person,
            ask={"2025": mapping.citizen},
            about=lambda query, person: query.names(person.citizen_id, person.old_number),
            sensitivity=Sensitivity.PERSON,
            operation="TraCuuThongTinCongDan",
            freshness_s=600,
            withheld_by_default=frozenset({"religion", "ethnic_group", "blood_group", "relatives"}),
        ),
    ),
)
