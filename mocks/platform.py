"""
A WSO2-style platform in front of a service: a token for key and secret, and faults in its own words.

Source: others.md, C.1. The same token is given out until it ends, whoever asks.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs
from uuid import uuid4

import orjson

from mocks.stand_in import Answer, Call
from mocks.wso2 import JSON, TOKEN, basic, same, token_error

__all__ = ["JSON", "Platform"]


class Platform:
    """
    Gives tokens at `/token` and knows them again.

    Args:
        key, secret: credentials of one stand-in; they open nothing else.
        now: the time in seconds.
        account: with it, name and password that must stand in the form too, for OAuth2's password grant.
    """

    def __init__(
        self,
        key: str,
        secret: str,
        now: Callable[[], float],
        *,
        account: tuple[str, str] | None = None,
        lifetime_s: float = 3600,
    ) -> None:
        self._key, self._secret = key, secret
        self._now = now
        self._account = account
        self._lifetime_s = lifetime_s
        self._token, self._ends = "", 0.0

    def give_token(self, call: Call) -> Answer:
        """The token with the seconds that it has left, or what is wrong with the request for it."""
        form = {name: values[0] for name, values in parse_qs(call.body.decode("latin-1")).items()}
        wanted = "client_credentials" if self._account is None else "password"
        if call.method != "POST" or form.get("grant_type") != wanted:
            return token_error(400, "unsupported_grant_type", "Unsupported grant_type value")
        key, secret = basic(call.headers) or (form.get("client_id", ""), form.get("client_secret", ""))
        if not (same(key, self._key) and same(secret, self._secret)):
            return token_error(401, "invalid_client", "Client Authentication failed.")
        named = form.get("username", ""), form.get("password", "")
        if self._account is not None and not all(map(same, named, self._account)):
            return token_error(400, "invalid_grant", "Authentication failed for the account.")
        if not self._lives():
            self._token, self._ends = str(uuid4()), self._now() + self._lifetime_s
        body = {
            "access_token": self._token,
            "scope": "default",
            "token_type": "Bearer",
            "expires_in": int(self._ends - self._now()),
        }
        return Answer(200, orjson.dumps(body), JSON, TOKEN)

    def turned_away(self, call: Call) -> Answer | None:
        """The fault for a call without a living token; None where it may pass."""
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return self.fault(401, 900902, "Missing Credentials")
        if not self._lives() or not same(token.strip(), self._token):
            return self.fault(401, 900901, "Invalid Credentials")
        return None

    def end_token(self) -> None:
        """End the token now, as a platform may at any time."""
        self._token, self._ends = "", 0.0

    @staticmethod
    def fault(status: int, code: int, message: str) -> Answer:
        """A fault of the platform."""
        description = f"{message}. Check the request and its credentials."
        return Answer(
            status, orjson.dumps({"fault": {"code": code, "message": message, "description": description}}), JSON
        )

    def _lives(self) -> bool:
        return bool(self._token) and self._now() < self._ends
