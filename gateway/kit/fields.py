"""Two records compared, member by member: places are named, values never."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["differences", "pruned"]


def pruned(value: Any) -> Any:
    """Without what is empty: a recorded file cannot say null."""
    if isinstance(value, dict):
        return {key: pruned(inner) for key, inner in value.items() if inner not in (None, [], {}, ())}
    if isinstance(value, list | tuple):
        return [pruned(inner) for inner in value]
    return value


def differences(expected: Any, got: Any, place: str = "") -> Iterator[str]:
    """Where the two are not equal: `head_office.detail differs`."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in sorted(expected.keys() | got.keys()):
            yield from differences(expected.get(key), got.get(key), f"{place}.{key}".lstrip("."))
    elif isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for index, (one, other) in enumerate(zip(expected, got, strict=True)):
            yield from differences(one, other, f"{place}[{index}]")
    elif expected != got:
        yield f"{place} differs"
