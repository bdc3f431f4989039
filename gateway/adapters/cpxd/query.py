"""What may be asked about construction permits, and what settings may vary."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from gateway.domain.dataset import Options, Query, Subject
from gateway.domain.dates import PartialDate
from gateway.domain.records.construction import ConstructionPermit
from gateway.errors import FieldProblem

__all__ = ["CpxdOptions", "PermitQuery"]

PathSegment = Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]+$", max_length=64)]


class PermitQuery(Query):
    """
    One permit by its number (số giấy phép), free text as the office wrote it: `990001/GPXD`.

    Offices count for themselves, so the number alone may fit several permits; `issuer_code`, the electronic code of the
    office, and `issued_on` tell them apart.
    """

    permit_number: Annotated[
        str, Field(pattern=r"^[0-9A-Za-zĐđ][0-9A-Za-zĐđ ./_-]*$", max_length=50, examples=["990001/GPXD"])
    ]
    issuer_code: Annotated[
        str | None, Field(pattern=r"^[A-Z0-9]{1,6}(\.[A-Z0-9]{1,6}){0,6}$", max_length=35, examples=["H99.14"])
    ] = None
    issued_on: PartialDate | None = None

    @property
    def issue_day(self) -> date | None:
        """The day of issue; None where it was not given."""
        day = self.issued_on
        return None if day is None else date(day.year, day.month or 1, day.day or 1)

    def subject(self) -> Subject:
        return Subject("construction_permit", plain(self.permit_number))

    def is_about(self, permit: ConstructionPermit) -> bool | None:
        """Whether number, office and day are those that were asked about; None where one of them is not told."""
        if plain(permit.permit_number) != plain(self.permit_number):
            return False
        both = ((self.issuer_code, permit.issuer_code), (self.issue_day, permit.issued_on))
        told = [(asked, told) for asked, told in both if asked is not None]
        if any(one is not None and one != asked for asked, one in told):
            return False
        return None if any(one is None for _, one in told) else True

    def problems(self, today: date) -> tuple[FieldProblem, ...]:
        if self.issued_on is not None and self.issued_on.day is None:
            advice = "cần đủ ngày, tháng, năm / a whole date is needed"
            return (FieldProblem("query.issued_on", "precision", advice),)
        if self.issue_day is not None and self.issue_day > today:
            advice = "ngày cấp ở tương lai / the day of issue lies in the future"
            return (FieldProblem("query.issued_on", "future", advice),)
        return ()


class CpxdOptions(Options):
    """Where a platform puts the service. ASSUMED: both, for only the service's name was seen (others.md, 4)."""

    context: PathSegment | Literal[""] = "DVC_BoXayDung"
    """The API's name on the platform; an empty text where there is none."""

    api_version: PathSegment | Literal[""] = "1.0"
    """The version segment; an empty text where the platform has none."""


def plain(number: str) -> str:
    """A permit number without spaces, in upper case: offices write the same one in several ways."""
    return number.replace(" ", "").upper()
