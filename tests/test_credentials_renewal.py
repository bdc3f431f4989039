"""Log-ins that end while they are used, over a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from gateway.domain.exchange import Request
from gateway.errors import RegistryRefused, RegistryUnreachable
from gateway.transport.credentials import Behind
from mocks.credentials import HeaderTokenDoor, InsuranceDoor, LgspDoor, OAuthDoor, SessionDoor
from tests.conftest import MovableClock
from tests.doors import (
    ASK,
    JSON_ASK,
    PORTAL_ASK,
    SESSION_ASK,
    Made,
    behind,
    header_token,
    is_open,
    lgsp,
    oauth,
    portal,
    session,
    way_to,
)

RENEWED: dict[str, tuple[Callable[[], Any], Callable[[MovableClock], Made], Request, Callable[[Any], Any]]] = {
    "OAuth2": (OAuthDoor, oauth, ASK, lambda door: door.tokens),
    "header token": (HeaderTokenDoor, header_token, ASK, lambda door: door.tokens),
    "lgspaccesstoken and token": (
        lambda: LgspDoor("token"),
        lambda clock: lgsp(clock, "token"),
        ASK,
        lambda door: door.tokens,
    ),
    "lgspaccesstoken in an envelope": (
        lambda: LgspDoor("envelope"),
        lambda clock: lgsp(clock, "envelope"),
        JSON_ASK,
        lambda door: door.tokens,
    ),
    "session, by a code": (SessionDoor, session, SESSION_ASK, lambda door: door.sessions),
    "session, by a status": (
        lambda: SessionDoor(bearer=True),
        lambda clock: session(clock, as_bearer=True),
        ASK,
        lambda door: door.sessions,
    ),
    "insurance portal, by status": (InsuranceDoor, portal, PORTAL_ASK, lambda door: door.tokens),
    "insurance portal, by code": (lambda: InsuranceDoor(by_code=True), portal, PORTAL_ASK, lambda door: door.tokens),
}


@pytest.mark.parametrize(("door", "made", "request_", "issued"), RENEWED.values(), ids=RENEWED.keys())
async def test_a_log_in_that_ends_in_the_middle_is_renewed_once(
    door: Callable[[], Any],
    made: Callable[[MovableClock], Made],
    request_: Request,
    issued: Callable[[Any], Any],
    clock: MovableClock,
) -> None:
    """The registry ends the log-in between two questions; the second is asked again with a new one, and answered."""
    one = door()
    async with way_to(one, made(clock), clock) as way:
        await way.send(request_)
        issued(one).end()

        assert is_open(await way.send(request_))

    assert issued(one).count == 2


async def test_f40_a_question_sent_again_with_a_new_token_is_counted_twice(clock: MovableClock) -> None:
    """The transport tells of each request that leaves for the registry, and of no log-in."""
    door, sent = OAuthDoor(), []
    asked = replace(ASK, sent=lambda: sent.append(1))
    async with way_to(door, oauth(clock), clock) as way:
        await way.send(asked)
        door.tokens.end()
        await way.send(asked)

    assert len(sent) == door.questions == 3


async def test_a_question_renews_its_token_once_at_most(clock: MovableClock) -> None:
    """A platform that gives tokens out and takes none is asked twice, not for ever; its refusal stands."""
    door = OAuthDoor()
    door.refuse_tokens = True
    async with way_to(door, oauth(clock), clock) as way:
        answer = await way.send(ASK)

    assert (answer.status, door.tokens.count, door.questions) == (401, 2, 2)


async def test_a_token_that_is_called_old_again_and_again_is_fetched_less_and_less_often(clock: MovableClock) -> None:
    """A platform that takes none of its own tokens is not asked for one at each question: once a minute in the end."""
    door = OAuthDoor()
    door.refuse_tokens = True
    fetched = []
    async with way_to(door, oauth(clock), clock) as way:
        for _ in range(300):  # five minutes with a question each second
            assert (await way.send(ASK)).status == 401
            fetched.append(door.tokens.count)
            clock.advance(1)

    assert fetched[0] == 2
    assert fetched[59] <= 8
    assert fetched[299] - fetched[239] <= 1
    assert door.questions == 300 + fetched[299] - 1


async def test_after_a_calm_time_a_token_that_ended_is_renewed_at_once(clock: MovableClock) -> None:
    """Tokens that end now and then, although nobody said so, cost no question its answer."""
    door = OAuthDoor()
    async with way_to(door, oauth(clock), clock) as way:
        await way.send(ASK)
        for _ in range(5):
            clock.advance(5)
            door.tokens.end()
            assert is_open(await way.send(ASK))

    assert door.tokens.count == 6


async def test_a_refused_log_in_is_not_tried_at_each_question(clock: MovableClock) -> None:
    """A wrong password is sent once a second, then less often: an account that locks itself would stay locked."""
    door = SessionDoor()
    async with way_to(door, session(clock, password="wrong"), clock) as way:
        for _ in range(10):
            with pytest.raises(RegistryRefused, match="check username and secret_file"):
                await way.send(SESSION_ASK)
        assert door.refused == 1

        clock.advance(1)
        with pytest.raises(RegistryRefused):
            await way.send(SESSION_ASK)

    assert door.refused == 2


async def test_behind_a_platform_too_a_session_is_not_renewed_at_each_question(clock: MovableClock) -> None:
    """Where neither half may be renewed yet, the question is not sent a second time."""
    platform = OAuthDoor()
    door = SessionDoor(platform=platform)
    made = lambda url: Behind(oauth(clock)(url), session(clock, old_codes=["0"])(url))  # noqa: E731
    async with way_to(door, made, clock) as way:
        for _ in range(10):
            await way.send(SESSION_ASK)  # every answer calls the session old

    assert (platform.tokens.count, door.sessions.count) == (1, 2)


async def test_fifty_questions_refused_at_once_renew_together(clock: MovableClock) -> None:
    """A token that ends under fifty questions is renewed by one log-in, and all are answered."""
    door = OAuthDoor()
    async with way_to(door, oauth(clock), clock) as way:
        await way.send(ASK)
        door.tokens.end()
        answers = await asyncio.gather(*(way.send(ASK) for _ in range(50)))

    assert all(map(is_open, answers))
    assert door.tokens.count == 2


async def test_a_broken_token_endpoint_meets_no_herd(clock: MovableClock) -> None:
    """Fifty questions at a failing token endpoint cost it one request; once it works the next one is answered."""
    door = OAuthDoor()
    door.broken = True

    async with way_to(door, oauth(clock), clock) as way:
        failures = await asyncio.gather(*(way.send(ASK) for _ in range(50)), return_exceptions=True)
        asked, door.broken = door.tokens.count, False

        assert is_open(await way.send(ASK))

    assert asked == 1
    assert {type(failure) for failure in failures} == {RegistryUnreachable}


async def test_a_question_cancelled_during_the_log_in_leaves_the_others_theirs(clock: MovableClock) -> None:
    """The caller that began fetching the token hangs up; whoever waits for it is answered with that token."""
    door, gate = OAuthDoor(), asyncio.Event()
    async with way_to(door, oauth(clock), clock, gate=gate) as way:
        first = asyncio.create_task(way.send(ASK))
        await asyncio.sleep(0.01)
        others = [asyncio.create_task(way.send(ASK)) for _ in range(5)]
        await asyncio.sleep(0)
        first.cancel()
        await asyncio.wait([first])
        gate.set()

        assert all(map(is_open, await asyncio.gather(*others)))

    assert first.cancelled()
    assert door.tokens.count == 1


@pytest.mark.parametrize("ends", [3600, "3600", None, -1, "soon", 9223372036854775, "2026-03-01T18:00:00+07:00"])
async def test_a_token_serves_whatever_is_said_of_its_end(ends: object, clock: MovableClock) -> None:
    """However the platform says when a token ends, it serves more than one question."""
    door = OAuthDoor(ends=ends)
    async with way_to(door, oauth(clock), clock) as way:
        assert is_open(await way.send(ASK))
        assert is_open(await way.send(ASK))

    assert door.tokens.count == 1


async def test_only_the_half_that_is_old_is_renewed(clock: MovableClock) -> None:
    """Behind a platform an ended session costs a log-in, an ended token a token, and neither costs the other."""
    platform = OAuthDoor()
    door = SessionDoor(platform=platform)
    async with way_to(door, lambda url: Behind(oauth(clock)(url), session(clock, old_statuses=[])(url)), clock) as way:
        await way.send(SESSION_ASK)
        door.sessions.end()
        assert is_open(await way.send(SESSION_ASK))
        assert (platform.tokens.count, door.sessions.count) == (1, 2)

        platform.tokens.end()
        assert is_open(await way.send(SESSION_ASK))

    assert (platform.tokens.count, door.sessions.count) == (2, 2)


async def test_a_token_and_a_session_that_both_ended_are_renewed_by_one_question(clock: MovableClock) -> None:
    """Behind a platform both may have ended: the platform says so first, and one question renews both."""
    platform = OAuthDoor()
    door = SessionDoor(platform=platform)
    async with way_to(door, behind(clock), clock) as way:
        await way.send(SESSION_ASK)
        platform.tokens.end()
        door.sessions.end()

        assert is_open(await way.send(SESSION_ASK))

    assert (platform.tokens.count, door.sessions.count) == (2, 2)


async def test_a_token_that_ended_before_the_log_in_is_renewed_for_it(clock: MovableClock) -> None:
    """Behind a platform a log-in that meets an ended token fetches a new one, as a question would."""
    platform = OAuthDoor(ends=86_400)
    door = SessionDoor(platform=platform)
    async with way_to(door, behind(clock), clock) as way:
        await way.send(SESSION_ASK)
        platform.tokens.end()
        clock.advance(3600)  # the session is no longer used; the token would be

        assert is_open(await way.send(SESSION_ASK))

    assert (platform.tokens.count, door.sessions.count) == (2, 2)
