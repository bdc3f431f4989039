"""What may be asked of the land database and of the systems of land offices, and what settings may vary."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from gateway.domain.dataset import Options, Query, Subject
from gateway.domain.identifiers import CitizenId, OldCitizenNumber
from gateway.domain.land_numbers import LandCertificateNumber
from gateway.domain.records.land import LandHoldings, Parcel
from gateway.errors import FieldProblem

__all__ = ["CertificateQuery", "DatdaiOptions", "DossierQuery", "OwnerQuery", "ParcelQuery"]

PathSegment = Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]+$", max_length=64)]
# Whole numbers; in old files a letter may follow, and a part of a divided parcel has a stroke.
MapNumber = Annotated[str, Field(pattern=r"^[0-9]{1,6}[A-Za-z]?([/-][0-9]{1,4})?$", max_length=12)]


class CertificateQuery(Query):
    """One certificate by its serial number (số phát hành)."""

    certificate_number: LandCertificateNumber


class ParcelQuery(Query):
    """
    One parcel by commune, map sheet (tờ bản đồ) and parcel number (số thửa).

    `numbers` says of which series of maps the two numbers are: `current`, or `old` for those before the last change
    of maps, as papers from before a merger of communes have them. The commune is today's in either case.
    """

    commune_code: Annotated[str, Field(pattern=r"^[0-9]{5}$", examples=["99903"])]
    map_sheet: Annotated[MapNumber, Field(examples=["45"])]
    parcel_number: Annotated[MapNumber, Field(examples=["123"])]
    numbers: Literal["current", "old"] = "current"

    def subject(self) -> Subject:
        place = (self.commune_code, plain(self.map_sheet), plain(self.parcel_number), self.numbers)
        return Subject("parcel", "/".join(place))

    def is_about(self, parcel: Parcel) -> bool | None:
        """
        Whether the parcel carries the commune and both numbers that were asked about; None where its numbers of that
        series are not told.
        """
        if parcel.commune_code != self.commune_code:
            return False
        current = (parcel.map_sheet, parcel.parcel_number)
        sheet, number = current if self.numbers == "current" else (parcel.old_map_sheet, parcel.old_parcel_number)
        if sheet is None or number is None:
            return None
        return (plain(sheet), plain(number)) == (plain(self.map_sheet), plain(self.parcel_number))


class OwnerQuery(Query):
    """Everything held under one number: a personal number, or the old one that many entries still have."""

    citizen_id: CitizenId | None = None
    old_number: OldCitizenNumber | None = None

    @model_validator(mode="after")
    def _one_number(self) -> OwnerQuery:
        if (self.citizen_id is None) == (self.old_number is None):
            advice = "chỉ nêu một trong citizen_id, old_number / give either citizen_id or old_number"
            raise PydanticCustomError("one_number", "{advice}", {"advice": advice})
        return self

    @property
    def number(self) -> str:
        """The number that is asked about."""
        one = self.citizen_id or self.old_number
        assert one is not None  # noqa: S101  the model lets none pass without either
        return one.value

    def is_about(self, found: LandHoldings) -> bool:
        """Whether the holder is the one who was asked about."""
        return found.owner.has(self.number)

    def problems(self, today: date) -> tuple[FieldProblem, ...]:
        if self.citizen_id is not None and self.citizen_id.is_born_after(today):
            advice = "năm sinh trong số định danh ở tương lai / the birth year in the number lies in the future"
            return (FieldProblem("query.citizen_id", "future", advice),)
        return ()


class DossierQuery(Query):
    """One dossier by the number under which it was sent to the land office (số biên nhận)."""

    dossier_number: Annotated[
        str, Field(pattern=r"^[A-Z0-9.]{2,36}-[0-9]{6}-[0-9]{1,8}$", max_length=50, examples=["H99.14-260601-0001"])
    ]

    def subject(self) -> Subject:
        return Subject("dossier", self.dossier_number)


class DatdaiOptions(Options):
    """Where a platform puts the service, and how it writes. None means: as the contract version does."""

    context: PathSegment | Literal[""] | None = None
    """The first segment of the path: `CSDL_DATDAI` in `central`, `VBDLIS` in `vbdlis`, none in `ilis`."""

    api_version: PathSegment | Literal[""] | None = None
    """The version segment: `1.0` in `central`, none in the others; an empty text where the platform has none."""

    certificate_form: Literal["joined", "spaced"] = "joined"
    """How a serial number goes out: `ZZ990001`, or `ZZ 990001` as it stands on paper. ASSUMED: joined."""

    report_times: Literal["utc", "vietnam"] | None = None
    """
    What a time without a zone means in a report: UTC in `vbdlis`, where that was seen. ASSUMED: Vietnam's in `ilis`.
    """


def plain(number: str) -> str:
    """A map number without leading zeros, in upper case: `007a` and `7A` are one."""
    return number.lstrip("0").upper() or "0"
