"""RFC 9457 problem documents: what went wrong, in Vietnamese and English, who must act, and when to try again."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

import orjson
from aiohttp import web

from gateway.clock import Clock
from gateway.domain.outcome import Unknown
from gateway.errors import InvalidQuestion, QuestionRefused, TooMany

__all__ = ["MEDIA_TYPE", "TYPE", "for_bug", "for_refusal", "for_status", "for_unknown"]

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:onestop-gateway:problem:"
"""The `type` of a problem is this and its word; the words are listed in `docs/errors.md`."""

_PLAIN_TITLES = {
    404: ("Không có địa chỉ này; xem /docs.", "There is no such route; see /docs."),
    405: ("Phương thức không được phép ở địa chỉ này.", "The method is not allowed here."),
    413: ("Thân yêu cầu quá lớn.", "The request body is too large."),
}


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
        "retryable": error.retryable,
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
    return _response(body, refusal.retry_at if isinstance(refusal, TooMany) else None, clock)


def for_status(status: int) -> web.Response:
    """The answer to what is not a question at all: a wrong route, method or size."""
    vietnamese, english = _PLAIN_TITLES.get(status, ("Yêu cầu không hợp lệ.", "The request is not valid."))
    word = {404: "no_such_route", 405: "method_not_allowed", 413: "too_large"}.get(status, "bad_request")
    return _response({"type": f"{TYPE}{word}", "title": english, "status": status, "detail": vietnamese}, None, None)


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


def _response(body: dict[str, Any], retry_at: datetime | None, clock: Clock | None) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    if retry_at is not None and clock is not None:
        body["retry_at"] = retry_at.isoformat().replace("+00:00", "Z")
        headers["Retry-After"] = str(max(0, math.ceil((retry_at - clock.now()).total_seconds())))
    return web.Response(body=orjson.dumps(body), status=body["status"], content_type=MEDIA_TYPE, headers=headers)
