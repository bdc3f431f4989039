"""Registries that repeat a person in every broken answer: in messages, headers, names, and where a number should be."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace

from mocks.dancu_answers import fault, xroad_error
from mocks.stand_in import Answer, Call, Open, StandIn, World
from tests.canaries.values import Flock

__all__ = ["WAYS", "Loud"]

_HTML = {"Content-Type": "text/html; charset=utf-8"}
_JSON = {"Content-Type": "application/json"}


class Loud:
    """A stand-in whose answers are spoilt in one way of `WAYS`; "" leaves them as they are."""

    def __init__(self, inner: Open, flock: Flock, world: World) -> None:
        self._inner: StandIn = inner(world)
        self._flock = flock
        self.registry = self._inner.registry
        self.contract = self._inner.contract
        self.way = ""

    def answer(self, call: Call) -> Answer:
        answer = self._inner.answer(call)
        if not self.way or "token" in call.path:
            return answer
        return WAYS[self.way](answer, self._flock)

    def another(self, call: Call) -> Answer:
        return self._inner.another(call)

    def admin(self, command: str) -> None:
        self._inner.admin(command)


def _page(status: int, headers: Mapping[str, str] = _HTML) -> Callable[[Answer, Flock], Answer]:
    return lambda answer, flock: replace(
        answer, status=status, headers=headers, body=f"<html>{flock.dossier}</html>".encode()
    )


def _fault(answer: Answer, flock: Flock) -> Answer:
    return fault(500, f"Server.{flock.strange_name}", flock.dossier, answer.operation)


def _xroad(answer: Answer, flock: Flock) -> Answer:
    told = xroad_error(500, f"Server.ServerProxy.{flock.strange_name}", flock.dossier, answer.operation)
    return replace(told, headers={**told.headers, "X-Road-Id": flock.citizen_id, "Set-Cookie": f"a={flock.citizen_id}"})


def _platform(answer: Answer, flock: Flock) -> Answer:
    told = {"fault": {"code": 900908, "message": flock.dossier, "description": flock.dossier}}
    return replace(answer, status=403, headers=_JSON, body=json.dumps(told).encode())


def _province(answer: Answer, flock: Flock) -> Answer:
    told = {"error_code": flock.citizen_id, "Status": flock.citizen_id, "Message": flock.dossier, "Data": None}
    return replace(answer, headers=_JSON, body=json.dumps(told).encode())


def _with(*changes: tuple[str, str]) -> Callable[[Answer, Flock], Answer]:
    def spoilt(answer: Answer, flock: Flock) -> Answer:
        text = answer.body.decode()
        for old, new in changes:
            filled = new.replace("DOSSIER", flock.dossier).replace("NAME", flock.strange_name)
            text = text.replace(old, filled.replace("NUMBER", flock.citizen_id), 1)
        return replace(answer, body=text.encode())

    return spoilt


def _again(answer: Answer, _: Flock) -> Answer:
    text = answer.body.decode()
    person = text[text.find("<ns1:CongDan>") : text.rfind("</ns1:CongDan>") + len("</ns1:CongDan>")]
    return replace(answer, body=text.replace(person, person + person, 1).encode() if person else answer.body)


def _redirect(answer: Answer, flock: Flock) -> Answer:
    return replace(answer, status=307, headers={"Location": f"http://registry.invalid/{flock.citizen_id}"}, body=b"")


WAYS: Mapping[str, Callable[[Answer, Flock], Answer]] = {
    "a page with 200": _page(200),
    "a page in the right type": lambda answer, flock: _page(200, answer.headers)(answer, flock),
    "a page with 401": _page(401),
    "a page with 404": _page(404),
    "a page with 429": _page(429),
    "a page with 500": _page(500),
    "a SOAP fault": _fault,
    "an X-Road error": _xroad,
    "a platform's fault": _platform,
    "a province's failure": _province,
    "text for a number": _with(("<ns1:Nam>", "<ns1:Nam>DOSSIER"), ('"DataCount":1', '"DataCount":"DOSSIER"')),
    "text for a date": _with(
        ("<ns1:NgayThangNam>", "<ns1:NgayThangNam>DOSSIER"), ('"FOUNDING_DATE":"', '"FOUNDING_DATE":"DOSSIER')
    ),
    "text for a code": _with(("<ns1:GioiTinh>", "<ns1:GioiTinh>DOSSIER"), ('"Status":"1"', '"Status":"DOSSIER"')),
    "an object for a text": _with(('"NAME":', '"NAME":{"NUMBER":"DOSSIER"},"x":')),
    "a strange member": _with(
        ("<ns1:SoDinhDanh>", "<ns1:NAME>DOSSIER</ns1:NAME><ns1:SoDinhDanh>"), ("{", '{"NUMBER":"DOSSIER",')
    ),
    "a strange attribute": _with(("<ns1:CongDan>", '<ns1:CongDan NAME="DOSSIER">')),
    "a strange type": _with(("<ns1:SoDinhDanh>", '<ns1:SoDinhDanh xsi:type="NAME">')),
    "a doubled person": _again,
    "a doubled member": _with(('"Data":', '"Data":"DOSSIER","Data":')),
    "an entity": _with(("<soapenv:Envelope", '<!DOCTYPE x [<!ENTITY NAME "DOSSIER">]><soapenv:Envelope')),
    "an instruction": _with(("<ns1:Nam>", "<?NAME DOSSIER?><ns1:Nam>")),
    "half of it": lambda answer, _: replace(answer, body=answer.body[: len(answer.body) * 2 // 3]),
    "UTF-16": lambda answer, _: replace(answer, body=answer.body.decode().encode("utf-16")),
    "bytes that are no text": lambda answer, _: replace(answer, body=answer.body + b"\xff\xfe"),
    "a redirect": _redirect,
}
