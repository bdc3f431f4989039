"""What may be asked about driving licences, and what settings may vary."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from gateway.domain.dataset import Options, Query, Subject
from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import CitizenId
from gateway.domain.licence_numbers import LicenceNumber
from gateway.domain.names import FullName, folded
from gateway.domain.records.licence import DrivingLicence, LicenceDossier, LicenceDossiers
from gateway.errors import FieldProblem, MalformedAnswer

__all__ = ["DocumentQuery", "DossierQuery", "DossiersQuery", "GplxOptions", "LicenceQuery"]

PathSegment = Annotated[str, Field(pattern=r"^[A-Za-z0-9._~-]+$", max_length=64)]
Office = Annotated[str, Field(pattern=r"^[A-Z0-9][A-Z0-9.]{0,34}$", examples=["99001"])]
DossierNumber = Annotated[
    str, Field(pattern=r"^[A-Z0-9.]{2,36}-[0-9]{6}-[0-9]{1,8}$", examples=["G17.99-260301-000001"])
]


class LicenceQuery(Query):
    """One driving licence, by its number or its holder's, with name and birth date."""

    licence_number: LicenceNumber | None = None
    citizen_id: CitizenId | None = None
    full_name: FullName
    birth_date: PartialDate

    @model_validator(mode="after")
    def _one_number(self) -> LicenceQuery:
        if (self.licence_number is None) == (self.citizen_id is None):
            advice = "chỉ nêu một trong licence_number, citizen_id / give either licence_number or citizen_id"
            raise PydanticCustomError("one_number", "{advice}", {"advice": advice})
        return self

    def is_about(self, licence: DrivingLicence) -> bool | None:
        """By the number that was asked with; where the record has no personal number, None if the rest fits."""
        if self.licence_number is not None:
            return licence.licence_number == self.licence_number
        if licence.citizen_id is not None:
            return licence.citizen_id == self.citizen_id
        if folded(licence.full_name) != folded(self.full_name):
            return False
        asked = self.birth_date.isoformat()
        told = licence.birth_date.isoformat() if licence.birth_date is not None else ""
        return None if asked.startswith(told) or told.startswith(asked) else False

    def problems(self, today: date) -> tuple[FieldProblem, ...]:
        if self.citizen_id is not None and self.citizen_id.is_born_after(today):
            advice = "năm sinh trong số định danh ở tương lai / the birth year in the number lies in the future"
            return (FieldProblem("query.citizen_id", "future", advice),)
        if self.birth_date.month is not None and self.birth_date.day is None:
            advice = "chỉ hỏi được cả ngày hoặc chỉ năm / the service takes a whole date or the year alone"
            return (FieldProblem("query.birth_date", "precision", advice),)
        if self.birth_date.isoformat() > today.isoformat():
            advice = "ngày sinh ở tương lai / the birth date lies in the future"
            return (FieldProblem("query.birth_date", "future", advice),)
        return ()


class DossiersQuery(Query):
    """What one office received on one day."""

    received_on: PartialDate
    office: Office

    @property
    def day(self) -> date:
        """The day. ValueError where it is not a whole one, which `problems` has refused by then."""
        asked = self.received_on
        if asked.month is None or asked.day is None:
            raise ValueError("received_on is no whole day")
        return date(asked.year, asked.month, asked.day)

    @property
    def next_day(self) -> date:
        """
        Until when both services are asked. Whether their last day counts is not told: were it not to, a question
        for one day alone would call every day empty.
        """
        return self.day + timedelta(days=1)

    def of_the_day(self, listed: Iterable[LicenceDossier]) -> tuple[LicenceDossier, ...]:
        """
        What was listed without what the next day received.

        MalformedAnswer where one tells no day: two days were asked for, and it may be of either.
        """
        dossiers = tuple(listed)
        if any(one.received_on is None for one in dossiers):
            raise MalformedAnswer("gplx: a dossier does not tell its day, and two days were asked for")
        return tuple(one for one in dossiers if one.received_on != self.next_day)

    def is_about(self, found: LicenceDossiers) -> bool | None:
        """Whether all dossiers are of that day, and of that office as far as they tell."""
        if any(one.office not in {None, self.office} for one in found.dossiers):
            return False
        return {one.received_on for one in found.dossiers} == {self.day}

    def problems(self, today: date) -> tuple[FieldProblem, ...]:
        if self.received_on.day is None:
            advice = "cần cả ngày / a whole day is needed"
            return (FieldProblem("query.received_on", "precision", advice),)
        if self.day > today:
            advice = "ngày ở tương lai / the day lies in the future"
            return (FieldProblem("query.received_on", "future", advice),)
        return ()


class DossierQuery(Query):
    """One dossier by its number, at the office that handles it."""

    dossier_number: DossierNumber
    office: Office

    def subject(self) -> Subject:
        return Subject("dossier", self.dossier_number)


class DocumentQuery(Query):
    """One file of a dossier, by the path that the list of dossiers gave."""

    path: Annotated[str, Field(pattern=r"^/[A-Za-z0-9._~/-]{1,255}$", examples=["/files/vidu.pdf"])]
    office: Office

    @model_validator(mode="after")
    def _no_climbing(self) -> DocumentQuery:
        if ".." in self.path.split("/"):
            advice = "đường dẫn không được chứa .. / the path must not contain .."
            raise PydanticCustomError("path", "{advice}", {"advice": advice})
        return self

    def subject(self) -> Subject:
        return Subject("dossier_file", self.path)


class GplxOptions(Options):
    """What differs between platforms. None means: as the contract version does."""

    context: PathSegment | None = None
    """The API's name on the platform: `apiDVC-GPLX`, in `gtvt` `apiGTVT`."""

    licence_service: PathSegment = "TraCuuGPLX"
    """`service` of the licence check in `tracuu`. ASSUMED, as all of that version: no check was found."""
