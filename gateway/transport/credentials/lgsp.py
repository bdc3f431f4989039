"""
The `lgspaccesstoken` family of provincial platforms: one base64 text that says who we are.

Source: dancu-justice-transport.md, 1.6 and 2.2; others.md, C.2.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlencode

import orjson

from gateway.clock import Clock
from gateway.errors import RegistryRejected
from gateway.transport.credentials.base import Anonymous, Exchange, Proof
from gateway.transport.credentials.login import Grant, LoggedIn, granted
from gateway.transport.credentials.oauth import TokenAnswer
from gateway.transport.outgoing import Outgoing

__all__ = ["LgspAccess", "LgspHeader", "LgspToken", "auth_hash", "enveloped"]

_HEADER: Final = "lgspaccesstoken"


@dataclass(frozen=True, slots=True)
class LgspAccess:
    """
    What a platform hands out to a system. Where it hands out no partner codes they are empty texts.

    ASSUMED: an empty text, not a missing key; Ho Chi Minh City is seen to issue the first three alone.
    """

    access_key: str
    secret_key: str = field(repr=False)
    app_name: str
    partner_code: str = ""
    partner_code_cus: str = ""

    def text(self) -> str:
        """base64 of compact JSON with the keys in the platform's order."""
        keys = {
            "AccessKey": self.access_key,
            "SecretKey": self.secret_key,
            "AppName": self.app_name,
            "PartnerCode": self.partner_code,
            "PartnerCodeCus": self.partner_code_cus,
        }
        return b64encode(orjson.dumps(keys)).decode()


class LgspHeader(Anonymous):
    """
    That text in one header and no log-in: `lgspaccesstoken`, or `Authorization` without a scheme word as in
    Ho Chi Minh City.
    """

    def __init__(
        self,
        access: LgspAccess,
        *,
        header: Literal["lgspaccesstoken", "Authorization"] = _HEADER,
        headers: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__({**(headers or {}), header: access.text()}, secrets)


class LgspToken(LoggedIn):
    """
    First a token, with the text as a header; then both with each question.

    `place` says where both go: `headers`, or `body` (Hậu Giang), a JSON envelope around the question. There
    `officer` is needed, the officer's own proof (`auth_hash`); with `headers` it travels as `AuthHash`.
    """

    def __init__(
        self,
        access: LgspAccess,
        *,
        token_url: str,
        clock: Clock,
        place: Literal["headers", "body"] = "headers",
        officer: str | None = None,
        headers: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(clock=clock, headers=headers, secrets=secrets)
        self._text = access.text()
        self._token_url = token_url
        self._in_body = place == "body"
        self._officer = officer or ""

    def sign(self, outgoing: Outgoing, proof: Proof) -> Outgoing:
        if not self._in_body:
            return super().sign(outgoing, proof)
        # ASSUMED: with the envelope no header proves anything; no client of it is seen to send one.
        if outgoing.body is None:
            raise RegistryRejected("a question without a body cannot go into the platform's envelope")
        token = proof.headers["Authorization"].removeprefix("Bearer ")
        body = enveloped(outgoing.body, token, self._text, self._officer)
        headers = {**outgoing.headers, **self._fixed.headers, "Content-Type": "application/json"}
        return Outgoing(outgoing.method, outgoing.url, headers, body)

    async def _fetch(self, exchange: Exchange) -> Grant:
        headers = {"Content-Type": "application/x-www-form-urlencoded", _HEADER: self._text}
        form = urlencode({"grant_type": "client_credentials"}).encode()
        answer = await exchange(Outgoing("POST", self._token_url, headers, form))
        token = granted(answer, "token", TokenAnswer, check="key, secret, app name and partner codes")
        proving = {_HEADER: self._text, "Authorization": f"Bearer {token.access_token}"}
        if self._officer:
            proving["AuthHash"] = self._officer  # ASSUMED: a header of that name; the sending function is not seen
        return self._grant(answer, token.expires_in, headers=proving)


def auth_hash(name: str, password: str) -> str:
    """An officer's proof: base64 of `name:password`."""
    return b64encode(f"{name}:{password}".encode()).decode()


def enveloped(question: bytes, access_token: str, lgsp_access_token: str, officer: str) -> bytes:
    """
    `{accessToken, lgspAccessToken, AuthHash, data}` with the question's text as `data`.

    Raises RegistryRejected for a question that is no UTF-8 text.
    """
    try:
        data = question.decode()
    except UnicodeDecodeError:
        raise RegistryRejected("the question is no text, and cannot go into the platform's envelope") from None
    return orjson.dumps(
        {"accessToken": access_token, "lgspAccessToken": lgsp_access_token, "AuthHash": officer, "data": data}
    )
