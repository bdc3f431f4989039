"""
The header `Idempotency-Key`: a text by which a caller knows one question.

Source: draft-ietf-httpapi-idempotency-key-header. What is done differently here, and why: docs/decisions/0030.
"""

from __future__ import annotations

import re

from aiohttp import web

from gateway.errors import FieldProblem, InvalidQuestion
from gateway.lookup.repeats import HEADER

__all__ = ["HEADER", "REPLAYED", "asked_under"]

REPLAYED = "Idempotency-Replayed"
"""Stands in an answer that was given before: `true`."""

_QUOTED = re.compile(r'"((?:[ !#-\[\]-~]|\\["\\]){1,255})"')
_BARE = re.compile(r"[A-Za-z0-9!#$%&'*+./:=?@^_`|~-]{1,255}")
_ADVICE = (
    'một khóa duy nhất, 1 đến 255 ký tự ASCII in được, ví dụ "8e03978e-40d5-43dd-bc93-6894a57f9324" / '
    "one key of 1 to 255 printable ASCII characters, in quotes"
)


def asked_under(request: web.Request) -> str | None:
    """
    The key; None where the header is missing. Raises InvalidQuestion.

    It is a string of RFC 8941, in quotes. Most clients leave them out: without them it means the same, as long as it
    holds nothing that separates or needs quotes.
    """
    text = request.headers.get(HEADER)
    if text is None:
        return None
    if len(request.headers.getall(HEADER)) == 1:
        quoted = _QUOTED.fullmatch(text)
        if quoted is not None:
            return re.sub(r"\\(.)", r"\1", quoted[1])
        if _BARE.fullmatch(text):
            return text
    raise InvalidQuestion(problems=(FieldProblem(HEADER, "idempotency_key", _ADVICE),))
