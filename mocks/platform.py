"""
A WSO2-style platform in front of a service: a token for key and secret, and faults in its own words.

Source: others.md, C.1; dancu-justice-transport.md, 2.1 and 2.4. The same token is given out until it ends, whoever
asks.
"""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping
from html import escape
from urllib.parse import parse_qs
from uuid import uuid4

import orjson

from mocks.stand_in import Answer, Call

__all__ = ["JSON", "TOKEN", "Platform", "same"]

TOKEN = "token"  # noqa: S105
JSON = {"Content-Type": "application/json; charset=UTF-8"}
_XML = {"Content-Type": "application/xml; charset=UTF-8"}


class Platform:
    """
    Gives tokens at `/token` and knows them again.

    Args:
        key, secret: credentials of one stand-in, as Basic or in the form; they open nothing else.
        now: the time in seconds.
        account: with it, name and password that must stand in the form too, for OAuth2's password grant.
        lifetime_s: how long a token lives.
        operation: what is asked behind it, for the journal.
        is_old: faults are XML for all who do not ask for JSON by name, as in older releases.
    """

    def __init__(
        self,
        key: str,
        secret: str,
        now: Callable[[], float],
        *,
        account: tuple[str, str] | None = None,
        lifetime_s: float = 3600,
        operation: str = "",
        is_old: bool = False,
    ) -> None:
        self._key, self._secret = key, secret
        self._now = now
        self._account = account
        self._lifetime_s = lifetime_s
        self._operation = operation
        self._is_old = is_old
        self._token, self._ends = "", 0.0

    def give_token(self, call: Call) -> Answer:
        """The token with the seconds that it has left, or what is wrong with the request for it."""
        form = {name: values[0] for name, values in parse_qs(call.body.decode("latin-1")).items()}
        wanted = "client_credentials" if self._account is None else "password"
        if call.method != "POST" or form.get("grant_type") != wanted:
            return _token_error(400, "unsupported_grant_type", "Unsupported grant_type value")
        key, secret = _basic(call.headers) or (form.get("client_id", ""), form.get("client_secret", ""))
        if not (same(key, self._key) and same(secret, self._secret)):
            return _token_error(401, "invalid_client", "Client Authentication failed.")
        named = form.get("username", ""), form.get("password", "")
        if self._account is not None and not all(map(same, named, self._account)):
            return _token_error(400, "invalid_grant", "Authentication failed for the account.")
        if not self._lives():
            self._token, self._ends = str(uuid4()), self._now() + self._lifetime_s
        body = {
            "access_token": self._token,
            "scope": "default",
            "token_type": "Bearer",
            "expires_in": int(self._ends - self._now()),
        }
        return Answer(200, orjson.dumps(body), JSON, TOKEN)

    def refusal(self, call: Call) -> Answer | None:
        """Why the platform does not let this call through; None where its token lives."""
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return self._fault(call, 401, 900902, "Missing Credentials")
        if not self._lives() or not same(token.strip(), self._token):
            return self._fault(call, 401, 900901, "Invalid Credentials")
        return None

    def no_such_resource(self, call: Call) -> Answer:
        """What a path gets that leads nowhere."""
        return self._fault(call, 403, 900906, "No matching resource found in the API for the given request")

    def end_token(self) -> None:
        """End the token now, as a platform may at any time."""
        self._token, self._ends = "", 0.0

    def _fault(self, call: Call, status: int, code: int, message: str) -> Answer:
        description = f"{message}. Check the request and its credentials."
        if not self._is_old or "application/json" in call.headers.get("Accept", ""):
            body = {"fault": {"code": code, "message": message, "description": description}}
            return Answer(status, orjson.dumps(body), JSON, self._operation)
        xml = (
            '<ams:fault xmlns:ams="http://wso2.org/apimanager/security">'
            f"<ams:code>{code}</ams:code><ams:message>{escape(message)}</ams:message>"
            f"<ams:description>{escape(description)}</ams:description></ams:fault>"
        )
        return Answer(status, xml.encode(), _XML, self._operation)

    def _lives(self) -> bool:
        return bool(self._token) and self._now() < self._ends


def same(left: str, right: str) -> bool:
    """Whether two secrets are equal, in a time that does not tell how much of them is."""
    return hmac.compare_digest(left.encode(), right.encode())


def _basic(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """Key and secret of `Authorization: Basic`; empty where they cannot be read, None where there is none."""
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        key, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return key, secret


def _token_error(status: int, error: str, description: str) -> Answer:
    body = {"error": error, "error_description": description}
    return Answer(status, orjson.dumps(body), JSON, TOKEN)
