"""Credentials that fit the doors of `mocks.credentials`, and the way to such a door over a real socket."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from gateway.domain.exchange import Request, Response, Secret
from gateway.transport.credentials import (
    Behind,
    C06Basic,
    ClientCredentials,
    Credentials,
    HeaderToken,
    InsurancePortal,
    LgspAccess,
    LgspHeader,
    LgspToken,
    PasswordGrant,
    Session,
    auth_hash,
)
from gateway.transport.http import HttpTransport
from mocks.credentials import C06Door, Door, InsuranceDoor, SessionDoor, opened
from mocks.credentials.lgsp import ACCESS, OFFICER
from mocks.credentials.tokens import ACCOUNT, AUTH, KEY, PASSWORD, SECRET
from tests.conftest import MovableClock

Made = Callable[[str], Credentials]
ASK = Request(operation="ask", method="GET", path=("data",))
JSON_ASK = Request(operation="ask", path=("data",), media_type="application/json", body=(b'{"x":1}',))
SESSION_ASK = Request(
    operation="ask",
    path=("g",),
    media_type="application/json",
    body=(b'{"session":"', Secret("session"), b'","service":"DanhSachHoSo"}'),
)
PORTAL_ASK = Request(
    operation="ask",
    path=("api", "egw", "KQNhanLichSuKCB2024"),
    query=(
        ("token", Secret("token")),
        ("id_token", Secret("id_token")),
        ("username", Secret("username")),
        ("password", Secret("password_md5")),
    ),
    media_type="application/json",
    body=(b"{}",),
)


@asynccontextmanager
async def way_to(
    door: Door, made: Made, clock: MovableClock, *, gate: asyncio.Event | None = None
) -> AsyncIterator[HttpTransport]:
    """A transport to a door; `made` gives credentials for its address."""
    async with opened(door, gate=gate) as url:
        transport = HttpTransport(endpoint=url, credentials=made(url), clock=clock)
        try:
            yield transport
        finally:
            await transport.close()


def is_open(answer: Response) -> bool:
    """True when the door gave what it guards."""
    return answer.status == 200 and json.loads(answer.body) == {"error_code": "0", "data": "open"}


def oauth(clock: MovableClock, style: Any = "basic", **more: Any) -> Made:
    arguments = {"key": KEY, "secret": SECRET, "style": style} | more
    return lambda url: ClientCredentials(token_url=f"{url}/token", clock=clock, **arguments)


def password_grant(clock: MovableClock, **more: Any) -> Made:
    arguments = {"key": KEY, "secret": SECRET, "username": ACCOUNT, "password": PASSWORD} | more
    return lambda url: PasswordGrant(token_url=f"{url}/token", clock=clock, **arguments)


def header_token(clock: MovableClock, issued: str = AUTH) -> Made:
    return lambda url: HeaderToken(token_url=f"{url}/api/v1/Authentication/Token", issued=issued, clock=clock)


ACCESS_KEYS = LgspAccess(*ACCESS.values())


def lgsp(clock: MovableClock, way: str, access: LgspAccess = ACCESS_KEYS, officer: str | None = None) -> Made:
    match way:
        case "header":
            return lambda _: LgspHeader(access)
        case "authorization":
            return lambda _: LgspHeader(access, header="Authorization")
    place: Any = "body" if way == "envelope" else "headers"
    shown = officer or (auth_hash(*OFFICER) if way == "envelope" else None)
    return lambda url: LgspToken(access, token_url=f"{url}/token", clock=clock, place=place, officer=shown)


def c06(clock: MovableClock, **more: Any) -> Made:
    arguments = {"username": C06Door.username, "secret": C06Door.secret, "sv_url": C06Door.sv_url} | more
    headers = {"X-Road-Client": C06Door.client, "ApiKey": C06Door.api_key}
    return lambda _: C06Basic(clock=clock, headers=headers, **arguments)


def session(clock: MovableClock, **more: Any) -> Made:
    arguments = {
        "username": SessionDoor.username,
        "password": SessionDoor.password,
        "old_codes": [SessionDoor.old_code],
    } | more
    return lambda url: Session(login_url=f"{url}/login", clock=clock, **arguments)


def portal(clock: MovableClock, **more: Any) -> Made:
    arguments = {"username": InsuranceDoor.username, "password": InsuranceDoor.password} | more
    return lambda url: InsurancePortal(login_url=f"{url}/api/token/take", clock=clock, **arguments)


def behind(clock: MovableClock, **more: Any) -> Made:
    return lambda url: Behind(oauth(clock)(url), session(clock, **more)(url))


def c06_door(clock: MovableClock, off_s: float = 0.0, **more: Any) -> C06Door:
    """A door whose clock is that many seconds ahead of ours."""
    return C06Door(lambda: clock.now().timestamp() + off_s, **more)
