"""What is particular to one scheme."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from aiohttp import web

from gateway.domain.exchange import Part, Request, Response
from gateway.errors import MalformedAnswer, RegistryError, RegistryRefused, RegistryRejected
from gateway.transport.credentials import LgspAccess
from gateway.transport.http import HttpTransport
from mocks.credentials import Door, InsuranceDoor, LgspDoor, opened
from tests.conftest import MovableClock
from tests.doors import ASK, JSON_ASK, PORTAL_ASK, c06, c06_door, is_open, lgsp, oauth, portal, session, way_to


async def test_the_envelope_carries_the_question_whole(clock: MovableClock) -> None:
    """Quotes, line ends and Vietnamese letters of a SOAP text come out of the platform's JSON as they went in."""
    text = '<?xml version="1.0"?>\r\n<a b="c">Nguyễn "Văn" \\ Mẫu</a>'
    door = LgspDoor("envelope")
    asked = Request(operation="ask", media_type="application/xml", body=(text.encode(),))

    async with way_to(door, lgsp(clock, "envelope"), clock) as way:
        assert is_open(await way.send(asked))

    assert door.data == [text]


@pytest.mark.parametrize("body", [(), (b"\xff",)], ids=["no body", "no text"])
async def test_what_cannot_go_into_the_envelope_is_rejected(body: tuple[Part, ...], clock: MovableClock) -> None:
    """A question without a body, or one that is no text, does not leave in an envelope."""
    async with way_to(LgspDoor("envelope"), lgsp(clock, "envelope"), clock) as way:
        with pytest.raises(RegistryRejected):
            await way.send(Request(operation="ask", body=body))


def test_the_access_text_is_compact_json_in_order() -> None:
    """The five keys in the platform's order without a space, in base64; a missing partner code is an empty text."""
    text = base64.b64decode(LgspAccess("ak", "sk", "app").text()).decode()

    assert text == '{"AccessKey":"ak","SecretKey":"sk","AppName":"app","PartnerCode":"","PartnerCodeCus":""}'


@pytest.mark.parametrize(
    ("off_s", "said"), [(3600, "3600 s behind"), (-90, "90 s ahead of"), (-86400, "86400 s ahead of")]
)
async def test_a_refusal_by_a_wrong_clock_says_so(off_s: int, said: str, clock: MovableClock) -> None:
    """The registry refuses, its `Date` is far from our time: the error tells how far, and our time stays as it is."""
    before = clock.now()
    async with way_to(c06_door(clock, off_s), c06(clock), clock) as way:
        with pytest.raises(RegistryRefused, match=f"ask: HTTP 401; our clock is {said} the registry's"):
            await way.send(JSON_ASK)

    assert clock.now() == before


async def test_a_refusal_with_a_right_clock_blames_no_clock(clock: MovableClock) -> None:
    """A refusal whose `Date` is near our time goes to the adapter as it came."""
    async with way_to(c06_door(clock, 30), c06(clock, secret="x"), clock) as way:
        assert (await way.send(JSON_ASK)).status == 401


@pytest.mark.parametrize(
    ("status", "headers"),
    [(401, {}), (401, {"date": "yesterday"}), (500, {"date": "Sun, 01 Mar 2020 01:30:00 GMT"}), (200, {})],
)
def test_a_clock_is_blamed_for_refusals_with_a_date_alone(
    status: int, headers: dict[str, str], clock: MovableClock
) -> None:
    """Without a readable `Date`, or without a refusal, nothing is said of clocks."""
    c06(clock)("").explain(ASK, Response(status=status, headers=headers, received_at=clock.now()))


def test_a_refusal_that_x_road_or_a_platform_gives_may_be_the_clocks_too(clock: MovableClock) -> None:
    """Access denied by a fault code counts as a refusal just as status 401 does."""
    answer = Response(
        status=500,
        headers={"date": "Sun, 01 Mar 2020 01:30:00 GMT", "x-road-error": "Server.ServerProxy.AccessDenied"},
        received_at=clock.now(),
    )
    with pytest.raises(RegistryRefused, match="set this machine's clock"):
        c06(clock)("").explain(ASK, answer)


WRONG_SESSIONS: dict[str, tuple[object, type[RegistryError]]] = {
    "a code and no session": ({"error_code": "-1", "result": "CANARY"}, RegistryRefused),
    "a code and an empty session": ({"error_code": "-1", "session": ""}, RegistryRefused),
    "neither": ({"result": "CANARY"}, MalformedAnswer),
    "a list": ({"session": ["CANARY"]}, MalformedAnswer),
    "a number": ({"session": 12345, "error_code": "0"}, MalformedAnswer),
    "an object with line ends": ({"session": "CANARY\n"}, MalformedAnswer),
    "no object": (["CANARY"], MalformedAnswer),
}


@pytest.mark.parametrize(("body", "error"), WRONG_SESSIONS.values(), ids=WRONG_SESSIONS.keys())
async def test_what_is_no_session_is_never_sent_as_one(
    body: object, error: type[RegistryError], clock: MovableClock
) -> None:
    """A log-in that gives a code instead of a session is refused; anything else that is no session is malformed."""

    async def endpoint(_: object) -> Response:
        return Response(status=200, body=json.dumps(body).encode(), received_at=clock.now())

    with pytest.raises(error) as caught:
        await session(clock)("http://registry.invalid").proof(endpoint)

    assert "CANARY" not in str(caught.value)


OLD_SESSIONS: dict[str, tuple[int, bytes, bool]] = {
    "the status": (440, b"", True),
    "the code": (200, b'{"error_code":"-3"}', True),
    "the code as a number": (200, b'{"error_code":-3}', True),
    "another code": (200, b'{"error_code":"0"}', False),
    "another status": (401, b'{"error_code":"0"}', False),
    "a truth": (200, b'{"error_code":true}', False),
    "the word in a value": (200, b'{"x":"error_code -3"}', False),
    "no JSON": (200, b"error_code -3", False),
    "a list": (200, b'["error_code", "-3"]', False),
    "a long answer": (200, b'{"error_code":"-3","x":"' + b"x" * 20_000 + b'"}', False),
}


@pytest.mark.parametrize(("status", "body", "old"), OLD_SESSIONS.values(), ids=OLD_SESSIONS.keys())
def test_an_ended_session_is_known_by_what_settings_name(
    status: int, body: bytes, old: bool, clock: MovableClock
) -> None:
    """The statuses and codes of the settings ask for a new log-in; nothing else does."""
    credentials = session(clock, old_statuses=[440])("http://registry.invalid")

    assert credentials.are_old(Response(status=status, body=body, received_at=clock.now())) is old


async def test_fixed_headers_go_with_a_log_in_of_the_registry_itself(clock: MovableClock) -> None:
    """A fixed Bearer of a platform is sent with the log-in as with every question."""
    seen: list[object] = []

    async def endpoint(outgoing: Any) -> Response:
        seen.append(outgoing.headers["Authorization"])
        return Response(status=200, body=b'{"session":"s"}', received_at=clock.now())

    credentials = session(clock, headers={"Authorization": "Bearer fixed"})("http://registry.invalid")
    proof = await credentials.proof(endpoint)

    assert (seen, proof.headers["Authorization"]) == (["Bearer fixed"], "Bearer fixed")


async def test_the_portals_log_in_ends_at_its_moment(clock: MovableClock) -> None:
    """`expires_in` of the portal is a moment: before it one log-in serves, after it there is a new one."""
    door = InsuranceDoor(ends="2026-03-01T09:30:00+07:00")

    async with opened(_dated(door, clock)) as url:
        transport = HttpTransport(endpoint=url, credentials=portal(clock)(url), clock=clock)
        await transport.send(PORTAL_ASK)
        clock.advance(3500)
        await transport.send(PORTAL_ASK)
        assert door.tokens.count == 1

        clock.advance(90)
        await transport.send(PORTAL_ASK)
        await transport.close()

    assert door.tokens.count == 2


def _dated(door: Door, clock: MovableClock) -> Door:
    """The door with our time as its `Date`."""

    class Dated:
        def answer(self, call: Any) -> Any:
            answer = door.answer(call)
            date = clock.now().strftime("%a, %d %b %Y %H:%M:%S GMT")
            return type(answer)(answer.status, answer.body, {**answer.headers, "Date": date})

    return Dated()


async def test_a_log_in_is_fetched_on_a_connection_of_its_own(clock: MovableClock) -> None:
    """A stray answer of another question can be nobody's token: the log-in never uses a kept connection."""
    ports: dict[str, set[int]] = {"token": set(), "data": set()}

    async def handler(request: web.Request) -> web.Response:
        assert request.transport is not None
        ports[request.path.strip("/")].add(request.transport.get_extra_info("peername")[1])
        return web.json_response({"access_token": "t", "expires_in": 1})

    app = web.Application()
    app.router.add_route("*", "/{any:.*}", handler)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    transport = HttpTransport(endpoint=url, credentials=oauth(clock)(url), clock=clock)
    for _ in range(3):
        await transport.send(ASK)
        clock.advance(2)
    await transport.close()
    await runner.cleanup()

    assert (len(ports["token"]), len(ports["data"])) == (3, 1)
    assert not ports["token"] & ports["data"]
