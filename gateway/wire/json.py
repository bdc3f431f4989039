"""Strict JSON: what a careful reader would call broken is refused, never repaired."""

from __future__ import annotations

import json
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

import msgspec

__all__ = ["JsonError", "parse", "parse_exactly"]

_DEEPEST = 64


class JsonError(ValueError):
    """The text is not the JSON we accept. The message says what is wrong and quotes nothing."""


def parse(body: bytes) -> Any:
    """
    Parse UTF-8 JSON. Fractions come as Decimal, exactly as written.

    Refuses duplicate keys, NaN and Infinity, numbers too long to be read, nesting deeper than 64, lone
    surrogates, a byte-order mark, other encodings and trailing text, each with JsonError.

    The value is that of `parse_exactly`, at a fraction of its cost where nothing is unusual: msgspec reads the
    text, and its value is taken if it certainly holds the whole text.
    """
    try:
        value = _decode(body)
        if _holds_every_member(value, body) and (_is_shallow(body) or _fits((value,), _DEEPEST)):
            return value
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
        pass  # the exact way says why, or reads what this one could not
    return parse_exactly(body)


def parse_exactly(body: bytes) -> Any:
    """The same by the standard library alone: the measure of what `parse` gives, and what says why it is refused."""
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
    if not _fits((value,), _DEEPEST):
        raise JsonError("nested too deep")
    if "\\u" in text:
        _refuse_surrogates(value)
    return value


def _is_shallow(body: bytes) -> bool:
    """True where so few brackets are opened in all that nothing can be nested too deep."""
    return body.count(b"[") + body.count(b"{") <= _DEEPEST


def _fits(values: Iterable[Any], deeper: int) -> bool:
    """True when nothing is nested deeper than `deeper` levels."""
    for value in values:
        kind = type(value)
        if kind is dict:
            if not deeper or not _fits(value.values(), deeper - 1):
                return False
        elif kind is list and (not deeper or not _fits(value, deeper - 1)):
            return False
    return True


def _holds_every_member(value: Any, body: bytes) -> bool:
    """
    True when no member of the text was dropped for another of the same name.

    Each member takes one colon, so a text that wrote more of them than its value takes when written again has
    lost some. This counts those inside texts too, on both sides; one that was written as an escape would be
    on one side only, so then nothing is said.
    """
    if b"\\" in body and (b"\\u003a" in body or b"\\u003A" in body):
        return False
    return _encode(value).count(b":") == body.count(b":")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise JsonError("a key stands twice")
    return members


def _finite(digits: str) -> Decimal:
    try:
        number = Decimal(digits)
    except InvalidOperation:  # an exponent that not even Decimal can hold
        raise JsonError("a number is out of range") from None
    if abs(number.adjusted()) > 300:
        raise JsonError("a number is out of range")
    return number


_decode = msgspec.json.Decoder(float_hook=_finite).decode
_encode = msgspec.json.Encoder().encode


def _refuse_constant(name: str) -> NoReturn:
    raise JsonError(f"{name} is not JSON")


def _refuse_surrogates(value: Any) -> None:
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        raise JsonError("a lone surrogate") from None
