"""How registries know us: each scheme against its description."""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64decode
from urllib.parse import parse_qs

import pytest

from gateway.domain.exchange import Response
from gateway.errors import MalformedAnswer, RegistryRefused, RegistryUnreachable
from gateway.transport.credentials import Anonymous, C06Basic, ClientCredentials
from gateway.transport.outgoing import Outgoing
from tests.conftest import MovableClock

ASK = Outgoing("GET", "http://registry.invalid/x", {}, None)


class TokenEndpoint:
    """Hands out token-1, token-2, … and remembers what it was sent."""

    def __init__(
        self, clock: MovableClock, *, status: int = 200, body: bytes | None = None, life: str = "3600"
    ) -> None:
        self.clock = clock
        self.status = status
        self.body = body
        self.life = life
        self.seen: list[Outgoing] = []

    async def __call__(self, outgoing: Outgoing) -> Response:
        self.seen.append(outgoing)
        await asyncio.sleep(0)
        body = b'{"access_token":"token-%d","token_type":"Bearer","expires_in":%s}' % (
            len(self.seen),
            self.life.encode(),
        )
        return Response(status=self.status, body=self.body or body, received_at=self.clock.now())


def _client(clock: MovableClock, **more: str) -> ClientCredentials:
    return ClientCredentials(
        token_url="http://registry.invalid/token",
        key="key",
        secret="secret",
        clock=clock,
        **more,  # type: ignore[arg-type]
    )


async def test_a_token_is_fetched_with_basic_and_sent_as_bearer(clock: MovableClock) -> None:
    """NGSP: key and secret as Basic, grant type in the form, the token as Bearer."""
    endpoint = TokenEndpoint(clock)

    signed = await _client(clock).sign(ASK, endpoint)

    (sent,) = endpoint.seen
    assert signed.headers["Authorization"] == "Bearer token-1"
    assert b64decode(sent.headers["Authorization"].removeprefix("Basic ")) == b"key:secret"
    assert parse_qs((sent.body or b"").decode()) == {"grant_type": ["client_credentials"]}


async def test_some_provinces_want_key_and_secret_in_the_form(clock: MovableClock) -> None:
    """Lào Cai: client_id and client_secret as form fields, no Authorization."""
    endpoint = TokenEndpoint(clock)

    await _client(clock, style="form").sign(ASK, endpoint)

    (sent,) = endpoint.seen
    assert "Authorization" not in sent.headers
    assert parse_qs((sent.body or b"").decode())["client_secret"] == ["secret"]


async def test_a_token_serves_until_shortly_before_its_end(clock: MovableClock) -> None:
    """One token for an hour of questions, and a new one before the old one ends."""
    endpoint, credentials = TokenEndpoint(clock), _client(clock)
    await credentials.sign(ASK, endpoint)
    clock.advance(3500)
    await credentials.sign(ASK, endpoint)
    assert len(endpoint.seen) == 1

    clock.advance(80)
    signed = await credentials.sign(ASK, endpoint)

    assert signed.headers["Authorization"] == "Bearer token-2"


async def test_fifty_questions_fetch_one_token(clock: MovableClock) -> None:
    """Questions that wait for a token at the same time share one request for it."""
    endpoint, credentials = TokenEndpoint(clock), _client(clock)

    signed = await asyncio.gather(*(credentials.sign(ASK, endpoint) for _ in range(50)))

    assert len(endpoint.seen) == 1
    assert {one.headers["Authorization"] for one in signed} == {"Bearer token-1"}


async def test_fifty_refused_questions_renew_the_token_once(clock: MovableClock) -> None:
    """When a token dies early, one renewal serves everybody who was refused with it."""
    endpoint, credentials = TokenEndpoint(clock), _client(clock)
    refused = await credentials.sign(ASK, endpoint)

    signed = await asyncio.gather(*(credentials.sign(refused, endpoint, renew=True) for _ in range(50)))

    assert len(endpoint.seen) == 2
    assert {one.headers["Authorization"] for one in signed} == {"Bearer token-2"}


async def test_a_token_with_seconds_left_is_used_for_half_of_them(clock: MovableClock) -> None:
    """The same token is handed out until it ends, so one with ten seconds left is normal, and used."""
    endpoint, credentials = TokenEndpoint(clock, life="10"), _client(clock)
    await credentials.sign(ASK, endpoint)
    clock.advance(4)
    await credentials.sign(ASK, endpoint)

    assert len(endpoint.seen) == 1


async def test_expires_in_may_be_a_text(clock: MovableClock) -> None:
    """A life of "3600" is a life of 3600."""
    assert (await _client(clock).sign(ASK, TokenEndpoint(clock, life='"3600"'))).headers["Authorization"]


async def test_a_wrong_secret_is_refused(clock: MovableClock) -> None:
    """A token endpoint that says 401 means that an operator must act, not that the registry is away."""
    with pytest.raises(RegistryRefused, match="check consumer key"):
        await _client(clock).sign(ASK, TokenEndpoint(clock, status=401))


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (503, b"", RegistryUnreachable),
        (200, b"<html>", MalformedAnswer),
        (200, b'{"access_token": ""}', MalformedAnswer),
        (200, b'{"error": "CANARY"}', MalformedAnswer),
    ],
)
async def test_a_token_endpoint_out_of_order_is_told_as_such(
    status: int, body: bytes, error: type[Exception], clock: MovableClock
) -> None:
    """What is no token is never sent as one."""
    with pytest.raises(error) as caught:
        await _client(clock).sign(ASK, TokenEndpoint(clock, status=status, body=body))

    assert "CANARY" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "old"),
    [
        (401, b"", True),
        (401, b'{"fault":{"code":900901}}', True),
        (403, b'{"fault":{"code":900908}}', False),
        (200, b"{}", False),
        (500, b"", False),
    ],
)
def test_only_an_expired_token_asks_for_a_new_one(status: int, body: bytes, old: bool, clock: MovableClock) -> None:
    """401 and fault 900901 speak of the token; a missing right does not."""
    assert _client(clock).are_old(Response(status=status, body=body, received_at=clock.now())) is old


@pytest.mark.parametrize(("unit", "timestamp"), [("ms", "1772328600000"), ("s", "1772328600")])
async def test_c06_signs_address_user_time_and_secret(unit: str, timestamp: str, clock: MovableClock) -> None:
    """`Basic` over a SHA-256 of sv_url, user, timestamp and secret; the timestamp in the unit that settings name."""
    credentials = C06Basic(
        username="user",
        secret="secret",
        sv_url="http://sv.invalid",
        clock=clock,
        unit=unit,  # type: ignore[arg-type]
        headers={"X-Road-Client": "A/B/C/D"},
    )

    signed = await credentials.sign(ASK, TokenEndpoint(clock))

    hashed = hashlib.sha256(f"http://sv.invaliduser{timestamp}secret".encode()).hexdigest()
    assert signed.headers["Timestamp"] == timestamp
    assert signed.headers["X-Road-Client"] == "A/B/C/D"
    assert b64decode(signed.headers["Authorization"].removeprefix("Basic ")).decode() == f"user:{hashed}"


async def test_without_credentials_only_fixed_headers_are_added(clock: MovableClock) -> None:
    """An open test endpoint still gets the headers that settings name."""
    signed = await Anonymous({"X-Env": "test"}).sign(ASK, TokenEndpoint(clock))

    assert signed.headers == {"X-Env": "test"}
