"""What is asked of the population stand-in: SOAP envelopes of three generations, read strictly."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from contracts.reader import Contract
from mocks.names import fold
from mocks.province import Citizen

__all__ = [
    "CITIZEN",
    "EARLY_CITIZEN",
    "HOUSEHOLD",
    "LIFE",
    "REQUESTED",
    "VERIFICATION",
    "OtherOperation",
    "Question",
    "Reader",
    "Unreadable",
]

CITIZEN = "TraCuuThongTinCongDan"
EARLY_CITIZEN = "XacMinhThongTinNhanThan"
VERIFICATION = "XacThucThongTinCongDan"
HOUSEHOLD = "CungCapThongTinHoGiaDinh"
# ASSUMED, all but these two names.
LIFE = "XacMinhTinhTrangChetMatTich"
REQUESTED = "GetRequestResult"

_ASK = "http://dancuquocgia.bca"
_EARLY = "http://gtel.vn/qldc"
_SOAP = "{http://schemas.xmlsoap.org/soap/envelope/}"
_OPERATIONS = {
    f"{{{_ASK}}}{CITIZEN}": CITIZEN,
    f"{{{_ASK}}}{VERIFICATION}": VERIFICATION,
    f"{{{_ASK}}}{HOUSEHOLD}": HOUSEHOLD,
    f"{{{_EARLY}}}{EARLY_CITIZEN}": EARLY_CITIZEN,
    f"{{{_ASK}}}{LIFE}": LIFE,
    f"{{{_ASK}}}{REQUESTED}": REQUESTED,
}
_SCHEMAS = ("dancu-request.xsd", "dancu-request-flat.xsd", "gtel-request.xsd", "unseen-request.xsd")


@dataclass(frozen=True, slots=True)
class Question:
    """
    What is asked (`operation`), in which generation, about whom: a number of 12 or 9 digits, a folded name, a
    birth date as yyyyMMdd or yyyy. Of a request for a list its number alone, and the page in place of the date.
    """

    operation: str
    generation: str
    number: str
    folded_name: str
    born: str

    def fits(self, citizen: Citizen) -> bool:
        """
        True when name and birth date are the citizen's. A year alone fits whoever was born in it.

        ASSUMED: a whole date does not fit where only the year is registered.
        """
        registered = citizen.birth_date.replace("-", "")
        return self.folded_name == citizen.folded_name and self.born in {registered, registered[:4]}


class Unreadable(Exception):
    """The body is no question: no XML, no SOAP, or against the schema."""


class OtherOperation(Exception):
    """A well-formed envelope around something this stand-in does not know."""


class Reader:
    """Reads questions out of SOAP envelopes, strictly."""

    def __init__(self, contract: Contract) -> None:
        self._schemas = [etree.XMLSchema(etree.fromstring(contract.schema(name))) for name in _SCHEMAS]
        self._parser = etree.XMLParser(
            resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False
        )

    def question(self, body: bytes) -> Question:
        """Who is asked about, and how. Raises Unreadable or OtherOperation."""
        element = self._payload(body)
        operation = _OPERATIONS.get(str(element.tag))
        if operation is None:
            raise OtherOperation
        if not any(schema.validate(element) for schema in self._schemas):
            raise Unreadable
        texts = {etree.QName(child).localname: child for child in element}
        if operation == REQUESTED:
            return Question(operation, "unseen", texts["SoYeuCau"].text or "", "", texts["paging"][0].text or "")
        birth = texts.get("NgayThangNamSinh")
        born = "" if birth is None else ((birth[0] if len(birth) else birth).text or "")
        generation = _generation(operation, {name: child.text or "" for name, child in texts.items()})
        # ASSUMED: the service itself takes one form of a date; the others are those of platforms before it.
        if generation == "2025" and "-" in born:
            raise Unreadable
        number = texts.get("SoDinhDanh", texts.get("SoCMND"))
        return Question(
            operation=operation,
            generation=generation,
            number="" if number is None else (number.text or ""),
            folded_name=fold(texts["HoVaTen"].text or ""),
            born=born.replace("-", ""),
        )

    def _payload(self, body: bytes) -> etree._Element:
        try:
            envelope = etree.fromstring(body, self._parser)
        except (etree.XMLSyntaxError, ValueError) as exc:
            raise Unreadable from exc
        if envelope.getroottree().docinfo.doctype or envelope.tag != f"{_SOAP}Envelope":
            raise Unreadable
        bodies = envelope.findall(f"{_SOAP}Body")
        if len(bodies) != 1 or len(bodies[0]) != 1:
            raise Unreadable
        return bodies[0][0]


def _generation(operation: str, texts: dict[str, str]) -> str:
    """Told by what only one generation sends: the account, or an officer's own number of 12 digits, is of 2025."""
    if operation == LIFE:
        return "unseen"
    if operation == EARLY_CITIZEN or "MaDichVu" in texts:
        return "gtel"
    officer = texts["MaCanBo"]
    own_number = len(officer) == 12 and officer.isascii() and officer.isdigit()
    return "2025" if "TaiKhoan" in texts or own_number else "2021"
