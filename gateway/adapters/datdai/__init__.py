"""
The national land database (CSDL quốc gia về đất đai), Ministry of Agriculture and Environment, and the systems of land
offices: VBDLIS and VNPT iLIS.

Submissions to those systems, and what they send of their own accord, are no questions and are not here; what they
report is read in `reports`.
"""

from __future__ import annotations

from gateway.adapters.datdai.central import mapping as central
from gateway.adapters.datdai.ilis import mapping as ilis
from gateway.adapters.datdai.query import CertificateQuery, DatdaiOptions, DossierQuery, OwnerQuery, ParcelQuery
from gateway.adapters.datdai.vbdlis import mapping as vbdlis
from gateway.domain.dataset import Adapter, Dataset, Kind, Sensitivity
from gateway.domain.records.land import LandCertificate, LandHoldings, LandParcel
from gateway.domain.records.land_dossier import LandDossier

__all__ = ["ADAPTER"]

_HOLDERS = frozenset(
    f"holders.{name}" for name in ("sex", "birth_date", "died_in", "citizen_id", "old_number", "papers", "address")
)

ADAPTER = Adapter(
    registry="datdai",
    title="Cơ sở dữ liệu quốc gia về đất đai",
    title_en="National land database",
    owner="Bộ Nông nghiệp và Môi trường",
    options=DatdaiOptions,
    contracts=("central", "vbdlis", "ilis"),
    default_contract="central",
    secrets={"vbdlis": frozenset({"security_code"})},
    datasets=(
        Dataset(
            noun="certificate",
            title="Giấy chứng nhận quyền sử dụng đất",
            title_en="One land certificate as registered now",
            kind=Kind.ONE,
            query=CertificateQuery,
            record=LandCertificate,
            ask={"central": central.certificate},
            about=lambda query, found: found.certificate_number == query.certificate_number,
            sensitivity=Sensitivity.PERSON,
            operation="traCuuGiayChungNhan",
            freshness_s=3600,
            withheld_by_default=_HOLDERS,
        ),
        Dataset(
            noun="parcel",
            title="Thửa đất và các giấy chứng nhận của thửa",
            title_en="One parcel with the certificates given for it",
            kind=Kind.ONE,
            query=ParcelQuery,
            record=LandParcel,
            ask={"central": central.parcel},
            about=lambda query, found: query.is_about(found.parcel),
            sensitivity=Sensitivity.PERSON,
            operation="traCuuThuaDat",
            freshness_s=3600,
            withheld_by_default=_HOLDERS,
        ),
        Dataset(
            noun="owner_parcels",
            title="Các thửa đất của một người sử dụng đất",
            title_en="Everything registered under one personal number",
            kind=Kind.ONE,
            query=OwnerQuery,
            record=LandHoldings,
            ask={"central": central.owner_parcels},
            about=lambda query, found: query.is_about(found),
            sensitivity=Sensitivity.PERSON,
            operation="traCuuThuaDatTheoChu",
            freshness_s=3600,
            withheld_by_default=frozenset(
                {"owner.sex", "owner.birth_date", "owner.died_in", "owner.papers", "owner.address"}
            ),
        ),
        Dataset(
            noun="dossier",
            title="Tình trạng hồ sơ đất đai",
            title_en="The state of one dossier at the land office",
            kind=Kind.POLL,
            query=DossierQuery,
            record=LandDossier,
            ask={"vbdlis": vbdlis.dossier, "ilis": ilis.dossier},
            about=lambda query, found: found.dossier_number == query.dossier_number,
            sensitivity=Sensitivity.PERSON,
            operation="TraCuuTrangThaiHoSo",
            withheld_by_default=frozenset({"tax_notices.link", "results.link"}),
        ),
    ),
)
