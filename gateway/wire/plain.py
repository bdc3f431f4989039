"""XML documents without SOAP around them: elements to values. Pure."""

from __future__ import annotations

from typing import Any

from gateway.domain.exchange import Response
from gateway.errors import MalformedAnswer
from gateway.wire import xml
from gateway.wire.status import raise_for_status

__all__ = ["document"]


def document(response: Response, operation: str, root: str) -> Any:
    """
    The document of a 200 as dictionaries by tag: a text for an element without children, None for an empty one,
    a list for one that stands several times. Attributes are `@name`.

    Raises the error that the outermost layer means, or MalformedAnswer: for another root, and for text beside elements.
    """
    raise_for_status(response, operation)
    element = xml.parse(response.body, response.bounds)
    if element.tag != root:
        raise MalformedAnswer(f"{operation}: the promised root element is not there")
    return _value(element, operation)


def _value(element: xml.Element, operation: str) -> Any:
    values: dict[str, Any] = {f"@{name!s}": text for name, text in element.attrib.items()}
    if len(element) == 0 and not values:
        return (element.text or "").strip() or None
    if any((text or "").strip() for text in (element.text, *(child.tail for child in element))):
        raise MalformedAnswer(f"{operation}: text stands beside elements")
    for child in element:
        name, value = str(child.tag), _value(child, operation)
        if name not in values:
            values[name] = value
        elif isinstance(values[name], list):
            values[name].append(value)
        else:
            values[name] = [values[name], value]
    return values
