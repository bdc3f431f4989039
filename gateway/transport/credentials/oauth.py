"""
OAuth2 as API managers of NGSP and provinces speak it, by client credentials; and one land platform, by password.

Source: others.md, C.1, 3.3 and 9.6; dancu-justice-transport.md, 2.1. The same token is handed out until it expires,
so a second request may bring one with seconds left.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlencode

import orjson

from gateway.clock import Clock
from gateway.transport.credentials.base import Exchange
from gateway.transport.credentials.login import Grant, LoggedIn, Token, granted
from gateway.transport.outgoing import Outgoing
from gateway.wire.model import Wire

__all__ = ["ClientCredentials", "PasswordGrant", "TokenAnswer"]

_FORM = "application/x-www-form-urlencoded"


class TokenAnswer(Wire):
    """`{access_token, token_type, expires_in}`."""

    access_token: Token
    expires_in: object = None


class ClientCredentials(LoggedIn):
    """
    `Authorization: Bearer` with a token from `token_url`.

    `style` says how key and secret go there: `basic` (NGSP), `form` (Lào Cai, Đồng Tháp) or `json` (OpenCPS).
    """

    _check = "consumer key and secret"

    def __init__(
        self,
        *,
        token_url: str,
        key: str,
        secret: str,
        clock: Clock,
        style: Literal["basic", "form", "json"] = "basic",
        headers: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(clock=clock, headers=headers, secrets=secrets)
        self._token_url = token_url
        self._key = key
        self._secret = secret
        self._style = style

    async def _fetch(self, exchange: Exchange) -> Grant:
        answer = await exchange(self._question())
        token = granted(answer, "token", TokenAnswer, check=self._check)
        return self._grant(answer, token.expires_in, headers={"Authorization": f"Bearer {token.access_token}"})

    def _question(self) -> Outgoing:
        fields = {"grant_type": "client_credentials"}
        headers = {"Content-Type": _FORM, "Accept": "application/json"}
        if self._style == "basic":
            headers["Authorization"] = f"Basic {b64encode(f'{self._key}:{self._secret}'.encode()).decode()}"
        else:
            fields |= {"client_id": self._key, "client_secret": self._secret}
        if self._style == "json":
            headers["Content-Type"] = "application/json"
            return Outgoing("POST", self._token_url, headers, orjson.dumps(fields))
        return Outgoing("POST", self._token_url, headers, urlencode(fields).encode())


class PasswordGrant(ClientCredentials):
    """
    The same token for an account and its password, which go into the form beside key and secret (VNPT iLIS).

    The refresh token that comes with it is not used: a new log-in costs one exchange too.
    """

    _check = "account, password, client id and client secret"

    def __init__(
        self,
        *,
        token_url: str,
        key: str,
        secret: str,
        username: str,
        password: str,
        clock: Clock,
        headers: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(token_url=token_url, key=key, secret=secret, clock=clock, headers=headers, secrets=secrets)
        self._account = {"username": username, "password": password}

    def _question(self) -> Outgoing:
        fields = {"grant_type": "password", **self._account, "client_id": self._key, "client_secret": self._secret}
        headers = {"Content-Type": _FORM, "Accept": "application/json"}
        return Outgoing("POST", self._token_url, headers, urlencode(fields).encode())
