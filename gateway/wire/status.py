"""
The layers that may say no before a ministry's own service does, and what each word of theirs means.

First X-Road (its header names it), then the API manager's fault body (WSO2, JSON or XML), then the bare HTTP
status. Sources: dancu-justice-transport.md, 2.4 and 2.5; others.md, C.1. HTTP status meanings that no source
gives are marked.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from gateway.domain.exchange import Response
from gateway.errors import (
    REASONS,
    MalformedAnswer,
    Reason,
    RegistryError,
    RegistryThrottled,
)
from gateway.wire import json as strict_json
from gateway.wire import xml

__all__ = [
    "HTTP_REASONS",
    "WSO2_REASONS",
    "X_ROAD_REASONS",
    "fault_code",
    "raise_for_status",
    "reason_of_status",
    "reason_of_x_road",
    "retry_at",
]

WSO2_REASONS: dict[range, Reason] = {
    range(900901, 900902): Reason.REFUSED,  # invalid or expired token; the transport has renewed it once by now
    range(900902, 900912): Reason.REFUSED,  # missing, blocked, not subscribed, wrong scope
    range(900800, 900808): Reason.THROTTLED,
    range(900900, 900901): Reason.UNREACHABLE,  # unclassified authentication failure (HTTP 500)
    range(700700, 700701): Reason.UNREACHABLE,  # API blocked
    range(102511, 102512): Reason.REJECTED,  # incomplete payload
    range(101504, 101505): Reason.TIMEOUT,
    range(101508, 101509): Reason.TIMEOUT,
    range(101500, 101510): Reason.UNREACHABLE,
    range(303001, 303002): Reason.UNREACHABLE,  # back end suspended
}
"""WSO2 fault code to reason; the first range that holds the code counts."""

X_ROAD_REASONS: tuple[tuple[str, Reason], ...] = (
    ("Client.", Reason.REJECTED),
    ("Server.ServerProxy.AccessDenied", Reason.REFUSED),
    ("Server.ClientProxy.AccessDenied", Reason.REFUSED),
    ("Server.ClientProxy.AuthenticationFailed", Reason.REFUSED),  # ASSUMED: our own subsystem is not known
    ("Server.", Reason.UNREACHABLE),
)
"""X-Road error type (by prefix) to reason; the first that fits counts."""

HTTP_REASONS: dict[range, Reason] = {
    range(300, 400): Reason.MALFORMED,  # a redirect would carry the question elsewhere
    range(401, 402): Reason.REFUSED,
    range(403, 404): Reason.REFUSED,
    range(404, 406): Reason.NOT_CONNECTED,  # a wrong address is ours to mend, and never "no such record"
    range(408, 409): Reason.TIMEOUT,
    range(429, 430): Reason.THROTTLED,
    range(400, 500): Reason.REJECTED,
    range(501, 502): Reason.NOT_CONNECTED,  # this operation is not offered there
    range(504, 505): Reason.TIMEOUT,
    range(500, 600): Reason.UNREACHABLE,
}
"""HTTP status to reason, where nothing in header or body says more; the first range that holds it counts."""

_X_ROAD_TYPE = re.compile(r"(Client|Server\.(Client|Server)Proxy)\.")
_LONGEST_WAIT = timedelta(hours=1)
_LONGEST_FAULT = 16 * 1024  # ASSUMED: a fault is a few lines; this is read while other questions wait
_SECURITY_NAMESPACES = ("http://wso2.org/apimanager/security", "http://wso2.org/apimanager")


def raise_for_status(response: Response, operation: str) -> None:
    """Return where a 200 came from the service itself; else raise the error that the outermost layer means."""
    x_road = response.headers.get("x-road-error")
    if x_road is not None:
        raise _by_platform(_by_prefix(x_road), response, f"{operation}: X-Road error {_known_prefix(x_road)}")
    code = fault_code(response)
    if code is not None:
        reason = _in_ranges(WSO2_REASONS, code) or _in_ranges(HTTP_REASONS, response.status)
        raise _by_platform(reason or Reason.UNREACHABLE, response, f"{operation}: gateway fault {code}")
    if response.status != 200:
        raise _error(reason_of_status(response.status), response, f"{operation}: HTTP {response.status}")


def reason_of_status(status: int) -> Reason:
    """What a bare HTTP status of failure means."""
    return _in_ranges(HTTP_REASONS, status) or Reason.MALFORMED


def reason_of_x_road(kind: str) -> Reason | None:
    """What an X-Road error type means; None for a word that is none."""
    return _by_prefix(kind) if _X_ROAD_TYPE.match(kind) else None


def fault_code(response: Response) -> int | None:
    """The API manager's fault code, or None where the body is no such fault."""
    if response.status < 400 or len(response.body) > _LONGEST_FAULT or b"fault" not in response.body[:512]:
        return None
    code: object = None
    if response.body.lstrip()[:1] == b"<":
        try:
            root = xml.parse(response.body)
        except MalformedAnswer:
            return None
        for namespace in _SECURITY_NAMESPACES:
            if root.tag == f"{{{namespace}}}fault":
                code = root.findtext(f"{{{namespace}}}code")
    else:
        try:
            body = strict_json.parse(response.body)
        except strict_json.JsonError:
            return None
        if isinstance(body, dict) and isinstance(body.get("fault"), dict):
            code = body["fault"].get("code")
    text = str(code)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def retry_at(response: Response) -> datetime | None:
    """When the registry asks us to come back: Retry-After, at most an hour ahead; None when it is no use."""
    text = response.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit() and len(text) <= 9:
        wait = timedelta(seconds=int(text))
    else:
        try:
            wait = parsedate_to_datetime(text).astimezone(UTC) - response.received_at
        except (ValueError, TypeError, OverflowError):
            return None
    return response.received_at + max(timedelta(0), min(wait, _LONGEST_WAIT))


def _error(reason: Reason, response: Response, message: str) -> RegistryError:
    error = REASONS[reason]
    when = retry_at(response) if error is RegistryThrottled or response.status == 503 else None
    return error(message, retry_at=when)


def _by_platform(reason: Reason, response: Response, message: str) -> RegistryError:
    error = _error(reason, response, message)
    error.layer = "platform"
    return error


def _by_prefix(kind: str) -> Reason:
    return next((reason for prefix, reason in X_ROAD_REASONS if kind.startswith(prefix)), Reason.UNREACHABLE)


def _in_ranges(table: dict[range, Reason], code: int) -> Reason | None:
    return next((reason for codes, reason in table.items() if code in codes), None)


def _known_prefix(kind: str) -> str:
    """The part of an X-Road error type that our table knows; what follows it is the other side's text."""
    return next((prefix for prefix, _ in X_ROAD_REASONS if kind.startswith(prefix)), "of unknown type")
