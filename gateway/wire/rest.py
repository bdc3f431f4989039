"""REST services: a JSON request out, a checked JSON answer in."""

from __future__ import annotations

from typing import Any, TypeVar

from gateway.domain.exchange import Response
from gateway.errors import MalformedAnswer
from gateway.wire import json as strict_json
from gateway.wire.model import Wire, read
from gateway.wire.status import raise_for_status

__all__ = ["answer", "document"]

W = TypeVar("W", bound=Wire)


def document(response: Response, operation: str) -> Any:
    """The JSON value of a 200; otherwise the error that the outermost layer means, or MalformedAnswer."""
    raise_for_status(response, operation)
    try:
        return strict_json.parse(response.body)
    except strict_json.JsonError as exc:
        raise MalformedAnswer(f"{operation}: {exc}") from None


def answer(response: Response, operation: str, model: type[W]) -> W:
    """The message of a 200, read into its model."""
    return read(model, document(response, operation), response.unlisted)
