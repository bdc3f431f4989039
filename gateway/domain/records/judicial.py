"""The work on a request for a judicial record certificate (phiếu lý lịch tư pháp), and what the certificate says."""

from __future__ import annotations

from datetime import date

from gateway.domain.dataset import Record
from gateway.domain.dates import PartialDate
from gateway.domain.identifiers import DossierNumber
from gateway.domain.model import Masked
from gateway.domain.records.dossier import Stage
from gateway.domain.records.shared import Code
from gateway.domain.texts import FreeText, NumberText

__all__ = [
    "Certificate",
    "CertificateSummary",
    "Conviction",
    "JudicialCertificate",
    "JudicialDossier",
    "Offence",
    "OfficeBan",
    "Penalty",
]


class CertificateSummary(Masked):
    """That a certificate was issued, and which; nothing of what it says. `revoked` is true where it was taken back."""

    certificate_number: NumberText | None = None
    issued_on: date | None = None
    form: Code | None = None
    revoked: bool | None = None


class JudicialDossier(Record):
    """
    How far a request for a certificate is. `result` is there once `stage` is `ready`, and never before.

    `dossier_number` is absent where the registry's answer does not name the dossier.
    """

    dossier_number: DossierNumber | None = None
    stage: Stage | None = None
    state: Code
    approved_on: date | None = None
    result: CertificateSummary | None = None


class Offence(Masked):
    """What somebody was convicted of."""

    code: Code | None = None
    name: str | None = None


class Penalty(Masked):
    """A penalty, main or additional, with the court's remark."""

    code: Code | None = None
    name: str | None = None
    note: FreeText | None = None


class Conviction(Masked):
    """One judgment, as the certificate tells it. Dates are as precise as the registry has them."""

    judgment_number: NumberText | None = None
    judged_on: PartialDate | None = None
    court: Code | None = None
    court_name: FreeText | None = None
    offences: tuple[Offence, ...] = ()
    main_penalties: tuple[Penalty, ...] = ()
    additional_penalties: tuple[Penalty, ...] = ()
    served_on: PartialDate | None = None
    expunged_on: PartialDate | None = None
    legal_provision: FreeText | None = None
    court_fee: FreeText | None = None
    civil_obligation: FreeText | None = None
    execution_state: FreeText | None = None


class OfficeBan(Masked):
    """A decision by which somebody may not hold an office, or found or run a firm."""

    decision_number: NumberText | None = None
    decided_on: PartialDate | None = None
    court: FreeText | None = None
    office: FreeText | None = None
    period: NumberText | None = None
    from_date: PartialDate | None = None


class Certificate(Masked):
    """
    What a certificate says. `document` is the issued paper as PDF in base64, `revocation_decision` what took it back.

    `criminal_record` and `office_ban` are the registry's codes; `*_name` its own words for them.
    """

    certificate_number: NumberText
    issued_on: date | None = None
    form: Code | None = None
    prepared_by: str | None = None
    signed_by: str | None = None
    signer_title: FreeText | None = None
    criminal_record: Code | None = None
    criminal_record_name: str | None = None
    office_ban: Code | None = None
    office_ban_name: str | None = None
    convictions: tuple[Conviction, ...] = ()
    bans: tuple[OfficeBan, ...] = ()
    revocation_decision: FreeText | None = None
    document: FreeText | None = None


class JudicialCertificate(Record):
    """How far the request is, with the whole certificate once there is one. No certificate yet is no clean record."""

    dossier_number: DossierNumber
    stage: Stage | None = None
    state: Code
    certificate: Certificate | None = None
