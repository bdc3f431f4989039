"""
Province wrappers: how a provincial platform packs another service's messages. Pure codecs.

Each knows how to unpack an answer, and says which error its own envelope means. Source:
dancu-justice-transport.md, 2.3.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import orjson

from gateway.domain.exchange import Response
from gateway.errors import RegistryRejected
from gateway.wire import rest
from gateway.wire.model import NumberOrText, Wire

__all__ = ["WRAPPERS", "Unwrap"]

Unwrap = Callable[[Response], Response]


class _ThaiNguyen(Wire):
    """`{code, status, correlationId, response}`; `response` is the back end's own answer."""

    code: NumberOrText
    response: object = None


class _HoChiMinh(Wire):
    """`{StatusCode, Status, Description, ThrowException, ResultObject}`."""

    StatusCode: NumberOrText
    Status: str
    ThrowException: bool | None = None
    ResultObject: object = None


def _plain(response: Response) -> Response:
    return response


def _thai_nguyen(response: Response) -> Response:
    envelope = rest.answer(response, "thai_nguyen", _ThaiNguyen)
    # ASSUMED: `code` is 200 or 0 for success; the published page shows field names only.
    if envelope.code not in {"200", "0"}:
        raise RegistryRejected("thai_nguyen: the platform's own envelope says failure")
    return _holding(response, envelope.response)


def _ho_chi_minh(response: Response) -> Response:
    envelope = rest.answer(response, "ho_chi_minh", _HoChiMinh)
    if envelope.StatusCode != "200" or envelope.Status != "SUCCESS" or envelope.ThrowException:
        raise RegistryRejected("ho_chi_minh: the platform's own envelope says failure")
    return _holding(response, envelope.ResultObject)


def _holding(response: Response, inner: object) -> Response:
    # A fraction goes on as text, so that no digit of an amount is lost on the way.
    body = inner.encode() if isinstance(inner, str) else orjson.dumps(inner, default=str)
    return replace(response, body=body)


WRAPPERS: Mapping[str, Unwrap] = {"plain": _plain, "thai_nguyen": _thai_nguyen, "ho_chi_minh": _ho_chi_minh}
"""Wrappers by the name that settings use."""
