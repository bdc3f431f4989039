"""How long a caller is willing to wait: the header `Request-Timeout`, in seconds."""

from __future__ import annotations

import re
from collections.abc import Mapping

from gateway.errors import FieldProblem, InvalidQuestion

__all__ = ["HEADER", "asked_for"]

HEADER = "Request-Timeout"
_SECONDS = re.compile(r"[0-9]{1,4}(\.[0-9]{1,3})?")


def asked_for(headers: Mapping[str, str]) -> float | None:
    """Seconds from the request's head on; None where the header is missing. Raises InvalidQuestion."""
    text = headers.get(HEADER)
    if text is None:
        return None
    if not _SECONDS.fullmatch(text.strip()) or not float(text):
        advice = "số giây lớn hơn 0, ví dụ 2.5 / seconds above 0, such as 2.5"
        raise InvalidQuestion(problems=(FieldProblem(HEADER, "seconds", advice),))
    return float(text)
