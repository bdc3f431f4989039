"""
Judicial records (lý lịch tư pháp). A request is lodged elsewhere; what can be asked here is how far it is, and with
what result.
"""

from __future__ import annotations

from gateway.adapters.lltp.gen1 import mapping as gen1
from gateway.adapters.lltp.gen2 import mapping as gen2
from gateway.adapters.lltp.query import DossierQuery, LltpOptions
from gateway.domain.dataset import Adapter, Dataset, Kind, Sensitivity
from gateway.domain.records.judicial import JudicialCertificate, JudicialDossier

__all__ = ["ADAPTER"]

ADAPTER = Adapter(
    registry="lltp",
    title="Cơ sở dữ liệu lý lịch tư pháp",
    title_en="Judicial records database",
    owner="Bộ Công an",
    options=LltpOptions,
    contracts=("gen2", "gen1"),
    default_contract="gen2",
    secrets={"gen2": frozenset({gen2.AUTH_KEY})},
    needed_options={"gen2": frozenset({"province_code"})},
    datasets=(
        Dataset(
            noun="dossier",
            title="Tình trạng hồ sơ lý lịch tư pháp",
            title_en="How far a request for a judicial record certificate is, and which certificate was issued",
            kind=Kind.POLL,
            query=DossierQuery,
            record=JudicialDossier,
            ask={"gen2": gen2.dossier, "gen1": gen1.dossier},
            about=DossierQuery.is_about,
            sensitivity=Sensitivity.SENSITIVE,
            operation=gen2.OPERATION,
            operations={"gen1": gen1.OPERATION},
        ),
        Dataset(
            noun="certificate",
            title="Phiếu lý lịch tư pháp theo hồ sơ",
            title_en="What the certificate of a dossier says, once it is issued",
            kind=Kind.POLL,
            query=DossierQuery,
            record=JudicialCertificate,
            ask={"gen2": gen2.certificate},
            about=lambda query, certificate: certificate.dossier_number == query.dossier_number,
            sensitivity=Sensitivity.SENSITIVE,
            operation=gen2.OPERATION,
            withheld_by_default=frozenset(
                {
                    "certificate.convictions",
                    "certificate.bans",
                    "certificate.revocation_decision",
                    "certificate.document",
                }
            ),
        ),
    ),
)
