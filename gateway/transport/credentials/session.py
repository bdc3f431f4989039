"""
A log-in with account and password whose session goes into later requests, as the licence service wants it.

Source: others.md, 5.1 (`session` in the body); dancu-justice-transport.md, 3.3 (`userName`, and `token` as Bearer).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import orjson
from pydantic import ConfigDict, TypeAdapter, ValidationError

from gateway.clock import Clock
from gateway.domain.exchange import Response
from gateway.errors import MalformedAnswer, RegistryRefused
from gateway.transport.credentials.base import Exchange
from gateway.transport.credentials.login import Grant, LoggedIn, Token, granted
from gateway.transport.outgoing import Outgoing
from gateway.wire import json as strict_json
from gateway.wire.model import Wire

__all__ = ["Session", "SessionNames", "code_of"]

_LONGEST_REFUSAL = 16 * 1024  # ASSUMED: an answer that only says "log in again" is short
_token: TypeAdapter[str] = TypeAdapter(Token)


@dataclass(frozen=True, slots=True)
class SessionNames:
    """The registry's names: of the log-in's fields, of the session in its answer, of the code in any answer."""

    username: str = "username"
    password: str = "password"  # noqa: S105 (the name of a field)
    session: str = "session"
    code: str = "error_code"


class _LogInAnswer(Wire):
    """Any JSON object: the names in it are settings."""

    model_config = ConfigDict(extra="allow")


class Session(LoggedIn):
    """
    `POST login_url` with `{username, password}` as JSON. The session fills the placeholder `session`, and is
    `Authorization: Bearer` too where `as_bearer` says so.

    How long a session lives is not said: it is used until an answer has a status of `old_statuses`, or a JSON
    body whose code is one of `old_codes`; then there is one new log-in.
    """

    def __init__(
        self,
        *,
        login_url: str,
        username: str,
        password: str,
        clock: Clock,
        names: SessionNames | None = None,
        old_statuses: Collection[int] = (401,),
        old_codes: Collection[str] = (),
        as_bearer: bool = False,
        headers: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(clock=clock, headers=headers, secrets=secrets)
        self._login_url = login_url
        self._username = username
        self._password = password
        self._names = names or SessionNames()
        self._old_statuses = frozenset(old_statuses)
        self._old_codes = frozenset(old_codes)
        self._as_bearer = as_bearer

    def are_old(self, answer: Response) -> bool:
        return answer.status in self._old_statuses or code_of(answer, self._names.code) in self._old_codes

    async def _fetch(self, exchange: Exchange) -> Grant:
        body = orjson.dumps({self._names.username: self._username, self._names.password: self._password})
        # Fixed headers go with the log-in too: it lies behind the same platform as the questions.
        headers = {"Accept": "application/json", **self._fixed.headers, "Content-Type": "application/json"}
        answer = await exchange(Outgoing("POST", self._login_url, headers, body))
        said = granted(answer, "log-in", _LogInAnswer, check="username and secret_file").model_extra or {}
        session = said.get(self._names.session)
        if (session is None or session == "") and self._names.code in said:
            raise RegistryRefused("log-in: the registry gave a code and no session; check username and secret_file")
        try:
            session = _token.validate_python(session, strict=True)
        except ValidationError:
            raise MalformedAnswer(f"log-in: {self._names.session} is no text that can be a session") from None
        bearer = {"Authorization": f"Bearer {session}"} if self._as_bearer else None
        return self._grant(answer, None, headers=bearer, secrets={"session": session})


def code_of(answer: Response, name: str) -> str | None:
    """The code in a short JSON answer, a number as its digits; None where there is none."""
    if len(answer.body) > _LONGEST_REFUSAL or name.encode() not in answer.body:
        return None
    try:
        said = strict_json.parse(answer.body)
    except strict_json.JsonError:
        return None
    code = said.get(name) if isinstance(said, dict) else None
    return str(code) if isinstance(code, str | int) and not isinstance(code, bool) else None
