"""
Stand-in for judicial records: the central system, which wants its key in the body, and the older service behind a
platform, which wants a token. Both know the same dossiers.

Source: dancu-justice-transport.md, 4.1, 4.2, 2.1 and 2.4. ASSUMED: the path of the newer one, and how both say that
they know no such dossier.
"""

from __future__ import annotations

import json
from typing import Any

import orjson

from contracts.reader import RecordedRequest, load
from mocks import lltp_answers
from mocks.dossier_numbers import is_synthetic
from mocks.lltp_dossiers import JudicialDossiers
from mocks.platform import JSON, Platform, same
from mocks.stand_in import Answer, Call, CaseAnswers, Open, UnknownCommand, World, uncovered

__all__ = ["AUTH_KEY", "CONSUMER_KEY", "CONSUMER_SECRET", "PROVINCE", "STAND_IN", "LltpStandIn"]

# Credentials of the stand-in alone: they open nothing else.
AUTH_KEY = 'demo-auth-key-"not"-real'  # with what breaks out of JSON where it is written without care
CONSUMER_KEY = "demo-lltp-consumer-key"
CONSUMER_SECRET = "demo-lltp-consumer-secret"  # noqa: S105
PROVINCE = "99"

_GEN1 = frozenset({"/apiLyLichTuPhap/LLTP-API-traTrangThaiHs", "/apiLyLichTuPhap/1.0/traTrangThaiHs"})
_GEN2 = frozenset({"/LayKetQua", "/", ""})
_KEYS = {"gen1": "idReceivedDec", "gen2": "maHoSoMCDT"}
_MEMBERS = {"gen1": {"idReceivedDec", "infoType"}, "gen2": {"authKey", "maTinh", "maHoSoMCDT"}}


class LltpStandIn:
    """
    Answers `POST /LayKetQua` with the key in the body, and `POST` at the older service's paths with a token.

    Args:
        world: the people, and the time.
        lifetime_s: how long a token lives.
    """

    registry = "lltp"

    def __init__(self, world: World, lifetime_s: float = 3600) -> None:
        self.contract = load("contracts.lltp")
        self._dossiers = JudicialDossiers(world.province)
        self._operations = {version: self._operation(version) for version in self.contract.versions}
        self._platform = Platform(
            CONSUMER_KEY,
            CONSUMER_SECRET,
            world.now,
            lifetime_s=lifetime_s,
            operation=self._operations["gen1"],
            is_old=True,
        )
        self._cases = {version: CaseAnswers(self.contract, version, _recorded(version)) for version in _KEYS}

    def answer(self, call: Call) -> Answer:
        """A token, the case file's answer, the province's, "no such dossier", a failure, or 501."""
        if call.path == "/token" and call.method == "POST":
            return self._platform.give_token(call)
        if call.method != "POST" or call.path not in _GEN1 | _GEN2:
            return self._platform.no_such_resource(call)
        version = "gen1" if call.path in _GEN1 else "gen2"
        asked = _members(call.body)
        refusal = self._platform.refusal(call) if version == "gen1" else self._refusal(asked)
        if refusal is not None:
            return refusal
        if asked.keys() != _MEMBERS[version] or not all(isinstance(value, str) for value in asked.values()):
            return uncovered(self.registry, self._operations[version])
        return self._look_up(version, asked[_KEYS[version]])

    def another(self, call: Call) -> Answer:
        """A dossier of the province with another number than the one asked about."""
        version = "gen1" if call.path in _GEN1 else "gen2"
        asked = _members(call.body).get(_KEYS[version])
        numbers = (self._dossiers.dossier(index).number for index in (0, 1))
        return self._from_province(version, next(number for number in numbers if number != asked))

    def admin(self, command: str) -> None:
        """`expire-token` ends the token now, as a platform may at any time; `reset` does the same."""
        if command not in {"expire-token", "reset"}:
            raise UnknownCommand(command)
        self._platform.end_token()

    def _look_up(self, version: str, number: str) -> Answer:
        case = self._cases[version].find(number)
        if case is not None:
            return case
        if is_synthetic(number):
            return self._from_province(version, number)
        return uncovered(self.registry, self._operations[version])

    def _from_province(self, version: str, number: str) -> Answer:
        dossier = self._dossiers.find(number)
        if version == "gen1":
            body = lltp_answers.NOBODY_GEN1 if dossier is None else lltp_answers.status_gen1(dossier)
        else:
            body = lltp_answers.NOBODY if dossier is None else lltp_answers.envelope(dossier)
        return Answer(
            200, orjson.dumps(body), JSON, self._operations[version], "nothing" if dossier is None else "province"
        )

    def _refusal(self, asked: dict[str, Any]) -> Answer | None:
        """The ministry's own failures, under HTTP 200."""
        key = asked.get("authKey")
        if not isinstance(key, str) or not same(key, AUTH_KEY):
            body = lltp_answers.failure("100", "AUTHEN_ERROR - Mã xác thực không chính xác.")
        elif asked.get("maTinh") != PROVINCE:
            body = lltp_answers.failure("108", "PROVINCE_ID_INCORRECT - Mã tỉnh không chính xác.")
        else:
            return None
        return Answer(200, orjson.dumps(body), JSON, self._operations["gen2"])

    def _operation(self, version: str) -> str:
        return self.contract.datasets["dossier"].operation_in(version)


STAND_IN: Open = LltpStandIn


def _recorded(version: str) -> Any:
    def number(request: RecordedRequest) -> Any:
        return _members((request.body or "").encode()).get(_KEYS[version])

    return number


def _members(body: bytes) -> dict[str, Any]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
