"""
A body as places and values, whether XML or JSON, also where one stands as text within the other. A place is what
leads there, without numbers of list entries: `Data.Items[].Code`, `Body.Reply.@id`; `~` leads into a text.
"""

from __future__ import annotations

import json as plain_json
from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

from gateway.errors import MalformedAnswer
from gateway.wire import json, xml

__all__ = ["INNER", "Leaf", "json_text", "leaves", "rewritten", "shape_of_body"]

Leaf = str | int | Decimal | bool | None

INNER: Final = object()
"""What stands at a place that only leads to others."""

Replace = Callable[[str, Any], Any]


def leaves(body: bytes) -> list[tuple[str, Any]]:
    """Every place of the body with its value, or INNER; a body that is neither XML nor JSON is one text at the top."""
    found: list[tuple[str, Any]] = []

    def note(place: str, value: Any) -> Any:
        found.append((place, value))
        return value

    rewritten(body, note)
    return found


def shape_of_body(body: bytes) -> frozenset[str]:
    """Every place of the body, without any value."""
    return frozenset(place for place, _ in leaves(body) if place)


def rewritten(body: bytes, replace: Replace) -> str:
    """
    The body with each value replaced, and nothing else: comments and prefixes of the original are left out.

    `replace` is called with INNER for a place that leads on, before what is below it, and with the namespace of each
    element at `@xmlns`; what it answers then is not looked at.
    """
    if not body.strip():
        return ""
    document = _document(body)
    if isinstance(document, str):
        return str(replace("", document))
    return (
        _xml_text(document, replace)
        if isinstance(document, xml.Element)
        else json_text(_json("", document[0], replace))
    )


def _document(body: bytes) -> xml.Element | tuple[Any] | str:
    """An XML root, JSON in a tuple of one, or the text that it is instead."""
    try:
        return xml.parse(body.strip()) if body.lstrip().startswith(b"<") else (json.parse(body),)
    except (MalformedAnswer, json.JsonError):
        return body.decode(errors="replace")


def _json(place: str, value: Any, replace: Replace) -> Any:
    if isinstance(value, Mapping):
        replace(place, INNER)
        return {key: _json(f"{place}.{key}" if place else key, inner, replace) for key, inner in value.items()}
    if isinstance(value, list):
        replace(place, INNER)
        return [_json(f"{place}[]", inner, replace) for inner in value]
    return _text(place, value, replace) if isinstance(value, str) else replace(place, value)


def _text(place: str, value: str, replace: Replace) -> Any:
    """A text; a whole document may stand in it."""
    if value.lstrip()[:1] in {"{", "[", "<"}:
        document = _document(value.encode())
        if not isinstance(document, str):
            replace(place, INNER)

            def below(inner: str, found: Any) -> Any:
                return replace(f"{place}~{inner}", found)

            return rewritten(value.encode(), below)
    return replace(place, value)


def json_text(value: Any) -> str:
    """A value as JSON, with every digit of a fraction."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{json_text(key)}:{json_text(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(json_text, value)) + "]"
    return str(value) if isinstance(value, Decimal) else plain_json.dumps(value, ensure_ascii=False)


def _xml_text(root: xml.Element, replace: Replace) -> str:
    return "".join(_xml("", root, "", replace))


def _xml(place: str, element: xml.Element, above: str, replace: Replace) -> Iterator[str]:
    namespace, name = _split(element.tag)
    place = f"{place}.{name}" if place else name
    inner = list(element)
    if inner:
        replace(place, INNER)
    replace(f"{place}.@xmlns", namespace)
    attributes = "" if namespace == above else f" xmlns={quoteattr(namespace)}"
    for number, (tag, value) in enumerate(element.items()):
        of, attribute = _split(tag)
        written = quoteattr(str(replace(f"{place}.@{attribute}", value)))
        attributes += (
            f" xmlns:a{number}={quoteattr(of)} a{number}:{attribute}={written}" if of else f" {attribute}={written}"
        )
    text = element.text or ""
    if inner:
        said = [text, *(one.tail or "" for one in inner)]
        if any(one.strip() for one in said):  # text between elements: no contract of ours has any
            replace(f"{place}.#text", " ".join(said))
        yield f"<{name}{attributes}>"
        for one in inner:
            yield from _xml(place, one, namespace, replace)
        yield f"</{name}>"
        return
    value = _text(place, text, replace)
    yield f"<{name}{attributes}>{escape(str(value))}</{name}>" if value else f"<{name}{attributes}/>"


def _split(tag: Any) -> tuple[str, str]:
    namespace, _, name = str(tag).rpartition("}")
    return namespace.removeprefix("{"), name
