"""What may be asked about dossiers of business registration."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Annotated

from pydantic import Field

from gateway.domain.dataset import Query, Subject
from gateway.domain.dates import PartialDate
from gateway.domain.records.business_dossier import BusinessDossier, BusinessDossiers, BusinessDossierState
from gateway.errors import FieldProblem

__all__ = ["DossierQuery", "DossiersQuery"]

Office = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,5}$", examples=["99001"])]


class DossiersQuery(Query):
    """What one business-registration office received on one day."""

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
        """Until when the service is asked: were its last day not to count, one day alone would always be empty."""
        return self.day + timedelta(days=1)

    def meant(self, listed: Iterable[BusinessDossier]) -> tuple[BusinessDossier, ...]:
        """
        Those of the day and the office. The service takes no office, so an account may see several; where it sees
        others alone, they stay, for they say nothing of the one that was asked about.
        """
        of_the_day = tuple(one for one in listed if one.received_on != self.next_day)
        return tuple(one for one in of_the_day if one.office == self.office) or of_the_day

    def is_about(self, found: BusinessDossiers) -> bool:
        """Whether all dossiers are of that day and office."""
        return {(one.received_on, one.office) for one in found.dossiers} == {(self.day, self.office)}

    def problems(self, today: date) -> tuple[FieldProblem, ...]:
        if self.received_on.day is None:
            advice = "cần đủ ngày, tháng, năm / a whole date is needed"
            return (FieldProblem("query.received_on", "precision", advice),)
        if self.day > today:
            advice = "ngày ở tương lai / the day lies in the future"
            return (FieldProblem("query.received_on", "future", advice),)
        return ()


class DossierQuery(Query):
    """One dossier by the number of its receipt (số biên nhận)."""

    dossier_number: Annotated[str, Field(pattern=r"^[0-9]{4,20}$", examples=["99001000001"])]

    def subject(self) -> Subject:
        return Subject("business_dossier", _plain(self.dossier_number))

    def is_about(self, found: BusinessDossierState) -> bool:
        """Whether the number is the one that was asked about, whatever zeros it lost as a number."""
        return _plain(found.dossier_number) == _plain(self.dossier_number)


def _plain(number: str) -> str:
    return number.lstrip("0")
