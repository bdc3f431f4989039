"""A case file as text."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from contracts.reader import CaseFile

__all__ = ["case_text"]


def case_text(case: CaseFile) -> str:
    """TOML in the order in which case files are written here."""
    return "\n".join(_lines(case)) + "\n"


def _lines(case: CaseFile) -> Iterator[str]:
    for name in ("summary", "outcome", "reason", "basis", "source", "contract"):
        if (value := getattr(case, name)) is not None:
            yield f"{name} = {_value(value)}"
    if case.unlisted:
        yield f"unlisted = {_value(list(case.unlisted))}"
    yield from _table("query", case.query)
    request = {"method": case.request.method, "path": case.request.path, "query": case.request.query}
    yield from _table("request", {key: value for key, value in request.items() if value})
    if case.request.body:
        yield f"body = {_block(case.request.body)}"
    yield from _table("response", {"status": case.response.status, "headers": dict(case.response.headers)})
    yield f"body = {_block(case.response.body)}"
    if case.record is not None:
        yield from _table("record", case.record)


def _table(name: str, values: Mapping[str, Any]) -> Iterator[str]:
    yield ""
    yield f"[{name}]"
    for key, value in values.items():
        if value is not None:
            yield f"{_key(key)} = {_value(value)}"


def _key(key: str) -> str:
    return key if key.isascii() and key.replace("_", "").replace("-", "").isalnum() else _value(key)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + " }" if value else "{}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    # A basic string of TOML escapes as JSON does; U+007F besides.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _block(text: str) -> str:
    printed = text.replace("\n", "").replace("\t", "")
    plain = "'''" not in text and not text.endswith("'") and printed.isprintable()
    return f"'''\n{text}'''" if plain else _value(text)
