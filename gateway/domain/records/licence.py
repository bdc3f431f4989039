"""Driving licences, and the dossiers in which people ask for them."""

from __future__ import annotations

from datetime import date, datetime

from gateway.domain.dataset import Record
from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import CitizenId, OldCitizenNumber
from gateway.domain.licence_numbers import LicenceNumber
from gateway.domain.model import Masked
from gateway.domain.records.shared import Address, Code
from gateway.domain.texts import FreeText, NumberText

__all__ = [
    "Applicant",
    "Attachment",
    "Contact",
    "DossierDocument",
    "DossierState",
    "DossierTimes",
    "DrivingLicence",
    "IssuedLicence",
    "LicenceDossier",
    "LicenceDossiers",
    "LicenceRequest",
]


class IssuedLicence(Masked):
    """One licence as it was issued. `expires_on` is absent where the class does not end."""

    licence_number: LicenceNumber | None = None
    serial_number: NumberText | None = None
    licence_class: Code | None = None
    issued_by: FreeText | None = None
    issued_on: date | None = None
    expires_on: date | None = None
    passed_on: date | None = None


class DrivingLicence(Record):
    """
    A driving licence as registered now, with each class that it covers. That it exists does not say that it is in
    force: read `status`, and the day on which each class ends.
    """

    licence_number: LicenceNumber
    full_name: str
    birth_date: PartialDate | None = None
    citizen_id: CitizenId | None = None
    old_number: OldCitizenNumber | None = None
    classes: tuple[IssuedLicence, ...]
    status: Code | None = None


class Applicant(Masked):
    """Who asks for a licence. `printed_name` is the name without diacritics, as it stands on the card."""

    printed_name: str | None = None
    birth_date: PartialDate | None = None
    sex: Code | None = None
    nationality: Code | None = None
    citizen_id: CitizenId | None = None
    old_number: OldCitizenNumber | None = None
    identity_issued_by: FreeText | None = None
    identity_issued_on: date | None = None
    current_residence: Address | None = None
    permanent_residence: Address | None = None


class LicenceRequest(Masked):
    """What is asked for, and on what grounds."""

    kind: Code | None = None
    training_class: Code | None = None
    school: FreeText | None = None
    school_year: FreeText | None = None
    years_driven: FreeText | None = None
    safe_km: FreeText | None = None
    reason: FreeText | None = None
    purpose: FreeText | None = None


class Contact(Masked):
    """Who handed the dossier in, and how to reach him and its owner."""

    submitter_name: str | None = None
    submitter_code: NumberText | None = None
    submitter_phone: NumberText | None = None
    submitter_email: NumberText | None = None
    owner_phone: NumberText | None = None
    owner_email: NumberText | None = None
    owner_address: Address | None = None


class DossierTimes(Masked):
    """When what happened to a dossier. Times are Vietnam's."""

    submitted_at: datetime | None = None
    received_at: datetime | None = None
    due_at: datetime | None = None
    finished_at: datetime | None = None
    returned_at: datetime | None = None
    cancelled_at: datetime | None = None


class Attachment(Masked):
    """A paper of a dossier. `path` is what `gplx.document` is asked with."""

    code: NumberText | None = None
    name: str | None = None
    path: FreeText | None = None


class LicenceDossier(Masked):
    """One dossier. What it holds differs between the two services that list them; what is absent was not told."""

    dossier_number: NumberText
    full_name: str
    received_on: date | None = None
    due_on: date | None = None
    office: FreeText | None = None
    handled_by: Code | None = None
    procedure: Code | None = None
    field_name: FreeText | None = None
    summary: FreeText | None = None
    channel: Code | None = None
    subject_kind: Code | None = None
    status: Code | None = None
    times: DossierTimes | None = None
    request: LicenceRequest | None = None
    applicant: Applicant | None = None
    contact: Contact | None = None
    licences: tuple[IssuedLicence, ...] = ()
    attachments: tuple[Attachment, ...] = ()


class LicenceDossiers(Record):
    """The dossiers that an office received on one day. A day without any is no record but the outcome `absent`."""

    dossiers: tuple[LicenceDossier, ...]


class DossierState(Record):
    """How a dossier stands now."""

    dossier_number: NumberText
    status: Code
    submitter_name: str | None = None
    procedure: Code | None = None
    service: Code | None = None
    handled_by: Code | None = None
    times: DossierTimes | None = None
    delivery: Code | None = None


class DossierDocument(Record):
    """One file of a dossier, whole, in base64. `path` is absent where the answer does not repeat it."""

    path: FreeText | None = None
    name: str | None = None
    content_base64: FreeText
