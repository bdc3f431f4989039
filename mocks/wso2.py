"""A WSO2-style platform in front of a service, as stand-ins play it: a token first, and faults of its own."""

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

__all__ = ["JSON", "TOKEN", "Platform", "basic", "fault", "same", "token_error"]

TOKEN = "token"  # noqa: S105
JSON = {"Content-Type": "application/json; charset=UTF-8"}
_XML = {"Content-Type": "application/xml; charset=UTF-8"}


class Platform:
    """
    `POST /token` by OAuth2 client credentials, then calls with its bearer token.

    Args:
        key, secret: what the platform wants for a token, as Basic or in the form.
        now: the time in seconds.
        lifetime_s: how long a token lives. The same one is given out until it ends, whoever asks.
        operation: what is asked there, for the journal.
    """

    def __init__(self, key: str, secret: str, now: Callable[[], float], lifetime_s: float, operation: str) -> None:
        self._key, self._secret = key, secret
        self._now = now
        self._lifetime_s = lifetime_s
        self._operation = operation
        self.end_token()

    def end_token(self) -> None:
        """End the token now, as a platform may at any time."""
        self._token = ""
        self._token_ends = 0.0

    def give_token(self, call: Call) -> Answer:
        """The token with the seconds that it has left, or why there is none."""
        form = {key: values[0] for key, values in parse_qs(call.body.decode("latin-1")).items()}
        if form.get("grant_type") != "client_credentials":
            return token_error(400, "unsupported_grant_type", "Unsupported grant_type value")
        key, secret = basic(call.headers) or (form.get("client_id", ""), form.get("client_secret", ""))
        if not (same(key, self._key) and same(secret, self._secret)):
            return token_error(401, "invalid_client", "Client Authentication failed.")
        if not self._is_alive():
            self._token = str(uuid4())
            self._token_ends = self._now() + self._lifetime_s
        body = {
            "access_token": self._token,
            "scope": "default",
            "token_type": "Bearer",
            "expires_in": int(self._token_ends - self._now()),
        }
        return Answer(200, orjson.dumps(body), JSON, TOKEN)

    def refusal(self, call: Call) -> Answer | None:
        """Why the platform does not let this call through; None where its token is good."""
        scheme, _, token = call.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            return fault(call, 401, 900902, "Missing Credentials", self._operation)
        if not self._is_alive() or not same(token.strip(), self._token):
            return fault(call, 401, 900901, "Invalid Credentials", self._operation)
        return None

    def no_such_resource(self, call: Call) -> Answer:
        """What a path gets that leads nowhere."""
        message = "No matching resource found in the API for the given request"
        return fault(call, 403, 900906, message, self._operation)

    def _is_alive(self) -> bool:
        return bool(self._token) and self._now() < self._token_ends


def fault(call: Call, status: int, code: int, message: str, operation: str) -> Answer:
    """A platform fault: JSON for those who ask for it by name, XML as in older releases for all others."""
    description = f"{message}. Check the request and its credentials."
    if "application/json" in call.headers.get("Accept", ""):
        body = {"fault": {"code": code, "message": message, "description": description}}
        return Answer(status, orjson.dumps(body), JSON, operation)
    xml = (
        '<ams:fault xmlns:ams="http://wso2.org/apimanager/security">'
        f"<ams:code>{code}</ams:code><ams:message>{escape(message)}</ams:message>"
        f"<ams:description>{escape(description)}</ams:description></ams:fault>"
    )
    return Answer(status, xml.encode(), _XML, operation)


def same(left: str, right: str) -> bool:
    """Whether two secrets are equal."""
    return hmac.compare_digest(left.encode(), right.encode())


def basic(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """Key and secret of `Authorization: Basic`; empty where they cannot be read, None where there is none."""
    scheme, _, value = headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        key, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return "", ""
    return key, secret


def token_error(status: int, error: str, description: str) -> Answer:
    """Why there is no token, in OAuth2's words."""
    body = {"error": error, "error_description": description}
    return Answer(status, orjson.dumps(body), JSON, TOKEN)
