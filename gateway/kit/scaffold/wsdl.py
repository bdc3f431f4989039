"""
An example out of a WSDL: one document/literal operation whose messages are described by one schema inside it. What
such a schema cannot say in this reader's words is named, and left to hands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from xml.sax.saxutils import escape

from gateway.errors import ContractError, MalformedAnswer, SettingsError
from gateway.kit.scaffold.names import sample_of
from gateway.wire import xml

__all__ = ["Soap", "example_of"]

_XS = "{http://www.w3.org/2001/XMLSchema}"
_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_SOAP = "{http://schemas.xmlsoap.org/wsdl/soap/}"
_SOAP_12 = "{http://schemas.xmlsoap.org/wsdl/soap12/}"
_ENVELOPE = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/">'
    "<soapenv:Body>{}</soapenv:Body></soapenv:Envelope>"
)
_DEEPEST = 12
_SAMPLES = {"date": "2026-03-01", "dateTime": "2026-03-01T08:30:00", "boolean": "true", "gYear": "2026"}
_NUMBERS = {
    *("byte", "short", "int", "long", "integer", "decimal", "double", "float", "positiveInteger", "nonNegativeInteger"),
    *("unsignedByte", "unsignedShort", "unsignedInt", "unsignedLong"),
}
_TEXTS = {"string", "normalizedString", "token", "anyType", "anySimpleType"}


@dataclass(frozen=True)
class Soap:
    """How messages are written: `asked` and `told` name their one element, `action` is the SOAPAction."""

    operation: str
    action: str
    namespace: str
    asked: str
    told: str
    is_qualified: bool
    wsdl: bytes
    schema: str

    def question(self, members: Mapping[str, Any]) -> str:
        """The envelope of a question."""
        return self._envelope(self.asked, members)

    def answer(self, members: Mapping[str, Any]) -> str:
        """The envelope of an answer."""
        return self._envelope(self.told, members)

    def check(self, *envelopes: str) -> None:
        """Raises SettingsError where a message is not as the schema wants it: something invented does not fit."""
        with TemporaryDirectory() as folder:
            file = Path(folder) / "answer.xsd"
            file.write_text(self.schema, encoding="utf-8")
            try:
                schema = xml.Schema(file)
                for envelope in envelopes:
                    schema.check(xml.parse(envelope.encode())[0][0])
            except (ContractError, MalformedAnswer) as exc:
                raise _by_hand(f"no message can be invented that the schema takes: {exc}") from None

    def _envelope(self, name: str, members: Mapping[str, Any]) -> str:
        inner = "".join(self._written(key, value) for key, value in members.items())
        return _ENVELOPE.format(f'<m:{name} xmlns:m="{escape(self.namespace)}">{inner}</m:{name}>')

    def _written(self, name: str, value: Any) -> str:
        if isinstance(value, list):
            return "".join(self._written(name, one) for one in value)
        tag = f"m:{name}" if self.is_qualified else name
        inner = (
            "".join(self._written(key, one) for key, one in value.items())
            if isinstance(value, Mapping)
            else escape(str(value))
        )
        return f"<{tag}>{inner}</{tag}>"


def example_of(document: bytes, operation: str | None) -> tuple[Soap, dict[str, Any], dict[str, Any]]:
    """
    How one operation is written, a question and an answer. `operation` is None where the document has one alone.

    Raises SettingsError naming what is missing, or cannot be made by itself.
    """
    try:
        root = xml.parse(document)
    except MalformedAnswer as exc:
        raise SettingsError(f"--wsdl: {exc}") from None
    schemas = list(root.iter(f"{_XS}schema"))
    described = [one for one in schemas if len(one.findall(f"{_XS}element"))]
    if len(described) != 1 or any(one.findall(f"{_XS}import") + one.findall(f"{_XS}include") for one in described):
        raise _by_hand("messages must be described by one schema inside the document, without imports")
    reader = _Reader(described[0])
    operations = {
        str(one.get("name")): one for port in root.iter(f"{_WSDL}portType") for one in port.iter(f"{_WSDL}operation")
    }
    if operation is None and len(operations) == 1:
        operation = next(iter(operations))
    if operation is None or operation not in operations:
        raise SettingsError(f"--operation: one of {', '.join(operations) or 'none: there is no portType'}")
    action = _action_of(root, operation)
    asked, told = (_element_of(root, operations[operation], part) for part in ("input", "output"))
    soap = Soap(
        operation=operation,
        action=action,
        namespace=str(described[0].get("targetNamespace", "")),
        asked=asked,
        told=told,
        is_qualified=described[0].get("elementFormDefault") == "qualified",
        wsdl=document,
        schema=_standing_alone(document, described[0]),
    )
    question = reader.example(asked)
    if any(not isinstance(one, str) for one in question.values()):
        raise _by_hand(f"{asked}: a question with elements inside elements")
    return soap, question, reader.example(told)


def _element_of(root: xml.Element, operation: xml.Element, part: str) -> str:
    put = operation.find(f"{_WSDL}{part}")
    named = _local(put.get("message")) if put is not None else None
    for message in root.iter(f"{_WSDL}message"):
        parts = message.findall(f"{_WSDL}part")
        if message.get("name") == named and len(parts) == 1 and parts[0].get("element"):
            return _local(parts[0].get("element")) or ""
    raise _by_hand(f"{operation.get('name')}: {part}: must be a message of one part, which names an element")


def _action_of(root: xml.Element, operation: str) -> str:
    """What SOAP 1.1 wants in `SOAPAction`; most often nothing."""
    if next(root.iter(f"{_SOAP_12}binding"), None) is not None:
        raise _by_hand("a binding of SOAP 1.2; leave the one of 1.1 alone in it")
    if any(one.get("style") == "rpc" for part in ("binding", "operation") for one in root.iter(f"{_SOAP}{part}")):
        raise _by_hand('style="rpc"; only document/literal is read here')
    if any(one.get("use") == "encoded" for one in root.iter(f"{_SOAP}body")):
        raise _by_hand('use="encoded"; only document/literal is read here')
    for bound in root.iterfind(f"{_WSDL}binding/{_WSDL}operation"):
        told = bound.find(f"{_SOAP}operation")
        if bound.get("name") == operation and told is not None:
            return str(told.get("soapAction", ""))
    raise _by_hand(f"{operation}: stands in no binding of SOAP 1.1")


def _standing_alone(document: bytes, schema: xml.Element) -> str:
    """The schema's own text, with the prefixes that it has from above."""
    found = re.search(r"<((?:[\w.-]+:)?schema)\b(?:(?!/>)[^>])*>.*?</\1>", document.decode(), re.DOTALL)
    if found is None:
        raise _by_hand("the schema cannot be taken out of it")
    text = found[0]
    start, rest = text[: text.index(">")], text[text.index(">") :]
    above = {prefix: uri for prefix, uri in schema.nsmap.items() if prefix and f"xmlns:{prefix}=" not in start}
    default = schema.nsmap.get(None)
    declared = "".join(f' xmlns:{prefix}="{escape(uri)}"' for prefix, uri in sorted(above.items()))
    if default is not None and not re.search(r"\sxmlns=", start):
        declared += f' xmlns="{escape(default)}"'
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{start}{declared}{rest}\n'


class _Reader:
    """Invents what a schema allows: each element once, of a choice the first."""

    def __init__(self, schema: xml.Element) -> None:
        self._elements = {str(one.get("name")): one for one in schema.findall(f"{_XS}element")}
        self._types = {
            str(one.get("name")): one
            for kind in ("complexType", "simpleType")
            for one in schema.findall(f"{_XS}{kind}")
        }

    def example(self, name: str) -> dict[str, Any]:
        """The members of a message."""
        if name not in self._elements:
            raise SettingsError(f"--wsdl: {name}: is no element of the schema")
        found = self._value(self._elements[name], 0)
        if not isinstance(found, dict) or not found:
            raise _by_hand(f"{name}: must have elements in it")
        return found

    def _value(self, element: xml.Element, depth: int) -> Any:
        if depth > _DEEPEST:
            raise _by_hand(f"{element.get('name')}: a type within itself")
        kind = self._type_of(element)
        if kind is None or kind.tag == f"{_XS}simpleType":
            return self._text(element, kind)
        if kind.find(f"{_XS}complexContent") is not None or kind.find(f"{_XS}simpleContent") is not None:
            raise _by_hand(f"{element.get('name')}: a type that extends another")
        return dict(self._members(kind, depth))

    def _type_of(self, element: xml.Element) -> xml.Element | None:
        for inline in ("complexType", "simpleType"):
            if (found := element.find(f"{_XS}{inline}")) is not None:
                return found
        named = element.get("type", "")
        return self._types.get(_local(named) or "")

    def _members(self, holder: xml.Element, depth: int) -> Iterator[tuple[str, Any]]:
        for one in holder:
            if one.tag in {f"{_XS}sequence", f"{_XS}all"}:
                yield from self._members(one, depth)
            elif one.tag == f"{_XS}choice":
                yield from list(self._members(one, depth))[:1]
            elif one.tag == f"{_XS}element":
                shown = self._elements.get(_local(one.get("ref")) or "", one)
                value = self._value(shown, depth + 1)
                yield str(shown.get("name")), [value] if one.get("maxOccurs", "1") not in {"0", "1"} else value
            elif one.tag not in {f"{_XS}annotation", f"{_XS}attribute"}:
                raise _by_hand(f"{_local(one.tag)}: is not read here")

    def _text(self, element: xml.Element, kind: xml.Element | None) -> str:
        restricted = kind.find(f"{_XS}restriction") if kind is not None else None
        base = _local(restricted.get("base") if restricted is not None else element.get("type", "")) or "string"
        name = str(element.get("name"))
        if (kind is not None and restricted is None) or base not in {*_SAMPLES, *_NUMBERS, *_TEXTS}:
            raise _by_hand(f"{name}: a value of the kind {base} is not invented here")
        facets = {
            str(_local(one.tag)): str(one.get("value"))
            for one in reversed(restricted if restricted is not None else ())
        }
        if "enumeration" in facets:
            return facets["enumeration"]
        if base in _SAMPLES:
            return _SAMPLES[base]
        if base in _NUMBERS:
            return facets.get("minInclusive", "1")
        if "pattern" in facets:
            digits = re.fullmatch(r"(?:\[0-9\]|\\d)\{(\d+)(?:,\d*)?\}", facets["pattern"])
            if digits is None:
                raise _by_hand(f"{name}: a pattern of which no text can be made")
            return "9" * (int(digits[1]) - 1) + "1"
        longest = int(facets.get("length", facets.get("maxLength", "200")))
        return sample_of(name, longest).rjust(int(facets.get("length", "0")), "0")


def _local(name: object) -> str | None:
    return str(name).rpartition("}")[2].rpartition(":")[2] if name else None


def _by_hand(what: str) -> SettingsError:
    return SettingsError(f"--wsdl: {what}; write this one by hand")
