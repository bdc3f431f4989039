"""What may be asked of judicial records, and what settings may vary."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from gateway.domain.dataset import Options, Query
from gateway.domain.identifiers import DossierNumber
from gateway.domain.records.judicial import JudicialDossier

__all__ = ["DossierQuery", "LltpOptions"]

PathSegment = Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]+$", max_length=64)]


class DossierQuery(Query):
    """One dossier that a one-stop system lodged, by the number that it gave it."""

    dossier_number: DossierNumber

    def is_about(self, dossier: JudicialDossier) -> bool | None:
        """Whether the record carries the number that was asked about; None where it carries none."""
        return None if dossier.dossier_number is None else dossier.dossier_number == self.dossier_number


class LltpOptions(Options):
    """Where a platform puts the service, and whose dossiers are asked for. Source: dancu-justice-transport.md, 4."""

    province_code: Annotated[str, Field(pattern=r"^[0-9]{2}$")] | None = None
    """`MaTinh` of `gen2`: the province whose one-stop system lodged the dossiers. Needed there, not sent in `gen1`."""

    context: PathSegment | Literal[""] | None = None
    """The API's name on the platform. None: `apiLyLichTuPhap` in `gen1`, none in `gen2`."""

    api_version: PathSegment | Literal[""] = ""
    """The version segment of the path, where the platform has one."""

    status_operation: PathSegment = "LLTP-API-traTrangThaiHs"
    """The last segment of `gen1`'s path: the manual writes operations with this prefix, and the first one without."""

    result_operation: PathSegment | Literal[""] = "LayKetQua"
    """
    The last segment of `gen2`'s path. ASSUMED: the path is not told; this is what a client calls the setting in which
    it has one. An empty text where the endpoint is the whole address already.
    """
