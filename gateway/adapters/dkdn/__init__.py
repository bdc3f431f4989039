"""The national business registration database (CSDL quốc gia về đăng ký doanh nghiệp), Ministry of Finance."""

from __future__ import annotations

from gateway.adapters.dkdn.dkkd import mapping as dkkd
from gateway.adapters.dkdn.dossiers import mapping as dossiers
from gateway.adapters.dkdn.dossiers.query import DossierQuery, DossiersQuery
from gateway.adapters.dkdn.hcm import mapping as hcm
from gateway.adapters.dkdn.ngsp import mapping as ngsp
from gateway.adapters.dkdn.query import DkdnOptions, EnterpriseQuery, TaxCodeQuery
from gateway.domain.dataset import Adapter, Dataset, Kind, Sensitivity
from gateway.domain.records.business import Cooperative, HouseholdBusiness
from gateway.domain.records.business_dossier import BusinessDossiers, BusinessDossierState
from gateway.domain.records.enterprise import Enterprise

__all__ = ["ADAPTER"]

_STALE_S = 24 * 3600
"""ASSUMED: nobody says how old a firm's data may be while the registry cannot be reached."""

ADAPTER = Adapter(
    registry="dkdn",
    title="Cơ sở dữ liệu quốc gia về đăng ký doanh nghiệp",
    title_en="National business registration database",
    owner="Bộ Tài chính",
    options=DkdnOptions,
    contracts=("ngsp", "dkkd", "hcm"),
    default_contract="ngsp",
    datasets=(
        Dataset(
            noun="enterprise",
            title="Thông tin doanh nghiệp",
            title_en="One firm or dependent unit as registered now",
            kind=Kind.ONE,
            query=EnterpriseQuery,
            record=Enterprise,
            ask={"ngsp": ngsp.enterprise, "dkkd": dkkd.enterprise, "hcm": hcm.enterprise},
            about=lambda query, enterprise: enterprise.enterprise_code == query.enterprise_code,
            sensitivity=Sensitivity.PUBLIC,
            operation="chiTietDoanhNghiep",
            operations={"hcm": hcm.OPERATION},
            freshness_s=24 * 3600,
            stale_s=_STALE_S,
            withheld_by_default=frozenset({"legal_representatives.document", "legal_representatives.birth_date"}),
        ),
        Dataset(
            noun="household_business",
            title="Thông tin hộ kinh doanh",
            title_en="One household business as registered now",
            kind=Kind.ONE,
            query=TaxCodeQuery,
            record=HouseholdBusiness,
            ask={"dkkd": dkkd.household_business},
            about=lambda query, business: business.tax_code == query.tax_code,
            sensitivity=Sensitivity.PUBLIC,
            operation="chiTietHoKinhDoanh",
            freshness_s=24 * 3600,
            stale_s=_STALE_S,
            withheld_by_default=frozenset({"owners.document", "owners.birth_date"}),
        ),
        Dataset(
            noun="cooperative",
            title="Thông tin hợp tác xã",
            title_en="One cooperative as registered now",
            kind=Kind.ONE,
            query=TaxCodeQuery,
            record=Cooperative,
            ask={"dkkd": dkkd.cooperative},
            about=lambda query, cooperative: cooperative.tax_code == query.tax_code,
            sensitivity=Sensitivity.PUBLIC,
            operation="chiTietHopTacXa",
            freshness_s=24 * 3600,
            stale_s=_STALE_S,
            withheld_by_default=frozenset({"legal_representatives.document", "legal_representatives.birth_date"}),
        ),
        Dataset(
            noun="dossiers",
            title="Hồ sơ đăng ký doanh nghiệp nhận trong ngày",
            title_en="The dossiers that a business-registration office received on one day",
            kind=Kind.LIST,
            query=DossiersQuery,
            record=BusinessDossiers,
            ask={"ngsp": dossiers.dossiers},
            about=DossiersQuery.is_about,
            sensitivity=Sensitivity.PERSON,
            operation=dossiers.DOSSIERS,
        ),
        Dataset(
            noun="dossier",
            title="Tình trạng hồ sơ đăng ký doanh nghiệp",
            title_en="How one dossier of business registration stands now",
            kind=Kind.POLL,
            query=DossierQuery,
            record=BusinessDossierState,
            ask={"ngsp": dossiers.dossier},
            about=DossierQuery.is_about,
            sensitivity=Sensitivity.PERSON,
            operation=dossiers.DOSSIER,
            withheld_by_default=frozenset({"contact"}),
        ),
    ),
)
