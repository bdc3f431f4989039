"""
The health-insurance portal's log-in: an MD5 password out, two tokens back, all four in the query string after.

Source: others.md, 2.2 and 2.3.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import orjson
from pydantic import Field

from gateway.clock import Clock
from gateway.domain.exchange import Response
from gateway.errors import RegistryRefused
from gateway.transport.credentials.base import Exchange
from gateway.transport.credentials.login import Grant, LoggedIn, Token, granted
from gateway.transport.credentials.session import code_of
from gateway.transport.outgoing import Outgoing
from gateway.wire.model import NumberOrText, Wire

__all__ = ["InsurancePortal"]

_REFUSED = "401"


class _ApiKey(Wire):
    access_token: Token
    id_token: Token
    token_type: object = None
    username: object = None
    ends: object = Field(alias="expires_in", default=None)


class _TakeAnswer(Wire):
    """`{maKetQua, APIKey}`; clients mostly look whether the key is there, and so do we."""

    code: NumberOrText | None = Field(alias="maKetQua", default=None)
    key: _ApiKey | None = Field(alias="APIKey", default=None)


class InsurancePortal(LoggedIn):
    """
    `POST login_url` with `{username, password}`, the password as lower-case hex MD5: the portal's own form,
    which protects nothing. Later requests hold the placeholders `token`, `id_token`, `username` and
    `password_md5`, in the query string.

    The log-in's end is a moment, written as text. `maKetQua` 401 in any answer asks for a new one, as status
    401 does.
    """

    def __init__(
        self,
        *,
        login_url: str,
        username: str,
        password: str,
        clock: Clock,
        headers: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(clock=clock, headers=headers, secrets=secrets)
        self._login_url = login_url
        self._username = username
        self._password_md5 = hashlib.md5(password.encode(), usedforsecurity=False).hexdigest()

    def are_old(self, answer: Response) -> bool:
        return super().are_old(answer) or code_of(answer, "maKetQua") == _REFUSED

    async def _fetch(self, exchange: Exchange) -> Grant:
        body = orjson.dumps({"username": self._username, "password": self._password_md5})
        headers = {"Accept": "application/json", **self._fixed.headers, "Content-Type": "application/json"}
        answer = await exchange(Outgoing("POST", self._login_url, headers, body))
        taken = granted(answer, "log-in", _TakeAnswer, check="username and secret_file")
        if taken.key is None:
            raise RegistryRefused("log-in: the portal gave no APIKey; check username and secret_file")
        secrets = {
            "token": taken.key.access_token,
            "id_token": taken.key.id_token,
            "username": self._username,
            "password_md5": self._password_md5,
        }
        return self._grant(answer, taken.key.ends, secrets=secrets)
