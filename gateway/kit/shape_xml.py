"""The shape that an XSD describes, and the operations of a WSDL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.kit.shape import Element, Form
from gateway.wire import xml

__all__ = ["namespace_of", "operations_of", "shape_of_xsd"]

_XS = "{http://www.w3.org/2001/XMLSchema}"
_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_GROUPS = {"sequence", "choice", "all", "complexContent", "simpleContent"}
_NOT_FACETS = {"attribute", "attributeGroup", "anyAttribute", "simpleType", "annotation"}


def namespace_of(root: xml.Element) -> str:
    """The namespace that a schema or WSDL speaks of."""
    return root.get("targetNamespace", "")


def shape_of_xsd(root: xml.Element) -> dict[str, Element]:
    """Every element of the schema's global elements. Types of other files stand by their names."""
    reader = _Reader(root)
    found: dict[str, Element] = {}
    for element in root.findall(f"{_XS}element"):
        found |= dict(reader.element(element, "", frozenset(), optional=False))
    return found


def operations_of(root: xml.Element) -> Mapping[str, Mapping[str, str]]:
    """Of each operation: the elements that go in and out, and the SOAP action."""
    messages = {
        message.get("name", ""): ", ".join(
            _local(part.get("element") or part.get("type")) for part in message.findall(f"{_WSDL}part")
        )
        for message in root.findall(f"{_WSDL}message")
    }
    found: dict[str, dict[str, str]] = {}
    for operation in root.iterfind(f"{_WSDL}portType/{_WSDL}operation"):
        sides = {word: operation.find(f"{_WSDL}{word}") for word in ("input", "output")}
        found[operation.get("name", "")] = {
            word: messages.get(_local(side.get("message")), "") for word, side in sides.items() if side is not None
        }
    for operation in root.iterfind(f"{_WSDL}binding/{_WSDL}operation"):
        for inner in operation:
            if (action := inner.get("soapAction")) is not None:
                found.setdefault(operation.get("name", ""), {})["soapAction"] = action
    return found


class _Reader:
    """Follows the names of one schema file."""

    def __init__(self, root: xml.Element) -> None:
        self._types = {
            one.get("name", ""): one for word in ("complexType", "simpleType") for one in root.findall(f"{_XS}{word}")
        }
        self._elements = {one.get("name", ""): one for one in root.findall(f"{_XS}element")}
        self._groups = {one.get("name", ""): one for one in root.findall(f"{_XS}group")}

    def element(
        self, element: xml.Element, parent: str, above: frozenset[str], *, optional: bool
    ) -> Iterator[tuple[str, Element]]:
        """The element and all below it. A type that contains itself (one of `above`) is followed once."""
        name = _local(element.get("ref")) or element.get("name", "")
        path = f"{parent}.{name}" if parent else name
        needed = element.get("minOccurs", "1") != "0" and not optional
        most = frozenset({("maxOccurs", element.get("maxOccurs", "1"))})
        told = self._elements.get(name, element) if element.get("ref") else element
        inline = told.find(f"{_XS}complexType")
        inline = told.find(f"{_XS}simpleType") if inline is None else inline
        described = self._types.get(_local(told.get("type"))) if inline is None else inline
        type_name = _local(told.get("type"))
        if described is None or type_name in above:
            yield path, Element(needed, frozenset({Form(_builtin(told.get("type")), most)}))
            return
        if described.tag == f"{_XS}simpleType":
            form = self._simple(described)
            yield path, Element(needed, frozenset({Form(form.kind, form.facets | most)}))
            return
        yield path, Element(needed, frozenset({Form("object", most)}))
        yield from self._content(described, path, above | {type_name} - {""}, optional=False)

    def _content(
        self, content: xml.Element, path: str, above: frozenset[str], *, optional: bool
    ) -> Iterator[tuple[str, Element]]:
        for inner in content:
            word = str(inner.tag).removeprefix(_XS)
            absent = optional or inner.get("minOccurs") == "0"
            if word == "element":
                yield from self.element(inner, path, above, optional=optional)
            elif word in _GROUPS:
                yield from self._content(inner, path, above, optional=absent or word == "choice")
            elif word == "group":
                yield from self._content(
                    self._groups.get(_local(inner.get("ref")), inner), path, above, optional=absent
                )
            elif word in {"extension", "restriction"}:
                base = self._types.get(_local(inner.get("base")))
                if base is not None and word == "extension":
                    yield from self._content(base, path, above, optional=optional)
                yield from self._content(inner, path, above, optional=optional)
            elif word == "attribute":
                kind = Form(_builtin(inner.get("type")))
                yield f"{path}.@{inner.get('name', '')}", Element(inner.get("use") == "required", frozenset({kind}))
            elif word == "any":
                yield f"{path}.*", Element(False, frozenset({Form("anything")}))

    def _simple(self, described: xml.Element) -> Form:
        restriction = described.find(f"{_XS}restriction")
        if restriction is None:
            return Form("text")  # a list or a union: told apart by nobody here
        own = {
            (_facet(facet), facet.get("value", ""))
            for facet in restriction
            if isinstance(facet.tag, str) and _facet(facet) not in _NOT_FACETS
        }
        base = self._types.get(_local(restriction.get("base")))
        if base is None or base.tag != f"{_XS}simpleType":
            return Form(_builtin(restriction.get("base")), frozenset(own))
        inherited = self._simple(base)
        names = {name for name, _ in own}
        return Form(inherited.kind, frozenset(own) | {one for one in inherited.facets if one[0] not in names})


def _facet(element: xml.Element) -> str:
    word = str(element.tag).removeprefix(_XS)
    return "enum" if word == "enumeration" else word


def _local(name: str | None) -> str:
    return (name or "").rpartition(":")[2]


def _builtin(name: str | None) -> str:
    return _local(name) or "anything"
