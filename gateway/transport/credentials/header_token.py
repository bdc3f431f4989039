"""
A token for an issued text in a header, as Đồng Tháp's newer platform gives it.

Source: dancu-justice-transport.md, 2.1, second token style, and 1.7.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import Field

from gateway.clock import Clock
from gateway.transport.credentials.base import Exchange
from gateway.transport.credentials.login import Grant, LoggedIn, Token, granted
from gateway.transport.outgoing import Outgoing
from gateway.wire.model import Wire

__all__ = ["HeaderToken"]


class _TokenAnswer(Wire):
    """`{token, refreshToken, expiryDate}`. The refresh token is not used: a new log-in costs one exchange too."""

    token: Token
    refresh_token: object = Field(alias="refreshToken", default=None)
    ends: object = Field(alias="expiryDate", default=None)


class HeaderToken(LoggedIn):
    """
    `POST token_url` with `Auth: <issued text>` and an empty body; then `Authorization: Bearer <token>`.

    ASSUMED: the text is base64 already when it is issued, and goes out as it is.
    """

    def __init__(
        self,
        *,
        token_url: str,
        issued: str,
        clock: Clock,
        headers: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(clock=clock, headers=headers, secrets=secrets)
        self._token_url = token_url
        self._issued = issued

    async def _fetch(self, exchange: Exchange) -> Grant:
        answer = await exchange(Outgoing("POST", self._token_url, {"Auth": self._issued}, b""))
        token = granted(answer, "token", _TokenAnswer, check="the issued text in secret_file")
        return self._grant(answer, token.ends, headers={"Authorization": f"Bearer {token.token}"})
