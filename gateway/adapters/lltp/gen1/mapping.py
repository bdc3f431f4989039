"""Generation 1's words to ours. Pure."""

from __future__ import annotations

from gateway.adapters.lltp import values
from gateway.adapters.lltp.gen1 import wire
from gateway.adapters.lltp.query import DossierQuery, LltpOptions
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.exchange import Request
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.domain.records.dossier import Stage
from gateway.domain.records.judicial import CertificateSummary, JudicialDossier
from gateway.domain.records.shared import Code
from gateway.errors import MalformedAnswer, Reason
from gateway.wire import rest
from gateway.wire.json_body import MEDIA_TYPE, json_body

__all__ = ["OPERATION", "dossier"]

OPERATION = "traTrangThaiHs"
_CONTEXT = "apiLyLichTuPhap"
_SUCCESS = "1"  # ASSUMED: the manual lists no STATUS; the ministry's civil-status service of the same age says 1
_THROUGH_ONE_STOP = "2"

# The three that the manual lists. Another one is kept as it is sent, and has no stage.
_STAGES = {"3": Stage.ACCEPTED, "4": Stage.IN_PROGRESS, "5": Stage.READY}


def dossier(ask: Question[DossierQuery, LltpOptions]) -> Exchanges[JudicialDossier]:
    """
    Ask how far a dossier is (`traTrangThaiHs` by `idReceivedDec`), one that came through a one-stop system.

    Returns:
        Its state, and the day of issue once the certificate is there. The answer does not name the dossier, so the
        channel believes it only from a fresh connection. `Absent` when the service says in words that it knows no
        such dossier (ASSUMED: how it says so is not told).

    Source:
        contracts/lltp/contract.toml, dataset `dossier`, version `gen1`; facts in dancu-justice-transport.md, 4.1.
    """
    options = ask.options
    context = _CONTEXT if options.context is None else options.context
    response = yield Request(
        operation=OPERATION,
        path=values.path(context, options.api_version, options.status_operation),
        headers={"Accept": MEDIA_TYPE},
        media_type=MEDIA_TYPE,
        # ASSUMED: infoType is a text, as the number beside it.
        body=json_body({"idReceivedDec": ask.query.dossier_number.value, "infoType": _THROUGH_ONE_STOP}),
    )
    answer = rest.answer(response, OPERATION, wire.StatusAnswer)
    if answer.status == _SUCCESS:
        return Found(_dossier(answer))
    if values.says_no_such_dossier(answer.description):
        if answer.state:
            raise MalformedAnswer("lltp: no such dossier, in an answer that tells its state")
        return Absent()
    return Unknown(Reason.REJECTED, detail="lltp: the service answered STATUS other than 1")


def _dossier(answer: wire.StatusAnswer) -> JudicialDossier:
    if not answer.state:
        raise MalformedAnswer("lltp: success without DEC_STATUS_ID")
    stage = _STAGES.get(answer.state)
    issued_on = values.day(answer.issued, "ISSUE_DATE")
    return JudicialDossier(
        stage=stage,
        state=Code(code=answer.state, list="lltp.gen1.state", name=answer.state_name or None),
        approved_on=values.day(answer.approved, "APPROVE_DATE"),
        result=CertificateSummary(issued_on=issued_on) if stage is Stage.READY else None,
    )
