"""The central service's words to ours: certificates, parcels, what somebody holds. Pure."""

from __future__ import annotations

import orjson

from gateway.adapters.datdai import values
from gateway.adapters.datdai.central import wire
from gateway.adapters.datdai.central.parts import asset_kinds, entry, holders, parcels
from gateway.adapters.datdai.query import CertificateQuery, DatdaiOptions, OwnerQuery, ParcelQuery
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.exchange import Request
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.domain.records.land import Holding, LandCertificate, LandHoldings, LandParcel
from gateway.errors import MalformedAnswer, Reason
from gateway.wire import rest

__all__ = ["certificate", "owner_parcels", "parcel"]

_MOST = 100
_REJECTED = Unknown(Reason.REJECTED, detail="datdai: statusText tells a failure")
_AMBIGUOUS = Unknown(Reason.AMBIGUOUS, detail="datdai: several records under one key")


def certificate(ask: Question[CertificateQuery, DatdaiOptions]) -> Exchanges[LandCertificate]:
    """
    Look up one certificate by its serial number.

    Returns:
        The certificate as registered now, whatever its state. `Absent` when the list is empty and counts none.

    Source:
        contracts/datdai/contract.toml, dataset `certificate`; facts in others.md, 3.5-3.8, domain.md, 3.1.
    """
    number = ask.query.certificate_number
    operation = "traCuuGiayChungNhan"
    written = number.spaced if ask.options.certificate_form == "spaced" else number.value
    answer = rest.answer((yield _request(ask.options, operation, soPhatHanh=written)), operation, wire.Answer)
    if not answer.succeeded:
        return _REJECTED
    match _certificates(answer):
        case []:
            return Absent()
        case [one]:
            return Found(
                LandCertificate(
                    **dict(entry(one)),
                    old_register_number=one.old_register_number,
                    barcode=one.barcode,
                    issuer=one.issuer,
                    holders=holders(one),
                    parcels=parcels(one),
                    asset_kinds=asset_kinds(one),
                )
            )
        case _:
            return _AMBIGUOUS


def parcel(ask: Question[ParcelQuery, DatdaiOptions]) -> Exchanges[LandParcel]:
    """
    Look up one parcel by commune, sheet and number; each row is a certificate for it.

    Returns:
        The parcel with every certificate. `Absent` when none is registered for such a parcel. Rows that describe
        it differently are `ambiguous`: where communes were merged two parcels may carry the same old numbers.

    Source:
        contracts/datdai/contract.toml, dataset `parcel`; facts in others.md, 3.5-3.8, domain.md, 3.1.
    """
    query, operation = ask.query, "traCuuThuaDat"
    names = {"current": ("soHieuToBanDo", "soThuTuThua"), "old": ("soHieuToBanDoCu", "soThuTuThuaCu")}
    sheet, number = names[query.numbers]
    keys = {"maXa": query.commune_code, sheet: query.map_sheet, number: query.parcel_number}
    answer = rest.answer((yield _request(ask.options, operation, **keys)), operation, wire.Answer)
    if not answer.succeeded:
        return _REJECTED
    rows = _certificates(answer)
    if not rows:
        return Absent()
    # A certificate may cover other parcels too; a row that has none of this place is about another.
    described = [[one for one in parcels(row) if query.is_about(one) is not False] or parcels(row) for row in rows]
    if not all(described):
        raise MalformedAnswer("datdai: a certificate without a parcel, where a parcel was asked about")
    found = {one for row in described for one in row}
    if len(found) > 1:
        strangers = [one for one in found if query.is_about(one) is False]
        if not strangers:
            return _AMBIGUOUS
        found = set(strangers[:1])
    everybody = dict.fromkeys(holder for row in rows for holder in holders(row))
    return Found(LandParcel(parcel=found.pop(), holders=tuple(everybody), certificates=tuple(map(entry, rows))))


def owner_parcels(ask: Question[OwnerQuery, DatdaiOptions]) -> Exchanges[LandHoldings]:
    """
    Look up everything registered under a number.

    Returns:
        Each certificate with its parcels. `Absent` when none has a holder with that number, which says nothing of
        entries under another number of his. A list that is longer than its answer is `malformed`, never cut.

    Source:
        contracts/datdai/contract.toml, dataset `owner_parcels`; facts in others.md, 3.5-3.8.
    """
    operation = "traCuuThuaDatTheoChu"
    response = yield _request(ask.options, operation, soGiayTo=ask.query.number)
    answer = rest.answer(response, operation, wire.Answer)
    if not answer.succeeded:
        return _REJECTED
    rows = _certificates(answer)
    if not rows:
        return Absent()
    owners, holdings = [], []
    for row in rows:
        everybody = holders(row)
        if not everybody:
            raise MalformedAnswer("datdai: a certificate without a holder, where a holder was asked about")
        owners.append(next((one for one in everybody if one.has(ask.query.number)), everybody[0]))
        holdings.append(Holding(certificate=entry(row), parcels=parcels(row), is_shared=len(everybody) > 1))
    # A row that does not name the one who was asked about speaks for the whole answer.
    owner = next((one for one in owners if not one.has(ask.query.number)), owners[0])
    return Found(LandHoldings(owner=owner, holdings=tuple(holdings)))


def _request(options: DatdaiOptions, operation: str, **keys: str) -> Request:
    # ASSUMED: asked exactly, in VBDLIS's own words for it; 100 rows are more than anybody has.
    body = {**keys, "timChinhXac": True, "start": 0, "length": _MOST}
    return Request(
        operation=operation,
        path=values.path(options.context, options.api_version, ("CSDL_DATDAI", "1.0"), operation),
        headers={"Accept": "application/json"},
        media_type="application/json",
        body=(orjson.dumps(body),),
    )


def _certificates(answer: wire.Answer) -> list[wire.Certificate]:
    rows = answer.rows or []
    if not (answer.matched.isascii() and answer.matched.isdigit()) or int(answer.matched) != len(rows):
        raise MalformedAnswer("datdai: recordsFiltered does not count the rows that are there")
    return [row.certificate for row in rows]
