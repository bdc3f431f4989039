"""Driving licences (giấy phép lái xe): the Ministry of Public Security since March 2025, Transport before."""

from __future__ import annotations

from gateway.adapters.gplx.dvc import mapping as dvc
from gateway.adapters.gplx.gtvt import mapping as gtvt
from gateway.adapters.gplx.query import DocumentQuery, DossierQuery, DossiersQuery, GplxOptions, LicenceQuery
from gateway.adapters.gplx.tracuu import mapping as tracuu
from gateway.domain.dataset import Adapter, Dataset, Kind, Sensitivity
from gateway.domain.records.licence import DossierDocument, DossierState, DrivingLicence, LicenceDossiers

__all__ = ["ADAPTER"]

_SESSION = frozenset({"session"})

ADAPTER = Adapter(
    registry="gplx",
    title="Cơ sở dữ liệu giấy phép lái xe",
    title_en="Driving-licence database",
    owner="Bộ Công an",
    options=GplxOptions,
    contracts=("dvc", "gtvt", "tracuu"),
    default_contract="dvc",
    secrets={"dvc": _SESSION, "tracuu": _SESSION, "gtvt": frozenset({"api_key"})},
    datasets=(
        Dataset(
            noun="licence",
            title="Giấy phép lái xe",
            title_en="One driving licence as registered now",
            kind=Kind.ONE,
            query=LicenceQuery,
            record=DrivingLicence,
            ask={"tracuu": tracuu.licence},
            about=LicenceQuery.is_about,
            sensitivity=Sensitivity.PERSON,
            operation=tracuu.LICENCE,
            freshness_s=3600,
        ),
        Dataset(
            noun="dossiers",
            title="Hồ sơ giấy phép lái xe nhận trong ngày",
            title_en="The licence dossiers that an office received on one day",
            kind=Kind.LIST,
            query=DossiersQuery,
            record=LicenceDossiers,
            ask={"dvc": dvc.dossiers, "gtvt": gtvt.dossiers},
            about=DossiersQuery.is_about,
            sensitivity=Sensitivity.PERSON,
            operation=dvc.DOSSIERS,
            operations={"gtvt": gtvt.DOSSIERS},
            withheld_by_default=frozenset({"dossiers.applicant", "dossiers.contact", "dossiers.attachments"}),
        ),
        Dataset(
            noun="dossier",
            title="Tình trạng hồ sơ giấy phép lái xe",
            title_en="How a licence dossier stands now",
            kind=Kind.POLL,
            query=DossierQuery,
            record=DossierState,
            ask={"dvc": dvc.dossier},
            about=lambda query, state: state.dossier_number == query.dossier_number,
            sensitivity=Sensitivity.PERSON,
            operation=dvc.DOSSIER,
        ),
        Dataset(
            noun="document",
            title="Tệp của hồ sơ giấy phép lái xe",
            title_en="One file of a licence dossier",
            kind=Kind.ONE,
            query=DocumentQuery,
            record=DossierDocument,
            ask={"dvc": dvc.document},
            about=lambda query, document: document.path == query.path if document.path is not None else None,
            # A health certificate is among the papers of a dossier.
            sensitivity=Sensitivity.SENSITIVE,
            operation=dvc.DOCUMENT,
        ),
    ),
)
