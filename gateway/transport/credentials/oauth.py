"""
OAuth2 client credentials as the API managers of NGSP and the provinces speak them.

Source: others.md, C.1; dancu-justice-transport.md, 2.1. The same token is handed out until it expires, so a
second request may bring one with seconds left.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from typing import Annotated, Literal
from urllib.parse import urlencode

from pydantic import BeforeValidator, Field

from gateway.clock import Clock
from gateway.domain.exchange import Response
from gateway.errors import RegistryError, RegistryRefused
from gateway.transport.credentials.base import Exchange
from gateway.transport.outgoing import Outgoing
from gateway.wire import rest
from gateway.wire.model import Wire
from gateway.wire.status import fault_code

__all__ = ["ClientCredentials"]

_SPARE_S = 30.0  # a token this close to its end is renewed before it is used
_EXPIRED_TOKEN = 900901


def _seconds(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value


class _Token(Wire):
    access_token: Annotated[str, Field(min_length=1)]
    expires_in: Annotated[int, BeforeValidator(_seconds)] = 3600


class ClientCredentials:
    """
    `Authorization: Bearer` with a token fetched from `token_url` and kept until shortly before it ends.

    `style` says how key and secret go to the token endpoint: `basic` (NGSP) or `form` (some provinces).
    One request for a token serves all questions that wait for it.
    """

    def __init__(
        self,
        *,
        token_url: str,
        key: str,
        secret: str,
        clock: Clock,
        style: Literal["basic", "form"] = "basic",
        headers: Mapping[str, str] | None = None,
        secrets: Mapping[str, str] | None = None,
    ) -> None:
        self._token_url = token_url
        self._key = key
        self._secret = secret
        self._clock = clock
        self._style = style
        self._headers = dict(headers or {})
        self.secrets: Mapping[str, str] = dict(secrets or {})
        self._token = ""
        self._good_until = 0.0
        self._lock = asyncio.Lock()

    async def sign(self, outgoing: Outgoing, exchange: Exchange, *, renew: bool = False) -> Outgoing:
        used = outgoing.headers.get("Authorization", "").removeprefix("Bearer ")
        if renew or not self._is_good():
            async with self._lock:
                if not self._is_good() or (renew and used == self._token):
                    await self._fetch(exchange)
        return outgoing.with_headers({**self._headers, "Authorization": f"Bearer {self._token}"})

    def are_old(self, response: Response) -> bool:
        return response.status == 401 or fault_code(response) == _EXPIRED_TOKEN

    def _is_good(self) -> bool:
        return bool(self._token) and self._clock.monotonic() < self._good_until

    async def _fetch(self, exchange: Exchange) -> None:
        form = {"grant_type": "client_credentials"}
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        if self._style == "form":
            form |= {"client_id": self._key, "client_secret": self._secret}
        else:
            headers["Authorization"] = f"Basic {b64encode(f'{self._key}:{self._secret}'.encode()).decode()}"
        asked = self._clock.monotonic()
        response = await exchange(Outgoing("POST", self._token_url, headers, urlencode(form).encode()))
        if response.status in {400, 401, 403}:
            raise RegistryRefused(f"token: HTTP {response.status}; check consumer key and secret")
        token = self._read(response)
        self._token = token.access_token
        # Half of a very short life is still used, or every question would fetch a token of its own.
        self._good_until = asked + max(token.expires_in - _SPARE_S, token.expires_in / 2)

    @staticmethod
    def _read(response: Response) -> _Token:
        try:
            return rest.answer(response, "token", _Token)
        except RegistryError as exc:
            exc.add_note("while fetching a token")
            raise
