"""Strict JSON: what a careful reader would call broken is refused, never repaired."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, NoReturn

__all__ = ["JsonError", "parse"]

_DEEPEST = 64


class JsonError(ValueError):
    """The text is not the JSON we accept. The message says what is wrong and quotes nothing."""


def parse(body: bytes) -> Any:
    """
    Parse UTF-8 JSON. Fractions come as Decimal, exactly as written.

    Refuses duplicate keys, NaN and Infinity, numbers too long to be read, nesting deeper than 64, lone
    surrogates, a byte-order mark, other encodings and trailing text, each with JsonError.
    """
    try:
        text = body.decode("utf-8")
        value = json.loads(text, object_pairs_hook=_unique, parse_float=_finite, parse_constant=_refuse_constant)
    except JsonError:
        raise
    except UnicodeDecodeError:
        raise JsonError("not UTF-8") from None
    except RecursionError:
        raise JsonError("nested too deep") from None
    except ValueError:  # syntax, or an integer of too many digits
        raise JsonError("not JSON") from None
    if _depth_exceeds(text):
        raise JsonError("nested too deep")
    if "\\u" in text:
        _refuse_surrogates(value)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonError("a key stands twice")
    return members


def _finite(digits: str) -> Decimal:
    number = Decimal(digits)
    if abs(number.adjusted()) > 300:
        raise JsonError("a number is out of range")
    return number


def _refuse_constant(name: str) -> NoReturn:
    raise JsonError(f"{name} is not JSON")


def _depth_exceeds(text: str) -> bool:
    """A cheap bound first: brackets inside strings only make it count too many, and then we look closely."""
    if text.count("[") + text.count("{") <= _DEEPEST:
        return False
    depth = 0
    in_string = escaped = False
    for char in text:
        if in_string:
            if escaped:
                escaped = False
            elif char == "\\":
                escaped = True
            elif char == '"':
                in_string = False
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth += 1
            if depth > _DEEPEST:
                return True
        elif char in "]}":
            depth -= 1
    return False


def _refuse_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise JsonError("a lone surrogate") from None
