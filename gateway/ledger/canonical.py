"""
The one way to write a JSON object, so that it can be hashed and signed and found the same again.

Sorted members, no spaces, UTF-8. That is RFC 8785 (JCS) for the values that may stand in it: ASCII member names, texts,
true, false, null, and whole numbers that a double holds exactly. A number with a fraction, where JCS is hard to get
right, is refused: amounts are texts.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import orjson

__all__ = ["Written", "as_json", "canonical"]


class Written:
    """A JSON object that has been written, and is put as it is into whatever holds it, not written or checked again."""

    __slots__ = ("content",)

    def __init__(self, content: bytes) -> None:
        """`content` is in canonical form: what `of` gave, here or before it was kept."""
        self.content = content

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Written) and self.content == other.content

    def __hash__(self) -> int:
        return hash(self.content)

    @classmethod
    def of(cls, value: Mapping[str, Any]) -> Written:
        """In canonical form. Raises ValueError as `canonical` does."""
        return cls(canonical(value))

    @property
    def values(self) -> dict[str, Any]:
        """Its members, read anew each time."""
        members: dict[str, Any] = orjson.loads(self.content)
        return members


_LEAVES = frozenset((str, bool, int, type(None), Written))
_HOLDERS = frozenset((dict, list, tuple))


def canonical(value: Mapping[str, Any], *, is_plain: bool = False) -> bytes:
    """
    The object's canonical form; what is `Written` must have been written in it. Raises ValueError for values that have
    none; nothing of them is quoted. With `is_plain` the caller knows by their type that there are neither fractions in
    it nor names beyond ASCII.
    """
    try:
        # First, for it notices what is too deep, holds itself, or is larger than a double holds exactly.
        content = orjson.dumps(value, default=as_json, option=orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER)
        if not is_plain:
            _require_plain(value)
    except (TypeError, RecursionError):  # orjson's errors of writing are TypeErrors
        raise ValueError("no canonical form: a text that is no Unicode, a number too large, or too deep") from None
    return content


def as_json(value: object) -> orjson.Fragment:
    """For orjson's `default`: puts what is `Written` where it stands."""
    if isinstance(value, Written):
        return orjson.Fragment(value.content)
    raise TypeError(type(value).__name__)


def _require_plain(value: Mapping[str, Any]) -> None:
    """Raise ValueError where a value, or something in it, is none that the canonical form knows."""
    left: list[Any] = [value]
    for one in left:  # which grows meanwhile
        members: Collection[Any] = one
        if type(one) is dict:
            if not "".join(one).isascii():
                raise ValueError("no canonical form: a member name that is not ASCII")
            members = one.values()
        if _LEAVES.issuperset(map(type, members)):
            continue
        for inner in members:
            kind = type(inner)
            if kind in _HOLDERS:
                left.append(inner)
            elif kind not in _LEAVES and not isinstance(inner, str):
                raise ValueError(f"no canonical form: {kind.__name__}")
