"""
Doors that want a bearer token: API managers, and Đồng Tháp's own token service.

Source: others.md, C.1, 3.3 and 9.6; dancu-justice-transport.md, 2.1 and 2.4.
"""

from __future__ import annotations

import base64
import json
from typing import Literal
from urllib.parse import urlencode

from mocks.credentials.door import OPEN, Issued, answered, fault
from mocks.stand_in import Answer, Call

__all__ = ["ACCOUNT", "AUTH", "KEY", "PASSWORD", "SECRET", "HeaderTokenDoor", "OAuthDoor"]

KEY = "door-key"
SECRET = "door-secret-not-real"  # noqa: S105
ACCOUNT = "door-account"
PASSWORD = "door-password-not-real"  # noqa: S105
AUTH = base64.b64encode(b"door-issued-not-real").decode()

Style = Literal["basic", "form", "json", "password"]

_FORM = "application/x-www-form-urlencoded"


class OAuthDoor:
    """
    `POST /token`, then anything with `Authorization: Bearer`.

    `ends` is what stands for `expires_in`; None leaves it out. `refuse_tokens` lets no token open, though they
    are given out.
    """

    def __init__(self, style: Style = "basic", *, ends: object = 3600, key: str = KEY, secret: str = SECRET) -> None:
        self._key = key
        self._secret = secret
        self._style = style
        self.ends = ends
        self.tokens = Issued("oauth-token-not-real")
        self.broken = False
        self.refuse_tokens = False
        self.questions = 0

    def answer(self, call: Call) -> Answer:
        """A token, what is guarded, 900902 without a token, 900901 with one that no longer opens."""
        if call.path == "/token":
            return self._token(call)
        self.questions += 1
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        if scheme != "Bearer":
            return fault(401, 900902)
        return OPEN if self.tokens.opens(token) and not self.refuse_tokens else fault(401, 900901)

    def _token(self, call: Call) -> Answer:
        if self.broken:
            self.tokens.count += 1
            return answered({"error": "temporarily_unavailable"}, 503)
        if not self._is_right(call):
            return answered({"error": "invalid_client"}, 401)
        ends = {} if self.ends is None else {"expires_in": self.ends}
        return answered({"access_token": self.tokens.new(), "scope": "default", "token_type": "Bearer", **ends})

    def _is_right(self, call: Call) -> bool:
        fields = {"grant_type": "client_credentials"}
        client = {"client_id": KEY, "client_secret": SECRET}
        named = {**fields, **client}
        account = {"grant_type": "password", "username": ACCOUNT, "password": PASSWORD, **client}
        named = {**fields, "client_id": self._key, "client_secret": self._secret}
        authorization, kind, body = {
            "basic": (
                f"Basic {base64.b64encode(f'{self._key}:{self._secret}'.encode()).decode()}",
                _FORM,
                urlencode(fields),
            ),
            "form": (None, _FORM, urlencode(named)),
            "password": (None, _FORM, urlencode(account)),
            "json": (None, "application/json", json.dumps(named, separators=(",", ":"))),
        }[self._style]
        return (
            call.method == "POST"
            and call.headers.get("Authorization") == authorization
            and call.headers.get("Content-Type") == kind
            and call.body == body.encode()
        )


class HeaderTokenDoor:
    """`POST /api/v1/Authentication/Token` with `Auth` and no body, then `Authorization: Bearer`."""

    def __init__(self, *, ends: object = "2026-03-01T09:30:00") -> None:
        self.ends = ends
        self.tokens = Issued("header-token-not-real")

    def answer(self, call: Call) -> Answer:
        """A token, what is guarded, or 401."""
        if call.path == "/api/v1/Authentication/Token":
            if call.method != "POST" or call.headers.get("Auth") != AUTH or call.body:
                return answered({"message": "Unauthorized"}, 401)
            return answered({"token": self.tokens.new(), "refreshToken": "unused", "expiryDate": self.ends})
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        return OPEN if scheme == "Bearer" and self.tokens.opens(token) else answered({"message": "Unauthorized"}, 401)
