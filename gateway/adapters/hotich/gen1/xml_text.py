"""A registration as XML inside a JSON text: `<hotich><hoso>…</hoso></hotich>`. Pure."""

from __future__ import annotations

from typing import Any

from gateway.domain.exchange import BOUNDS, Bounds
from gateway.errors import MalformedAnswer
from gateway.wire import xml

__all__ = ["records_in"]


def records_in(text: str, bounds: Bounds = BOUNDS) -> list[dict[str, Any]]:
    """
    The fields of each `hoso`, by name. Elements with others inside become objects.

    Raises MalformedAnswer for anything that the guard of `gateway.wire.xml` refuses, another root, or a field twice.
    """
    root = xml.parse(text.strip().encode(), bounds)
    if root.tag != "hotich" or any(child.tag != "hoso" for child in root):
        raise MalformedAnswer("hotich: the text holds no hotich with hoso in it")
    return [_fields(record) for record in root]


def _fields(element: xml.Element) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for child in element:
        name = str(child.tag)
        if name in fields:
            raise MalformedAnswer("hotich: a field stands twice in one hoso")
        fields[name] = _fields(child) if len(child) else (child.text or "").strip() or None
    return fields
