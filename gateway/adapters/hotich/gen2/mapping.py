"""Generation 2's words to ours. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from gateway.adapters.hotich import texts, values
from gateway.adapters.hotich.answers import SUCCESS, failure, post
from gateway.adapters.hotich.gen2 import wire
from gateway.adapters.hotich.papers.mapping import Registered, registered
from gateway.adapters.hotich.query import DossierQuery, HotichOptions
from gateway.adapters.hotich.wire import Envelope
from gateway.domain.dataset import Exchanges, Question
from gateway.domain.exchange import Request, Response
from gateway.domain.identifiers import DossierNumber
from gateway.domain.outcome import Absent, Found, Unknown
from gateway.domain.records.civil_status import CivilDossier, CivilResult, Event
from gateway.domain.records.dossier import Stage
from gateway.domain.records.shared import Code
from gateway.errors import MalformedAnswer, Reason
from gateway.wire import json as strict_json
from gateway.wire import rest
from gateway.wire.model import read

__all__ = ["OPERATION", "dossier", "result"]

OPERATION = "LayKetQua"
"""ASSUMED: what a client calls the setting that holds the address; the ministry's own name is not told."""

_STATE = "hotich.gen2.state"
_MODULES: dict[Event, str] = {"birth": "KS", "death": "KT", "marriage": "KH"}
_EVENTS: dict[str, Event] = {module: event for event, module in _MODULES.items()}

# The listed states. A client reads every other one as "does not exist at the ministry", which nobody confirms: it is
# neither found nor absent.
_STAGES = {
    "1": Stage.SUBMITTED,
    "2": Stage.SUPPLEMENT_NEEDED,
    "3": Stage.IN_PROGRESS,
    "4": Stage.READY,
    "6": Stage.DECLINED,
}


@dataclass(frozen=True, slots=True)
class _Dossier:
    """One dossier in an answer; `done` is empty until something was registered."""

    entry: wire.Entry
    number: DossierNumber | None
    event: Event | None
    stage: Stage
    done: Registered


def dossier(ask: Question[DossierQuery, HotichOptions]) -> Exchanges[CivilDossier]:
    """
    Ask how far a dossier is, by the number that the one-stop system gave it or by its interlinked one.

    Returns:
        Its state with what the ministry says about it, and where it stands in the books once it is registered. `Absent`
        when the service answers success with nothing in `value`, code 201, or words to that effect.

    Source:
        contracts/hotich/contract.toml, dataset `dossier`; facts in dancu-justice-transport.md, 3.2.
    """
    found = _dossier((yield _request(ask)), ask.query.event)
    match found:
        case Absent() | Unknown():
            return found
        case Envelope():
            return Found(CivilDossier(stage=Stage.ACCEPTED, state=_said(found), note=found.error_description or None))
    entry = found.entry
    return Found(
        CivilDossier(
            dossier_number=found.number,
            interlink_number=entry.interlink_number or None,
            event=found.event,
            stage=found.stage,
            state=Code(code=entry.state, list=_STATE),
            changed_at=values.moment(entry.changed, "thoiGianThucHien"),
            note=entry.note or None,
            handled_by=entry.handled_by or None,
            handler_title=entry.handler_title or None,
            handling_unit=entry.handling_unit or None,
            handling_note=entry.handling_note or None,
            supplement_due_on=_due(entry.supplement_due),
            errors=_lines(entry.errors),
            result=found.done.registration,
        )
    )


def result(ask: Question[DossierQuery, HotichOptions]) -> Exchanges[CivilResult]:
    """
    The same question, for what was registered. A dossier in work is found, and has no registration.

    Source:
        contracts/hotich/contract.toml, dataset `result`; facts in dancu-justice-transport.md, 3.2 and 3.4.
    """
    event = ask.query.event
    found = _dossier((yield _request(ask)), event)
    match found:
        case Absent() | Unknown():
            return found
        case Envelope():
            return Found(CivilResult(event=event, stage=Stage.ACCEPTED, state=_said(found)))
    done = found.done
    return Found(
        CivilResult(
            dossier_number=found.number,
            interlink_number=found.entry.interlink_number or None,
            event=found.event or event,
            stage=found.stage,
            state=Code(code=found.entry.state, list=_STATE),
            registration=done.registration,
            birth=done.birth,
            death=done.death,
            marriage=done.marriage,
            document=done.document,
        )
    )


def _request(ask: Question[DossierQuery, HotichOptions]) -> Request:
    options = ask.options
    if options.province_code is None:
        raise ValueError("hotich: gen2 needs the option province_code")
    members = {
        "maDinhDanhHoSo": [ask.query.dossier_number.value],
        "maTinh": options.province_code,
        "module": options.module_prefix + _MODULES[ask.query.event],
    }
    return post(options, OPERATION, "apiLienThongKSKT", "1.0", options.result_operation, members)


def _dossier(response: Response, event: Event) -> _Dossier | Envelope | Absent | Unknown:
    """The one dossier in the answer; the envelope itself where it only says that the dossier was taken in."""
    envelope = rest.answer(response, OPERATION, Envelope)
    if envelope.status != SUCCESS:
        if envelope.value in (None, "", [], {}) and texts.say_received(
            envelope.description, envelope.error_description
        ):
            return envelope
        return failure(envelope)
    if not envelope.tells_value:
        raise MalformedAnswer("hotich: success without value")
    match read(wire.Entries, {"value": envelope.value}, response.unlisted).entries or []:
        case []:
            return Absent()
        case [entry]:
            return _told(entry, event, response)
        case _:
            return Unknown(Reason.AMBIGUOUS, detail="hotich: several dossiers under one number")


def _told(entry: wire.Entry, event: Event, response: Response) -> _Dossier:
    stage = _STAGES.get(entry.state)
    if stage is None:
        raise MalformedAnswer(
            "hotich: trangThai is a state that is not listed: whether there is such a dossier is open"
        )
    if not entry.dossier_number and not entry.interlink_number:
        raise MalformedAnswer("hotich: maHoSoMCDT and maHoSoLT are missing")
    told = _event(entry.module)
    done = Registered()
    if stage is Stage.READY and told in {None, event}:  # another event is somebody else's, and is not read
        done = registered(event, _fields(entry.result), response)
    return _Dossier(entry, _number(entry.dossier_number), told, stage, done)


def _fields(result: dict[str, object] | str | None) -> object:
    """The fields of a result: an object, or a text that holds one."""
    if not result:
        raise MalformedAnswer("hotich: the dossier is done, and ketQuaXuLy is missing")
    if isinstance(result, dict):
        return result
    try:
        fields = strict_json.parse(result.encode())
    except strict_json.JsonError as exc:
        raise MalformedAnswer(f"hotich: ketQuaXuLy: {exc}") from None
    if not isinstance(fields, dict) or not fields:
        raise MalformedAnswer("hotich: ketQuaXuLy holds no object")
    return fields


def _event(module: str | None) -> Event | None:
    if not module:
        return None
    event = _EVENTS.get(module.removeprefix("LT"))
    if event is None:
        raise MalformedAnswer("hotich: module is none that was asked for")
    return event


def _number(text: str | None) -> DossierNumber | None:
    if not text:
        return None
    try:
        return DossierNumber(text)
    except ValueError:
        raise MalformedAnswer("hotich: maHoSoMCDT is no dossier number") from None


def _said(envelope: Envelope) -> Code:
    """ASSUMED: "đã được tiếp nhận" under a failure means what it means to a submission: the dossier is there."""
    return Code(
        code=envelope.error_code or envelope.status, list="hotich.code", name=envelope.error_description or None
    )


def _lines(errors: list[str] | str | None) -> tuple[str, ...]:
    lines = errors.splitlines() if isinstance(errors, str) else errors or []
    return tuple(line.strip() for line in lines if line.strip())


def _due(text: str | None) -> date | None:
    """The day of `hanBoSungHoSo`, which comes with or without a time."""
    return values.day((text or "").partition(" ")[0], "hanBoSungHoSo")
