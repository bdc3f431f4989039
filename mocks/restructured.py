"""An answer in a structure that no contract describes, though all of what it says is still there."""

from __future__ import annotations

from typing import Any

import orjson
from lxml import etree

__all__ = ["restructured"]

_NEW = "V2"
_BODY = "{http://schemas.xmlsoap.org/soap/envelope/}Body"


def restructured(body: bytes) -> bytes:
    """
    The same JSON or SOAP with another name for every member or element of the answer, as after a change that nobody was
    told of. What is neither, or holds no names, becomes an object with a member of its own.
    """
    try:
        told = orjson.loads(body)
    except ValueError:
        return _xml(body)
    changed = _renamed(told)
    return orjson.dumps(changed if changed != told else {f"data{_NEW}": told})


def _renamed(value: Any) -> Any:
    if isinstance(value, dict):
        return {f"{name}{_NEW}": _renamed(inner) for name, inner in value.items()}
    return [_renamed(one) for one in value] if isinstance(value, list) else value


def _xml(body: bytes) -> bytes:
    try:
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError:
        return orjson.dumps({f"data{_NEW}": body.decode("latin-1")})
    within = root.find(_BODY)
    for element in (root if within is None else within).iterdescendants():
        if isinstance(element.tag, str):
            element.tag = f"{element.tag}{_NEW}"
    return etree.tostring(root)
