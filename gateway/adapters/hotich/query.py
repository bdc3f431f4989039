"""What may be asked of civil status, and what settings may vary."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from gateway.domain.dataset import Options, Query
from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import CitizenId, DossierNumber
from gateway.domain.names import FullName
from gateway.domain.records.civil_status import CivilDossier, CivilResult, Event
from gateway.errors import FieldProblem

__all__ = ["DossierQuery", "HotichOptions", "MaritalStatusQuery"]

PathSegment = Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]+$", max_length=64)]


class DossierQuery(Query):
    """
    One dossier that was lodged earlier: its number, what it registers, and the commune that registers it, which only
    the older service is sent.
    """

    dossier_number: DossierNumber
    event: Annotated[Event, Field(examples=["birth"])]
    commune_code: Annotated[str, Field(pattern=r"^[0-9]{5}$", examples=["99903"])]

    def is_about(self, answer: CivilDossier | CivilResult) -> bool | None:
        """
        Whether the record carries the number that was asked about, the one-stop system's or the interlinked one, and
        is about the same event; None where it carries no number.
        """
        numbers = {answer.dossier_number and answer.dossier_number.value, answer.interlink_number} - {None}
        if answer.event not in {None, self.event}:
            return False
        return self.dossier_number.value in numbers if numbers else None


class MaritalStatusQuery(Query):
    """One person, by number, name and birth date."""

    citizen_id: CitizenId
    full_name: FullName
    birth_date: PartialDate

    def problems(self, today: date) -> tuple[FieldProblem, ...]:
        if self.citizen_id.is_born_after(today):
            advice = "năm sinh trong số định danh ở tương lai / the birth year in the number lies in the future"
            return (FieldProblem("query.citizen_id", "future", advice),)
        if self.birth_date.isoformat() > today.isoformat():
            advice = "ngày sinh ở tương lai / the birth date lies in the future"
            return (FieldProblem("query.birth_date", "future", advice),)
        return ()


class HotichOptions(Options):
    """Where a platform puts the services, and whose dossiers are asked for. None: as the contract version has it."""

    province_code: Annotated[str, Field(pattern=r"^[0-9]{2}$")] | None = None
    """`maTinh` of `gen2`: the province whose one-stop system lodged the dossiers. Needed there, not sent elsewhere."""

    context: PathSegment | Literal[""] | None = None
    """The API's name on the platform: `apiHoTichTuPhap` in `gen1`, `apiLienThongKSKT` in `gen2`, `hotich` elsewhere."""

    api_version: PathSegment | Literal[""] | None = None
    """The version segment: none in `gen1`, `1.0` in the others; an empty text where the platform has none."""

    module_prefix: Literal["LT", ""] = "LT"
    """What stands before `KS`, `KT` and `KH` in `gen2`: dossiers of the interlinked flow are `LTKS` and so on."""

    result_operation: PathSegment | Literal[""] = "LayKetQua"
    """
    The last segment of `gen2`'s path. ASSUMED: the path is not told; this is what a client calls the setting in which
    it has one. An empty text where the endpoint is the whole address already.
    """
