"""Civil-status registrations (hộ tịch): the work on a dossier, what was registered, and a person's marital status."""

from __future__ import annotations

from datetime import date, datetime
from typing import Literal

from gateway.domain.dataset import Record
from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import CitizenId, DossierNumber
from gateway.domain.model import Masked
from gateway.domain.records.dossier import Stage
from gateway.domain.records.shared import Address, Code
from gateway.domain.texts import FreeText, NumberText

__all__ = [
    "Birth",
    "CivilDossier",
    "CivilPerson",
    "CivilResult",
    "Death",
    "DeathNotice",
    "Declarant",
    "Event",
    "MaritalStatus",
    "Marriage",
    "Registration",
]

Event = Literal["birth", "death", "marriage"]
"""What is registered."""


class Registration(Masked):
    """Where a registration stands in the books. `kind` counts otherwise for each event, hence its list."""

    registration_number: NumberText | None = None
    book_number: NumberText | None = None
    page_number: NumberText | None = None
    decision_number: NumberText | None = None
    registered_on: date | None = None
    kind: Code | None = None
    place: Address | None = None
    signed_by: str | None = None
    signer_title: FreeText | None = None
    note: FreeText | None = None


class CivilDossier(Record):
    """
    How far the registration of a birth, death or marriage is. `result` says where it stands in the books once `stage`
    is `ready`; the older service does not tell it here.

    Both numbers are absent where the registry's answer does not name the dossier. `supplement_due_on` is the last day
    for what is missing.
    """

    dossier_number: DossierNumber | None = None
    interlink_number: NumberText | None = None
    event: Event | None = None
    stage: Stage | None = None
    state: Code
    changed_at: datetime | None = None
    note: FreeText | None = None
    handled_by: FreeText | None = None
    handler_title: FreeText | None = None
    handling_unit: FreeText | None = None
    handling_note: FreeText | None = None
    supplement_due_on: date | None = None
    errors: tuple[FreeText, ...] = ()
    result: Registration | None = None


class CivilPerson(Masked):
    """
    Somebody in a registration. `birth_date_text` is what the book has in place of a date that can be read; an ethnic
    group is in the ministry's own list where its code has five digits.
    """

    full_name: str | None = None
    citizen_id: CitizenId | None = None
    sex: Code | None = None
    birth_date: PartialDate | None = None
    birth_date_text: FreeText | None = None
    ethnic_group: Code | None = None
    nationality: Code | None = None
    place_of_origin: Address | None = None
    residence_kind: Code | None = None
    residence: Address | None = None
    paper_type: Code | None = None
    paper_number: NumberText | None = None


class Declarant(Masked):
    """Who asked for the registration."""

    full_name: str | None = None
    relation: FreeText | None = None
    paper_number: NumberText | None = None


class Birth(Masked):
    """A birth as registered. `kind` says which parents are known."""

    child: CivilPerson
    birth_place: Address | None = None
    kind: Code | None = None
    mother: CivilPerson | None = None
    father: CivilPerson | None = None
    declarant: Declarant | None = None
    medical_certificate_number: NumberText | None = None


class DeathNotice(Masked):
    """The paper by which a death was reported."""

    kind: Code | None = None
    number: NumberText | None = None
    issued_on: date | None = None
    issued_by: FreeText | None = None


class Death(Masked):
    """A death as registered. `died_on_text` is what the book has in place of a date that can be read."""

    deceased: CivilPerson
    died_on: PartialDate | None = None
    died_on_text: FreeText | None = None
    died_at: FreeText | None = None
    place: Address | None = None
    cause: FreeText | None = None
    notice: DeathNotice | None = None
    declarant: Declarant | None = None


class Marriage(Masked):
    """A marriage as registered. Where `annulled_on` or `annulment_basis` stands it was annulled."""

    husband: CivilPerson
    wife: CivilPerson
    established_on: date | None = None
    state: Code | None = None
    annulled_on: date | None = None
    annulment_basis: FreeText | None = None


class CivilResult(Record):
    """
    What became of a dossier: the registration, and of `birth`, `death` and `marriage` the one that was asked about.
    None of them is there before `stage` is `ready`. `document` is the issued paper as PDF in base64.
    """

    dossier_number: DossierNumber | None = None
    interlink_number: NumberText | None = None
    event: Event
    stage: Stage | None = None
    state: Code
    registration: Registration | None = None
    birth: Birth | None = None
    death: Death | None = None
    marriage: Marriage | None = None
    document: FreeText | None = None


class MaritalStatus(Record):
    """
    What the registry confirms of somebody's marital status, in its own words, as of now. That there is no such record
    says nothing of whether he is married.
    """

    citizen_id: CitizenId
    full_name: str
    birth_date: PartialDate | None = None
    marital_status: Code | None = None
    marital_status_text: FreeText | None = None
    residence_text: FreeText | None = None
    registration: Registration | None = None
    purpose: FreeText | None = None
