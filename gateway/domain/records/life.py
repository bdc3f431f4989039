"""Whether somebody has died or is missing, and what became of a request for a list of people."""

from __future__ import annotations

from gateway.domain.dataset import Record
from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import CitizenId
from gateway.domain.model import Masked
from gateway.domain.records.dossier import Stage
from gateway.domain.records.kinship import PersonFacts
from gateway.domain.records.shared import Code

__all__ = ["LifeStatus", "ListedPerson", "RequestedList"]


class LifeStatus(PersonFacts):
    """
    Whether the person is registered as dead or missing, by the registry's code alone: nobody has published what its
    codes mean. Without one nothing is told, and that is never "alive".
    """

    life_status: Code | None = None
    status_since: PartialDate | None = None


class ListedPerson(Masked):
    """Somebody in a list that was requested."""

    citizen_id: CitizenId
    full_name: str
    birth_date: PartialDate | None = None


class RequestedList(Record):
    """
    How far the registry is with a request for a list, and one page of it once `stage` is `ready`, never before.

    `total` counts the people of the whole list.
    """

    request_number: str
    stage: Stage | None = None
    state: Code
    page: int
    total: int | None = None
    people: tuple[ListedPerson, ...] = ()
