"""Every way in which a registry knows us, over a real socket, at a door that opens to nothing else."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable

import pytest

from gateway.domain.exchange import Request, Secret
from gateway.errors import RegistryRefused
from gateway.transport.credentials import Anonymous, LgspAccess, SessionNames, auth_hash
from mocks.credentials import (
    BodyKeyDoor,
    Door,
    HeaderTokenDoor,
    InsuranceDoor,
    LgspDoor,
    OAuthDoor,
    PathKeyDoor,
    SessionDoor,
)
from mocks.credentials.keys import AWKWARD_KEY
from mocks.credentials.lgsp import ACCESS
from tests.conftest import MovableClock
from tests.doors import (
    ACCESS_KEYS,
    ASK,
    JSON_ASK,
    PORTAL_ASK,
    SESSION_ASK,
    Made,
    behind,
    c06,
    c06_door,
    header_token,
    is_open,
    lgsp,
    oauth,
    password_grant,
    portal,
    session,
    way_to,
)

RIGHT: dict[str, tuple[Callable[[MovableClock], Door], Callable[[MovableClock], Made], Request]] = {
    "OAuth2, Basic": (lambda _: OAuthDoor(), oauth, ASK),
    "OAuth2, form": (lambda _: OAuthDoor("form"), lambda clock: oauth(clock, "form"), ASK),
    "OAuth2, JSON": (lambda _: OAuthDoor("json"), lambda clock: oauth(clock, "json"), ASK),
    "OAuth2, password": (lambda _: OAuthDoor("password"), password_grant, ASK),
    "header token": (lambda _: HeaderTokenDoor(), header_token, ASK),
    "lgspaccesstoken alone": (lambda _: LgspDoor("header"), lambda clock: lgsp(clock, "header"), ASK),
    "lgspaccesstoken in Authorization": (
        lambda _: LgspDoor("authorization"),
        lambda clock: lgsp(clock, "authorization"),
        ASK,
    ),
    "lgspaccesstoken and token": (lambda _: LgspDoor("token"), lambda clock: lgsp(clock, "token"), ASK),
    "lgspaccesstoken in an envelope": (
        lambda _: LgspDoor("envelope"),
        lambda clock: lgsp(clock, "envelope"),
        JSON_ASK,
    ),
    "C06, milliseconds": (c06_door, c06, JSON_ASK),
    "C06, seconds": (lambda clock: c06_door(clock, unit="s"), lambda clock: c06(clock, unit="s"), JSON_ASK),
    "C06, with ESB headers": (
        lambda clock: c06_door(clock, with_esb=True),
        lambda clock: c06(clock, esb_source=True),
        JSON_ASK,
    ),
    "session in the body": (lambda _: SessionDoor(), session, SESSION_ASK),
    "session as Bearer, other names": (
        lambda _: SessionDoor(fields=("userName", "password", "token"), bearer=True),
        lambda clock: session(clock, names=SessionNames("userName", "password", "token"), as_bearer=True),
        ASK,
    ),
    "session behind a platform": (lambda _: SessionDoor(platform=OAuthDoor()), behind, SESSION_ASK),
    "insurance portal": (lambda _: InsuranceDoor(), portal, PORTAL_ASK),
    "key in the body": (
        lambda _: BodyKeyDoor(),
        lambda _: lambda _url: Anonymous(secrets={"auth_key": AWKWARD_KEY}),
        Request(
            operation="ask",
            media_type="application/json; charset=utf-8",
            body=(b'{"authKey":"', Secret("auth_key"), b'","maTinh":"99"}'),
        ),
    ),
    "key in the path": (
        lambda _: PathKeyDoor(),
        lambda _: lambda _url: Anonymous(secrets={"security_code": AWKWARD_KEY}),
        Request(operation="ask", path=("VBDLIS", "KetThucHoSo", Secret("security_code"))),
    ),
}


@pytest.mark.parametrize(("door", "made", "request_"), RIGHT.values(), ids=RIGHT.keys())
async def test_a_door_opens_to_its_own_scheme(
    door: Callable[[MovableClock], Door],
    made: Callable[[MovableClock], Made],
    request_: Request,
    clock: MovableClock,
) -> None:
    """Each scheme writes exactly what its registry wants, twice, the second time on a used connection."""
    async with way_to(door(clock), made(clock), clock) as way:
        assert is_open(await way.send(request_))
        assert is_open(await way.send(request_))


WRONG: dict[str, tuple[Callable[[MovableClock], Door], Callable[[MovableClock], Made], Request]] = {
    "OAuth2, another secret": (lambda _: OAuthDoor(), lambda clock: oauth(clock, secret="x"), ASK),
    "OAuth2, form where Basic is meant": (lambda _: OAuthDoor(), lambda clock: oauth(clock, "form"), ASK),
    "OAuth2, Basic where a form is meant": (lambda _: OAuthDoor("form"), oauth, ASK),
    "OAuth2, form where JSON is meant": (lambda _: OAuthDoor("json"), lambda clock: oauth(clock, "form"), ASK),
    "OAuth2, another password": (
        lambda _: OAuthDoor("password"),
        lambda clock: password_grant(clock, password="x"),
        ASK,
    ),
    "OAuth2, client alone where a password is meant": (
        lambda _: OAuthDoor("password"),
        lambda clock: oauth(clock, "form"),
        ASK,
    ),
    "header token, another text": (lambda _: HeaderTokenDoor(), lambda clock: header_token(clock, "x"), ASK),
    "lgspaccesstoken and token, another key": (
        lambda _: LgspDoor("token"),
        lambda clock: lgsp(clock, "token", LgspAccess("x", "y", "z")),
        ASK,
    ),
    "session, another password": (lambda _: SessionDoor(), lambda clock: session(clock, password="x"), SESSION_ASK),
    "session, another name": (
        lambda _: SessionDoor(),
        lambda clock: session(clock, names=SessionNames("userName", "password", "session")),
        SESSION_ASK,
    ),
    "session behind a platform, another password": (
        lambda _: SessionDoor(platform=OAuthDoor()),
        lambda clock: behind(clock, password="x"),
        SESSION_ASK,
    ),
    "insurance portal, another password": (
        lambda _: InsuranceDoor(),
        lambda clock: portal(clock, password="x"),
        PORTAL_ASK,
    ),
}


@pytest.mark.parametrize(("door", "made", "request_"), WRONG.values(), ids=WRONG.keys())
async def test_a_wrong_log_in_is_refused_and_says_what_to_check(
    door: Callable[[MovableClock], Door],
    made: Callable[[MovableClock], Made],
    request_: Request,
    clock: MovableClock,
) -> None:
    """A log-in that the registry does not take ends as refused, before the question goes out."""
    async with way_to(door(clock), made(clock), clock) as way:
        with pytest.raises(RegistryRefused, match="check "):
            await way.send(request_)


SHUT: dict[str, tuple[Callable[[MovableClock], Door], Callable[[MovableClock], Made]]] = {
    "keys in another order": (
        lambda _: LgspDoor("header"),
        lambda _: (
            lambda _url: Anonymous(
                {"lgspaccesstoken": base64.b64encode(json.dumps(dict(reversed(ACCESS.items()))).encode()).decode()}
            )
        ),
    ),
    "JSON that is not compact": (
        lambda _: LgspDoor("header"),
        lambda _: lambda _url: Anonymous({"lgspaccesstoken": base64.b64encode(json.dumps(ACCESS).encode()).decode()}),
    ),
    "the text in the other header": (lambda _: LgspDoor("authorization"), lambda clock: lgsp(clock, "header")),
    "a scheme word before the text": (
        lambda _: LgspDoor("authorization"),
        lambda _: lambda _url: Anonymous({"Authorization": f"Basic {ACCESS_KEYS.text()}"}),
    ),
    "the token without the text": (
        lambda _: LgspDoor("token"),
        lambda _: lambda _url: Anonymous({"Authorization": "Bearer lgsp-token-not-real-1"}),
    ),
    "another officer in the envelope": (
        lambda _: LgspDoor("envelope"),
        lambda clock: lgsp(clock, "envelope", officer=auth_hash("x", "y")),
    ),
    "headers where an envelope is meant": (lambda _: LgspDoor("envelope"), lambda clock: lgsp(clock, "token")),
    "another secret in the hash": (c06_door, lambda clock: c06(clock, secret="x")),
    "another address in the hash": (c06_door, lambda clock: c06(clock, sv_url="http://x")),
    "another account in the hash": (c06_door, lambda clock: c06(clock, username="x")),
    "the time in another unit": (c06_door, lambda clock: c06(clock, unit="s")),
    "no ESB headers": (lambda clock: c06_door(clock, with_esb=True), c06),
    "unexpected ESB headers": (c06_door, lambda clock: c06(clock, esb_source=True)),
    "no key in the body": (lambda _: BodyKeyDoor(), lambda _: lambda _url: Anonymous()),
    "no key in the path": (lambda _: PathKeyDoor(), lambda _: lambda _url: Anonymous()),
}


@pytest.mark.parametrize(("door", "made"), SHUT.values(), ids=SHUT.keys())
async def test_a_door_stays_shut_to_anything_else(
    door: Callable[[MovableClock], Door], made: Callable[[MovableClock], Made], clock: MovableClock
) -> None:
    """A header, a hash, an order or a moment that is not exactly as described is refused by the stand-in."""
    async with way_to(door(clock), made(clock), clock) as way:
        assert (await way.send(JSON_ASK)).status == 401
