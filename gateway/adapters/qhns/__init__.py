"""Codes of units that deal with the state budget (mã số đơn vị có quan hệ với ngân sách), Ministry of Finance."""

from __future__ import annotations

from gateway.adapters.qhns import mapping
from gateway.adapters.qhns.query import ProjectQuery, QhnsOptions, UnitQuery
from gateway.domain.dataset import Adapter, Dataset, Kind, Sensitivity
from gateway.domain.records.budget import BudgetProject, BudgetUnit

__all__ = ["ADAPTER"]

ADAPTER = Adapter(
    registry="qhns",
    title="Danh mục mã số đơn vị có quan hệ với ngân sách",
    title_en="Codes of units that deal with the state budget",
    owner="Bộ Tài chính",
    options=QhnsOptions,
    contracts=("1",),
    default_contract="1",
    datasets=(
        Dataset(
            noun="unit",
            title="Đơn vị có quan hệ với ngân sách",
            title_en="One unit by its budget code",
            kind=Kind.ONE,
            query=UnitQuery,
            record=BudgetUnit,
            ask={"1": mapping.unit},
            about=lambda query, found: found.unit_code == query.unit_code,
            sensitivity=Sensitivity.PUBLIC,
            operation=mapping.OPERATION,
            freshness_s=24 * 3600,
        ),
        Dataset(
            noun="project",
            title="Dự án đầu tư",
            title_en="One investment project by its budget code",
            kind=Kind.ONE,
            query=ProjectQuery,
            record=BudgetProject,
            ask={"1": mapping.project},
            about=lambda query, found: found.project_code == query.project_code,
            sensitivity=Sensitivity.PUBLIC,
            operation=mapping.OPERATION,
            freshness_s=24 * 3600,
        ),
    ),
)
