"""Generation 2's words to ours. Pure."""

from __future__ import annotations

from gateway.adapters.lltp import values
from gateway.adapters.lltp.gen2 import wire
from gateway.adapters.lltp.gen2.certificate import certificate_from
from gateway.adapters.lltp.query import DossierQuery, LltpOptions
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.exchange import Request, Response, Secret
from gateway.domain.identifiers import DossierNumber
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.domain.records.dossier import Stage
from gateway.domain.records.judicial import CertificateSummary, JudicialCertificate, JudicialDossier
from gateway.domain.records.shared import Code
from gateway.errors import MalformedAnswer, Reason
from gateway.wire import rest
from gateway.wire.json_body import MEDIA_TYPE, json_body

__all__ = ["AUTH_KEY", "OPERATION", "certificate", "dossier"]

OPERATION = "LayKetQua"
"""ASSUMED: what a client calls the setting that holds the address; the ministry's own name is not told."""

AUTH_KEY = "auth_key"
_SUCCESS = "1"

_STAGES = {
    "1": Stage.SUBMITTED,
    "2": Stage.ACCEPTED,
    "3": Stage.DECLINED,
    "4": Stage.IN_PROGRESS,
    "5": Stage.SUPPLEMENT_NEEDED,
    "6": Stage.PAYMENT_NEEDED,
    "7": Stage.WITHDRAWN,
    "8": Stage.STOPPED,
    "9": Stage.READY,
    "10": Stage.READY,
}

# ASSUMED: codes of the ministry's civil-status service (dancu-justice-transport.md, 3.1), where this one sends any.
_REFUSED = frozenset({"100", "101"})
_NO_SUCH_DOSSIER = "201"


def dossier(ask: Question[DossierQuery, LltpOptions]) -> Exchanges[JudicialDossier]:
    """
    Ask how far a dossier is, by the number that the one-stop system gave it.

    Returns:
        Its state, and which certificate was issued once there is one. `Absent` when the service answers success with
        nothing in `value`, or says in words that it knows no such dossier. ASSUMED: neither was seen.

    Source:
        contracts/lltp/contract.toml, dataset `dossier`; facts in dancu-justice-transport.md, 4.2.
    """
    entry = _entry((yield _request(ask)))
    if not isinstance(entry, wire.Entry):
        return entry
    stage, whole = _stage_and_result(entry)
    return Found(
        JudicialDossier(
            dossier_number=_number(entry),
            stage=stage,
            state=_state(entry),
            result=None if whole is None else _summary(whole),
        )
    )


def certificate(ask: Question[DossierQuery, LltpOptions]) -> Exchanges[JudicialCertificate]:
    """
    The same question, for what the certificate says. A dossier in work is found, and has no certificate.

    Source:
        contracts/lltp/contract.toml, dataset `certificate`; facts in dancu-justice-transport.md, 4.2.
    """
    entry = _entry((yield _request(ask)))
    if not isinstance(entry, wire.Entry):
        return entry
    stage, whole = _stage_and_result(entry)
    return Found(
        JudicialCertificate(
            dossier_number=_number(entry),
            stage=stage,
            state=_state(entry),
            certificate=None if whole is None else certificate_from(whole),
        )
    )


def _request(ask: Question[DossierQuery, LltpOptions]) -> Request:
    options = ask.options
    if options.province_code is None:
        raise ValueError("lltp: gen2 needs the option province_code")
    return Request(
        operation=OPERATION,
        path=values.path(options.context or "", options.api_version, options.result_operation),
        headers={"Accept": MEDIA_TYPE},
        media_type=MEDIA_TYPE,
        body=json_body(
            {
                "authKey": Secret(AUTH_KEY),
                "maTinh": options.province_code,
                "maHoSoMCDT": ask.query.dossier_number.value,
            }
        ),
    )


def _entry(response: Response) -> wire.Entry | Absent | Unknown:
    """The one dossier in the answer, or how the question ends without one."""
    envelope = rest.answer(response, OPERATION, wire.Envelope)
    if envelope.status != _SUCCESS:
        return _failure(envelope)
    if not envelope.tells_entries:
        raise MalformedAnswer("lltp: success without value")
    match envelope.entries or []:
        case []:
            return Absent()
        case [one]:
            return one
        case _:
            return Unknown(Reason.AMBIGUOUS, detail="lltp: several dossiers under one number")


def _failure(envelope: wire.Envelope) -> Absent | Unknown:
    if envelope.error_code in _REFUSED:
        return Unknown(
            Reason.REFUSED, detail=f"lltp: errorCode {envelope.error_code}: the key or the address is not known"
        )
    if envelope.error_code == _NO_SUCH_DOSSIER or values.says_no_such_dossier(
        envelope.description, envelope.error_description
    ):
        if envelope.entries:
            raise MalformedAnswer("lltp: no such dossier, in an answer that holds one")
        return Absent()
    return Unknown(Reason.REJECTED, detail="lltp: the service answered status other than 1")


def _stage_and_result(entry: wire.Entry) -> tuple[Stage | None, wire.Result | None]:
    """A result counts in the states that carry one, and there it must be. A state beyond the list has no stage."""
    stage = _STAGES.get(entry.state)
    if stage is not Stage.READY:
        return stage, None
    if entry.result is None or not entry.result.certificate_number:
        raise MalformedAnswer("lltp: the dossier is done, and soPhieuLLTP is missing")
    return stage, entry.result


def _state(entry: wire.Entry) -> Code:
    return Code(code=entry.state, list="lltp.gen2.state")


def _number(entry: wire.Entry) -> DossierNumber:
    try:
        return DossierNumber(entry.dossier_number)
    except ValueError:
        raise MalformedAnswer("lltp: maHoSoMCDT is no dossier number") from None


def _summary(result: wire.Result) -> CertificateSummary:
    return CertificateSummary(
        certificate_number=result.certificate_number,
        issued_on=values.day(result.issued, "ngayCapPhieu"),
        form=values.code("lltp.certificate_form", result.form),
        revoked=True if result.revocation else None,
    )
