"""
The one door to zeep. It reads a packaged WSDL at start and is the authority for what an envelope looks like.

zeep neither sends nor receives. Requests are templates compiled from its own envelopes, filled in the hot
path; answers go through the guard (`wire.xml`), lose what the schema does not know, pass XSD validation and
are read in one walk by a table made from the schema's types.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import zeep
import zeep.transports
import zeep.xsd
from lxml import etree

from gateway.domain.exchange import Part, Response
from gateway.errors import REASONS, ContractError, MalformedAnswer, RegistryRejected, RegistryUnreachable
from gateway.wire import xml
from gateway.wire.model import Wire, read
from gateway.wire.status import raise_for_status, reason_of_x_road

__all__ = ["Answer", "Service"]

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
_ENVELOPE, _HEADER, _BODY, _FAULT = (f"{{{SOAP}}}{name}" for name in ("Envelope", "Header", "Body", "Fault"))
_PINS = "SHA256SUMS"
_MARK = "\ue000{}\ue001"
_MARKS = re.compile("\ue000(.*?)\ue001")
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

W = TypeVar("W", bound=Wire)
Values = Mapping[str, "str | Values"]


@dataclass(frozen=True, slots=True)
class Shape:
    """What one element may hold: its children by tag, or text where there are none; and its attributes."""

    children: Mapping[str, Shape] = field(default_factory=dict)
    attributes: frozenset[str] = frozenset()
    many: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """
    One shape in which a service may answer: its schema, its root, and elements that only this shape has.

    `signs` are tags; the first shape of which one is found reads the answer, and one without signs takes
    the rest.
    """

    schema: str
    root: str
    signs: tuple[str, ...] = ()


class Service:
    """
    One WSDL and the shapes of its answers, loaded from a package's files.

    Raises ContractError when the WSDL or a schema cannot be used.
    """

    def __init__(self, folder: Traversable, wsdl: str, answers: tuple[Answer, ...]) -> None:
        self._transport = _PackagedFiles(Path(str(folder)))
        self._settings = zeep.Settings(strict=True, forbid_dtd=True, forbid_entities=True, xml_huge_tree=False)
        try:
            self._client = zeep.Client(str(folder / wsdl), transport=self._transport, settings=self._settings)
        except Exception as exc:  # zeep raises whatever its parsers raise
            raise ContractError(f"{wsdl}: {exc}") from exc
        self._templates: dict[tuple[str, tuple[str, ...]], tuple[str, ...]] = {}
        self._answers = tuple(
            (answer, xml.Schema(folder / answer.schema), self._shape_of(folder, answer)) for answer in answers
        )

    def envelope(self, operation: str, values: Values) -> tuple[Part, ...]:
        """
        The request envelope in UTF-8, elements in the schema's order.

        Raises RegistryRejected for a text that is empty or that XML cannot carry.
        """
        texts = dict(_leaves(values))
        for path, text in texts.items():
            if not text or _NOT_XML.search(text):
                raise RegistryRejected(f"{operation}: {path} is empty or holds a character that XML cannot carry")
        key = (operation, tuple(texts))
        template = self._templates.get(key)
        if template is None:
            template = self._templates[key] = self._compiled(operation, tuple(texts))
        pieces = [_escaped(texts[piece]) if place % 2 else piece for place, piece in enumerate(template)]
        return ("".join(pieces).encode(),)

    def message(self, operation: str, values: Mapping[str, Any]) -> bytes:
        """zeep's own envelope, which the templates are compiled from and proven against."""
        try:
            node = self._client.create_message(self._client.service, operation, **values)
        except (TypeError, ValueError, AttributeError, zeep.exceptions.Error) as exc:
            raise ContractError(f"{operation}: the WSDL does not take these elements: {exc}") from exc
        return etree.tostring(node)

    def read(self, response: Response, operation: str, model: type[W]) -> W:
        """
        The message in a SOAP answer.

        Raises what the outermost layer means; RegistryRejected or RegistryUnreachable for a SOAP fault of
        the client or the server; MalformedAnswer for everything that breaks the contract.
        """
        payload = self._payload(response, operation)
        for answer, schema, shape in self._answers:
            signed = not answer.signs or next(payload.iter(*answer.signs), None) is not None
            if payload.tag == answer.root and signed:
                for name, filled in _cut_unknown(payload, shape, operation):
                    response.unlisted[name] = response.unlisted.get(name, False) or filled
                schema.check(payload)
                return read(model, _value(payload, shape))
        raise MalformedAnswer(f"{operation}: the promised root element is not there")

    def _payload(self, response: Response, operation: str) -> xml.Element:
        if response.status != 200 and not _looks_like_a_fault(response):
            raise_for_status(response, operation)
        if "x-road-error" in response.headers:
            raise_for_status(response, operation)
        root = xml.parse(response.body, response.bounds)
        parts = list(root)
        body = parts[-1] if parts else root
        headers = [part.tag for part in parts[:-1]]
        if root.tag != _ENVELOPE or body.tag != _BODY or len(body) != 1 or headers not in ([], [_HEADER]):
            raise MalformedAnswer(f"{operation}: not one SOAP body with one element")
        payload = body[0]
        if any(map(_has_text, (root.text, body.text, payload.tail, *(part.tail for part in parts)))):
            raise MalformedAnswer(f"{operation}: text stands beside the elements of the SOAP envelope")
        if payload.tag == _FAULT:
            self._raise_fault(payload, response, operation)
        if response.status != 200:
            raise_for_status(response, operation)
        return payload

    def _raise_fault(self, fault: xml.Element, response: Response, operation: str) -> None:
        if response.status not in {200, 500}:
            raise_for_status(response, operation)
        # ASSUMED: no published answer of these services shows a fault; the codes are those of SOAP 1.1, 4.4.1,
        # and X-Road's types (dancu-justice-transport.md, 2.5: its SOAP protocol uses the same).
        word = (fault.findtext("faultcode") or "").rpartition(":")[2].strip()
        x_road = reason_of_x_road(word)
        if x_road is not None:
            raise REASONS[x_road](f"{operation}: X-Road fault")
        if word.partition(".")[0] == "Client":
            raise RegistryRejected(f"{operation}: SOAP fault of the client")
        raise RegistryUnreachable(f"{operation}: SOAP fault of the server")

    def _compiled(self, operation: str, paths: tuple[str, ...]) -> tuple[str, ...]:
        text = self.message(operation, _nested({path: _MARK.format(path) for path in paths})).decode()
        # tostring writes what is not ASCII as character references
        text = text.replace("&#57344;", "\ue000").replace("&#57345;", "\ue001")
        template = tuple(_MARKS.split(text))
        if sorted(template[1::2]) != sorted(paths):
            raise ContractError(f"{operation}: the WSDL does not take every one of {', '.join(paths)}")
        return template

    def _shape_of(self, folder: Traversable, answer: Answer) -> Shape:
        content = self._transport.load(str(folder / answer.schema))
        # zeep takes a comment for an element it does not know, and its own loader drops them too.
        node = etree.fromstring(content, etree.XMLParser(remove_comments=True))
        schema = zeep.xsd.Schema(node, self._transport, location=str(folder / answer.schema), settings=self._settings)
        return _shape(schema.get_element(answer.root))


class _PackagedFiles(zeep.transports.Transport):
    """
    Gives zeep files of one folder and nothing else: no import of a WSDL leaves the package, and each file is
    the one that `SHA256SUMS` beside it names. `sha256sum *.wsdl *.xsd > SHA256SUMS` writes that file anew.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder.resolve()
        try:
            pins = (self._folder / _PINS).read_text(encoding="ascii").splitlines()
        except OSError as exc:
            raise ContractError(f"{_PINS}: {exc.strerror}: a WSDL is used only as it was reviewed") from exc
        self._pins = {name: digest for digest, name in (line.split() for line in pins)}

    def load(self, url: str) -> bytes:
        file = Path(urlsplit(url).path if url.startswith("file:") else url).resolve()
        if not file.is_relative_to(self._folder):
            raise ContractError(f"{url}: a WSDL may import only files that lie beside it")
        content = file.read_bytes()
        if hashlib.sha256(content).hexdigest() != self._pins.get(file.name):
            raise ContractError(f"{file.name}: not the file that {_PINS} names; review it, then pin it anew")
        return content

    def post(self, *_: Any, **__: Any) -> Any:
        raise ContractError("zeep never sends: the transport does")

    get = post_xml = post


def _shape(element: Any) -> Shape:
    kind = element.type
    parts = getattr(kind, "elements", None) or []
    attributes = getattr(kind, "attributes", None) or []
    return Shape(
        {child.qname.text: _shape(child) for _, child in parts if getattr(child, "qname", None) is not None},
        frozenset(attribute.qname.text for _, attribute in attributes if getattr(attribute, "qname", None) is not None),
        many=element.max_occurs == "unbounded" or int(element.max_occurs) > 1,
    )


def _cut_unknown(element: xml.Element, shape: Shape, operation: str) -> Iterator[tuple[str, bool]]:
    """
    Take out what the schema does not know, and say whether there was anything in it. Attributes of XML Schema
    itself stay for validation.
    """
    for name in [str(name) for name in element.attrib]:
        if name not in shape.attributes and not name.startswith(f"{{{xml.XSI}}}"):
            yield "@" + etree.QName(name).localname, _has_text(element.attrib.pop(name))
    for child in list(element):
        known = shape.children.get(str(child.tag))
        if known is not None:
            yield from _cut_unknown(child, known, operation)
        elif shape.children:
            if _has_text(child.tail):
                raise MalformedAnswer(f"{operation}: text stands between elements")
            element.remove(child)
            yield etree.QName(child).localname, len(child) > 0 or len(child.attrib) > 0 or _has_text(child.text)


def _has_text(text: object) -> bool:
    return bool(str(text or "").strip())


def _value(element: xml.Element, shape: Shape) -> Any:
    """Text for a leaf (None when empty), a dictionary by local name for the rest; attributes as `@name`."""
    if not shape.children:
        return element.text or None
    values: dict[str, Any] = {f"@{name}": element.attrib[name] for name in shape.attributes if name in element.attrib}
    for child in element:
        child_shape = shape.children[str(child.tag)]
        name = etree.QName(child).localname
        if child_shape.many:
            values.setdefault(name, []).append(_value(child, child_shape))
        else:
            values[name] = _value(child, child_shape)
    return values


def _looks_like_a_fault(response: Response) -> bool:
    return response.status == 500 and b"Fault" in response.body and SOAP.encode() in response.body


def _leaves(values: Values, above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in values.items():
        if isinstance(value, str):
            yield above + name, value
        else:
            yield from _leaves(value, f"{above}{name}/")


def _nested(texts: Mapping[str, str]) -> dict[str, Any]:
    tree: dict[str, Any] = {}
    for path, text in texts.items():
        *above, name = path.split("/")
        place = tree
        for part in above:
            place = place.setdefault(part, {})
        place[name] = text
    return tree


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\r", "&#13;")
