"""
Stand-in for the tax authority: the e-invoice portal's look-up of a taxpayer, and GIP, whose messages are signed.

The portal says 404 of a taxpayer that it does not know and of a path that it does not have, in the same words. GIP
wants a signed question, and signs its answers with a key that is made when it is first needed:
`GET /gip/certificate.pem` gives the certificate.

Source: others.md, 8.1 and 8.2.
"""

from __future__ import annotations

import re
from functools import cached_property
from itertools import count

import orjson
from lxml import etree

from contracts.reader import RecordedRequest, load
from mocks import taichinh_gip
from mocks.province import PREFIXES
from mocks.stand_in import Answer, Call, CaseAnswers, Open, UnknownCommand, World, uncovered
from mocks.taichinh_taxpayers import Taxpayer, Taxpayers
from mocks.tax_codes import is_synthetic
from mocks.xml_signature import Hand, is_signed

__all__ = ["SENDER_CODE", "STAND_IN", "TaichinhStandIn"]

SENDER_CODE = "99999999"
"""Whom the recorded answers are addressed to. Any other may ask about the province."""

_PORTAL = re.compile(r"(?:/api)?/category/public/dsdkts/([^/]+)/manager")
_JSON = {"Content-Type": "application/json; charset=UTF-8"}
_XML = {"Content-Type": "text/xml; charset=utf-8"}
_QUESTION = "{http://gip.request.com/}xuLyTruyVanMsg"
_LOOK_UP, _DUES = "dsdkts", "xuLyTruyVanMsg"


class TaichinhStandIn:
    """Answers `GET /api/category/public/dsdkts/{code}/manager`, with or without `/api`, and `POST /gip`."""

    registry = "taichinh"

    def __init__(self, world: World) -> None:
        self.contract = load("contracts.taichinh")
        self._now = world.now
        self._taxpayers = Taxpayers(world.province)
        self._look_ups = CaseAnswers(self.contract, "hddt", lambda request: request.path)
        self._accounts = CaseAnswers(self.contract, "gip", _recorded)
        recorded = self.contract.datasets["dues"].case("found").request.body or ""
        self._recorded_id = _between(recorded, "MSG_ID")
        self._numbers = count(1)

    @cached_property
    def hand(self) -> Hand:
        """The key that answers are signed with."""
        return Hand("gip.invalid", self._now())

    def answer(self, call: Call) -> Answer:
        """The case file's answer, the province's, 404, a refusal, or 501."""
        if call.path == "/gip/certificate.pem" and call.method == "GET":
            return Answer(200, self.hand.certificate, {"Content-Type": "application/x-pem-file"}, "certificate")
        if call.path.rstrip("/") == "/gip":
            return self._gip(call)
        found = _PORTAL.fullmatch(call.path)
        if found is None or call.method != "GET":
            return _not_found("")
        case = self._look_ups.find(call.path)
        if case is not None:
            return case
        if not _is_invented(found[1]):
            return uncovered(self.registry, _LOOK_UP)
        taxpayer = self._taxpayers.find(found[1])
        return _not_found(_LOOK_UP) if taxpayer is None else _portal(taxpayer)

    def another(self, call: Call) -> Answer:
        """Somebody else than who is asked about."""
        if call.path.rstrip("/") == "/gip":
            asked = _question(call.body) or {}
            taxpayer = self._taxpayers.another(asked.get("MST", ""))
            return self._signed(taichinh_gip.account(taxpayer, asked, next(self._numbers), self._now()), "province")
        found = _PORTAL.fullmatch(call.path)
        return _portal(self._taxpayers.another(found[1] if found else ""))

    def admin(self, command: str) -> None:
        """`new-key` signs with another key from now on, as somebody else would; `reset` has nothing to do here."""
        if command not in {"new-key", "reset"}:
            raise UnknownCommand(command)
        if command == "new-key":
            self.__dict__.pop("hand", None)

    def _gip(self, call: Call) -> Answer:
        asked = _question(call.body) if call.method == "POST" else None
        if asked is None:
            return uncovered(self.registry, _DUES)
        if not is_signed(asked["message"].encode()):
            # ASSUMED: how a question without a good signature is refused is not told.
            return Answer(403, b"Forbidden", {"Content-Type": "text/plain"}, _DUES)
        number, now_s = next(self._numbers), self._now()
        case = self._accounts.find((asked.get("MST", ""), asked.get("SO_TKHAI", "")))
        if case is not None:
            if case.status != 200:
                return case
            text = taichinh_gip.live(case.body.decode(), self._recorded_id, asked.get("MSG_ID", ""), number, now_s)
            return self._signed(text, case.matched)
        if not _is_invented(asked.get("MST", "")):
            return uncovered(self.registry, _DUES)
        taxpayer = self._taxpayers.find(asked["MST"])
        if taxpayer is None:
            return self._signed(taichinh_gip.nobody(asked, number, now_s), "nothing")
        return self._signed(taichinh_gip.account(taxpayer, asked, number, now_s), "province")

    def _signed(self, message: str, matched: str) -> Answer:
        return Answer(200, taichinh_gip.envelope(self.hand.sign(message)), _XML, _DUES, matched)


STAND_IN: Open = TaichinhStandIn


def _recorded(request: RecordedRequest) -> tuple[str, str]:
    body = request.body or ""
    return _between(body, "MST"), _between(body, "SO_TKHAI")


def _between(text: str, name: str) -> str:
    found = re.search(f"<{name}>([^<]*)</{name}>", text)
    return found[1] if found else ""


def _question(body: bytes) -> dict[str, str] | None:
    """What is asked by name of its element, and the whole signed `message`; None where it is no question."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        text = etree.fromstring(body, parser).findtext(f".//{_QUESTION}/in_msg") or ""
        message = etree.fromstring(text.encode(), parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    parts = [part for name in ("HEADER", "BODY") for part in message.findall(name)]
    found = {str(one.tag): one.text or "" for part in parts for one in part.iter() if len(one) == 0}
    return {**found, "message": text}


def _is_invented(code: str) -> bool:
    personal = len(code) == 12 and code.startswith(PREFIXES) and code.isascii() and code.isdigit()
    return personal or is_synthetic(code)


def _portal(taxpayer: Taxpayer) -> Answer:
    place = taxpayer.head_office
    body = {
        "mst": taxpayer.tax_code,
        "macqt": "99900",
        "tencqt": "Thuế tỉnh Ví Dụ",
        "tennnt": taxpayer.name,
        "tthai": taxpayer.state,
        "loainnt": taxpayer.kind,
        "lnnt": None,
        "dctsdchi": place.detail,
        "dctstinh": place.province_code,
        "dctsthuyen": None,
        "dctstxa": place.commune_code,
        "dctstinhten": place.province_name,
        "dctshuyenten": None,
        "dctsxaten": place.commune_name,
    }
    return Answer(200, orjson.dumps(body), _JSON, _LOOK_UP, "province")


def _not_found(operation: str) -> Answer:
    return Answer(404, orjson.dumps({"status": 404, "error": "Not Found"}), _JSON, operation)
