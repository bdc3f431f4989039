"""Generation 1's words to ours. Pure."""

from __future__ import annotations

from typing import Any

from gateway.adapters.hotich.answers import NOT_DONE, SUCCESS, failure, post
from gateway.adapters.hotich.gen1.xml_text import records_in
from gateway.adapters.hotich.papers.mapping import registered
from gateway.adapters.hotich.query import DossierQuery, HotichOptions
from gateway.adapters.hotich.wire import Envelope
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.exchange import Bounds, Request
from gateway.domain.outcome import Found, Unknown
from gateway.domain.records.civil_status import CivilDossier, CivilResult
from gateway.domain.records.dossier import Stage
from gateway.domain.records.shared import Code
from gateway.errors import MalformedAnswer, Reason
from gateway.wire import rest

__all__ = ["RESULT", "STATE", "dossier", "result"]

STATE = "traTrangThaiHoSo"
RESULT = "ketQuaDangKyHS"

# Of this one operation `status` is the state, and success has four numbers.
_STAGES = {
    "1": Stage.ACCEPTED,
    "2": Stage.SUPPLEMENT_NEEDED,
    "3": Stage.IN_PROGRESS,
    "4": Stage.READY,
}
_DONE = "4"
_FAILURE = "0"


def dossier(ask: Question[DossierQuery, HotichOptions]) -> Exchanges[CivilDossier]:
    """
    Ask how far a dossier is (`traTrangThaiHoSo` by unit and number).

    Returns:
        Its state, with the ministry's sentence about it. The answer does not name the dossier, so the channel believes
        it only from a fresh connection; where it stands in the books is told by `result` alone. `Absent` for code 201.

    Source:
        contracts/hotich/contract.toml, dataset `dossier`, version `gen1`; facts in dancu-justice-transport.md, 3.1.
    """
    response = yield _request(ask, STATE)
    envelope = rest.answer(response, STATE, Envelope)
    stage = _STAGES.get(envelope.status)
    if stage is None or envelope.error_code:
        if envelope.status != _FAILURE and envelope.error_code is None and envelope.errors is None:
            raise MalformedAnswer("hotich: status is a state that is not listed")
        return failure(envelope)
    return Found(
        CivilDossier(
            stage=stage,
            state=Code(code=envelope.status, list="hotich.gen1.state", name=envelope.description or None),
            handling_note=envelope.value if isinstance(envelope.value, str) and envelope.value else None,
        )
    )


def result(ask: Question[DossierQuery, HotichOptions]) -> Exchanges[CivilResult]:
    """
    Ask what became of a dossier (`ketQuaDangKyHS`). Code 200, not complete, is a dossier in work.

    Source:
        contracts/hotich/contract.toml, dataset `result`, version `gen1`; facts in dancu-justice-transport.md, 3.1, 3.4.
    """
    response = yield _request(ask, RESULT)
    envelope = rest.answer(response, RESULT, Envelope)
    event = ask.query.event
    if envelope.error_code == NOT_DONE and envelope.status != SUCCESS:
        state = Code(code=NOT_DONE, list="hotich.code", name=envelope.error_description or None)
        return Found(CivilResult(event=event, stage=Stage.IN_PROGRESS, state=state))
    if envelope.status != SUCCESS or envelope.error_code:
        return failure(envelope)
    match _records(envelope.value, response.bounds):
        case [one]:
            done = registered(event, one, response)
        case []:
            raise MalformedAnswer("hotich: success, and nothing in value")
        case _:
            return Unknown(Reason.AMBIGUOUS, detail="hotich: several registrations for one dossier")
    return Found(
        CivilResult(
            event=event,
            stage=Stage.READY,
            # ASSUMED: a result is what state 4 has; this operation tells no state of its own.
            state=Code(code=_DONE, list="hotich.gen1.state"),
            registration=done.registration,
            birth=done.birth,
            death=done.death,
            marriage=done.marriage,
            document=done.document,
        )
    )


def _request(ask: Question[DossierQuery, HotichOptions], operation: str) -> Request:
    # The unit's code is a Long there: it goes out as a number, without its leading zeros.
    members: dict[str, Any] = {"maDonVi": int(ask.query.commune_code), "maHoSo": ask.query.dossier_number.value}
    return post(ask.options, operation, "apiHoTichTuPhap", "", operation, members)


def _records(value: Any, bounds: Bounds) -> list[Any]:
    """What `value` holds: a list, an object, or XML in a text. ASSUMED, all three: only `traHoSo` is told, a list."""
    match value:
        case str() if value.strip():
            return list(records_in(value, bounds))
        case dict():
            return [value]
        case list():
            return value
        case _:
            return []
