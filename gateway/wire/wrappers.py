"""
Province wrappers: how a provincial platform packs another service's messages. Pure codecs.

Each knows how to unpack an answer, and says which error its own envelope means. Source:
dancu-justice-transport.md, 2.3.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

from pydantic import Field

from gateway.domain.exchange import Response
from gateway.errors import REASONS, MalformedAnswer, Reason
from gateway.wire import rest
from gateway.wire.model import NumberOrText, Wire
from gateway.wire.status import reason_of_status

__all__ = ["WRAPPERS", "Unwrap"]

Unwrap = Callable[[Response], Response]

_HTTP_DIGITS = 3
_HTTP_OK = 200


class _ThaiNguyen(Wire):
    """`{code, status, correlationId, response}`; `response` is the back end's own answer."""

    code: NumberOrText
    status: object = None
    correlation_id: object = Field(alias="correlationId", default=None)
    response: object = None


class _HoChiMinh(Wire):
    """`{StatusCode, Status, Description, ThrowException, ResultObject}`."""

    code: NumberOrText = Field(alias="StatusCode")
    status: str = Field(alias="Status")
    description: object = Field(alias="Description", default=None)
    threw: bool | None = Field(alias="ThrowException", default=None)
    result: object = Field(alias="ResultObject", default=None)


class _ErrorCode(Wire):
    """`{error_code, result, message}` of the price-database clients, and PayGov's spelling of success."""

    code: NumberOrText = Field(alias="error_code")
    result: object = None
    message: object = None


class _OpenCps(Wire):
    """`{status: <HTTP status>, message: <raw body>}` of the OpenCPS REST helper."""

    status: int
    message: str


def _plain(response: Response) -> Response:
    return response


def _thai_nguyen(response: Response) -> Response:
    envelope = rest.answer(response, "thai_nguyen", _ThaiNguyen)
    # ASSUMED: `code` is 200 or 0 for success; the published page shows field names only.
    _refuse_unless(envelope.code in {"200", "0"}, "thai_nguyen", envelope.code)
    return _holding(response, envelope.response)


def _ho_chi_minh(response: Response) -> Response:
    envelope = rest.answer(response, "ho_chi_minh", _HoChiMinh)
    success = envelope.code == "200" and envelope.status == "SUCCESS" and not envelope.threw
    _refuse_unless(success, "ho_chi_minh", envelope.code)
    return _holding(response, envelope.result)


def _error_code(response: Response) -> Response:
    envelope = rest.answer(response, "error_code", _ErrorCode)
    _refuse_unless(envelope.code in {"0", "SUCCESSFUL"}, "error_code", envelope.code)
    return _holding(response, envelope.result)


def _opencps(response: Response) -> Response:
    envelope = rest.answer(response, "opencps", _OpenCps)
    return replace(response, status=envelope.status, body=envelope.message.encode())


def _json_text(response: Response) -> Response:
    """A whole answer (such as SOAP) as one JSON string."""
    text = rest.document(response, "json_text")
    if not isinstance(text, str):
        raise MalformedAnswer("json_text: not one JSON string")
    return replace(response, body=text.encode())


def _refuse_unless(success: bool, wrapper: str, code: str) -> None:
    """ASSUMED: a platform's code that is an HTTP status of failure means what the status means."""
    if success:
        return
    status = int(code) if code.isascii() and code.isdigit() and len(code) == _HTTP_DIGITS else 0
    reason = reason_of_status(status) if status > _HTTP_OK else Reason.REJECTED
    error = REASONS[reason](f"{wrapper}: the platform's own envelope says failure")
    error.layer = "platform"
    raise error


def _holding(response: Response, inner: object) -> Response:
    body = inner.encode() if isinstance(inner, str) else json.dumps(inner, ensure_ascii=False, default=_digits).encode()
    return replace(response, body=body)


def _digits(number: Decimal) -> str:
    """A fraction goes on as text, without an exponent, so that no digit of an amount is lost on the way."""
    return format(number, "f")


WRAPPERS: Mapping[str, Unwrap] = {
    "plain": _plain,
    "thai_nguyen": _thai_nguyen,
    "ho_chi_minh": _ho_chi_minh,
    "error_code": _error_code,
    "opencps": _opencps,
    "json_text": _json_text,
}
"""Wrappers by the name that settings use."""
