"""
The one door to XML. Nothing reaches a mapping unless it passed the guard here.

The guard refuses, before anybody reads a value: bodies over the size limit, any document type, processing
instructions, xsi:type, other encodings than UTF-8 (a false label turns Vietnamese into nonsense), and trees
too wide or too deep. Comments are dropped, so a name with one inside is read whole. Entities are not expanded
and nothing is ever fetched.
"""

from __future__ import annotations

from functools import lru_cache
from importlib.resources.abc import Traversable

from lxml import etree

from gateway.domain.exchange import BOUNDS, Bounds
from gateway.errors import ContractError, MalformedAnswer

__all__ = ["XSI", "Element", "Schema", "parse"]

Element = etree._Element

XSI = "http://www.w3.org/2001/XMLSchema-instance"
_XS = "http://www.w3.org/2001/XMLSchema"
_UTF8 = {"UTF-8", "UTF8", "US-ASCII", "ASCII"}


@lru_cache(maxsize=8)
def _offences(bounds: Bounds) -> etree.XPath:
    too_deep = "/*" * (bounds.max_depth + 1)
    too_wide = f"//*[count(@*) > {bounds.max_attributes} or count(*) > {bounds.max_children}]"
    return etree.XPath(
        f"boolean(//processing-instruction() | {too_deep} | {too_wide} | //@xsi:type)"
        f" or count(//*) > {bounds.max_elements}",
        namespaces={"xsi": XSI},
    )


def parse(body: bytes, bounds: Bounds = BOUNDS) -> Element:
    """The root of a harmless document, or MalformedAnswer."""
    if len(body) > bounds.max_bytes:
        raise MalformedAnswer(f"XML of more than {bounds.max_bytes} bytes")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError):
        raise MalformedAnswer("not well-formed XML") from None
    document = root.getroottree().docinfo
    if document.doctype or document.internalDTD is not None or document.externalDTD is not None:
        raise MalformedAnswer("XML with a document type")
    if document.encoding is not None and document.encoding.upper() not in _UTF8:
        raise MalformedAnswer("XML that is not UTF-8")
    if _offences(bounds)(root.getroottree()):
        raise MalformedAnswer("XML too large, too deep, or with instructions in it")
    return root


class Schema:
    """
    One XSD. Validation names the elements at fault as the schema names them: never their text, nor what an answer's
    author chose, such as the prefix before a name.
    """

    def __init__(self, file: Traversable) -> None:
        # A path, not bytes: the schema's own relative imports are resolved beside it.
        try:
            document = etree.parse(str(file))
            self._schema = etree.XMLSchema(document)
        except (etree.XMLSchemaParseError, etree.XMLSyntaxError, OSError) as exc:
            raise ContractError(f"{file.name}: {exc}") from exc
        self._names = frozenset(element.get("name", "") for element in document.iter(f"{{{_XS}}}element"))
        self.name = file.name

    def check(self, element: Element) -> None:
        """Raise MalformedAnswer unless the element is valid."""
        if self._schema.validate(element):
            return
        places = sorted({self._at_fault(entry.path) for entry in self._schema.error_log})
        raise MalformedAnswer(f"{self.name}: {', '.join(places[:8])}")

    def _at_fault(self, path: str | None) -> str:
        prefixed, bracket, place = (path or "").rpartition("/")[2].partition("[")
        name = prefixed.rpartition(":")[2]
        return name + bracket + place if name in self._names else "an element that it does not know"
