"""What the shared envelope means when it says no. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gateway.adapters.hotich import texts
from gateway.adapters.hotich.query import HotichOptions
from gateway.adapters.hotich.wire import Envelope
from gateway.domain.exchange import Request
from gateway.domain.outcome import Absent, Unknown
from gateway.errors import MalformedAnswer, Reason
from gateway.wire.json_body import MEDIA_TYPE, json_body

__all__ = ["NOT_DONE", "SUCCESS", "failure", "post"]

SUCCESS = "1"
NOT_DONE = "200"
"""RECORD_UNCOMPLETE: the dossier is known, and has no result yet."""

_NO_SUCH_DOSSIER = "201"
_REFUSED = {"100": "the authentication code is wrong", "101": "our address is not allowed"}
_REJECTED = {
    "106": "the unit's code is wrong",
    "108": "the province's code is wrong",
    "302": "no such catalogue",
    "500": "the data are wrong",
}


def post(
    options: HotichOptions, operation: str, context: str, version: str, last: str, members: Mapping[str, Any]
) -> Request:
    """A JSON object to an operation: the version's own context and version segment, unless options say otherwise."""
    segments = (
        context if options.context is None else options.context,
        version if options.api_version is None else options.api_version,
        last,
    )
    return Request(
        operation=operation,
        path=tuple(segment for segment in segments if segment),
        headers={"Accept": MEDIA_TYPE},
        media_type=MEDIA_TYPE,
        body=json_body(members),
    )


def failure(envelope: Envelope) -> Absent | Unknown:
    """How a question ends whose answer is no success, by the ministry's code or else by its words."""
    code = envelope.error_code or ""
    if code in _REFUSED:
        return Unknown(Reason.REFUSED, detail=f"hotich: errorCode {code}: {_REFUSED[code]}")
    if code in _REJECTED:
        return Unknown(Reason.REJECTED, detail=f"hotich: errorCode {code}: {_REJECTED[code]}")
    if code == _NO_SUCH_DOSSIER or texts.say_no_such_dossier(envelope.description, envelope.error_description):
        if envelope.value not in (None, "", [], {}):
            raise MalformedAnswer("hotich: no such record, in an answer that holds one")
        return Absent()
    return Unknown(Reason.REJECTED, detail="hotich: the service answered neither success nor a code that is listed")
