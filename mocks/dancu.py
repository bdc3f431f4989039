"""
Stand-in for the population database: SOAP 1.1 behind the headers that its clients send.

One door for all three generations, that of 2025: what is asked tells which one asks.

Source: dancu-justice-transport.md, 1.3-1.6 and 2.5. What nobody has seen is marked ASSUMED.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping
from typing import Literal

from contracts.reader import RecordedRequest, load
from mocks.dancu_answers import collection, fault, household, life, person, requested, verdict, xroad_error
from mocks.dancu_questions import (
    CITIZEN,
    HOUSEHOLD,
    LIFE,
    REQUESTED,
    VERIFICATION,
    OtherOperation,
    Question,
    Reader,
    Unreadable,
)
from mocks.province import PREFIXES
from mocks.stand_in import Answer, Call, CaseAnswers, Open, UnknownCommand, World, uncovered

__all__ = [
    "API_KEY",
    "SECRET",
    "STAND_IN",
    "SV_URL",
    "USERNAME",
    "XROAD_CLIENT",
    "DancuStandIn",
    "TimestampUnit",
]

# Credentials of the stand-in alone: they open nothing else.
USERNAME = "gateway-demo"
SECRET = "demo-secret-not-real"  # noqa: S105
SV_URL = "http://mock.invalid/dancu"
XROAD_CLIENT = "DEMO/GOV/0000/GATEWAY"
API_KEY = "demo-api-key-not-real"

TimestampUnit = Literal["ms", "s"]

_CLOCK_TOLERANCE_S = 300  # ASSUMED: the scheme is seen, its window is not


class DancuStandIn:
    """
    Answers questions for one person, for a verification, for a household, and two guesses.

    Args:
        world: the people, and the time.
        timestamp_unit: what the header Timestamp counts; clients in the wild differ.
    """

    registry = "dancu"

    def __init__(self, world: World, timestamp_unit: TimestampUnit = "ms") -> None:
        self.contract = load("contracts.dancu")
        self._province = world.province
        self._now = world.now
        self._ticks_per_s = 1000 if timestamp_unit == "ms" else 1
        self._reader = Reader(self.contract)
        self._cases = {
            version: CaseAnswers(self.contract, version, self._recorded_question) for version in self.contract.versions
        }

    def answer(self, call: Call) -> Answer:
        """The case file's answer, the province's, an empty collection or a no, a fault, or 501."""
        refusal = self._refusal(call)
        if refusal is not None:
            return refusal
        try:
            question = self._reader.question(call.body)
        except Unreadable:
            return fault(500, "Client", "Yêu cầu không đúng cấu trúc", CITIZEN)
        except OtherOperation:
            return uncovered(self.registry)
        case = self._cases[question.generation].find(question)
        if case is not None:
            return case
        if question.operation == REQUESTED or not question.number.startswith(PREFIXES):
            return uncovered(self.registry, question.operation)
        return self._from_province(question)

    def another(self, call: Call) -> Answer:
        """About another citizen than the one asked about: he, his household, or the opposite verdict."""
        try:
            question = self._reader.question(call.body)
        except (Unreadable, OtherOperation):
            question = Question(CITIZEN, "2025", "", "", "")
        if question.operation == VERIFICATION:
            # Somebody else's verdict hurts most when it is the other one.
            return verdict(b"false" in self.answer(call).body, VERIFICATION)
        if question.operation == REQUESTED:
            return requested("YC99-999999" if question.number != "YC99-999999" else "YC99-999998")
        citizen = self._province.citizen(0)
        if question.operation == HOUSEHOLD:
            # Neither this household nor the next is the one asked about twice.
            first, second = self._province.household(0), self._province.household(self._province.citizens - 1)
            of_first = any(question.number in {one.citizen_id, one.old_number} for one in first)
            return collection(household(second if of_first else first), "province", HOUSEHOLD)
        if question.number in {citizen.citizen_id, citizen.old_number} and self._province.citizens > 1:
            citizen = self._province.citizen(1)
        if question.operation == LIFE:
            return collection(life(citizen), "province", LIFE)
        early = question.generation == "gtel"
        return collection(person(citizen, early=early), "province", question.operation)

    def admin(self, command: str) -> None:
        """Knows `reset` alone, which has nothing to do here."""
        if command != "reset":
            raise UnknownCommand(command)

    def _from_province(self, question: Question) -> Answer:
        operation = question.operation
        citizen = self._province.find_citizen(question.number)
        if citizen is not None and not question.fits(citizen):
            citizen = None
        if operation == VERIFICATION:
            return verdict(citizen is not None, operation)
        if citizen is None:
            return collection("", "nothing", operation)
        if operation == LIFE:
            return collection(life(citizen), "province", operation)
        early = question.generation == "gtel"
        if operation == HOUSEHOLD:
            # ASSUMED: the dead are in no household, and whoever asks with a dead person's number finds none.
            together = self._province.household(citizen.index) if citizen.died_on is None else ()
            return collection(household(together), "province" if together else "nothing", operation)
        spouse = self._province.spouse_since(citizen.index)
        return collection(person(citizen, spouse=spouse, early=early), "province", operation)

    def _recorded_question(self, request: RecordedRequest) -> Question:
        return self._reader.question((request.body or "").encode())

    def _refusal(self, call: Call) -> Answer | None:
        """What the platform and then the registry say to headers that are not as they should be."""
        headers = call.headers
        client = headers.get("X-Road-Client")
        if client is None:
            return xroad_error(400, "Client.BadRequest", "The header X-Road-Client is missing", CITIZEN)
        # X-Road compares the parts of a name without regard to case.
        if client.upper() != XROAD_CLIENT:
            return xroad_error(
                500, "Server.ServerProxy.AccessDenied", "The subsystem may not call this service", CITIZEN
            )
        if not self._is_authentic(headers):
            return fault(401, "Client", "Thông tin xác thực không hợp lệ", CITIZEN)  # ASSUMED: status and text
        if call.method != "POST" or call.path not in {"", "/"}:
            return uncovered(self.registry)
        content_type = headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if content_type != "application/xml" or headers.get("SOAPAction") != '""':
            return fault(500, "Client", "Tiêu đề của yêu cầu không hợp lệ", CITIZEN)  # ASSUMED: status and text
        return None

    def _is_authentic(self, headers: Mapping[str, str]) -> bool:
        timestamp = headers.get("Timestamp", "")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16):
            return False
        if abs(int(timestamp) / self._ticks_per_s - self._now()) > _CLOCK_TOLERANCE_S:
            return False
        digest = hashlib.sha256(f"{SV_URL}{USERNAME}{timestamp}{SECRET}".encode()).hexdigest()
        return _same(_basic(headers), f"{USERNAME}:{digest}") and _same(headers.get("ApiKey", ""), API_KEY)


STAND_IN: Open = DancuStandIn


def _basic(headers: Mapping[str, str]) -> str:
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme != "Basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def _same(left: str, right: str) -> bool:
    return hmac.compare_digest(left.encode(), right.encode())
