"""What iLIS tells of a dossier. Pure."""

from __future__ import annotations

import orjson

from gateway.adapters.datdai import values
from gateway.adapters.datdai.ilis import wire
from gateway.adapters.datdai.query import DatdaiOptions, DossierQuery
from gateway.adapters.datdai.reports import mapping as reports
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.exchange import Request
from gateway.domain.outcome import Found
from gateway.domain.records.land_dossier import LandDossier
from gateway.errors import MalformedAnswer
from gateway.wire import rest

__all__ = ["OPERATION", "dossier"]

OPERATION = "TraCuuTrangThaiHoSo"


def dossier(ask: Question[DossierQuery, DatdaiOptions]) -> Exchanges[LandDossier]:
    """
    Ask for the state of one dossier.

    Returns:
        The dossier as far as iLIS reports it. `Absent` when it says that it knows no such dossier. An answer whose
        `data` and `status` disagree says nothing.

    Source:
        contracts/datdai/contract.toml, dataset `dossier`, version `ilis`; facts in others.md, 3.1 and 3.3.
    """
    response = yield Request(
        operation=OPERATION,
        path=values.path(ask.options.context, ask.options.api_version, ("", ""), OPERATION),
        headers={"Accept": "application/json"},
        media_type="application/json",
        body=(orjson.dumps({"SoBienNhan": ask.query.dossier_number}),),
    )
    answer = rest.answer(response, OPERATION, wire.Answer)
    if answer.failed:
        return reports.failure(answer.status.message)
    if not (answer.reports and answer.status.succeeded):
        raise MalformedAnswer("datdai: data and status disagree")
    return Found(reports.dossier(answer.reports, ask.options.report_times or "vietnam"))
