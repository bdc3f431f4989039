"""
Doors that want account and password first: a session in the body, and the insurance portal's query string.

Source: others.md, 2.2, 2.3 and 5.1; dancu-justice-transport.md, 3.3.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from urllib.parse import parse_qsl

from mocks.credentials.door import OPEN, Door, Issued, answered
from mocks.stand_in import Answer, Call

__all__ = ["InsuranceDoor", "SessionDoor"]


class SessionDoor:
    """
    `POST /login` with `{username, password}`; then `{session, …}` to any path. The licence service's ways.

    Args:
        fields: the names of account and password in the log-in, and of the session in its answer.
        bearer: the session must come as `Authorization: Bearer`, not in the body.
        code: the name of the code in every answer.
        platform: a door that must be passed first; `/token` is its own.

    ASSUMED: an ended session is answered with status 200 and `error_code` "-3".
    """

    username = "door-user"
    password = "door-password-not-real"  # noqa: S105
    old_code = "-3"

    def __init__(
        self,
        *,
        fields: tuple[str, str, str] = ("username", "password", "session"),
        bearer: bool = False,
        code: str = "error_code",
        platform: Door | None = None,
    ) -> None:
        self._fields = fields
        self._bearer = bearer
        self._code = code
        self._platform = platform
        self.sessions = Issued("session-not-real")
        self.refused = 0
        self.questions = 0

    def answer(self, call: Call) -> Answer:
        """A session, what is guarded, or a refusal."""
        if self._platform is not None:
            passed = self._platform.answer(call)
            if call.path == "/token" or passed.status != 200:
                return passed
        name, password, session = self._fields
        body = _object(call.body)
        if call.path == "/login":
            if list(body.items()) != [(name, self.username), (password, self.password)]:
                self.refused += 1
                return answered({self._code: "-1", "result": "fail", session: None})
            return answered({self._code: "0", "result": "success", session: self.sessions.new()})
        self.questions += 1
        if self._bearer:
            scheme, _, shown = call.headers.get("Authorization", "").partition(" ")
            return OPEN if scheme == "Bearer" and self.sessions.opens(shown) else answered({}, 401)
        if not self.sessions.opens(str(body.get(session))):
            return answered({self._code: self.old_code, "data": None})
        return OPEN


class InsuranceDoor:
    """
    `POST /api/token/take` with an MD5 password; then four parameters in the query string, in this order.

    Args:
        ends: the moment in `expires_in`, as text.
        by_code: an ended log-in is answered with status 200 and `maKetQua` "401" instead of status 401.
    """

    username = "99001_BV"
    password = "door-portal-password-not-real"  # noqa: S105
    password_md5 = hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()

    def __init__(self, *, ends: object = "2026-03-01T18:00:00+07:00", by_code: bool = False) -> None:
        self.ends = ends
        self._by_code = by_code
        self.tokens = Issued("portal+token/not=real&")
        self.ids = Issued("portal-id-not-real")
        self.questions = 0

    def answer(self, call: Call) -> Answer:
        """Two tokens, what is guarded, or a refusal."""
        path, _, query = call.path.partition("?")
        if path == "/api/token/take":
            return self._take(call)
        self.questions += 1
        shown = parse_qsl(query, keep_blank_values=True)
        if [name for name, _ in shown] != ["token", "id_token", "username", "password"]:
            return answered({"maKetQua": "205"})
        token, id_token, username, password = (value for _, value in shown)
        right = (
            self.tokens.opens(token)
            and self.ids.opens(id_token)
            and username == self.username
            and password == self.password_md5
            and "Authorization" not in call.headers
        )
        if right:
            return OPEN
        return answered({"maKetQua": "401"}, 200 if self._by_code else 401)

    def _take(self, call: Call) -> Answer:
        asked = list(_object(call.body).items())
        if call.method != "POST" or asked != [("username", self.username), ("password", self.password_md5)]:
            return answered({"maKetQua": "401", "APIKey": None})
        key = {
            "access_token": self.tokens.new(),
            "id_token": self.ids.new(),
            "token_type": "Bearer",
            "username": self.username,
            "expires_in": self.ends,
        }
        return answered({"maKetQua": "200", "APIKey": key})


def _object(body: bytes) -> Mapping[str, object]:
    try:
        value = json.loads(body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
