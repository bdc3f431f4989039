"""What VBDLIS has reported of a dossier. Pure."""

from __future__ import annotations

import orjson

from gateway.adapters.datdai.query import DatdaiOptions, DossierQuery
from gateway.adapters.datdai.reports import mapping as reports
from gateway.adapters.datdai.vbdlis import wire
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.exchange import Request, Secret
from gateway.domain.outcome import Found
from gateway.domain.records.land_dossier import LandDossier
from gateway.errors import MalformedAnswer
from gateway.wire import rest

__all__ = ["OPERATION", "dossier"]

OPERATION = "TraCuuTrangThaiHoSo"


def dossier(ask: Question[DossierQuery, DatdaiOptions]) -> Exchanges[LandDossier]:
    """
    Ask what was reported of one dossier.

    Returns:
        The dossier as far as it was reported. `Absent` when the answer says that it knows no such dossier.

    Source:
        contracts/datdai/contract.toml, dataset `dossier`, version `vbdlis`; facts in others.md, 3.2.
    """
    context = "VBDLIS" if ask.options.context is None else ask.options.context
    response = yield Request(
        operation=OPERATION,
        path=(*((context,) if context else ()), OPERATION, Secret("security_code")),
        headers={"Accept": "application/json"},
        media_type="application/json",
        body=(orjson.dumps({"SoBienNhan": ask.query.dossier_number}),),
    )
    answer = rest.answer(response, OPERATION, wire.Answer)
    if answer.result != "1":
        if answer.reports:
            raise MalformedAnswer("datdai: a failure, in an answer that holds reports")
        return reports.failure(answer.message)
    return Found(reports.dossier(answer.reports or (), ask.options.report_times or "utc"))
