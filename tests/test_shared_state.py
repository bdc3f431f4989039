"""State that several instances share in Redis: what it holds for all, and what goes on while it is away."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.commands.keys import Algorithm, make
from gateway.errors import CheckUnavailable, TooMany
from gateway.settings import KeysSettings, Settings, load
from gateway.settings_authentication import SignaturesSettings, StateSettings
from gateway.stores.redis import RedisState
from gateway.stores.redis_link import RedisAway, RedisLink
from gateway.stores.state import MemoryState
from gateway.stores.state_surviving import SurvivingState
from gateway.telemetry import configure_logs
from mocks.faults import Fault
from mocks.server import Running
from tests.conftest import FIRM, KEY, Desk, MovableClock, open_desk, settings_for
from tests.office import Office, at_work
from tests.policies import policy, rule, with_policy
from tests.recorded import settings_file
from tests.redis_server import SHARED_URL, OwnRedis, new_prefix, own_redis, until
from tests.test_idempotency import ask, asked_of, records
from tests.test_signed_requests import Signer, code, send, signing_settings

PATIENCE_S = 2.0
"""More than a gateway has: the machines that run tests are busy."""


def in_redis(url: str, prefix: str = "gateway:", timeout_s: float = PATIENCE_S) -> StateSettings:
    return StateSettings(store="redis", url=url, prefix=prefix, timeout_s=timeout_s)


@asynccontextmanager
async def two_offices(settings: Settings, clock: MovableClock) -> AsyncIterator[tuple[Office, Office]]:
    async with at_work(settings, clock) as one, at_work(settings, clock) as other:
        yield one, other


@pytest.fixture
async def redis(tmp_path: Path) -> AsyncIterator[OwnRedis]:
    async with own_redis(tmp_path) as started:
        yield started


def limited(stand_ins: Running, folder: Path, state: StateSettings) -> Settings:
    """An officer may ask four times in an hour."""
    make(folder / "keys", Algorithm.ES256)
    keys = KeysSettings(
        signing_key_file=folder / "keys" / "signing-key.pem", secret_files=(folder / "keys" / "secret",)
    )
    more = '[limits.many_questions]\nmost = 4\nthen = "refuse"\n'
    settings = with_policy(settings_for(stand_ins.base_url), policy(rule({"dkdn.enterprise": ["*"]}), more=more))
    return settings.model_copy(update={"state": state, "keys": keys})


async def asked(office: Office, times: int) -> list[str]:
    """What became of so many questions of one officer."""
    told = []
    for _ in range(times):
        try:
            told.append((await office.ask("dkdn.enterprise", FIRM)).answer.outcome.word)
        except TooMany:
            told.append("too_many")
    return told


class Telling:
    """Hears how the way to Redis is."""

    def __init__(self, told: list[tuple[Any, ...]]) -> None:
        self._told = told

    def lost(self, kind: str) -> None:
        self._told.append(("lost", kind))

    def back(self, away_s: float, refused: int) -> None:
        self._told.append(("back", away_s, refused))

    def failed(self) -> None:
        self._told.append(("failed",))

    def refused(self, kind: str) -> None:
        self._told.append(("refused", kind))


# --- shared by all instances -----------------------------------------------------------------------


async def test_an_officer_is_held_to_one_limit_on_all_instances(
    stand_ins: Running, clock: MovableClock, tmp_path: Path
) -> None:
    """Four questions in an hour are four, however they spread; no key in Redis holds a number or an account."""
    prefix = new_prefix()
    settings = limited(stand_ins, tmp_path, in_redis(SHARED_URL, prefix))
    async with two_offices(settings, clock) as (one, other):
        told = await asked(one, 2) + await asked(other, 3)
        names = await other.core.state._link.run("KEYS", f"{prefix}*")  # type: ignore[attr-defined]
        lives = [await other.core.state._link.run("PTTL", name) for name in names]  # type: ignore[attr-defined]

    assert told == ["found"] * 4 + ["too_many"]
    assert names
    assert min(lives) > 0
    for canary in ("canbo", "000080000009", FIRM["enterprise_code"]):
        assert canary not in b" ".join(names).decode()


async def test_one_idempotency_key_is_one_question_on_all_instances(stand_ins: Running, tmp_path: Path) -> None:
    """The same key at two instances at once: one request leaves, and all are told the same bytes."""
    state = in_redis(SHARED_URL, new_prefix())
    settings = load(settings_file(tmp_path, stand_ins.base_url)).model_copy(update={"state": state})
    async with AsyncExitStack() as stack:
        two = [await stack.enter_async_context(open_desk(settings)) for _ in range(2)]
        stand_ins.faults.set("dancu", Fault("slow", delay_s=0.3))
        said = await asyncio.gather(*(ask(desk, "key-1") for desk in two * 3))
        answered = [one for desk in two for one in records(desk, "answered")]

    assert asked_of(stand_ins) == 1
    assert len({one.body for one in said}) == 1
    assert len(answered) == 6


@asynccontextmanager
async def signed_for(stand_ins: Running, signer: Signer, folder: Path, url: str) -> AsyncIterator[list[Desk]]:
    """Two instances behind one address."""
    changes = {"state": in_redis(url), "signatures": SignaturesSettings(base_url="http://gateway.invalid")}
    settings = signing_settings(stand_ins, signer, folder, **changes)
    async with open_desk(settings) as one, open_desk(settings) as other:
        yield [one, other]


async def replayed(desk: Desk, signer: Signer, nonce: str) -> tuple[int, str]:
    """What becomes of a request that is signed as if it went to the address in front of the instances."""
    sent = signer.signed("http://gateway.invalid/v1/lookups", nonce=nonce)
    sent.url = f"{desk.url}/v1/lookups"
    return code(await send(desk, sent))


async def test_a26_a_nonce_is_used_once_on_all_instances_and_over_a_kill_of_redis(
    stand_ins: Running, redis: OwnRedis, tmp_path: Path
) -> None:
    """
    A signed request that one instance has taken is refused by the other, also after Redis was killed and came back with
    its log; while it is away nobody's signature is believed, and a plain refusal says why.
    """
    signer = Signer(tmp_path)
    async with signed_for(stand_ins, signer, tmp_path, redis.url) as (one, other):
        told = [await replayed(one, signer, "first"), await replayed(other, signer, "first")]
        await redis.kill()
        told += [await replayed(one, signer, "second"), await replayed(other, signer, "first")]
        await redis.start()
        for desk in (one, other):
            await until(lambda desk=desk: not desk.core.state._link.is_away)
        told += [await replayed(one, signer, "first"), await replayed(other, signer, "second")]

    assert told == [
        (200, "found"),
        (401, "signature_replayed"),
        (503, ""),
        (503, ""),
        (401, "signature_replayed"),
        (200, "found"),
    ]


# --- while Redis is away ---------------------------------------------------------------------------


async def test_lookups_go_on_while_redis_is_away(
    stand_ins: Running, redis: OwnRedis, clock: MovableClock, tmp_path: Path
) -> None:
    """
    Limits are then counted by each instance for itself, with what it has counted before: never more than the limit at
    each, and never none. When Redis is back the count of all goes on.
    """
    settings = limited(stand_ins, tmp_path, in_redis(redis.url))
    async with two_offices(settings, clock) as (one, other):
        told = await asked(one, 2) + await asked(other, 1)
        await redis.kill()
        assert await asked(one, 3) == ["found", "found", "too_many"]
        assert await asked(other, 4) == ["found"] * 3 + ["too_many"]
        assert [office.core.unready for office in (one, other)] == [None, None]
        await redis.start()
        for office in (one, other):
            await until(lambda office=office: not office.core.state._link.is_away)
        told += await asked(other, 2)

    assert told == ["found"] * 4 + ["too_many"]


async def test_without_redis_at_the_start_the_gateway_answers(stand_ins: Running, tmp_path: Path) -> None:
    """It starts, is ready, and answers; the metrics say that Redis is away."""
    settings = settings_for(stand_ins.base_url).model_copy(update={"state": in_redis("redis://127.0.0.1:9")})
    async with open_desk(settings) as desk:
        told = [(await desk.ask("dkdn.enterprise", FIRM))[0] for _ in range(3)]
        async with desk.session.get(f"{desk.url}/readyz") as ready:
            told.append(ready.status)
        metrics = await desk.metrics()

    assert told == [200] * 4
    assert 'gateway_redis_up{use="state"} 0.0' in metrics
    assert KEY not in metrics


async def test_a_redis_that_hangs_delays_once(redis: OwnRedis) -> None:
    """
    The first command waits its short time; those after it do not wait at all, and none is tried. Once Redis goes on it
    is used again by itself. Each outage is told once, with its length and what was not tried.
    """
    told: list[tuple[Any, ...]] = []
    link = RedisLink(redis.url, setting="state.url", timeout_s=0.5, told=Telling(told))
    loop = asyncio.get_running_loop()
    await link.run("SET", "key", "value")
    redis.hold()
    began = loop.time()
    with pytest.raises(RedisAway):
        await link.run("GET", "key")
    for _ in range(1000):
        with pytest.raises(RedisAway):
            await link.run("GET", "key")
    took_s = loop.time() - began
    redis.resume()
    await until(lambda: not link.is_away)
    value = await link.run("GET", "key")
    await link.close()

    assert 0.5 <= took_s < 100  # a thousand times half a second were more
    assert value == b"value"
    assert [what for what, *_ in told if what != "failed"] == ["lost", "back"]
    assert told[-1][0] == "back"
    assert (told[-1][2], told.count(("failed",))) == (1000, 1001)


async def test_nothing_is_sent_twice(redis: OwnRedis) -> None:
    """A count whose answer does not come is not counted again; a nonce is not its own replay."""
    link = RedisLink(redis.url, setting="state.url", timeout_s=0.3)
    await link.run("INCR", "count")
    redis.hold()
    with pytest.raises(RedisAway):
        await link.run("INCR", "count")
    redis.resume()
    await until(lambda: not link.is_away)
    count = int(await link.run("GET", "count"))
    await link.close()

    assert count in {1, 2}


async def test_a_full_redis_is_told_and_refuses(tmp_path: Path) -> None:
    """Where Redis may take no more memory it says so: what cannot be kept is not let through, reading goes on."""
    told: list[tuple[Any, ...]] = []
    async with own_redis(tmp_path, "--maxmemory", "1kb") as redis:
        link = RedisLink(redis.url, setting="state.url", timeout_s=PATIENCE_S, told=Telling(told))
        for _ in range(2):
            with pytest.raises(RedisAway):
                await link.run("SET", "key", b"x")
        value = await link.run("GET", "absent")
        await link.close()

    assert value is None
    assert not link.is_away
    assert [what for what, *_ in told if what != "failed"] == ["refused"]


async def test_an_outage_is_logged_once(
    stand_ins: Running, redis: OwnRedis, clock: MovableClock, tmp_path: Path
) -> None:
    """One line when it begins and one when it ends, however many questions come."""
    stream = io.BytesIO()
    async with at_work(limited(stand_ins, tmp_path, in_redis(redis.url)), clock) as office:
        await asked(office, 1)
        configure_logs("info", stream)
        await redis.kill()
        await asked(office, 3)
        await redis.start()
        await until(lambda: not office.core.state._link.is_away)  # type: ignore[attr-defined]
        up = office.count("gateway_redis_up", use="state")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    events = [(line["event"], line["use"]) for line in lines if line["event"].startswith("redis.")]

    assert events == [("redis.lost", "state"), ("redis.back", "state")]
    assert up == 1


async def test_state_in_redis_ends_with_its_own_time(stand_ins: Running) -> None:
    """A count that somebody has taken the end from gets one again: no key stays for ever."""
    prefix = new_prefix()
    async with at_work(
        settings_for(stand_ins.base_url).model_copy(update={"state": in_redis(SHARED_URL, prefix)}), MovableClock()
    ) as office:
        state, link = office.core.state, office.core.state._link  # type: ignore[attr-defined]
        await state.incr("count", ttl_s=50)
        await link.run("PERSIST", f"{prefix}count")
        counted = await state.incr("count", ttl_s=50)
        life_ms = await link.run("PTTL", f"{prefix}count")
        await state.forget("count")

    assert counted == 2
    assert 0 < life_ms <= 50_000


async def test_both_stores_full_is_a_refusal(clock: MovableClock) -> None:
    """Where neither Redis nor the process' own memory can count, nothing is let through."""
    shared = RedisState(RedisLink("redis://127.0.0.1:9", setting="state.url"))
    state = SurvivingState(shared, MemoryState(clock, entries=1))
    assert await state.incr("one", ttl_s=10) == 1
    with pytest.raises(CheckUnavailable):
        await state.incr("two", ttl_s=10)
    await shared.close()
