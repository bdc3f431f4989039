"""Dossiers of business registration: what an office received, and how one of them stands."""

from __future__ import annotations

from datetime import date

from gateway.domain.dataset import Record
from gateway.domain.identifiers import EnterpriseCode
from gateway.domain.model import Masked
from gateway.domain.records.shared import Code

__all__ = ["BusinessDossier", "BusinessDossierState", "BusinessDossiers", "DossierContact"]


class BusinessDossier(Masked):
    """
    One dossier of a list. `office` is the business-registration office; `enterprise_code` is absent as long as the firm
    has none. `document_type` and `status` are the registry's own words, whose list is not published.
    """

    dossier_number: str
    document_type: Code | None = None
    enterprise_code: EnterpriseCode | None = None
    internal_code: str | None = None
    name: str | None = None
    office: str | None = None
    received_on: date | None = None
    due_on: date | None = None
    status: Code | None = None
    status_changed_on: date | None = None


class BusinessDossiers(Record):
    """What an office received on one day. A day without any is no record but the outcome `absent`."""

    dossiers: tuple[BusinessDossier, ...]


class DossierContact(Masked):
    """Who handed the dossier in. `identity_number` is whatever was written there, of twelve digits or of nine."""

    full_name: str | None = None
    address: str | None = None
    identity_number: str | None = None
    phone: str | None = None
    email: str | None = None


class BusinessDossierState(Record):
    """
    How a dossier stands now, in the registry's own words: what they mean for its work is not published.

    `accepted_on` is when it was approved, `supplemented_on` when the office received what had been missing.
    """

    dossier_number: str
    document_type: Code | None = None
    enterprise_code: EnterpriseCode | None = None
    internal_code: str | None = None
    name: str | None = None
    legal_form: Code | None = None
    office: str | None = None
    received_on: date | None = None
    due_on: date | None = None
    status: Code | None = None
    status_changed_on: date | None = None
    accepted_on: date | None = None
    supplemented_on: date | None = None
    submission_type: Code | None = None
    contact: DossierContact | None = None
