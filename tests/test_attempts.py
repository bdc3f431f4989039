"""What an answer tells of its attempts: who answered, with which status, the other clock, the quota that is left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from gateway.channel.answer import Answer
from gateway.channel.budget import Budget
from gateway.channel.channel import Channel, Policy
from gateway.channel.retry import Retry
from gateway.domain.dataset import Exchanges, Options, Question
from gateway.domain.exchange import Request, Response
from gateway.domain.outcome import Found
from gateway.errors import NotConnected, Overloaded, RegistryRefused, RegistryUnreachable
from gateway.transport.base import Transport, Unwrapping
from gateway.transport.memory import MemoryTransport
from gateway.wire.headers import clock_skew_s, quota_left
from gateway.wire.status import raise_for_status
from gateway.wire.wrappers import WRAPPERS
from tests.conftest import MovableClock
from tests.test_channel import THING, WHO, Key, Thing

NOW = datetime(2026, 3, 1, 1, 30, tzinfo=UTC)


def ask(question: Question[Key, Options]) -> Exchanges[Thing]:
    """One exchange; the status is read as every adapter reads it."""
    response = yield Request(operation="ask")
    raise_for_status(response, "ask")
    return Found(Thing(key=response.body.decode()))


def answer(status: int = 200, body: bytes = b"A", headers: Mapping[str, str] | None = None) -> Response:
    return Response(status=status, body=body, headers=headers or {}, received_at=NOW)


async def asked(clock: MovableClock, *script: Response | Exception, wrapper: str = "plain") -> Answer:
    """The answer of a channel whose transport plays a script."""
    steps = list(script)

    def play(_: Request) -> Response:
        step = steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step

    ids = iter(f"id-{nth}" for nth in range(99))
    transport: Transport = Unwrapping(MemoryTransport(play), WRAPPERS[wrapper])
    channel = Channel(
        registry="things",
        adapter="things",
        contract="1",
        basis=lambda _: "assumed",
        route="direct",
        options=Options(),
        transport=transport,
        policy=Policy(attempts=2),
        clock=clock,
        new_id=ids.__next__,
    )
    return await channel.ask(replace(THING, ask={"1": ask}), Key(key="A"), WHO)


ANSWERS: list[tuple[str, Callable[[], Response | Exception], str, str, int | None]] = [
    ("plain", answer, "found", "registry", 200),
    ("plain", lambda: answer(body=b"B"), "mismatched", "registry", 200),
    ("plain", lambda: answer(403), "refused", "registry", 403),
    ("plain", lambda: answer(500, headers={"x-road-error": "Client.Bad"}), "rejected", "platform", 500),
    ("plain", lambda: answer(401, b'{"fault": {"code": 900902}}'), "refused", "platform", 401),
    ("thai_nguyen", lambda: answer(200, b'{"code": "403"}'), "refused", "platform", None),
    ("plain", lambda: RegistryUnreachable("connection: refused"), "unreachable", "network", None),
    ("plain", lambda: RegistryRefused("log-in: no"), "refused", "platform", None),
    ("plain", lambda: NotConnected("no endpoint"), "not_connected", "ours", None),
]


@pytest.mark.parametrize(("wrapper", "step", "result", "layer", "status"), ANSWERS)
async def test_an_attempt_says_who_answered(
    wrapper: str,
    step: Callable[[], Response | Exception],
    result: str,
    layer: str,
    status: int | None,
    clock: MovableClock,
) -> None:
    """The registry, a platform before it, nobody, or we ourselves; with the HTTP status where one came up."""
    attempt = (await asked(clock, step(), step(), wrapper=wrapper)).attempts[-1]

    assert (attempt.result, attempt.layer, attempt.status) == (result, layer, status)


async def test_each_attempt_has_its_own_id(clock: MovableClock) -> None:
    """What the registry knows an attempt by stands with the attempt, as the ledger keeps it."""
    result = await asked(clock, answer(503), answer())

    assert [one.view() for one in result.attempts] == [
        {
            "result": "unreachable",
            "layer": "registry",
            "status": 503,
            "elapsed_ms": 0,
            "fresh": True,
            "requests": 1,
            "request_id": "id-0",
        },
        {
            "result": "found",
            "layer": "registry",
            "status": 200,
            "elapsed_ms": 0,
            "fresh": True,
            "requests": 1,
            "request_id": "id-1",
        },
    ]
    assert result.provenance.request_id == "id-1"


async def test_the_last_answer_tells_clock_and_quota(clock: MovableClock) -> None:
    """Clock difference and quota come from the last answer that there was, whatever it said; else they are absent."""
    date = format_datetime(NOW + timedelta(seconds=90), usegmt=True)

    told = await asked(clock, answer(429, headers={"date": date, "x-ratelimit-remaining": "0"}), answer(403))
    silent = await asked(clock, RegistryUnreachable("no"), RegistryUnreachable("no"))
    last = await asked(clock, answer(503), answer(403, headers={"date": date, "x-ratelimit-remaining": "7"}))

    assert (told.clock_skew_s, told.quota_left) == (None, None)
    assert (silent.clock_skew_s, silent.quota_left) == (None, None)
    assert (last.clock_skew_s, last.quota_left) == (90.5, 7)


@pytest.mark.parametrize(
    ("date", "skew"),
    [
        ("Sun, 01 Mar 2026 01:30:00 GMT", 0.5),
        ("Sun, 01 Mar 2026 00:30:00 GMT", -3599.5),
        ("Sun, 01 Mar 2026 01:30:00 +0700", None),
        ("yesterday", None),
        ("Sun, 31 Feb 2026 01:30:00 GMT", None),
        ("Sun, 01 Mar 99999999 01:30:00 GMT", None),
        ("", None),
    ],
)
def test_only_a_date_is_a_clock(date: str, skew: float | None) -> None:
    """A `Date` that is none says nothing about a clock."""
    assert clock_skew_s(answer(headers={"date": date})) == skew


@pytest.mark.parametrize(
    ("name", "value", "left"),
    [
        ("x-ratelimit-remaining", "12", 12),
        ("x-ratelimit-remaining", " 0 ", 0),
        ("x-ratelimit-remaining", "-1", None),
        ("x-ratelimit-remaining", "12, 13", None),
        ("x-ratelimit-remaining", "١٢", None),
        ("x-ratelimit-remaining", "1" * 10, None),
        ("ratelimit-remaining", "3", 3),
        ("ratelimit", "limit=100, remaining=50, reset=5", 50),
        ("ratelimit", "remaining=50", 50),
        ("ratelimit", "limit=100, not-remaining=50", None),
        ("ratelimit", '"default";r=50;t=30', 50),
        ("ratelimit", '"default";t=30;r=50', 50),
        ("ratelimit", '"default";r=50, "daily";r=3', None),
        ("ratelimit", "," * 10_000, None),
        ("retry-after", "3", None),
    ],
)
def test_only_a_plain_count_is_a_quota(name: str, value: str, left: int | None) -> None:
    """What is left of the quota is a plain number in one of the known headers, or it is not known."""
    assert quota_left(answer(headers={name: value})) == left


async def test_a_second_attempt_that_finds_no_place_is_the_last(clock: MovableClock) -> None:
    """Nothing was asked, so no more of the budget goes; the caller hears what the registry said before."""
    budget, tried = Budget(burst=5), 0

    async def attempt() -> None:
        nonlocal tried
        tried += 1
        raise RegistryUnreachable("r") if tried == 1 else Overloaded("no place")

    with pytest.raises(RegistryUnreachable):
        await Retry(budget=budget, clock=clock).run(attempt, again=lambda: True, until=clock.monotonic() + 60)

    assert tried == 2
    assert [budget.take() for _ in range(5)] == [True] * 4 + [False]
