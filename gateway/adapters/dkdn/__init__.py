"""The national business registration database (CSDL quốc gia về đăng ký doanh nghiệp), Ministry of Finance."""

from __future__ import annotations

from gateway.adapters.dkdn import mapping
from gateway.adapters.dkdn.query import DkdnOptions, EnterpriseQuery
from gateway.domain.dataset import Adapter, Dataset, Kind, Sensitivity
from gateway.domain.records.enterprise import Enterprise

__all__ = ["ADAPTER"]

ADAPTER = Adapter(
    registry="dkdn",
    title="Cơ sở dữ liệu quốc gia về đăng ký doanh nghiệp",
    title_en="National business registration database",
    owner="Bộ Tài chính",
    options=DkdnOptions,
    contracts=("ngsp",),
    default_contract="ngsp",
    datasets=(
        Dataset(
            noun="enterprise",
            title="Thông tin doanh nghiệp",
            title_en="One firm or dependent unit as registered now",
            kind=Kind.ONE,
            query=EnterpriseQuery,
            record=Enterprise,
            ask={"ngsp": mapping.enterprise},
            about=lambda query, enterprise: enterprise.enterprise_code == query.enterprise_code,
            sensitivity=Sensitivity.PUBLIC,
            operation="chiTietDoanhNghiep",
            freshness_s=24 * 3600,
        ),
    ),
)
