"""Logging in: one for everybody, kept while it lives, renewed once, and never in anybody's way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from gateway.domain.exchange import LARGE_BODY, Response
from gateway.errors import MalformedAnswer, RegistryError, RegistryRefused, RegistryTimeout, RegistryUnreachable
from gateway.transport.credentials import Anonymous, ClientCredentials, Old, Proof
from gateway.transport.credentials.expiry import UNKNOWN_S, usable_s
from gateway.transport.credentials.login import Grant, LogIn
from gateway.transport.outgoing import Outgoing
from tests.conftest import MovableClock


async def nowhere(_: Outgoing) -> Response:
    raise AssertionError("nothing may be sent")


class Gate:
    """A log-in that waits until it is let through; each step is an error to raise or None for a new proof."""

    def __init__(self, *steps: RegistryError | None, life_s: float | None = 3600, is_open: bool = True) -> None:
        self.steps = list(steps)
        self.life_s = life_s
        self.calls = 0
        self.cancelled = 0
        self.open = asyncio.Event()
        if is_open:
            self.open.set()

    async def fetch(self, _: object) -> Grant:
        self.calls += 1
        try:
            await self.open.wait()
            await asyncio.sleep(0)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        step = self.steps.pop(0) if self.steps else None
        if step is not None:
            raise step
        return Grant(Proof(headers={"Authorization": f"Bearer {self.calls}"}), self.life_s)

    async def reached(self, calls: int = 1) -> None:
        """Return when that many log-ins have begun."""
        while self.calls < calls:  # noqa: ASYNC110 (one turn of the loop each, no time)
            await asyncio.sleep(0)


async def _failed(log_in: LogIn) -> RegistryError | Proof:
    try:
        return await log_in.proof(nowhere)
    except RegistryError as exc:
        return exc


async def test_fifty_questions_share_one_log_in(clock: MovableClock) -> None:
    """Questions that need a log-in at the same time wait for one, and all get its proof."""
    gate = Gate()
    log_in = LogIn(gate.fetch, clock)

    proofs = await asyncio.gather(*(log_in.proof(nowhere) for _ in range(50)))

    assert gate.calls == 1
    assert len(set(map(id, proofs))) == 1


async def test_fifty_questions_share_one_failure_and_the_next_tries_again(clock: MovableClock) -> None:
    """When the log-in fails all who wait see that failure, none of them begins another, and the next question does."""
    gate = Gate(RegistryUnreachable("token: HTTP 500"))
    log_in = LogIn(gate.fetch, clock)

    failures = await asyncio.gather(*(_failed(log_in) for _ in range(50)))
    assert gate.calls == 1
    assert {str(failure) for failure in failures} == {"token: HTTP 500"}

    assert (await log_in.proof(nowhere)).headers["Authorization"] == "Bearer 2"


async def test_fifty_refused_questions_share_one_renewal(clock: MovableClock) -> None:
    """When a proof dies early, one renewal serves everybody who was refused with it, whenever they notice."""
    gate = Gate()
    log_in = LogIn(gate.fetch, clock)
    old = await log_in.proof(nowhere)

    first = await asyncio.gather(*(log_in.proof(nowhere, old) for _ in range(25)))
    later = await asyncio.gather(*(log_in.proof(nowhere, old) for _ in range(25)))

    assert gate.calls == 2
    assert {proof.headers["Authorization"] for proof in first + later} == {"Bearer 2"}


async def test_a_cancelled_question_does_not_break_the_log_in_of_others(clock: MovableClock) -> None:
    """The question that began the log-in gives up; the others get their proof from that same log-in."""
    gate = Gate(is_open=False)
    log_in = LogIn(gate.fetch, clock)
    first = asyncio.create_task(log_in.proof(nowhere))
    await gate.reached()
    others = [asyncio.create_task(log_in.proof(nowhere)) for _ in range(5)]
    await asyncio.sleep(0)

    first.cancel()
    await asyncio.wait([first])
    gate.open.set()

    assert first.cancelled()
    assert {proof.headers["Authorization"] for proof in await asyncio.gather(*others)} == {"Bearer 1"}
    assert (gate.calls, gate.cancelled) == (1, 0)


async def test_a_log_in_that_nobody_waits_for_is_given_up(clock: MovableClock) -> None:
    """When the last waiting question is cancelled the log-in is too."""
    gate = Gate(is_open=False)
    log_in = LogIn(gate.fetch, clock)
    lonely = asyncio.create_task(log_in.proof(nowhere))
    await gate.reached()

    lonely.cancel()
    await asyncio.wait([lonely])
    await asyncio.sleep(0)

    assert (gate.calls, gate.cancelled) == (1, 1)


async def test_a_question_in_the_moment_of_giving_up_begins_anew(clock: MovableClock) -> None:
    """A log-in that is being given up is nobody's: whoever comes before it has ended gets one of its own."""
    gate = Gate(is_open=False)
    log_in = LogIn(gate.fetch, clock)

    async def cancelled_and_back() -> Proof:
        with suppress(asyncio.CancelledError):
            await log_in.proof(nowhere)
        return await log_in.proof(nowhere)

    stubborn = asyncio.create_task(cancelled_and_back())
    await gate.reached()
    stubborn.cancel()
    gate.open.set()

    assert (await stubborn).headers["Authorization"] == "Bearer 2"
    assert (gate.calls, gate.cancelled) == (2, 1)


async def test_a_hung_log_in_ends_while_questions_keep_coming(clock: MovableClock) -> None:
    """A token endpoint that never answers fails everybody after the log-in's own limit, however many join it."""
    gate = Gate(is_open=False)
    log_in = LogIn(gate.fetch, clock, longest_s=0.02)

    failures = await asyncio.gather(*(_failed(log_in) for _ in range(3)))

    assert {type(failure) for failure in failures} == {RegistryTimeout}
    assert (gate.calls, gate.cancelled) == (1, 1)


async def test_a_log_in_serves_until_shortly_before_its_end(clock: MovableClock) -> None:
    """One log-in for an hour of questions, and a new one before the old one ends."""
    gate = Gate()
    log_in = LogIn(gate.fetch, clock)
    await log_in.proof(nowhere)
    clock.advance(3569)
    await log_in.proof(nowhere)
    assert gate.calls == 1

    clock.advance(2)
    await log_in.proof(nowhere)

    assert gate.calls == 2


async def test_a_log_in_with_seconds_left_is_used_for_half_of_them(clock: MovableClock) -> None:
    """The same token is handed out until it ends, so one with ten seconds left is normal, and used."""
    gate = Gate(life_s=10)
    log_in = LogIn(gate.fetch, clock)
    await log_in.proof(nowhere)
    clock.advance(4)
    await log_in.proof(nowhere)

    assert gate.calls == 1


async def test_a_log_in_whose_life_nobody_tells_is_used_for_an_hour(clock: MovableClock) -> None:
    """Without a word about its end a log-in serves an hour at most; an earlier end shows as a refusal."""
    gate = Gate(life_s=None)
    log_in = LogIn(gate.fetch, clock)
    await log_in.proof(nowhere)
    clock.advance(usable_s(UNKNOWN_S) - 1)
    await log_in.proof(nowhere)
    clock.advance(2)
    await log_in.proof(nowhere)

    assert gate.calls == 2


async def test_f42_a_jump_of_the_wall_clock_ends_no_log_in(clock: MovableClock) -> None:
    """A log-in's life is counted by the clock that never goes back."""
    gate = Gate()
    log_in = LogIn(gate.fetch, clock)
    await log_in.proof(nowhere)
    clock._now += timedelta(days=1)
    await log_in.proof(nowhere)
    clock._now -= timedelta(days=400)
    await log_in.proof(nowhere)

    assert gate.calls == 1


async def test_a_moment_is_read_by_the_registrys_own_clock(clock: MovableClock) -> None:
    """A token that ends at a moment lives as long as the registry's clock says, wherever ours stands."""
    calls: list[Outgoing] = []

    async def endpoint(outgoing: Outgoing) -> Response:
        calls.append(outgoing)
        return Response(
            status=200,
            headers={"date": "Sun, 01 Mar 2026 11:30:00 GMT"},
            body=b'{"access_token":"t","expires_in":"2026-03-01T11:40:00Z"}',
            received_at=clock.now(),
        )

    credentials = _client(clock)
    await credentials.proof(endpoint)
    clock.advance(560)
    await credentials.proof(endpoint)
    assert len(calls) == 1

    clock.advance(20)
    await credentials.proof(endpoint)

    assert len(calls) == 2


def _client(clock: MovableClock) -> ClientCredentials:
    return ClientCredentials(token_url="http://registry.invalid/token", key="key", secret="secret", clock=clock)


def _endpoint(clock: MovableClock, status: int, body: bytes) -> Callable[[Outgoing], object]:
    async def answer(_: Outgoing) -> Response:
        return Response(status=status, body=body, received_at=clock.now())

    return answer


WRONG_TOKENS = {
    "a wrong secret": (401, b"", RegistryRefused),
    "a wrong request": (400, b"", RegistryRefused),
    "a missing right": (403, b"", RegistryRefused),
    "out of order": (503, b"", RegistryUnreachable),
    "a redirect": (302, b"", MalformedAnswer),
    "a page": (200, b"<html>CANARY", MalformedAnswer),
    "an empty token": (200, b'{"access_token": ""}', MalformedAnswer),
    "no token": (200, b'{"error": "CANARY"}', MalformedAnswer),
    "a number": (200, b'{"access_token": 12345}', MalformedAnswer),
    "a token that breaks out of a header": (200, b'{"access_token": "CANARY\\r\\nX: y"}', MalformedAnswer),
    "a token with a space": (200, b'{"access_token": "CANARY x"}', MalformedAnswer),
    "an answer beyond all measure": (
        200,
        b'{"access_token": "t", "CANARY": [' + b"1," * LARGE_BODY + b"1]}",
        MalformedAnswer,
    ),
    "a token beyond all measure": (200, b'{"access_token": "' + b"CANARY" * 4000 + b'"}', MalformedAnswer),
}


@pytest.mark.parametrize(("status", "body", "error"), WRONG_TOKENS.values(), ids=WRONG_TOKENS.keys())
async def test_what_is_no_token_is_never_sent_as_one(
    status: int, body: bytes, error: type[RegistryError], clock: MovableClock
) -> None:
    """A token endpoint out of order is told as such, quoting nothing."""
    with pytest.raises(error) as caught:
        await _client(clock).proof(_endpoint(clock, status, body))  # type: ignore[arg-type]

    assert "CANARY" not in str(caught.value)


async def test_a_refused_log_in_says_what_to_check(clock: MovableClock) -> None:
    """A refusal at the token endpoint names what an operator looks at."""
    with pytest.raises(RegistryRefused, match="token: HTTP 401; check consumer key and secret"):
        await _client(clock).proof(_endpoint(clock, 401, b""))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("status", "body", "old"),
    [
        (401, b"", True),
        (401, b'{"fault":{"code":900901}}', True),
        (500, b'{"fault":{"code":900901}}', True),
        (403, b'{"fault":{"code":900908}}', False),
        (200, b'{"fault":{"code":900901}}', False),
        (200, b"{}", False),
        (500, b"", False),
        (500, b'{"fault":{"code":900901}}' + b" " * LARGE_BODY, False),
    ],
)
def test_only_an_expired_token_asks_for_a_new_one(status: int, body: bytes, old: bool, clock: MovableClock) -> None:
    """401 and fault 900901 speak of the token; a missing right does not, nor what is too long to be a fault."""
    assert _client(clock).are_old(Response(status=status, body=body, received_at=clock.now())) is old


async def test_without_credentials_only_fixed_headers_are_added(clock: MovableClock) -> None:
    """An open test endpoint still gets the headers that settings name, and is never logged in to."""
    credentials = Anonymous({"X-Env": "test"}, {"key": "value"})
    proof = await credentials.proof(nowhere)
    refused = Response(status=401, received_at=clock.now())

    signed = credentials.sign(Outgoing("GET", "http://registry.invalid/x", {}, None), proof)

    assert (signed.headers, proof.secrets) == ({"X-Env": "test"}, {"key": "value"})
    assert not credentials.are_old(refused)
    assert await credentials.proof(nowhere, old=Old(proof, refused)) is proof
