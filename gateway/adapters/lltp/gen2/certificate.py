"""What a certificate says, in our words. Pure."""

from __future__ import annotations

import base64
import binascii

from gateway.adapters.lltp.gen2 import wire
from gateway.adapters.lltp.values import code, day, partial
from gateway.domain.records.judicial import Certificate, Conviction, Offence, OfficeBan, Penalty
from gateway.errors import MalformedAnswer

__all__ = ["certificate_from"]


def certificate_from(result: wire.Result) -> Certificate:
    """The whole certificate. Raises MalformedAnswer for a date that is none, or a document that is no base64."""
    return Certificate(
        certificate_number=result.certificate_number or "",
        issued_on=day(result.issued, "ngayCapPhieu"),
        form=code("lltp.certificate_form", result.form),
        prepared_by=result.prepared_by or None,
        signed_by=result.signed_by or None,
        signer_title=result.signer_title or None,
        criminal_record=code("lltp.criminal_record", result.criminal_record, result.criminal_record_name),
        criminal_record_name=result.criminal_record_name or None,
        office_ban=code("lltp.office_ban", result.office_ban, result.office_ban_name),
        office_ban_name=result.office_ban_name or None,
        convictions=tuple(_conviction(one) for one in result.convictions or ()),
        bans=tuple(_ban(one) for one in result.bans or ()),
        revocation_decision=result.revocation or None,
        document=_base64(result.document, "phieuLLTP"),
    )


def _conviction(one: wire.Conviction) -> Conviction:
    return Conviction(
        judgment_number=one.judgment_number or None,
        judged_on=partial(one.judged, "ngayBanAn"),
        court=code("lltp.court", one.court, one.court_name),
        court_name=one.court_name or None,
        offences=tuple(
            Offence(code=code("lltp.offence", crime.code, crime.name), name=crime.name or None)
            for crime in one.offences or ()
        ),
        main_penalties=tuple(_penalty(penalty) for penalty in one.main_penalties or ()),
        additional_penalties=tuple(_penalty(penalty) for penalty in one.other_penalties or ()),
        served_on=partial(one.served, "ngayChapHanh"),
        expunged_on=partial(one.expunged, "ngayXoaAn"),
        legal_provision=one.provision or None,
        court_fee=one.court_fee or None,
        civil_obligation=one.civil_obligation or None,
        execution_state=one.execution_state or None,
    )


def _penalty(one: wire.MainPenalty | wire.OtherPenalty) -> Penalty:
    return Penalty(code=code("lltp.penalty", one.code, one.name), name=one.name or None, note=one.note or None)


def _ban(one: wire.OfficeBan) -> OfficeBan:
    return OfficeBan(
        decision_number=one.decision_number or None,
        decided_on=partial(one.decided, "ngayQuyetDinh"),
        court=one.court or None,
        office=one.office or None,
        period=one.period or None,
        from_date=partial(one.begins, "camTuNgay"),
    )


def _base64(text: str | None, field: str) -> str | None:
    """The text where it is base64; what stands inside is for whoever may open it."""
    if not text:
        return None
    try:
        base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise MalformedAnswer(f"lltp: {field} is no base64") from None
    return text
