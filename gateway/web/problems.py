"""RFC 9457 problem documents: what went wrong, in Vietnamese and English, who must act, and when to try again."""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from email.utils import formatdate
from typing import Any

import orjson
from aiohttp import web

from gateway.clock import Clock
from gateway.domain.outcome import Unknown
from gateway.errors import InvalidQuestion, NotShown, QuestionRefused, RegistryUnavailable

__all__ = [
    "MEDIA_TYPE",
    "PROBLEM",
    "TYPE",
    "for_bug",
    "for_not_shown",
    "for_refusal",
    "for_status",
    "for_unknown",
    "on_the_wire",
]

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:onestop-gateway:problem:"
"""The `type` of a problem is this and its word; the words are listed in `docs/errors.md`."""

PROBLEM: web.ResponseKey[str] = web.ResponseKey("problem", str)
"""Under this name a response that is no answer to a question carries its word, for whoever counts them."""

_UNAUTHORIZED = 401
# RFC 9110 wants a challenge with each 401, and Java's older client fails without one. No browser asks for a password.
_CHALLENGE = 'Bearer realm="onestop-gateway"'

_PLAIN = {
    401: (
        "key_missing",
        "Thiếu khóa, hoặc khóa sai.",
        "The key is missing or wrong.",
    ),
    404: ("no_such_route", "Không có địa chỉ này; xem /docs.", "There is no such route; see /docs."),
    405: (
        "method_not_allowed",
        "Phương thức không được phép ở địa chỉ này.",
        "The method is not allowed here.",
    ),
    408: ("too_slow", "Yêu cầu gửi đến quá chậm.", "The request took too long to arrive."),
    413: ("too_large", "Thân yêu cầu quá lớn.", "The request body is too large."),
    415: (
        "packed",
        "Thân yêu cầu bị nén; gửi không nén.",
        "The request body is packed; send it without Content-Encoding.",
    ),
    431: (
        "head_too_large",
        "Địa chỉ hoặc tiêu đề của yêu cầu quá dài.",
        "The address or a header of the request is too long.",
    ),
    500: ("bug", "Cổng gặp lỗi; báo quản trị.", "The gateway failed; report this to the operator."),
    503: ("too_many_connections", "Cổng có quá nhiều kết nối.", "The gateway has too many connections."),
}
_NOT_VALID = ("bad_request", "Yêu cầu không hợp lệ.", "The request is not valid.")


def for_unknown(lookup_id: str, outcome: Unknown, clock: Clock) -> web.Response:
    """The answer to a question whose outcome is unknown."""
    error = outcome.error
    body = {
        "type": f"{TYPE}{outcome.reason.value}",
        "title": error.title_en,
        "status": error.http_status,
        "detail": error.title_vi,
        "outcome": "unknown",
        "reason": outcome.reason.value,
        "actor": error.actor.value,
        "retryable": issubclass(error, RegistryUnavailable),
        "lookup_id": lookup_id,
    }
    return _response(body, outcome.retry_at, clock)


def for_refusal(lookup_id: str, refusal: QuestionRefused, clock: Clock) -> web.Response:
    """The answer to a question that never left."""
    status = refusal.status if isinstance(refusal, InvalidQuestion) else refusal.http_status
    body: dict[str, Any] = {
        "type": f"{TYPE}{refusal.refusal.value}",
        "title": refusal.title_en,
        "status": status,
        "detail": refusal.title_vi,
        "reason": refusal.refusal.value,
        "actor": refusal.actor.value,
        "lookup_id": lookup_id,
    }
    if refusal.problems:
        body["problems"] = [
            {"field": problem.location, "code": problem.code, "advice": problem.advice} for problem in refusal.problems
        ]
    return _response(body, refusal.retry_at, clock)


def for_not_shown(lookup_id: str, error: NotShown, clock: Clock) -> web.Response:
    """The answer where something of the gateway's own records was asked for and cannot be shown."""
    body = {
        "type": f"{TYPE}{error.word}",
        "title": error.title_en,
        "status": error.http_status,
        "detail": error.title_vi,
        "actor": error.actor.value,
        "lookup_id": lookup_id,
    }
    after_s = error.retry_after_s
    return _response(body, None if after_s is None else clock.now() + timedelta(seconds=after_s), clock)


def for_status(status: int, *, allow: str | None = None) -> web.Response:
    """
    The answer to what is not a question at all: a wrong route, method or size. The connection closes after it.

    `allow` names the methods of the route, where one of them was meant.
    """
    word, vietnamese, english = _PLAIN.get(status, _NOT_VALID)
    body = {"type": f"{TYPE}{word}", "title": english, "status": status, "detail": vietnamese}
    response = _response(body, None, None)
    response[PROBLEM] = word
    if allow is not None:
        response.headers["Allow"] = allow
    response.force_close()
    return response


def for_bug(lookup_id: str) -> web.Response:
    """The answer when the gateway itself is wrong. Nothing is said of what happened; the log has it."""
    body = {
        "type": f"{TYPE}bug",
        "title": "The gateway failed; report this lookup_id to the operator.",
        "status": 500,
        "detail": "Cổng gặp lỗi; báo quản trị kèm lookup_id này.",
        "actor": "operator",
        "lookup_id": lookup_id,
    }
    return _response(body, None, None)


def on_the_wire(response: web.Response) -> bytes:
    """A whole answer as bytes, for a connection on which aiohttp has no request to answer."""
    if not isinstance(response.body, bytes):
        raise TypeError("only a whole answer can be written at once")
    headers = dict(response.headers) | {
        "Content-Length": str(len(response.body)),
        "Connection": "close",
        "Date": formatdate(usegmt=True),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {response.status} {response.reason}\r\n{lines}\r\n".encode("ascii") + response.body


def _response(body: dict[str, Any], retry_at: datetime | None, clock: Clock | None) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    if body["status"] == _UNAUTHORIZED:
        headers["WWW-Authenticate"] = _CHALLENGE
    if retry_at is not None and clock is not None:
        body["retry_at"] = retry_at.isoformat().replace("+00:00", "Z")
        headers["Retry-After"] = str(max(0, math.ceil((retry_at - clock.now()).total_seconds())))
    return web.Response(body=orjson.dumps(body), status=body["status"], content_type=MEDIA_TYPE, headers=headers)
